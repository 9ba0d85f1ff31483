"""The law of conditional copies, broken with plain boto3 calls."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}
OLD = datetime.now(UTC) - timedelta(days=1)
OTHER = '"00000000000000000000000000000000"'


@pytest.fixture
def s3(source: boto3.Session) -> Any:
    client = source.client("s3")
    client.create_bucket(Bucket="conditions", CreateBucketConfiguration=SEOUL)
    client.put_object(Bucket="conditions", Key="page", Body=b"page")
    return client


def copied(s3: Any, **conditions: Any) -> int:
    return answered(s3.copy_object, Bucket="conditions", Key="copy", CopySource="conditions/page", **conditions)


def answered(call: Any, **arguments: Any) -> int:
    try:
        reply: dict[str, Any] = call(**arguments)
    except ClientError as refused:
        reply = refused.response
    status: int = reply["ResponseMetadata"]["HTTPStatusCode"]
    return status


def later() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=5)


def test_a_source_that_changed_is_not_copied(s3: Any) -> None:
    etag = s3.head_object(Bucket="conditions", Key="page")["ETag"]

    assert copied(s3, CopySourceIfMatch=OTHER) == 412
    assert answered(s3.head_object, Bucket="conditions", Key="copy") == 404
    assert copied(s3, CopySourceIfMatch=etag) == 200
    assert copied(s3, CopySourceIfMatch=etag.strip('"')) == 200


def test_a_source_that_did_not_change_is_not_copied_when_change_is_wanted(s3: Any) -> None:
    etag = s3.head_object(Bucket="conditions", Key="page")["ETag"]

    assert copied(s3, CopySourceIfNoneMatch=etag) == 412
    assert copied(s3, CopySourceIfNoneMatch=OTHER) == 200
    assert copied(s3, CopySourceIfModifiedSince=later()) == 412
    assert copied(s3, CopySourceIfModifiedSince=OLD) == 200


def test_a_date_alone_decides_and_a_matching_tag_outweighs_it(s3: Any) -> None:
    etag = s3.head_object(Bucket="conditions", Key="page")["ETag"]

    assert copied(s3, CopySourceIfUnmodifiedSince=OLD) == 412
    assert copied(s3, CopySourceIfUnmodifiedSince=later()) == 200
    assert copied(s3, CopySourceIfUnmodifiedSince=OLD, CopySourceIfMatch=etag) == 200
    assert copied(s3, CopySourceIfModifiedSince=OLD, CopySourceIfNoneMatch=etag) == 412


def test_a_part_is_copied_under_the_same_conditions(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="conditions", Key="parts")["UploadId"]
    part = {"Bucket": "conditions", "Key": "parts", "UploadId": upload, "PartNumber": 1, "CopySource": "conditions/page"}

    assert answered(s3.upload_part_copy, **part, CopySourceIfMatch=OTHER) == 412
    assert answered(s3.upload_part_copy, **part, CopySourceIfNoneMatch=OTHER) == 200


def test_nothing_is_written_over_when_nothing_may_be_there(s3: Any) -> None:
    put = {"Bucket": "conditions", "Key": "new", "Body": b"1", "IfNoneMatch": "*"}

    assert [answered(s3.put_object, **put), answered(s3.put_object, **put)] == [200, 412]
    assert [copied(s3, IfNoneMatch="*"), copied(s3, IfNoneMatch="*")] == [200, 412]


def test_only_the_named_version_is_written_over(s3: Any) -> None:
    etag = s3.head_object(Bucket="conditions", Key="page")["ETag"]

    assert copied(s3, IfMatch=etag) == 404
    assert copied(s3) == 200
    assert copied(s3, IfMatch=OTHER) == 412
    assert copied(s3, IfMatch=etag) == 200
