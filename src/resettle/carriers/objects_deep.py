"""Compares a version with its copy by what only a look at each can tell: headers, metadata, tags, checksums; writes nothing."""

from __future__ import annotations

from typing import Any

from resettle.account import Account
from resettle.carriers.objects_copy import KEPT, Copier
from resettle.carriers.objects_list import Version
from resettle.errors import StepFailed


def compare(copier: Copier, original: Version, copy_id: str) -> None:
    """Raises StepFailed naming what differs, never the values. Checksums count where both sides have one over the whole
    object by the same algorithm (S3 User Guide, "Checking object integrity")."""
    ours = copier.head(original, ChecksumMode="ENABLED")
    there = {"Key": original.key, **({"VersionId": copy_id} if copier.versioned else {})}
    theirs = copier.target.call("s3", "head_object", Bucket=copier.to_bucket, ChecksumMode="ENABLED", **there)
    names = [*KEPT, "ContentLength", "StorageClass", *_sums(ours, theirs)]
    wrong = [name for name in names if ours.get(name) != theirs.get(name)]
    if copier.tags(original) != _tags(copier.target, copier.to_bucket, there):
        wrong.append("tags")
    if wrong:
        on = f"object {original.key} of bucket {copier.from_bucket}"
        raise StepFailed("comparing", on, f"its copy differs in {', '.join(wrong)}", "delete the copy and run again")


def _sums(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    whole = ours.get("ChecksumType") == "FULL_OBJECT" and theirs.get("ChecksumType") == "FULL_OBJECT"
    return [name for name in ours if name.startswith("Checksum") and name in theirs and name != "ChecksumType"] * whole


def _tags(account: Account, bucket: str, at: dict[str, str]) -> dict[str, str]:
    found = account.call("s3", "get_object_tagging", Bucket=bucket, **at)
    return {tag["Key"]: tag["Value"] for tag in found["TagSet"]}
