"""Carries the zip of a Lambda function into the parking bucket, byte for byte; it runs nothing and takes no image."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Mapping
from typing import IO, Any

from resettle.account import Account
from resettle.carriers import Copied, Job
from resettle.errors import CallFailed, StepFailed
from resettle.model import Tally


class Code:
    """The carrier `code`. Lambda and it agree on one digest, SHA-256 in base64 (Lambda API reference, CodeSha256)."""

    name = "code"
    writes = frozenset({"s3:PutObject"})

    def copy(self, job: Job) -> Copied:
        """Parks the zip under `{key}/code.zip`, unless the same lies there, and tells its `key` and `sha256`."""
        found = job.source.call("lambda", "get_function", FunctionName=job.source_id)
        code, function = found.get("Code", {}), found["Configuration"]
        if function.get("PackageType") == "Image" or "Location" not in code:
            advice = "build its image in the target, or leave the function out of the scope"
            raise StepFailed("copying", f"code of {job.source_id}", "it is a container image, not a zip", advice)
        wanted, key = function["CodeSha256"], f"{job.key}/code.zip"
        source = Tally(count=1, bytes=function["CodeSize"], digest=wanted)
        if _parked(job, key) != source:
            self._park(job, code["Location"], wanted, key)
        return Copied(
            source=source,
            target=_parked(job, key),
            facts={"key": key, "sha256": wanted},
        )

    def tally(self, account: Account, identity: str, live: Mapping[str, Any]) -> Tally:
        """What Lambda says of the code that a made function has."""
        function = account.call("lambda", "get_function_configuration", FunctionName=identity)
        return Tally(count=1, bytes=function["CodeSize"], digest=function["CodeSha256"])

    def empty(self, account: Account, identity: str) -> None:
        """Nothing: code goes with its function."""

    def _park(self, job: Job, location: str, wanted: str, key: str) -> None:
        with tempfile.TemporaryFile() as file:
            digest = _downloaded(job, location, file)
            if digest != wanted:
                because = "the bytes that came are not those that Lambda has digested"
                raise StepFailed("copying", f"code of {job.source_id}", because, "run the same command again")
            file.seek(0)
            # S3 itself compares the bytes that arrive with this digest (S3 API reference, PutObject).
            job.target.call(
                "s3",
                "put_object",
                Bucket=job.parking,
                Key=key,
                Body=file,
                ChecksumSHA256=wanted,
                Metadata={"sha256": wanted},
                ExpectedBucketOwner=job.target.id,
            )


def _downloaded(job: Job, location: str, file: IO[bytes]) -> str:
    """Streams the zip from its address, which is good for ten minutes (Lambda API reference, GetFunction)."""
    digest = hashlib.sha256()
    with job.source.http("GET", location) as response:
        if response.status != 200:
            because = f"its address answered {response.status}"
            raise StepFailed("downloading", f"code of {job.source_id}", because, "run the same command again")
        for piece in response.chunks():
            digest.update(piece)
            file.write(piece)
    return base64.b64encode(digest.digest()).decode()


def _parked(job: Job, key: str) -> Tally:
    """The parked zip by its size and the digest that it was put with; an empty tally where there is none."""
    try:
        head = job.target.call("s3", "head_object", Bucket=job.parking, Key=key)
    except CallFailed as error:
        if error.code in ("404", "NoSuchKey"):
            return Tally(count=0, bytes=0, digest="")
        raise
    return Tally(count=1, bytes=int(head["ContentLength"]), digest=str(head["Metadata"].get("sha256", "")))
