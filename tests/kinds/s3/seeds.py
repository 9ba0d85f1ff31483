"""Buckets with every property in use, holding objects of every sort, and bucket policies."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

TYPES = ("AWS::S3::Bucket", "AWS::S3::BucketPolicy")
PART = 5 * 1024 * 1024


def _made(session: Any, name: str, **more: Any) -> Any:
    s3 = session.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": session.region_name}, **more)
    return s3


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def seed_bucket(session: Any) -> None:
    """A versioned bucket under a key of its own, with rules, reports, notifications, and objects of every sort."""
    account = session.client("sts").get_caller_identity()["Account"]
    _made(session, "seed-reports-of-buckets")
    s3 = _made(session, "seed-rich-bucket")
    name = {"Bucket": "seed-rich-bucket"}
    key = session.client("kms").create_key(Description="seed bucket")["KeyMetadata"]["Arn"]
    s3.put_bucket_versioning(**name, VersioningConfiguration={"Status": "Enabled"})
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(**name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_bucket_tagging(**name, Tagging={"TagSet": [{"Key": "Project", "Value": "seed"}, {"Key": "a", "Value": "b"}]})
    cors = {
        "ID": "browsers",
        "AllowedMethods": ["GET", "PUT"],
        "AllowedOrigins": ["https://example.org"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 300,
    }
    s3.put_bucket_cors(**name, CORSConfiguration={"CORSRules": [cors]})
    s3.put_bucket_accelerate_configuration(**name, AccelerateConfiguration={"Status": "Enabled"})
    s3.put_bucket_lifecycle_configuration(**name, LifecycleConfiguration={"Rules": _lifecycle()})
    for identity in ("daily", "weekly"):
        s3.put_bucket_inventory_configuration(
            **name, Id=identity, InventoryConfiguration=_inventory(identity, "seed-reports-of-buckets", account)
        )
    s3.put_bucket_notification_configuration(
        **name, NotificationConfiguration={"QueueConfigurations": [_notified(session, "seed-rich-bucket", account)]}
    )
    _fill(s3, "seed-rich-bucket")


def _lifecycle() -> list[dict[str, Any]]:
    return [
        {
            "ID": "old uploads",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "tmp/", "Tags": [{"Key": "k", "Value": "v"}]}},
            "Expiration": {"Days": 30},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
        },
        {
            "ID": "on a day",
            "Status": "Disabled",
            "Filter": {"Prefix": "dated/"},
            "Expiration": {"Date": datetime(2099, 1, 1, tzinfo=UTC)},
            "Transitions": [{"Days": 60, "StorageClass": "GLACIER"}],
        },
    ]


def _inventory(identity: str, bucket: str, account: str) -> dict[str, Any]:
    destination = {"AccountId": account, "Bucket": f"arn:aws:s3:::{bucket}", "Format": "CSV", "Prefix": identity}
    return {
        "Id": identity,
        "IsEnabled": True,
        "IncludedObjectVersions": "All",
        "Schedule": {"Frequency": identity.capitalize()},
        "Destination": {"S3BucketDestination": destination},
        "OptionalFields": ["Size", "ETag"],
    }


def _notified(session: Any, bucket: str, account: str) -> dict[str, Any]:
    sqs = session.client("sqs")
    queue = sqs.create_queue(QueueName="seed-of-bucket")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
            "StringEquals": {"aws:SourceAccount": account},
        },
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": _policy(statement)})
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]
    events = ["s3:ObjectRemoved:*", "s3:ObjectCreated:*"]
    return {"Id": "to the queue", "QueueArn": arn, "Events": events, "Filter": {"Key": {"FilterRules": rules}}}


def _fill(s3: Any, bucket: str) -> None:
    """Versions, delete markers, odd keys, headers, metadata, tags, a storage class, an object in parts, an empty one."""
    for body in (b"one", b"two, longer"):
        s3.put_object(Bucket=bucket, Key="in/versions", Body=body, Metadata={"author": "seed"})
    s3.delete_object(Bucket=bucket, Key="in/versions")
    s3.put_object(Bucket=bucket, Key="in/versions", Body=b"after the marker")
    s3.put_object(Bucket=bucket, Key="deleted", Body=b"gone")
    s3.delete_object(Bucket=bucket, Key="deleted")
    s3.put_object(Bucket=bucket, Key="빈 자리/+& =.txt", Body=b"", Tagging="kind=odd&empty=")
    s3.put_object(
        Bucket=bucket,
        Key="site/index.html",
        Body=b"<p>",
        ContentType="text/html",
        CacheControl="max-age=60",
        ContentDisposition="inline",
        ContentEncoding="identity",
        ContentLanguage="ko",
        StorageClass="STANDARD_IA",
    )
    begun = s3.create_multipart_upload(
        Bucket=bucket, Key="large", ContentType="video/mp4", Metadata={"length": "6"}, Tagging="size=large"
    )
    upload = {"Bucket": bucket, "Key": "large", "UploadId": begun["UploadId"]}
    etags = [
        s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"] for number, body in enumerate((b"a" * PART, b"b" * 1000), 1)
    ]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def seed_bucket_open(session: Any) -> None:
    """A public site of the time before buckets were born private, a bucket whose versioning was suspended, a locked one."""
    s3 = _made(session, "seed-public-site", ObjectOwnership="ObjectWriter")
    site = {"Bucket": "seed-public-site"}
    s3.delete_public_access_block(**site)
    s3.put_bucket_acl(**site, ACL="public-read")
    s3.put_bucket_website(
        **site,
        WebsiteConfiguration={
            "IndexDocument": {"Suffix": "index.html"},
            "ErrorDocument": {"Key": "error.html"},
            "RoutingRules": [
                {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}},
            ],
        },
    )
    s3.put_object(**site, Key="index.html", Body=b"hello", ContentType="text/html")
    s3.put_object(**site, Key="moved", Body=b"", WebsiteRedirectLocation="/index.html")
    _made(session, "seed-suspended")
    suspended = {"Bucket": "seed-suspended"}
    s3.put_bucket_versioning(**suspended, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(**suspended, Key="k", Body=b"first")
    s3.put_bucket_versioning(**suspended, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(**suspended, Key="k", Body=b"second, null")
    _made(session, "seed-locked-bucket", ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket="seed-locked-bucket", Key="record", Body=b"evidence")


def _delivery(logs: str, of: str, account: str) -> dict[str, Any]:
    return {
        "Sid": "Delivery",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{logs}/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{of}"},
            "StringEquals": {"aws:SourceAccount": account},
        },
    }


def seed_bucket_policy(session: Any) -> None:
    """A policy that opens a site to all, and one that names its own account and another bucket."""
    account = session.client("sts").get_caller_identity()["Account"]
    s3 = _made(session, "seed-opened-bucket")
    s3.put_public_access_block(
        Bucket="seed-opened-bucket",
        PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": True},
    )
    everyone = {
        "Sid": "Everyone",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::seed-opened-bucket/*",
    }
    s3.put_bucket_policy(Bucket="seed-opened-bucket", Policy=_policy(everyone))
    _made(session, "seed-delivered-logs")
    delivery = _delivery("seed-delivered-logs", "seed-opened-bucket", account)
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::seed-delivered-logs", "arn:aws:s3:::seed-delivered-logs/*"],
    }
    s3.put_bucket_policy(Bucket="seed-delivered-logs", Policy=_policy(delivery, owner))


def seed_logged_bucket(session: Any) -> None:
    """A bucket whose requests are logged in another one, which lets the logging service in by its policy."""
    account = session.client("sts").get_caller_identity()["Account"]
    _made(session, "seed-logs-of-buckets")
    s3 = _made(session, "seed-logged-bucket")
    s3.put_bucket_policy(
        Bucket="seed-logs-of-buckets", Policy=_policy(_delivery("seed-logs-of-buckets", "seed-logged-bucket", account))
    )
    logging = {"TargetBucket": "seed-logs-of-buckets", "TargetPrefix": "requests/"}
    s3.put_bucket_logging(Bucket="seed-logged-bucket", BucketLoggingStatus={"LoggingEnabled": logging})
