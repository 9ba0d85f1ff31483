"""Law: while versioning is suspended, writes and deletes replace the null version and no other; nothing else is lost."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws._bucket import bucket_named
from resettle_lab.world import World

_NULL = "null"


def install(world: World) -> None:
    """Lets moto treat a suspended bucket as a versioned one whose new versions are all the null version."""
    from moto.s3.models import FakeBucket, FakeKey, S3Backend

    world.patch(FakeBucket, "is_versioned", _ever_versioned)
    world.patch(FakeKey, "__init__", _null_while_suspended)
    world.patch(S3Backend, "put_object", _one_null_version)
    world.patch(S3Backend, "_set_delete_marker", _marked)
    world.patch(S3Backend, "put_bucket_replication", _enabled_for_replication)
    world.patch(S3Backend, "put_object_lock_configuration", _enabled_for_lock)


def _suspended(bucket: Any) -> bool:
    return bucket is not None and bucket.versioning_status == "Suspended"


def _ever_versioned(_original: Any) -> property:
    """A bucket never returns to the unversioned state: versions outlive the suspension."""
    return property(lambda bucket: bucket.versioning_status in ("Enabled", "Suspended"))


def _null_while_suspended(original: Callable[..., None]) -> Callable[..., None]:
    def init(key: Any, *given: Any, **named: Any) -> None:
        original(key, *given, **named)
        if key._is_versioned and _suspended(bucket_named(key.bucket_name)):
            key._version_id = _NULL

    return init


def _one_null_version(original: Callable[..., Any]) -> Callable[..., Any]:
    def put_object(backend: Any, bucket_name: str, key_name: str, *given: Any, **named: Any) -> Any:
        written = original(backend, bucket_name, key_name, *given, **named)
        bucket = backend.get_bucket(bucket_name)
        if _suspended(bucket):
            _drop_other_nulls(bucket, key_name, written)
        return written

    return put_object


def _drop_other_nulls(bucket: Any, key_name: str, written: Any) -> None:
    held = bucket.keys.getlist(key_name, [])
    bucket.keys.setlist(key_name, [one for one in held if one is written or one.version_id != _NULL])


def _marked(_original: Callable[..., Any]) -> Callable[..., Any]:
    """A delete without a version leaves a marker, also where the key never was."""

    def set_delete_marker(backend: Any, bucket_name: str, key_name: str) -> Any:
        from moto.s3.models import FakeDeleteMarker

        bucket = backend.get_bucket(bucket_name)
        marker = FakeDeleteMarker(key=bucket.keys.get(key_name, SimpleNamespace(name=key_name)))
        bucket.keys[key_name] = marker
        if _suspended(bucket):
            marker._version_id = _NULL
            _drop_other_nulls(bucket, key_name, marker)
        return marker

    return set_delete_marker


def _enabled_for_replication(original: Callable[..., None]) -> Callable[..., None]:
    def put_bucket_replication(backend: Any, bucket_name: str, replication: dict[str, Any]) -> None:
        from moto.s3.exceptions import VersioningNotEnabledForReplication

        if _suspended(backend.get_bucket(bucket_name)):
            raise VersioningNotEnabledForReplication(bucket_name=bucket_name)
        original(backend, bucket_name, replication)

    return put_bucket_replication


def _enabled_for_lock(original: Callable[..., None]) -> Callable[..., None]:
    def put_object_lock_configuration(backend: Any, bucket_name: str, *given: Any, **named: Any) -> None:
        from moto.s3.exceptions import InvalidBucketState

        if _suspended(backend.get_bucket(bucket_name)):
            raise InvalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
        original(backend, bucket_name, *given, **named)

    return put_object_lock_configuration


LAW = Law(
    name="null-delete-markers",
    rule="In a versioning-suspended bucket a delete replaces the null version by a null delete marker, a write replaces the null "
    "version, and other versions stay; a delete leaves a marker also where the key never was.",
    source="Amazon S3 User Guide: Deleting objects from versioning-suspended buckets; Adding objects to versioning-suspended "
    "buckets; Deleting object versions from a versioning-enabled bucket",
    install=install,
)
