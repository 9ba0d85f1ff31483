"""Copies one version of an object inside S3, from bucket to bucket, as the target account; no byte passes through here and
nothing is written to the source."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate
from typing import Any
from urllib.parse import urlencode

from resettle.account import Account
from resettle.carriers import Job
from resettle.carriers.objects_list import Version, hides_etags
from resettle.errors import CallFailed, Denied, StepFailed

SINGLE_COPY = 5 * 1024**3  # S3 API reference, CopyObject: objects of up to 5 GB
MOST_PARTS, LEAST_PART = 10_000, 64 * 1024**2  # S3 User Guide, "Amazon S3 multipart upload limits"
PATIENCE = 60.0  # seconds until a bucket policy or key policy just written is surely heard
PART_THREADS = 16
GONE = ("NoSuchKey", "NoSuchVersion", "404")
CHANGED = ("PreconditionFailed", "412")
SETTLING = ("AccessDenied", "403", "NoSuchBucket")
KEPT = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
    "WebsiteRedirectLocation",
)


class Archived(Exception):
    """The version lies in an archive and must be restored before anyone can read it."""


class Gone(Exception):
    """The version went from the source since it was listed."""


class Copier:
    """Copies versions between the two buckets of one job; threads share it."""

    def __init__(self, job: Job) -> None:
        self.source, self.target = job.source, job.target
        self.from_bucket, self.to_bucket = job.source_id, job.target_id
        self.versioned = bool(job.spec.get("Versioned"))
        self.hidden = hides_etags(job.spec)
        self.locked = bool(job.spec.get("ObjectLockEnabledForBucket"))
        self._redirects = "WebsiteConfiguration" in job.spec
        self._single = int(job.settings.get("single_copy_bytes", SINGLE_COPY))
        payer = (job.spec.get("RequestPaymentConfiguration") or {}).get("Payer")
        self._payer = {"RequestPayer": "requester"} if payer == "Requester" else {}
        self._until = time.monotonic() + float(job.settings.get("settle_seconds", PATIENCE))
        self._admitted = threading.Event()
        self._parts = ThreadPoolExecutor(PART_THREADS)

    def close(self) -> None:
        """Ends the threads; what is under way is finished first."""
        self._parts.shutdown(cancel_futures=True)

    def copy(self, version: Version) -> tuple[Version, str, str]:
        """Copies it; gives it as it was when it was copied, and the ETag and id of the copy. The ETags are equal wherever AWS
        can make them so. Raises Gone, Archived, or StepFailed where the content differs."""
        if version.storage in ("GLACIER", "DEEP_ARCHIVE") and not self._restored(version):
            raise Archived
        in_parts = version.size > 0 and ("-" in version.etag or version.size > self._single)
        try:
            reply, etag = self._in_parts(version) if in_parts else self._at_once(version)
        except CallFailed as error:
            return self._after(error, version)
        if etag != version.etag and not self.hidden:
            seen = self._again(version)
            if seen.etag != version.etag and not self.versioned:
                return self.copy(seen)
            if self.comparable(version):
                raise StepFailed("copying", self._name(version), "the ETag of the copy is another", "run it again")
        return version, etag, str(reply.get("VersionId", "null"))

    def _after(self, error: CallFailed, version: Version) -> tuple[Version, str, str]:
        if error.code in CHANGED and not self.versioned:
            return self.copy(self._again(version))
        if error.code in GONE or error.code in CHANGED:
            raise Gone from error
        if error.code == "InvalidObjectState":
            raise Archived from error
        if isinstance(error, Denied):
            advice = (
                "see whether a Deny of the bucket's policy hits the target, and under which key the object lies: what is "
                "under AWS's own key (aws/s3) no other account can read; copy it onto itself under a key of your own"
            )
            raise StepFailed("copying", self._name(version), error.because, advice) from error
        raise error

    def comparable(self, version: Version) -> bool:
        """Whether the ETags of this version and of its copy must be equal: neither side hides its digest behind SSE-KMS,
        and it can be copied as it was put, at once or in parts."""
        put_in_parts = "-" in version.etag
        if self.hidden or (put_in_parts and version.size == 0) or (not put_in_parts and version.size > self._single):
            return False
        return not _by_kms(self.head(version))

    def head(self, version: Version, **more: Any) -> dict[str, Any]:
        """The version as the source describes it. The target asks, since the source's reader may not use the key."""
        return self._patiently(
            "head_object",
            Bucket=self.from_bucket,
            ExpectedBucketOwner=self.source.id,
            **self._at(version),
            **self._payer,
            **more,
        )

    def tags(self, version: Version) -> dict[str, str]:
        """The version's tags in the source."""
        found = self.source.call("s3", "get_object_tagging", Bucket=self.from_bucket, **self._at(version))
        return {tag["Key"]: tag["Value"] for tag in found["TagSet"]}

    def mark(self, key: str) -> None:
        """A delete marker on top of the key's versions."""
        self.target.call("s3", "delete_object", Bucket=self.to_bucket, Key=key, ExpectedBucketOwner=self.target.id)

    def remove(self, versions: Iterable[Version]) -> None:
        """Takes versions out of the target for good."""
        remove(self.target, self.to_bucket, versions, versioned=self.versioned)

    def _at(self, version: Version) -> dict[str, str]:
        return {"Key": version.key, **({"VersionId": version.id} if self.versioned else {})}

    def _name(self, version: Version) -> str:
        return f"object {version.key} of bucket {self.from_bucket}"

    def _restored(self, version: Version) -> bool:
        return 'ongoing-request="false"' in str(self.head(version).get("Restore", ""))

    def _again(self, version: Version) -> Version:
        try:
            seen = self.head(version)
        except CallFailed as error:
            if error.code in GONE:
                raise Gone from error
            raise
        return replace(
            version,
            size=seen["ContentLength"],
            etag=str(seen["ETag"]).strip('"'),
            storage=seen.get("StorageClass") or "STANDARD",
            modified=seen["LastModified"].timestamp(),
            checksum={},
        )

    def _from(self, version: Version) -> dict[str, Any]:
        """Where a copy comes from. Without versions the ETag guards against a new content since the listing."""
        found: dict[str, Any] = {
            "CopySource": {"Bucket": self.from_bucket, **self._at(version)},
            "ExpectedSourceBucketOwner": self.source.id,
        }
        return found if self.versioned else {**found, "CopySourceIfMatch": f'"{version.etag}"'}

    def _to(self, key: str) -> dict[str, Any]:
        return {"Bucket": self.to_bucket, "Key": key, "ExpectedBucketOwner": self.target.id, **self._payer}

    def _kept(self, version: Version) -> dict[str, Any]:
        """What no copy takes along by itself: storage class, retention, legal hold (S3 API reference, CopyObject)."""
        storage = {"StorageClass": version.storage} if version.storage != "STANDARD" else {}
        return storage | (self._retention(version) if self.locked else {})

    def _retention(self, version: Version) -> dict[str, Any]:
        """What a look shows of its lock, to those who may read retention and legal hold. A retention that has ended is none."""
        seen = self.head(version)
        until = seen.get("ObjectLockRetainUntilDate")
        names = ("ObjectLockMode", "ObjectLockRetainUntilDate") if until and until.timestamp() > time.time() else ()
        held = ("ObjectLockLegalHoldStatus",) if seen.get("ObjectLockLegalHoldStatus") == "ON" else ()
        return {name: seen[name] for name in (*names, *held)}

    def _at_once(self, version: Version) -> tuple[dict[str, Any], str]:
        redirect = self.head(version).get("WebsiteRedirectLocation") if self._redirects else None
        reply = self._patiently(
            "copy_object",
            **self._to(version.key),
            **self._from(version),
            **self._kept(version),
            MetadataDirective="COPY",
            TaggingDirective="COPY",
            **({"WebsiteRedirectLocation": redirect} if redirect else {}),
        )
        return reply, str(reply["CopyObjectResult"]["ETag"]).strip('"')

    def _in_parts(self, version: Version) -> tuple[dict[str, Any], str]:
        """A copy in the parts of the original, so that its ETag, a digest over the parts' digests, stays what it was.

        The first part tells the size of all but the last, unless the digests say that they were uneven.
        """
        seen = self.head(version)
        told = "-" in version.etag and not self.hidden and not _by_kms(seen)
        reply = self._uploaded(version, seen, self._sizes(version), must_match=told)
        if reply is None:
            count = int(version.etag.rsplit("-", 1)[1])
            sizes = [int(self.head(version, PartNumber=number)["ContentLength"]) for number in range(1, count + 1)]
            reply = self._uploaded(version, seen, sizes, must_match=False) or {}
        return reply, str(reply["ETag"]).strip('"')

    def _uploaded(self, version: Version, seen: Mapping[str, Any], sizes: list[int], *, must_match: bool) -> dict[str, Any] | None:
        """One upload, ended again if it fails, or, without a reply, if its ETag would not be the original's."""
        to = self._to(version.key)
        begun = self._patiently("create_multipart_upload", **to, **self._stated(version, seen))
        upload = {"UploadId": begun["UploadId"]}
        try:
            spans = enumerate(zip(accumulate(sizes, initial=0), sizes, strict=False), 1)
            copied = [self._parts.submit(self._part, version, upload, number, start, size) for number, (start, size) in spans]
            parts = [future.result() for future in copied]
            if must_match and _etag_of(parts) != version.etag:
                self._end(to, upload)
                return None
            return self.target.call("s3", "complete_multipart_upload", **to, **upload, MultipartUpload={"Parts": parts})
        except BaseException:
            self._end(to, upload)
            raise

    def _end(self, to: Mapping[str, Any], upload: Mapping[str, str]) -> None:
        with suppress(CallFailed):  # the next run ends what stays
            self.target.call("s3", "abort_multipart_upload", **to, **upload)

    def _sizes(self, version: Version) -> list[int]:
        """The sizes of the parts: the original's, where it has parts."""
        if "-" in version.etag:
            size = int(self.head(version, PartNumber=1)["ContentLength"])
        else:
            size = min(self._single, max(LEAST_PART, math.ceil(version.size / MOST_PARTS)))
        whole, rest = divmod(version.size, size)
        return [size] * whole + ([rest] if rest else [])

    def _part(self, version: Version, upload: Mapping[str, str], number: int, start: int, size: int) -> dict[str, Any]:
        reply = self._patiently(
            "upload_part_copy",
            **self._to(version.key),
            **self._from(version),
            **upload,
            PartNumber=number,
            CopySourceRange=f"bytes={start}-{start + size - 1}",
        )["CopyPartResult"]
        sums = {name: text for name, text in reply.items() if name.startswith("Checksum")}
        return {"PartNumber": number, "ETag": reply["ETag"], **sums}

    def _stated(self, version: Version, seen: Mapping[str, Any]) -> dict[str, Any]:
        """What an upload in parts must be told, since it copies neither metadata nor tags."""
        tags = self.tags(version)
        return {
            **{name: seen[name] for name in KEPT if seen.get(name)},
            **self._kept(version),
            **(version.checksum if "-" in version.etag else {}),
            **({"Tagging": urlencode(tags)} if tags else {}),
        }

    def _patiently(self, operation: str, **params: Any) -> dict[str, Any]:
        """Until the first call was let in, a refusal may mean that the grant is not heard of everywhere yet."""
        while True:
            try:
                reply = self.target.call("s3", operation, **params)
            except CallFailed as error:
                settling = error.code in SETTLING and not self._admitted.is_set()
                if not settling or time.monotonic() >= self._until:
                    raise
                time.sleep(2.0)
            else:
                if operation in ("copy_object", "upload_part_copy"):
                    self._admitted.set()
                return reply


def _by_kms(seen: Mapping[str, Any]) -> bool:
    return str(seen.get("ServerSideEncryption", "")).startswith("aws:kms")


def _etag_of(parts: Iterable[Mapping[str, Any]]) -> str:
    """The ETag that an upload will have (S3 User Guide, "Checking object integrity", on multipart uploads)."""
    digests = [bytes.fromhex(str(part["ETag"]).strip('"')) for part in parts]
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"


def remove(account: Account, bucket: str, versions: Iterable[Version], *, versioned: bool = True) -> None:
    """Deletes these versions, at most 1,000 a call (S3 API reference, DeleteObjects). Raises StepFailed for what stays."""
    named = [{"Key": one.key, **({"VersionId": one.id} if versioned else {})} for one in versions]
    for start in range(0, len(named), 1000):
        reply = account.call(
            "s3",
            "delete_objects",
            Bucket=bucket,
            Delete={"Objects": named[start : start + 1000], "Quiet": True},
            ExpectedBucketOwner=account.id,
        )
        for error in reply.get("Errors", ()):
            raise StepFailed("deleting", f"object {error.get('Key')} of bucket {bucket}", str(error.get("Code")))
