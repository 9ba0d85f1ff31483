"""Lists what a bucket holds, key by key and version by version, and digests it; sends reads only, and keeps one page and one
key in memory, however many there are."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from resettle.account import Account
from resettle.canon import canonical_json
from resettle.model import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a key, or one delete marker; `modified` is in seconds, as S3 lists it."""

    key: str
    id: str
    modified: float
    latest: bool = False
    marker: bool = False
    size: int = 0
    etag: str = ""
    storage: str = "STANDARD"
    checksum: Mapping[str, str] = field(default_factory=dict)  # ChecksumAlgorithm and ChecksumType, where it has one


Chain = tuple[Version, ...]


def chains(account: Account, bucket: str) -> Iterator[tuple[str, Chain]]:
    """Every key in S3's order (that of its UTF-8 bytes) with its versions, oldest first.

    A bucket that never had versioning shows one version a key, `null` (S3 API reference, ListObjectVersions).
    """
    for key, found in itertools.groupby(_versions(account, bucket), key=attrgetter("key")):
        listed = tuple(found)
        yield key, ordered(listed) or _asked_one_by_one(account, bucket, listed)


def _versions(account: Account, bucket: str) -> Iterator[Version]:
    for page in account.every("s3", "list_object_versions", Bucket=bucket):
        versions = [_version(entry) for entry in page.get("Versions", ())]
        markers = [_version(entry, marker=True) for entry in page.get("DeleteMarkers", ())]
        # Two lists in the order of their keys; code points and UTF-8 bytes sort alike.
        yield from sorted((*versions, *markers), key=attrgetter("key"))


def _version(entry: Mapping[str, Any], *, marker: bool = False) -> Version:
    sums: list[str] = entry.get("ChecksumAlgorithm") or []
    checksum = {"ChecksumAlgorithm": sums[0]} if len(sums) == 1 else {}
    if checksum and entry.get("ChecksumType"):
        checksum["ChecksumType"] = entry["ChecksumType"]
    return Version(
        key=entry["Key"],
        id=entry.get("VersionId") or "null",
        modified=entry["LastModified"].timestamp(),
        latest=bool(entry.get("IsLatest")),
        marker=marker,
        size=0 if marker else entry["Size"],
        etag="" if marker else str(entry["ETag"]).strip('"'),
        storage=entry.get("StorageClass") or "STANDARD",
        checksum=checksum,
    )


def ordered(listed: Chain) -> Chain:
    """The versions of one key, oldest first, or nothing where their order cannot be told.

    botocore gives versions and markers as two lists, each newest first, so that their common order is lost where both have
    a date, which S3 gives in whole seconds, in common.
    """
    newest_first = sorted(listed, key=lambda version: (version.latest, version.modified), reverse=True)
    for newer, older in itertools.pairwise(newest_first):
        if newer.marker != older.marker and newer.modified == older.modified and not newer.latest:
            return ()
    return tuple(reversed(newest_first))


def _asked_one_by_one(account: Account, bucket: str, listed: Chain) -> Chain:
    """The order as the service itself has it: pages of one entry, each after the one before."""
    key, by_id = listed[0].key, {version.id: version for version in listed}
    newest_first: list[Version] = []
    after: dict[str, str] = {}
    while len(newest_first) < len(listed):
        page = account.call("s3", "list_object_versions", Bucket=bucket, Prefix=key, MaxKeys=1, **after)
        entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if not entries or entries[0]["Key"] != key:
            break
        identity = entries[0].get("VersionId") or "null"
        if identity in by_id:
            newest_first.append(by_id[identity])
        after = {"KeyMarker": key, "VersionIdMarker": identity}
        if not page.get("IsTruncated"):
            break
    return tuple(reversed(newest_first))


def paired(ours: Iterator[tuple[str, Chain]], theirs: Iterator[tuple[str, Chain]]) -> Iterator[tuple[str, Chain, Chain]]:
    """Two listings side by side as they stream: each key once, with its versions on both sides (none: not there)."""
    left, right = next(ours, None), next(theirs, None)
    while left or right:
        if right is None or (left and left[0] < right[0]):
            assert left is not None  # noqa: S101 - one of the two is there
            yield left[0], left[1], ()
            left = next(ours, None)
        elif left is None or right[0] < left[0]:
            yield right[0], (), right[1]
            right = next(theirs, None)
        else:
            yield left[0], left[1], right[1]
            left, right = next(ours, None), next(theirs, None)


class Count:
    """A tally in the making. Keys must come in their order; ETags are digested only where they say something of the content
    on both sides, which under SSE-KMS they do not (S3 User Guide, "Checking object integrity")."""

    def __init__(self, *, etags: bool) -> None:
        self._etags, self._digest = etags, hashlib.sha256()
        self.count = self.bytes = 0

    def add(self, chain: Iterable[Version]) -> None:
        """Count the versions of one key, oldest first."""
        for number, version in enumerate(chain):
            etag = version.etag if self._etags else ""
            line = [version.key, number, "marker" if version.marker else version.size, etag]
            self._digest.update(canonical_json(line).encode("utf-8", "surrogatepass") + b"\n")
            self.count += 1
            self.bytes += version.size

    def tally(self) -> Tally:
        """The tally; its digest begins with what it covers."""
        covers = "keys+sizes+etags" if self._etags else "keys+sizes"
        return Tally(count=self.count, bytes=self.bytes, digest=f"{covers}:{self._digest.hexdigest()}")


def hides_etags(bucket: Mapping[str, Any]) -> bool:
    """Whether what is written into the bucket gets an ETag that is no digest, by its default encryption."""
    rules = (bucket.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or ()
    return any(
        str((rule.get("ApplyServerSideEncryptionByDefault") or {}).get("SSEAlgorithm", "")).startswith("aws:kms") for rule in rules
    )
