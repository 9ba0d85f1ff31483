"""The law of parts, tried with plain boto3 calls."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}
FIRST, LAST = b"a" * (5 * 1024 * 1024), b"b" * 100


def status(call: Any, **arguments: Any) -> int:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    code: int = refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    return code


@pytest.fixture
def s3(source: boto3.Session) -> Any:
    client = source.client("s3")
    client.create_bucket(Bucket="in-parts", CreateBucketConfiguration=SEOUL)
    named = {"Bucket": "in-parts", "Key": "film"}
    upload = client.create_multipart_upload(**named, Metadata={"shelf": "3"}, ContentType="video/mp4", CacheControl="no-store")
    named["UploadId"] = upload["UploadId"]
    tags = {
        n: client.upload_part(**named, PartNumber=n, Body=body)["ETag"] for n, body in ((1, FIRST), (2, b"left out"), (3, LAST))
    }
    parts = [{"PartNumber": n, "ETag": tags[n]} for n in (1, 3)]
    client.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    return client


def test_the_head_of_a_part_has_the_objects_own_headers_and_the_parts_length(s3: Any) -> None:
    whole = s3.head_object(Bucket="in-parts", Key="film")

    heads = [s3.head_object(Bucket="in-parts", Key="film", PartNumber=number) for number in (1, 2)]

    assert [one["ContentLength"] for one in heads] == [len(FIRST), len(LAST)]
    assert heads[1]["ContentRange"] == f"bytes {len(FIRST)}-{len(FIRST) + 99}/{len(FIRST) + 100}"
    for head in heads:
        assert head["PartsCount"] == 2
        assert head["ResponseMetadata"]["HTTPStatusCode"] == 206
        for name in ("ETag", "Metadata", "ContentType", "CacheControl", "LastModified", "ServerSideEncryption"):
            assert head[name] == whole[name]


def test_a_part_is_got_by_its_number(s3: Any) -> None:
    got = [s3.get_object(Bucket="in-parts", Key="film", PartNumber=number) for number in (1, 2)]

    assert [one["Body"].read() for one in got] == [FIRST, LAST]
    assert [one["PartsCount"] for one in got] == [2, 2]
    assert got[1]["Metadata"] == {"shelf": "3"}


def test_a_part_that_is_not_there_is_out_of_range(s3: Any) -> None:
    asked = {"Bucket": "in-parts", "Key": "film", "PartNumber": 3}

    assert (status(s3.head_object, **asked), status(s3.get_object, **asked)) == (416, 416)


def test_an_object_put_in_one_piece_is_its_own_first_part_and_counts_none(s3: Any) -> None:
    for key, body in (("page", b"page"), ("empty", b"")):
        s3.put_object(Bucket="in-parts", Key=key, Body=body, Metadata={"shelf": "4"})

    heads = [s3.head_object(Bucket="in-parts", Key=key, PartNumber=1) for key in ("page", "empty")]
    bodies = [s3.get_object(Bucket="in-parts", Key=key, PartNumber=1)["Body"].read() for key in ("page", "empty")]

    assert [(one["ContentLength"], one["Metadata"]) for one in heads] == [(4, {"shelf": "4"}), (0, {"shelf": "4"})]
    assert not any("PartsCount" in one for one in heads)
    assert bodies == [b"page", b""]
    assert status(s3.head_object, Bucket="in-parts", Key="page", PartNumber=2) == 416


def test_a_copy_in_one_call_has_no_parts(s3: Any) -> None:
    s3.copy_object(Bucket="in-parts", Key="copy", CopySource="in-parts/film")

    head = s3.head_object(Bucket="in-parts", Key="copy", PartNumber=1)

    assert "PartsCount" not in head
    assert (head["ContentLength"], head["Metadata"]) == (len(FIRST) + len(LAST), {"shelf": "3"})
    assert "-" not in head["ETag"]
