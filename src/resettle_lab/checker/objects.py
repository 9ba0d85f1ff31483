"""Objects of buckets: what the ledger's writes add up to, version by version, and what stands in a target bucket.

Content is compared by digests of the pieces in which it was sent. It never writes.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from resettle_lab.checker.item import PARKED

Params = dict[str, Any]
Where = tuple[str, str]
HEADERS = (
    "ContentType",
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "StorageClass",
    "WebsiteRedirectLocation",
)


@dataclass(slots=True, kw_only=True)
class Version:
    """One version of a key, oldest first in its list; a marker has no pieces."""

    null: bool
    marker: bool = False
    pieces: list[tuple[int, str]] = field(default_factory=list)
    sent: Params = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Store:
    """All that was written to all buckets."""

    versions: dict[Where, list[Version]] = field(default_factory=lambda: defaultdict(list))
    status: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, tuple[Params, list[tuple[int, str]]]] = field(default_factory=dict)

    def write(self, where: Where, version: Version) -> None:
        """Add a version as S3 does: without versioning, or suspended, it takes the place of the null version."""
        stack = self.versions[where]
        if version.null:
            stack[:] = [other for other in stack if not other.null]
        stack.append(version)

    def keys(self, bucket: str) -> set[str]:
        """Return the keys of a bucket that have any version."""
        return {key for name, key in self.versions if name == bucket and self.versions[name, key]}


def put(store: Store, params: Params, reply: Params) -> None:
    """Fold one PutObject."""
    body = params.get("Body") or {"sha256": hashlib.sha256(b"").hexdigest(), "size": 0}
    _add(store, params, [(body["size"], body["sha256"])])


def _add(store: Store, params: Params, pieces: list[tuple[int, str]]) -> None:
    sent = {name: params[name] for name in HEADERS if name in params} | {"Metadata": params.get("Metadata", {})}
    where = (params["Bucket"], params["Key"])
    null = store.status.get(params["Bucket"]) != "Enabled"
    marks = dict(parse_qsl(params.get("Tagging", ""), keep_blank_values=True))
    store.write(where, Version(null=null, pieces=pieces, sent=sent, tags=marks))


def delete(store: Store, params: Params, reply: Params) -> None:
    """Fold one DeleteObject that names no version."""
    where = (params["Bucket"], params["Key"])
    status = store.status.get(params["Bucket"])
    if status is None:
        store.versions.pop(where, None)
    else:
        store.write(where, Version(null=status != "Enabled", marker=True))


def begin(store: Store, params: Params, reply: Params) -> None:
    """Fold the start of an upload in parts."""
    store.uploads[reply["UploadId"]] = (params, [])


def part(store: Store, params: Params, reply: Params) -> None:
    """Fold one part; the ledger has them in order."""
    store.uploads[params["UploadId"]][1].append((params["Body"]["size"], params["Body"]["sha256"]))


def complete(store: Store, params: Params, reply: Params) -> None:
    """Fold the end of an upload in parts."""
    _add(store, *store.uploads.pop(params["UploadId"]))


@dataclass(slots=True)
class Found:
    """What a target bucket lists of one key: version ids oldest first, how many markers, and whether one is on top.

    Listing gives versions and markers apart and dates them by the second, so their exact interleaving is not known.
    """

    ids: list[str] = field(default_factory=list)
    markers: int = 0
    hidden: bool = False


def listing(reader: Any, bucket: str) -> dict[str, Found]:
    """List a target bucket by key, without what is parked in it."""
    found: dict[str, Found] = defaultdict(Found)
    for page in reader.pages("s3", "list_object_versions", Bucket=bucket):
        for entry in page.get("Versions", ()):
            found[entry["Key"]].ids.insert(0, entry["VersionId"])
        for entry in page.get("DeleteMarkers", ()):
            found[entry["Key"]].markers += 1
            found[entry["Key"]].hidden |= entry["IsLatest"]
    return {key: entry for key, entry in found.items() if not key.startswith(PARKED)}


def differences(reader: Any, bucket: str, key: str, wanted: list[Version], found: Found) -> list[str]:
    """Compare one key's versions with those of the target; returns the names of what differs."""
    contents = [version for version in wanted if not version.marker]
    if len(contents) != len(found.ids):
        return [f"versions: {len(contents)} sent, {len(found.ids)} found"]
    wrong = []
    if len(wanted) - len(contents) != found.markers:
        wrong.append("number of delete markers")
    if wanted[-1].marker != found.hidden:
        wrong.append("deleted or not")
    for number, (version, version_id) in enumerate(zip(contents, found.ids, strict=True), 1):
        wrong += [f"version {number}: {name}" for name in _compare(reader, bucket, key, version_id, version)]
    return wrong


def _compare(reader: Any, bucket: str, key: str, version_id: str, version: Version) -> list[str]:
    where = {"Bucket": bucket, "Key": key, "VersionId": version_id}
    body, reply = reader.content(where)
    wrong = [name for name, value in version.sent.items() if reply.get(name) != value]
    if _pieces(body, version) != version.pieces:
        wrong.append("content")
    marks = {}
    if version.tags or reply.get("TagCount"):
        listed = reader.call("s3", "get_object_tagging", **where)["TagSet"]
        marks = {tag["Key"]: tag["Value"] for tag in listed}
    return [*wrong, *(["Tags"] if marks != version.tags else [])]


def _pieces(body: bytes, version: Version) -> list[tuple[int, str]]:
    pieces = []
    start = 0
    for size, _ in version.pieces:
        piece = body[start : start + size]
        pieces.append((len(piece), hashlib.sha256(piece).hexdigest()))
        start += size
    return [*pieces, *([(len(body) - start, "more")] if start < len(body) else [])]
