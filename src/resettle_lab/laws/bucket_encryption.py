"""Law: an object under SSE-KMS is readable and writable only for who may use its key; it never encrypts anything."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from resettle_lab.law import Law
from resettle_lab.laws import _keys
from resettle_lab.laws._bucket import bucket_named, copy_source, denied, query_of, signer_of
from resettle_lab.laws._policy import Caller
from resettle_lab.world import World, aws_error

# The key of the write that this thread is in: a bare alias means the writer's, and moto writes as the bucket's owner.
_write = threading.local()


def install(world: World) -> None:
    """Asks the key at each read, write and copy of an object under SSE-KMS, and stores the key's ARN with it."""
    from moto.s3.models import FakeKey, S3Backend
    from moto.s3.responses import S3Response

    world.patch(S3Response, "get_object", _readable)
    world.patch(S3Response, "put_object", _writable)
    world.patch(S3Response, "copy_object", _copyable)
    world.patch(S3Response, "upload_part_copy", _copyable)
    world.patch(S3Response, "_key_response_post", _upload_writable)
    world.patch(S3Backend, "put_object", _explicit_choice)
    world.patch(FakeKey, "etag", _etag)


def _readable(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def get_object(response: Any) -> Any:
        version = query_of(response).get("versionId", [None])[0]
        found = response.backend.get_object(response.bucket_name, response.parse_key_name(), version_id=version)
        _check_read(signer_of(response), found)
        return original(response)

    return get_object


def _check_read(caller: Caller, found: Any | None) -> None:
    if found is None or found.encryption != "aws:kms":
        return
    key = _keys.find(found.kms_key_id or "", account=found.account_id, region=_region(found.bucket_name))
    if key is None or not _keys.may(caller, key, "Decrypt", via="s3"):
        raise denied()
    _check_state(key)


def _check_state(key: Any) -> None:
    if key.key_state == "PendingDeletion":
        raise aws_error("KMS.KMSInvalidStateException", f"{key.arn} is pending deletion.", 400)
    if not key.enabled:
        raise aws_error("KMS.DisabledException", f"{key.arn} is disabled.", 400)


def _region(bucket_name: str) -> str:
    bucket = bucket_named(bucket_name)
    return "" if bucket is None else str(bucket.region_name)


def _writable(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def put_object(response: Any) -> Any:
        _check_write(response)
        return original(response)

    return put_object


def _copyable(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A copy decrypts at the source and encrypts at the destination, both as the one caller."""

    def copy(response: Any) -> Any:
        source = copy_source(response)
        if source is not None:
            _check_read(signer_of(response), response.backend.get_object(source[0], source[1], version_id=source[2]))
        if "partNumber" not in query_of(response):
            _check_write(response)
        return original(response)

    return copy


def _upload_writable(original: Callable[..., Any]) -> Callable[..., Any]:
    def key_response_post(response: Any, request: Any, body: bytes, bucket: str, query: Any, key: str) -> Any:
        if "uploads" in query:
            _check_write(response)
        return original(response, request, body, bucket, query, key)

    return key_response_post


def _check_write(response: Any) -> None:
    bucket = bucket_named(response.bucket_name)
    if bucket is None:
        return
    caller = signer_of(response)
    name = _key_asked(bucket, response.headers)
    _write.key = None
    if name is None:
        return
    # AWS page "Using server-side encryption with AWS KMS keys": without a key the *writer's* aws/s3 is taken.
    key = _keys.find(name or "alias/aws/s3", account=caller.account, region=bucket.region_name)
    if key is None:
        message = f"Key '{name}' does not exist"
        raise aws_error("KMS.NotFoundException", message, 400)
    if not _keys.may(caller, key, "GenerateDataKey", via="s3"):
        raise denied()
    _check_state(key)
    _write.key = key.arn


def _key_asked(bucket: Any, headers: Any) -> str | None:
    """The key that the write will use: its text, an empty one for the default of `aws:kms`, None without SSE-KMS."""
    asked = headers.get("x-amz-server-side-encryption")
    if asked:
        return headers.get("x-amz-server-side-encryption-aws-kms-key-id") or "" if asked == "aws:kms" else None
    default = bucket.encryption["Rule"]["ApplyServerSideEncryptionByDefault"] if bucket.encryption else {}
    return default.get("KMSMasterKeyID") or "" if default.get("SSEAlgorithm") == "aws:kms" else None


def _explicit_choice(original: Callable[..., Any]) -> Callable[..., Any]:
    """An object knows its key by ARN; one that was asked to be under SSE-S3 knows none."""

    def put_object(backend: Any, *arguments: Any, **named: Any) -> Any:
        made = original(backend, *arguments, **named)
        if made.encryption != "aws:kms":
            made.kms_key_id = None
            made.bucket_key_enabled = None
            return made
        asked = getattr(_write, "key", None) or made.kms_key_id or "alias/aws/s3"
        key = _keys.find(asked, account=backend.account_id, region=_region(made.bucket_name))
        if key is not None:
            made.kms_key_id = key.arn
        _write.key = None
        return made

    return put_object


def _etag(original: Any) -> property:
    """AWS page "Checking object integrity": under SSE-KMS the ETag is no MD5 of the content."""

    def etag(key: Any) -> str:
        if key.encryption == "aws:kms" and key._etag is None:
            key._etag = uuid4().hex
        return str(original.fget(key))

    return property(etag)


LAW = Law(
    name="bucket-encryption",
    rule="Reading or copying an object under SSE-KMS needs kms:Decrypt on its key, writing one needs "
    "kms:GenerateDataKey, both from the key's own policy; its ETag is no MD5.",
    source="Amazon S3 User Guide: Using server-side encryption with AWS KMS keys (SSE-KMS); Checking object integrity",
    install=install,
)
