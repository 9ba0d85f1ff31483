"""Kinds of S3, each file with one KIND; and how a bucket's two dozen configurations are
read, each by a call of its own, and how its objects are opened to the target."""

from typing import Any

from resettle.kind import Call, Grant

BUCKET = {"Bucket": "{Bucket}"}
# S3 API reference, the Errors of each getter: "not configured" is an error with a code of its own.
SETTINGS = (
    Call("get_bucket_location", BUCKET, into="Location"),
    Call("get_bucket_versioning", BUCKET, at="{Status: Status}", into="VersioningConfiguration"),
    Call("get_bucket_encryption", BUCKET, missing=("ServerSideEncryptionConfigurationNotFoundError",)),
    Call("get_public_access_block", BUCKET, missing=("NoSuchPublicAccessBlockConfiguration",)),
    Call("get_bucket_ownership_controls", BUCKET, missing=("OwnershipControlsNotFoundError",)),
    Call("get_bucket_acl", BUCKET, into="Access"),
    Call("get_object_lock_configuration", BUCKET, missing=("ObjectLockConfigurationNotFoundError",)),
    Call("get_bucket_cors", BUCKET, into="CORSConfiguration", missing=("NoSuchCORSConfiguration",)),
    Call("get_bucket_website", BUCKET, into="WebsiteConfiguration", missing=("NoSuchWebsiteConfiguration",)),
    Call("get_bucket_lifecycle_configuration", BUCKET, into="Lifecycle", missing=("NoSuchLifecycleConfiguration",)),
    Call("get_bucket_logging", BUCKET, into="BucketLoggingStatus"),
    Call("get_bucket_notification_configuration", BUCKET, into="NotificationConfiguration"),
    Call("get_bucket_replication", BUCKET, missing=("ReplicationConfigurationNotFoundError",)),
    Call("get_bucket_request_payment", BUCKET, into="RequestPaymentConfiguration"),
    Call(
        "get_bucket_accelerate_configuration",
        BUCKET,
        at="{Status: Status}",
        into="AccelerateConfiguration",
        missing=("MethodNotAllowed", "UnsupportedArgument"),  # regions and names without acceleration
    ),
)
# One call an item (member of the reply of the list and of the put, spec field, operation).
MANY = tuple(
    (f"{name}Configuration", f"{name}Configurations", f"bucket_{operation}_configuration")
    for name, operation in (
        ("Analytics", "analytics"),
        ("IntelligentTiering", "intelligent_tiering"),
        ("Inventory", "inventory"),
        ("Metrics", "metrics"),
    )
)
# S3 User Guide, "Canned ACL": the grants besides the owner's own.
GROUPS = {
    (("AllUsers", "READ"),): "public-read",
    (("AllUsers", "READ"), ("AllUsers", "WRITE")): "public-read-write",
    (("AuthenticatedUsers", "READ"),): "authenticated-read",
    (("LogDelivery", "READ_ACP"), ("LogDelivery", "WRITE")): "log-delivery-write",
}
TARGET = {"AWS": "arn:aws:iam::{target_account}:root"}
# Who copies must be let in at both ends (S3 User Guide, "Bucket owner granting cross-account bucket permissions").
READERS = Grant(
    read=Call("get_bucket_policy", BUCKET, at="Policy", missing=("NoSuchBucketPolicy",)),
    write=Call("put_bucket_policy", {**BUCKET, "Policy": "{document}"}),
    delete=Call("delete_bucket_policy", BUCKET),
    statements=(
        {
            "Sid": "ResettleReadsBucket",
            "Effect": "Allow",
            "Principal": TARGET,
            "Action": ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"],
            "Resource": "arn:aws:s3:::{Bucket}",
        },
        {
            "Sid": "ResettleReadsObjects",
            "Effect": "Allow",
            "Principal": TARGET,
            "Action": [
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:GetObjectTagging",
                "s3:GetObjectVersionTagging",
                "s3:GetObjectAcl",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectRetention",
                "s3:GetObjectLegalHold",
            ],
            "Resource": "arn:aws:s3:::{Bucket}/*",
        },
    ),
    resource="{Bucket}",
)


def written(live: dict[str, Any]) -> dict[str, Any]:
    """Dates of lifecycle rules as text; the access control list as the canned one that it equals."""
    others = [grant for grant in live["Access"]["Grants"] if grant["Grantee"].get("ID") != live["Access"]["Owner"]["ID"]]
    named = sorted((grant["Grantee"].get("URI", "").rsplit("/", 1)[-1], grant["Permission"]) for grant in others)
    rules = live.get("Lifecycle", {}).get("Rules", ())
    for part in (part for rule in rules for part in (rule.get("Expiration", {}), *rule.get("Transitions", ()))):
        if "Date" in part and not isinstance(part["Date"], str):
            part["Date"] = part["Date"].strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"ACL": GROUPS.get(tuple(named))}
