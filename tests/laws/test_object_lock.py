"""The law of locked objects, broken with plain boto3 calls."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}
UNTIL = datetime(2040, 1, 1, tzinfo=UTC)
DEFAULT = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}}
LOCK = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": UNTIL, "ObjectLockLegalHoldStatus": "ON"}


def refusal(call: Any, **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    reply = refused.value.response
    return reply["Error"]["Code"], reply["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def s3(source: boto3.Session) -> Any:
    client = source.client("s3")
    client.create_bucket(Bucket="locked", CreateBucketConfiguration=SEOUL, ObjectLockEnabledForBucket=True)
    client.create_bucket(Bucket="open", CreateBucketConfiguration=SEOUL)
    client.put_object(Bucket="open", Key="page", Body=b"page")
    return client


def test_a_bucket_that_holds_objects_is_locked_once_it_is_versioned(s3: Any) -> None:
    code = refusal(s3.put_object_lock_configuration, Bucket="open", ObjectLockConfiguration=DEFAULT)
    s3.put_bucket_versioning(Bucket="open", VersioningConfiguration={"Status": "Enabled"})

    s3.put_object_lock_configuration(Bucket="open", ObjectLockConfiguration=DEFAULT)

    assert code == ("InvalidBucketState", 409)
    assert s3.get_object_lock_configuration(Bucket="open")["ObjectLockConfiguration"] == DEFAULT


def test_a_locked_bucket_is_never_suspended(s3: Any) -> None:
    suspend = {"Bucket": "locked", "VersioningConfiguration": {"Status": "Suspended"}}

    assert refusal(s3.put_bucket_versioning, **suspend) == ("InvalidBucketState", 409)
    assert s3.get_bucket_versioning(Bucket="locked")["Status"] == "Enabled"


def test_a_copy_is_locked_without_a_digest(s3: Any) -> None:
    made = s3.copy_object(Bucket="locked", Key="copy", CopySource="open/page", **LOCK)

    head = s3.head_object(Bucket="locked", Key="copy")
    kept = s3.get_object_retention(Bucket="locked", Key="copy")["Retention"]

    assert (head["ObjectLockMode"], head["ObjectLockLegalHoldStatus"]) == ("GOVERNANCE", "ON")
    assert kept == {"Mode": "GOVERNANCE", "RetainUntilDate": UNTIL}
    assert s3.get_object_legal_hold(Bucket="locked", Key="copy")["LegalHold"]["Status"] == "ON"
    assert refusal(s3.delete_object, Bucket="locked", Key="copy", VersionId=made["VersionId"]) == ("AccessDenied", 403)


def test_a_bucket_without_a_lock_takes_no_locked_object(s3: Any) -> None:
    codes = [
        refusal(s3.copy_object, Bucket="open", Key="copy", CopySource="open/page", **LOCK),
        refusal(s3.put_object, Bucket="open", Key="copy", Body=b"1", **LOCK),
        refusal(s3.create_multipart_upload, Bucket="open", Key="copy", **LOCK),
        refusal(s3.get_object_retention, Bucket="open", Key="page"),
        refusal(s3.get_object_legal_hold, Bucket="open", Key="page"),
    ]

    assert set(codes) == {("InvalidRequest", 400)}


def test_an_object_without_retention_or_hold_says_so(s3: Any) -> None:
    s3.put_object(Bucket="locked", Key="free", Body=b"1")

    codes = [refusal(call, Bucket="locked", Key="free") for call in (s3.get_object_retention, s3.get_object_legal_hold)]

    assert codes == [("NoSuchObjectLockConfiguration", 404)] * 2
    assert refusal(s3.get_object_retention, Bucket="locked", Key="absent") == ("NoSuchKey", 404)
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": UNTIL}
    assert refusal(s3.put_object_retention, Bucket="locked", Key="absent", Retention=retention) == ("NoSuchKey", 404)


def test_the_default_retention_falls_on_copies_and_uploads_of_parts(s3: Any) -> None:
    s3.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=DEFAULT)

    s3.copy_object(Bucket="locked", Key="copy", CopySource="open/page")
    upload(s3, "parts")
    found = [s3.get_object_retention(Bucket="locked", Key=key)["Retention"] for key in ("copy", "parts")]

    month = datetime.now(UTC) + timedelta(days=30)
    assert [one["Mode"] for one in found] == ["GOVERNANCE", "GOVERNANCE"]
    assert all(abs(one["RetainUntilDate"] - month) < timedelta(minutes=5) for one in found)


def upload(s3: Any, key: str, **lock: Any) -> None:
    named = {"Bucket": "locked", "Key": key}
    named["UploadId"] = s3.create_multipart_upload(**named, **lock)["UploadId"]
    tag = s3.upload_part(**named, PartNumber=1, Body=b"1")["ETag"]
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})


def test_an_upload_of_parts_keeps_the_lock_that_it_was_begun_with(s3: Any) -> None:
    upload(s3, "parts", **LOCK)

    head = s3.head_object(Bucket="locked", Key="parts")

    assert {name: head[name] for name in LOCK} == LOCK


def test_a_retention_is_lengthened_but_shortened_only_by_who_may_bypass(s3: Any) -> None:
    retain = {"Bucket": "locked", "Key": "page"}
    s3.put_object(**retain, Body=b"1")
    s3.put_object_retention(**retain, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": UNTIL})
    sooner, later = UNTIL - timedelta(days=1), UNTIL + timedelta(days=1)

    code = refusal(s3.put_object_retention, **retain, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": sooner})
    s3.put_object_retention(**retain, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": later})
    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": sooner}
    s3.put_object_retention(**retain, Retention=shorter, BypassGovernanceRetention=True)
    s3.put_object_retention(**retain, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": UNTIL})
    final = refusal(s3.put_object_retention, **retain, Retention=shorter, BypassGovernanceRetention=True)

    assert (code, final) == (("AccessDenied", 403), ("AccessDenied", 403))
    assert s3.get_object_retention(**retain)["Retention"] == {"Mode": "COMPLIANCE", "RetainUntilDate": UNTIL}
