"""Law: what a bucket is when nobody configured it, and what its ownership and public access block refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws._bucket import bucket_named, denied, query_of
from resettle_lab.world import World, aws_error

_PUBLIC_ACLS = {"public-read", "public-read-write", "authenticated-read"}


def install(world: World) -> None:
    """Gives new buckets the defaults of April 2023 and lets those defaults bite."""
    from moto.s3.models import FakeBucket, S3Backend
    from moto.s3.responses import S3Response

    world.patch(FakeBucket, "__init__", _born_private)
    world.patch(S3Backend, "delete_bucket_encryption", _falls_back)
    world.patch(S3Backend, "put_bucket_policy", _policy_checked)
    world.patch(S3Response, "_bucket_response_put", _acl_checked_on_bucket)
    world.patch(S3Response, "_key_response_put", _acl_checked_on_object)
    world.patch(S3Response, "_key_response_post", _acl_checked_on_object)


def default_encryption() -> dict[str, Any]:
    """SSE-S3, as moto keeps a bucket's encryption."""
    return {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}


def _born_private(original: Callable[..., None]) -> Callable[..., None]:
    def __init__(bucket: Any, *arguments: Any, **named: Any) -> None:
        from moto.s3.models import PublicAccessBlock

        original(bucket, *arguments, **named)
        bucket.public_access_block = PublicAccessBlock(True, True, True, True)
        bucket.ownership_rule = "BucketOwnerEnforced"
        bucket.encryption = default_encryption()

    return __init__


def _falls_back(original: Callable[..., None]) -> Callable[..., None]:
    """AWS page "DeleteBucketEncryption": the bucket goes back to SSE-S3, it never has none."""

    def delete_bucket_encryption(backend: Any, bucket_name: str) -> None:
        backend.get_bucket(bucket_name).encryption = default_encryption()

    return delete_bucket_encryption


def _policy_checked(original: Callable[..., None]) -> Callable[..., None]:
    def put_bucket_policy(backend: Any, bucket_name: str, policy: bytes) -> None:
        from moto.s3.utils import bucket_policy_is_public

        from resettle_lab.laws._principals import first_unknown

        bucket = backend.get_bucket(bucket_name)
        block = bucket.public_access_block
        unknown = first_unknown(policy)
        if unknown is not None:
            raise aws_error("MalformedPolicy", "Invalid principal in policy", 400)
        if not _resources_inside(bucket, policy):
            raise aws_error("MalformedPolicy", "Policy has invalid resource", 400)
        if block is not None and block.block_public_policy and bucket_policy_is_public(policy):
            raise denied()
        original(backend, bucket_name, policy)

    return put_bucket_policy


def _resources_inside(bucket: Any, policy: bytes) -> bool:
    from resettle_lab.laws._policy import matches, statements

    def inside(pattern: str) -> bool:
        return pattern == "*" or matches(pattern.split("/", 1)[0], bucket.arn)

    found = [statement.get("Resource", statement.get("NotResource")) for statement in statements(policy)]
    named = [one for each in found for one in (each if isinstance(each, list) else [each])]
    return all(isinstance(one, str) and inside(one) for one in named)


def _acl_checked_on_bucket(original: Callable[..., Any]) -> Callable[..., Any]:
    def bucket_put(response: Any, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        query = query_of(response)
        canned = response.headers.get("x-amz-acl", "")
        if "acl" in query:
            _refuse_acl(bucket_named(bucket_name), canned)
        elif not query:
            _refuse_birth_acl(response, canned)
        return original(response, request, bucket_name, querystring)

    return bucket_put


def _refuse_birth_acl(response: Any, canned: str) -> None:
    ownership = response.headers.get("x-amz-object-ownership", "BucketOwnerEnforced")
    if canned not in ("", "private") and ownership == "BucketOwnerEnforced":
        message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        raise aws_error("InvalidBucketAclWithObjectOwnership", message, 400)
    if canned in _PUBLIC_ACLS:
        raise denied()


def _refuse_acl(bucket: Any | None, canned: str) -> None:
    if bucket is None:
        return
    if bucket.ownership_rule == "BucketOwnerEnforced" and canned != "bucket-owner-full-control":
        raise aws_error("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)
    block = bucket.public_access_block
    if canned in _PUBLIC_ACLS and block is not None and block.block_public_acls:
        raise denied()


def _acl_checked_on_object(original: Callable[..., Any]) -> Callable[..., Any]:
    def key_response(response: Any, *arguments: Any, **named: Any) -> Any:
        grants = [name for name in response.headers.keys() if str(name).lower().startswith("x-amz-grant-")]  # noqa: SIM118
        canned = response.headers.get("x-amz-acl", "")
        if canned or grants or ("acl" in query_of(response) and response.method == "PUT"):
            _refuse_acl(bucket_named(response.bucket_name), canned)
        return original(response, *arguments, **named)

    return key_response


LAW = Law(
    name="bucket-defaults",
    rule="A new bucket blocks all public access, enforces the owner's ownership (no ACLs) and encrypts with SSE-S3; "
    "while the block stands a public policy is refused.",
    source="Amazon S3 User Guide: Default settings for new S3 buckets FAQ; Controlling ownership of objects and "
    "disabling ACLs for your bucket; Blocking public access to your Amazon S3 storage",
    install=install,
)
