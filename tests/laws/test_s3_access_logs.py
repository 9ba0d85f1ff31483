"""The law of access logs, broken with plain boto3 calls."""

from typing import Any

import boto3
import pytest

SEOUL = {"LocationConstraint": "ap-northeast-2"}
LOGGING = {"LoggingEnabled": {"TargetBucket": "reader-logs", "TargetPrefix": "covers/"}}


@pytest.fixture
def s3(source: boto3.Session) -> Any:
    client = source.client("s3")
    for name in ("reader-covers", "reader-logs"):
        client.create_bucket(Bucket=name, CreateBucketConfiguration=SEOUL)
    # An ACL that lets the delivery group in, as moto asks for; ACLs need another ownership than today's default.
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    client.put_bucket_ownership_controls(Bucket="reader-logs", OwnershipControls=rules)
    client.put_bucket_acl(Bucket="reader-logs", ACL="log-delivery-write")
    client.put_bucket_logging(Bucket="reader-covers", BucketLoggingStatus=LOGGING)
    return client


def test_requests_to_a_logged_bucket_write_no_object_at_once(s3: Any) -> None:
    s3.put_object(Bucket="reader-covers", Key="a.png", Body=b"a")
    s3.get_object(Bucket="reader-covers", Key="a.png")["Body"].read()
    s3.list_objects_v2(Bucket="reader-covers")

    assert s3.list_objects_v2(Bucket="reader-logs")["KeyCount"] == 0
    assert s3.list_objects_v2(Bucket="reader-covers")["KeyCount"] == 1


def test_a_bucket_that_logs_into_itself_does_not_grow(s3: Any) -> None:
    own = {"LoggingEnabled": {"TargetBucket": "reader-logs", "TargetPrefix": "own/"}}
    s3.put_bucket_logging(Bucket="reader-logs", BucketLoggingStatus=own)

    counts = [s3.list_objects_v2(Bucket="reader-logs")["KeyCount"] for _ in range(3)]

    assert counts == [0, 0, 0]


def test_the_setting_is_kept(s3: Any) -> None:
    kept = s3.get_bucket_logging(Bucket="reader-covers")["LoggingEnabled"]

    assert kept == LOGGING["LoggingEnabled"]
