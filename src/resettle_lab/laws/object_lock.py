"""Law: when a bucket takes an Object Lock and what an object tells of its own; moto itself refuses the deletion."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws._bucket import bucket_named, query_of
from resettle_lab.laws._object_lock import Lock, lock_for, put_under
from resettle_lab.world import World, aws_error


def install(world: World) -> None:
    """Lets buckets that hold objects be locked, copies and uploads of parts be locked, and locks be read and only lengthened."""
    from moto.s3.models import S3Backend
    from moto.s3.responses import S3Response

    world.patch(S3Backend, "put_object_lock_configuration", _configured)
    world.patch(S3Backend, "get_object_lock_configuration", _told)
    world.patch(S3Backend, "put_bucket_versioning", _stays_versioned)
    world.patch(S3Backend, "put_object_legal_hold", _of_a_version)
    world.patch(S3Backend, "put_object_retention", _of_a_version)
    world.patch(S3Backend, "complete_multipart_upload", _completed)
    world.patch(S3Response, "put_object_retention", _only_lengthened)
    world.patch(S3Response, "get_object_legal_hold", _absent_is_404)
    world.patch(S3Response, "_key_response_get", _retention_told)
    world.patch(S3Response, "_key_response_put", _copied)
    world.patch(S3Response, "_key_response_post", _begun)


def _configured(_original: Callable[..., None]) -> Callable[..., None]:
    """AWS page "Configuring S3 Object Lock": an existing bucket takes a lock as soon as it is versioned, empty or not."""

    def put_object_lock_configuration(
        backend: Any, bucket_name: str, lock_enabled: bool, mode: Any = None, days: Any = None, years: Any = None
    ) -> None:
        bucket = backend.get_bucket(bucket_name)
        if bucket.versioning_status != "Enabled":
            message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
            raise aws_error("InvalidBucketState", message, 409)
        if not lock_enabled or (mode and bool(days) == bool(years)):
            message = "The XML you provided was not well-formed or did not validate against our published schema"
            raise aws_error("MalformedXML", message, 400)
        bucket.object_lock_enabled = True
        bucket.default_lock_mode, bucket.default_lock_days, bucket.default_lock_years = mode, days, years

    return put_object_lock_configuration


def _told(original: Callable[..., Any]) -> Callable[..., Any]:
    """Days or years, never both."""

    def get_object_lock_configuration(backend: Any, bucket_name: str) -> Any:
        enabled, mode, days, years = original(backend, bucket_name)
        return enabled, mode, days or None, years or None

    return get_object_lock_configuration


def _stays_versioned(original: Callable[..., None]) -> Callable[..., None]:
    def put_bucket_versioning(backend: Any, bucket_name: str, status: str) -> None:
        if status != "Enabled" and backend.get_bucket(bucket_name).object_lock_enabled:
            message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
            raise aws_error("InvalidBucketState", message, 409)
        original(backend, bucket_name, status)

    return put_bucket_versioning


def _of_a_version(original: Callable[..., None]) -> Callable[..., None]:
    def put(backend: Any, bucket_name: str, key_name: str, version_id: str | None, *given: Any, **named: Any) -> None:
        _found(backend, bucket_name, key_name, version_id)
        original(backend, bucket_name, key_name, version_id, *given, **named)

    return put


def _found(backend: Any, bucket_name: str, key_name: str, version: str | None) -> Any:
    found = backend.get_object(bucket_name, key_name, version_id=version)
    if found is None:
        code, what = ("NoSuchKey", "key") if version is None else ("NoSuchVersion", "version")
        raise aws_error(code, f"The specified {what} does not exist.", 404)
    return found


def _only_lengthened(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """AWS page "Locking objects with Object Lock": compliance never shrinks, governance only with the bypass header."""

    def put_object_retention(response: Any) -> Any:
        held = _asked_for(response)
        mode, until = response._mode_until_from_body()
        bypass = response.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
        free = held.lock_mode is None or _time(held.lock_until) < datetime.now().astimezone()
        if not free and not (held.lock_mode == "GOVERNANCE" and bypass):
            weaker = until is None or _time(until) < _time(held.lock_until)
            if weaker or (held.lock_mode == "COMPLIANCE" and mode != "COMPLIANCE"):
                raise aws_error("AccessDenied", "Access Denied because object protected by object lock.", 403)
        return original(response)

    return put_object_retention


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _asked_for(response: Any) -> Any:
    version = query_of(response).get("versionId", [None])[0]
    bucket = response.backend.get_bucket(response.bucket_name)
    if not bucket.object_lock_enabled:
        raise aws_error("InvalidRequest", "Bucket is missing Object Lock Configuration", 400)
    return _found(response.backend, response.bucket_name, response.parse_key_name(), version)


def _refuse_absent(value: str | None) -> None:
    if value is None:
        message = "The specified object does not have a ObjectLock configuration"
        raise aws_error("NoSuchObjectLockConfiguration", message, 404)


def _absent_is_404(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def get_object_legal_hold(response: Any) -> Any:
        _refuse_absent(_asked_for(response).lock_legal_status)
        return original(response)

    return get_object_legal_hold


def _retention_told(original: Callable[..., Any]) -> Callable[..., Any]:
    """moto answers GetObjectRetention with the object's body."""

    def key_response_get(response: Any, query: dict[str, Any], key_name: str) -> Any:
        from moto.core.responses import ActionResult

        if "retention" not in query:
            return original(response, query, key_name)
        held = _asked_for(response)
        _refuse_absent(held.lock_mode)
        response.data["Action"] = "GetObjectRetention"
        told = {"Mode": held.lock_mode, "RetainUntilDate": _time(held.lock_until)}
        return response.serialized(ActionResult({"Retention": told}))

    return key_response_get


def _copied(original: Callable[..., Any]) -> Callable[..., Any]:
    """A copy has no body, so nothing to give a digest of."""

    def key_response_put(response: Any, query: dict[str, Any], key_name: str) -> Any:
        from moto.s3.exceptions import LockNotEnabled, MissingUploadObjectWithObjectLockHeaders

        try:
            return original(response, query, key_name)
        except MissingUploadObjectWithObjectLockHeaders:
            if not response.headers.get("x-amz-copy-source"):
                raise
        if not response.backend.get_bucket(response.bucket_name).object_lock_enabled:
            raise LockNotEnabled
        return response.copy_object()

    return key_response_put


def _begun(original: Callable[..., Any]) -> Callable[..., Any]:
    """An upload of parts keeps the lock that it was begun with."""

    def key_response_post(response: Any, request: Any, body: bytes, bucket_name: str, query: Any, key_name: str) -> Any:
        lock, bucket = Lock.asked(response.headers), bucket_named(bucket_name)
        if "uploads" in query and bucket is not None and lock.any and not bucket.object_lock_enabled:
            raise aws_error("InvalidRequest", "Bucket is missing Object Lock Configuration", 400)
        reply = original(response, request, body, bucket_name, query, key_name)
        if "uploads" in query and bucket is not None:
            newest = next(reversed(bucket.multiparts.values()))
            newest.lab_lock = lock
        return reply

    return key_response_post


def _completed(original: Callable[..., Any]) -> Callable[..., Any]:
    def complete_multipart_upload(backend: Any, bucket_name: str, multipart_id: str, body: Any) -> Any:
        bucket = backend.get_bucket(bucket_name)
        upload = bucket.multiparts.get(multipart_id)
        made = original(backend, bucket_name, multipart_id, body)
        if made is not None:
            put_under(made, lock_for(bucket, getattr(upload, "lab_lock", None)))
        return made

    return complete_multipart_upload


LAW = Law(
    name="object-lock",
    rule="A versioned bucket takes an Object Lock configuration whether or not it holds objects, and is never suspended again; "
    "copies and uploads of parts are locked like uploads; an object without retention or hold says so by a 404.",
    source="Amazon S3 User Guide: Configuring S3 Object Lock, Locking objects with Object Lock; API reference: "
    "PutObjectLockConfiguration, PutObjectRetention, GetObjectRetention, GetObjectLegalHold, CopyObject, CreateMultipartUpload",
    install=install,
)
