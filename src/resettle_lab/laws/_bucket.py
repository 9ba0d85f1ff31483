"""What several bucket laws share: the bucket behind a request, who signed it, and which IAM action an S3 request is."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from resettle_lab.laws._policy import Caller, Request, decide, identity
from resettle_lab.world import AwsError, aws_error

ANONYMOUS = Caller(account="", arn="anonymous")

# AWS page "Actions, resources, and condition keys for Amazon S3": the action behind each subresource of a bucket.
_CONFIGURATIONS = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
_BUCKET_READS = {
    "location": "GetBucketLocation",
    "uploads": "ListBucketMultipartUploads",
    "versions": "ListBucketVersions",
}
_OBJECT_PARTS = {
    "acl": "ObjectAcl",
    "tagging": "ObjectTagging",
    "retention": "ObjectRetention",
    "legal-hold": "ObjectLegalHold",
}
_VERSIONED = {"Object", "ObjectAcl", "ObjectTagging", "ObjectAttributes"}


def bucket_named(name: str) -> Any | None:
    """The bucket of this name in whichever account it stands; bucket names are global."""
    from moto.s3.models import s3_backends

    if name not in s3_backends.bucket_accounts:
        return None
    partition, account = s3_backends.bucket_accounts[name]
    return s3_backends[account][partition].buckets.get(name)


def signer_of(response: Any) -> Caller:
    """Who signed an S3 request, by header or by presigned URL; nobody is `ANONYMOUS`."""
    from moto.iam.models import get_account_id_from

    if response.headers.get("Authorization"):
        return identity(str(response.current_account), str(response.access_key))
    query = query_of(response)
    for name in ("X-Amz-Credential", "AWSAccessKeyId"):
        if name in query:
            key = query[name][0].split("/")[0]
            return identity(str(get_account_id_from(key)), key)
    return ANONYMOUS


def query_of(response: Any) -> dict[str, list[str]]:
    """The request's own query; moto's `querystring` may hold headers instead."""
    return parse_qs(urlparse(response.uri).query, keep_blank_values=True)


def bucket_action(method: str, query: dict[str, list[str]]) -> str:
    """The IAM action of a request on a bucket, without its `s3:`."""
    configuration = next((_CONFIGURATIONS[name] for name in query if name in _CONFIGURATIONS), None)
    if configuration is not None:
        return _configuration_action(method, configuration)
    if method in ("GET", "HEAD"):
        return next((_BUCKET_READS[name] for name in query if name in _BUCKET_READS), "ListBucket")
    return {"PUT": "CreateBucket", "DELETE": "DeleteBucket", "POST": "DeleteObject"}.get(method, "ListBucket")


def _configuration_action(method: str, configuration: str) -> str:
    if method == "GET":
        return f"Get{configuration}"
    if method == "DELETE" and configuration in ("BucketPolicy", "BucketWebsite"):
        return f"Delete{configuration}"
    return f"Put{configuration}"


def object_actions(method: str, query: dict[str, list[str]], headers: Any) -> list[str]:
    """The IAM actions that a request on an object needs, without their `s3:`."""
    part = next((_OBJECT_PARTS[name] for name in query if name in _OBJECT_PARTS), "Object")
    if method in ("GET", "HEAD"):
        return _object_reads(part, query)
    if method == "DELETE":
        if "uploadId" in query:
            return ["AbortMultipartUpload"]
        return [_versioned("Delete", part, query)]
    if method == "POST" and "restore" in query:
        return ["RestoreObject"]
    if part != "Object":
        return [_versioned("Put", part, query)]
    needed = ["PutObject"]
    if headers.get("x-amz-tagging"):
        needed.append("PutObjectTagging")
    if any(str(name).lower().startswith(("x-amz-acl", "x-amz-grant-")) for name in headers.keys()):  # noqa: SIM118
        needed.append("PutObjectAcl")
    return needed


def _object_reads(part: str, query: dict[str, list[str]]) -> list[str]:
    if "uploadId" in query:
        return ["ListMultipartUploadParts"]
    if "attributes" in query:
        return [_versioned("Get", "Object", query), _versioned("Get", "ObjectAttributes", query)]
    return [_versioned("Get", part, query)]


def _versioned(verb: str, part: str, query: dict[str, list[str]]) -> str:
    if "versionId" not in query or part not in _VERSIONED:
        return f"{verb}{part}"
    if part == "Object":
        return f"{verb}ObjectVersion"
    return f"{verb}ObjectVersion{part.removeprefix('Object')}"


def copy_source(response: Any) -> tuple[str, str, str | None] | None:
    """Bucket, key and version id that `x-amz-copy-source` names, or None where the request copies nothing."""
    value = response.headers.get("x-amz-copy-source")
    if not value:
        return None
    parsed = urlparse(value)
    bucket, _, key = unquote(parsed.path).lstrip("/").partition("/")
    return bucket, key, parse_qs(parsed.query).get("versionId", [None])[0]


def allowed(bucket: Any, caller: Caller, action: str, key: str | None = None, **context: str) -> bool:
    """Whether the caller may do `s3:<action>` on the bucket or on one key of it; across accounts the policy decides."""
    from moto.s3.utils import bucket_policy_is_public

    resource = bucket.arn if key is None else f"{bucket.arn}/{key}"
    request = Request(action=f"s3:{action}", resource=resource, context=context)
    verdict = decide(bucket.policy, caller, request)
    own = caller.account == bucket.account_id
    if verdict == "Deny":
        # The bucket's own account may always mend a policy that locks everyone out.
        return own and action in ("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy")
    if own:
        return True
    block = bucket.public_access_block
    if block is not None and block.restrict_public_buckets and bucket_policy_is_public(bucket.policy):
        return False
    return verdict == "Allow"


def denied() -> AwsError:
    """The one answer of S3 to every caller who may not."""
    return aws_error("AccessDenied", "Access Denied", 403)
