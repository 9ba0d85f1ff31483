"""The law of where a bucket may log to, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SOURCE = "111122223333"
SEOUL = {"LocationConstraint": "ap-northeast-2"}
LOGS = "arn:aws:s3:::reader-logs"
SERVICE = "logging.s3.amazonaws.com"


@pytest.fixture
def s3(source: boto3.Session) -> Any:
    client = source.client("s3")
    for name in ("reader-covers", "reader-logs"):
        client.create_bucket(Bucket=name, CreateBucketConfiguration=SEOUL)
    return client


def admit(s3: Any, **changed: Any) -> None:
    allow = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "s3:PutObject", "Resource": f"{LOGS}/*"}
    policy = {"Version": "2012-10-17", "Statement": [allow | changed]}
    s3.put_bucket_policy(Bucket="reader-logs", Policy=json.dumps(policy))


def log(s3: Any, prefix: str = "covers/", **changed: Any) -> None:
    enabled = {"TargetBucket": "reader-logs", "TargetPrefix": prefix, **changed}
    s3.put_bucket_logging(Bucket="reader-covers", BucketLoggingStatus={"LoggingEnabled": enabled})


def refused(s3: Any, prefix: str = "covers/", **changed: Any) -> str:
    with pytest.raises(ClientError) as error:
        log(s3, prefix, **changed)
    code: str = error.value.response["Error"]["Code"]
    return code


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"Principal": {"Service": [SERVICE, "delivery.logs.amazonaws.com"]}},
        {"Action": ["s3:PutObject", "s3:GetObject"]},
        {"Action": "s3:Put*"},
        {"Resource": [f"{LOGS}/other/*", f"{LOGS}/covers/*"]},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::reader-*"}, "StringEquals": {"aws:SourceAccount": SOURCE}}},
    ],
)
def test_a_policy_admits_the_log_service_however_it_is_spelled(s3: Any, changed: dict[str, Any]) -> None:
    admit(s3, **changed)

    log(s3)

    kept = s3.get_bucket_logging(Bucket="reader-covers")["LoggingEnabled"]
    assert kept == {"TargetBucket": "reader-logs", "TargetPrefix": "covers/"}


@pytest.mark.parametrize(
    "changed",
    [
        {"Principal": {"Service": "delivery.logs.amazonaws.com"}},
        {"Action": ["s3:GetObject"]},
        {"Resource": f"{LOGS}/other/*"},
        {"Resource": LOGS},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "444455556666"}}},
        {"Effect": "Deny"},
    ],
)
def test_a_policy_that_does_not_admit_it_is_not_enough(s3: Any, changed: dict[str, Any]) -> None:
    admit(s3, **changed)

    assert refused(s3) == "InvalidTargetBucketForLogging"


def test_a_target_without_a_word_is_refused_and_an_absent_or_foreign_one_too(s3: Any, target: boto3.Session) -> None:
    theirs = target.client("s3")
    theirs.create_bucket(Bucket="their-logs", CreateBucketConfiguration=SEOUL)

    codes = [refused(s3), refused(s3, TargetBucket="absent-logs"), refused(s3, TargetBucket="their-logs")]

    assert codes == ["InvalidTargetBucketForLogging"] * 3


def test_an_acl_counts_only_where_acls_do(s3: Any) -> None:
    controls = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket="reader-logs", OwnershipControls=controls)
    s3.put_bucket_acl(Bucket="reader-logs", ACL="log-delivery-write")
    log(s3)

    controls["Rules"][0]["ObjectOwnership"] = "BucketOwnerEnforced"
    s3.put_bucket_ownership_controls(Bucket="reader-logs", OwnershipControls=controls)

    assert refused(s3) == "InvalidTargetBucketForLogging"


@pytest.mark.parametrize("form", [{"SimplePrefix": {}}, {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}}])
def test_the_form_of_the_keys_is_kept(s3: Any, form: dict[str, Any]) -> None:
    admit(s3)

    log(s3, TargetObjectKeyFormat=form)

    assert s3.get_bucket_logging(Bucket="reader-covers")["LoggingEnabled"]["TargetObjectKeyFormat"] == form


def test_logging_is_turned_off_by_saying_nothing(s3: Any) -> None:
    admit(s3)
    log(s3)

    s3.put_bucket_logging(Bucket="reader-covers", BucketLoggingStatus={})

    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="reader-covers")
