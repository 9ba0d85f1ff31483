"""The law of single copies, broken with plain boto3 calls."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}
MEBIBYTE = 1024 * 1024


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


@pytest.fixture
def s3(fresh: Any, source: boto3.Session) -> Any:
    fresh.set(single_copy_limit=6 * MEBIBYTE)
    client = source.client("s3")
    client.create_bucket(Bucket="copied-in", CreateBucketConfiguration=SEOUL)
    client.put_object(Bucket="copied-in", Key="large", Body=bytes(6 * MEBIBYTE + 1))
    client.put_object(Bucket="copied-in", Key="fits", Body=bytes(6 * MEBIBYTE))
    return client


def test_an_object_over_the_limit_is_not_copied_in_one_call(s3: Any) -> None:
    code = refusal(s3.copy_object, Bucket="copied-in", Key="copy", CopySource="copied-in/large")
    s3.copy_object(Bucket="copied-in", Key="copy", CopySource="copied-in/fits")

    assert code == "InvalidRequest"
    assert s3.head_object(Bucket="copied-in", Key="copy")["ContentLength"] == 6 * MEBIBYTE


def test_a_part_is_bounded_by_the_same_limit_and_parts_add_up(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="copied-in", Key="copy")["UploadId"]
    part = {"Bucket": "copied-in", "Key": "copy", "UploadId": upload, "CopySource": "copied-in/large"}
    code = refusal(s3.upload_part_copy, PartNumber=1, **part)

    ranges = [f"bytes=0-{5 * MEBIBYTE - 1}", f"bytes={5 * MEBIBYTE}-{6 * MEBIBYTE}"]
    made = [s3.upload_part_copy(PartNumber=n, CopySourceRange=r, **part) for n, r in enumerate(ranges, 1)]
    parts = [{"PartNumber": n, "ETag": one["CopyPartResult"]["ETag"]} for n, one in enumerate(made, 1)]
    s3.complete_multipart_upload(Bucket="copied-in", Key="copy", UploadId=upload, MultipartUpload={"Parts": parts})

    assert code == "InvalidRequest"
    assert s3.head_object(Bucket="copied-in", Key="copy")["ContentLength"] == 6 * MEBIBYTE + 1


def test_a_part_outside_the_source_or_of_nothing_is_refused(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="copied-in", Key="copy")["UploadId"]
    part = {"Bucket": "copied-in", "Key": "copy", "UploadId": upload, "PartNumber": 1}

    beyond = refusal(s3.upload_part_copy, CopySource="copied-in/fits", CopySourceRange="bytes=0-9999999", **part)
    absent = refusal(s3.upload_part_copy, CopySource="copied-in/absent", **part)

    assert (beyond, absent) == ("InvalidArgument", "NoSuchKey")


def test_tags_travel_with_a_copy_and_not_with_an_upload_of_parts(s3: Any) -> None:
    s3.put_object(Bucket="copied-in", Key="tagged", Body=b"x", Tagging="shelf=3")

    s3.copy_object(Bucket="copied-in", Key="copy", CopySource="copied-in/tagged")
    upload = s3.create_multipart_upload(Bucket="copied-in", Key="parts")["UploadId"]
    made = s3.upload_part_copy(Bucket="copied-in", Key="parts", UploadId=upload, PartNumber=1, CopySource="copied-in/tagged")
    parts = [{"PartNumber": 1, "ETag": made["CopyPartResult"]["ETag"]}]
    s3.complete_multipart_upload(Bucket="copied-in", Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})

    assert s3.get_object_tagging(Bucket="copied-in", Key="copy")["TagSet"] == [{"Key": "shelf", "Value": "3"}]
    assert s3.get_object_tagging(Bucket="copied-in", Key="parts")["TagSet"] == []
