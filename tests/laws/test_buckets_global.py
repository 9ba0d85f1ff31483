"""The law of bucket names, broken with plain boto3 calls."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def test_a_bucket_name_taken_by_the_other_account_is_refused(source: boto3.Session, target: boto3.Session) -> None:
    source.client("s3").create_bucket(Bucket="taken-once", CreateBucketConfiguration=SEOUL)

    code = refusal(target.client("s3").create_bucket, Bucket="taken-once", CreateBucketConfiguration=SEOUL)

    assert code == "BucketAlreadyExists"


def test_making_ones_own_bucket_again_says_so(source: boto3.Session) -> None:
    s3 = source.client("s3")
    s3.create_bucket(Bucket="mine-twice", CreateBucketConfiguration=SEOUL)

    code = refusal(s3.create_bucket, Bucket="mine-twice", CreateBucketConfiguration=SEOUL)

    assert code == "BucketAlreadyOwnedByYou"


def test_a_deleted_buckets_name_is_free_for_the_other_account(source: boto3.Session, target: boto3.Session) -> None:
    source.client("s3").create_bucket(Bucket="passes-on", CreateBucketConfiguration=SEOUL)
    source.client("s3").delete_bucket(Bucket="passes-on")

    target.client("s3").create_bucket(Bucket="passes-on", CreateBucketConfiguration=SEOUL)

    assert [one["Name"] for one in target.client("s3").list_buckets()["Buckets"]] == ["passes-on"]


def test_a_bucket_with_old_versions_or_delete_markers_is_not_empty(source: boto3.Session) -> None:
    s3 = source.client("s3")
    s3.create_bucket(Bucket="keeps-versions", CreateBucketConfiguration=SEOUL)
    s3.put_bucket_versioning(Bucket="keeps-versions", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="keeps-versions", Key="page", Body=b"one")
    s3.delete_object(Bucket="keeps-versions", Key="page")

    before = refusal(s3.delete_bucket, Bucket="keeps-versions")
    listed = s3.list_object_versions(Bucket="keeps-versions")
    for one in [*listed["Versions"], *listed["DeleteMarkers"]]:
        s3.delete_object(Bucket="keeps-versions", Key=one["Key"], VersionId=one["VersionId"])
    s3.delete_bucket(Bucket="keeps-versions")

    assert before == "BucketNotEmpty"


@pytest.mark.parametrize("name", ["Upper-case", "xn--punycode", "192.168.0.1", "two..dots"])
def test_a_name_outside_the_naming_rules_is_refused(source: boto3.Session, name: str) -> None:
    code = refusal(source.client("s3").create_bucket, Bucket=name, CreateBucketConfiguration=SEOUL)

    assert code == "InvalidBucketName"
