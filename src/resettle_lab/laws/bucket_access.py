"""Law: who may do what with a bucket of another account; it never looks into the objects."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from resettle_lab.law import Law
from resettle_lab.laws._bucket import (
    ANONYMOUS,
    allowed,
    bucket_action,
    bucket_named,
    copy_source,
    denied,
    object_actions,
    query_of,
    signer_of,
)
from resettle_lab.laws._policy import Caller
from resettle_lab.world import World, aws_error

# Bucket subresources that stay the owner's even where the policy grants them to others.
_OWNER_ONLY = {"GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"}

# The keys that the DeleteObjects call of this thread may not delete, as ARNs; moto asks for each by `get_permission`.
_deletes = threading.local()


def install(world: World) -> None:
    """Puts the check in front of every S3 request, and lets each run in the account that owns the bucket."""
    from moto.s3.models import FakeBucket
    from moto.s3.responses import S3Response

    world.patch(FakeBucket, "get_permission", _already_judged)
    world.patch(S3Response, "backend", _owners_backend)
    world.patch(S3Response, "_bucket_response", _guard_bucket)
    world.patch(S3Response, "_key_response", _guard_object)
    world.patch(S3Response, "_bucket_response_delete_keys", _guard_deletes)


def _already_judged(original: Callable[..., Any]) -> Callable[..., Any]:
    """moto reads Deny statements without their conditions and principals; this law has judged before it asks."""
    from moto.iam.access_control import PermissionResult

    def get_permission(bucket: Any, action: str, resource: str) -> Any:
        refused: frozenset[str] = getattr(_deletes, "refused", frozenset())
        return PermissionResult.DENIED if resource in refused else PermissionResult.PERMITTED

    return get_permission


def _owners_backend(original: Any) -> property:
    """With bucket-owner-enforced ownership whatever is written belongs to the bucket's owner, tags included."""

    def backend(response: Any) -> Any:
        from moto.s3.models import s3_backends

        home = s3_backends.bucket_accounts.get(getattr(response, "bucket_name", ""))
        if home is None:
            return original.fget(response)
        return s3_backends[home[1]][home[0]]

    return property(backend)


def _guard_bucket(original: Callable[..., Any]) -> Callable[..., Any]:
    def bucket_response(response: Any, request: Any, full_url: str) -> Any:
        bucket = bucket_named(response.bucket_name)
        query = query_of(response)
        if bucket is not None and request.method != "OPTIONS":
            action = bucket_action(request.method, query)
            if action not in ("CreateBucket", "DeleteObject"):
                _check_owner(bucket, response.headers.get("x-amz-expected-bucket-owner"))
                _check_bucket(bucket, signer_of(response), action, query)
        return original(response, request, full_url)

    return bucket_response


def _check_bucket(bucket: Any, caller: Caller, action: str, query: dict[str, list[str]]) -> None:
    context = {"s3:prefix": query["prefix"][0]} if query.get("prefix") else {}
    if not allowed(bucket, caller, action, **context):
        raise denied()
    if action in _OWNER_ONLY and caller.account != bucket.account_id:
        raise aws_error("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)


def _check_owner(bucket: Any, expected: str | None) -> None:
    if expected and expected != bucket.account_id:
        raise denied()


def _guard_object(original: Callable[..., Any]) -> Callable[..., Any]:
    def key_response(response: Any, request: Any, full_url: str) -> Any:
        bucket = bucket_named(response.bucket_name)
        if bucket is not None and request.method != "OPTIONS":
            _check_owner(bucket, response.headers.get("x-amz-expected-bucket-owner"))
            caller = signer_of(response)
            _check_object(bucket, caller, response)
            _check_source(caller, response)
        return original(response, request, full_url)

    return key_response


def _check_object(bucket: Any, caller: Caller, response: Any) -> None:
    key = response.parse_key_name()
    query = query_of(response)
    for action in object_actions(response.method, query, response.headers):
        if not allowed(bucket, caller, action, key) and not _public(bucket, caller, action, key):
            raise denied()
    if response.method in ("GET", "HEAD") and key not in bucket.keys and not allowed(bucket, caller, "ListBucket"):
        # AWS page "GetObject": without s3:ListBucket an absent key is 403, not 404.
        raise denied()


def _public(bucket: Any, caller: Caller, action: str, key: str) -> bool:
    if caller is not ANONYMOUS or action != "GetObject" or key not in bucket.keys:
        return False
    if bucket.ownership_rule == "BucketOwnerEnforced":
        return False
    block = bucket.public_access_block
    acl = getattr(bucket.keys[key], "acl", None)
    return acl is not None and acl.public_read and not (block is not None and block.ignore_public_acls)


def _check_source(caller: Caller, response: Any) -> None:
    """A copy is one call by one caller, who must also be let in at the source (AWS page "CopyObject", Permissions)."""
    source = copy_source(response)
    if source is None:
        return
    name, key, version = source
    bucket = bucket_named(name)
    if bucket is None:
        raise aws_error("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=name)
    _check_owner(bucket, response.headers.get("x-amz-source-expected-bucket-owner"))
    needed = ["GetObject" if version is None else "GetObjectVersion"]
    if _tags_travel(bucket, key, version, response):
        needed.append("GetObjectTagging" if version is None else "GetObjectVersionTagging")
        if not allowed(bucket_named(response.bucket_name), caller, "PutObjectTagging", response.parse_key_name()):
            raise denied()
    if not all(allowed(bucket, caller, action, key) for action in needed):
        raise denied()
    if key not in bucket.keys and not allowed(bucket, caller, "ListBucket"):
        raise denied()


def _tags_travel(bucket: Any, key: str, version: str | None, response: Any) -> bool:
    from moto.s3.models import s3_backends

    if "partNumber" in query_of(response) or response.headers.get("x-amz-tagging-directive") == "REPLACE":
        return False
    backend = s3_backends[bucket.account_id][bucket.partition]
    found = backend.get_object(bucket.name, key, version_id=version)
    return found is not None and bool(backend.tagger.get_tag_dict_for_resource(found.arn))


def _guard_deletes(original: Callable[..., Any]) -> Callable[..., Any]:
    """DeleteObjects is judged key by key: what is refused comes back among the errors."""

    def delete_keys(response: Any, bucket_name: str, authenticated: bool = True) -> Any:
        bucket = bucket_named(bucket_name)
        if bucket is None:
            return original(response, bucket_name, authenticated)
        _check_owner(bucket, response.headers.get("x-amz-expected-bucket-owner"))
        caller = signer_of(response)
        refused = [key for key, action in _named_in(response.body) if not allowed(bucket, caller, action, key)]
        _deletes.refused = frozenset(f"{bucket.arn}/{key}" for key in refused)
        try:
            return original(response, bucket_name, authenticated)
        finally:
            _deletes.refused = frozenset()

    return delete_keys


def _named_in(body: bytes) -> list[tuple[str, str]]:
    """The keys of a DeleteObjects body, each with the action that its deletion is."""
    found = []
    for one in ElementTree.fromstring(body).iter():
        if one.tag.rpartition("}")[2] != "Object":
            continue
        values = {child.tag.rpartition("}")[2]: child.text or "" for child in one}
        found.append((values.get("Key", ""), "DeleteObjectVersion" if "VersionId" in values else "DeleteObject"))
    return found


LAW = Law(
    name="bucket-access",
    rule="Across accounts only the bucket's policy lets a caller in; an explicit Deny wins, the expected owner must be "
    "the owner, a copy also needs the source's permission, and an absent key is 403 to who may not list.",
    source="Amazon S3 User Guide: How Amazon S3 authorizes a request; Verifying bucket ownership with bucket owner "
    "condition; API reference: CopyObject, GetObject",
    install=install,
)
