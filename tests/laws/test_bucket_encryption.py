"""The law of objects under SSE-KMS, broken with plain boto3 calls."""

import hashlib
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}
SOURCE, TARGET = "111122223333", "444455556666"
KEYS = "arn:aws:s3:::of-source/*"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def key_policy(*others: Any) -> str:
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [own, *others]})


def foreign(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": TARGET}, "Action": list(actions), "Resource": "*"}


@pytest.fixture
def key(source: boto3.Session) -> str:
    return source.client("kms").create_key(Policy=key_policy())["KeyMetadata"]["Arn"]


@pytest.fixture
def owner(source: boto3.Session, key: str) -> Any:
    s3 = source.client("s3")
    s3.create_bucket(Bucket="of-source", CreateBucketConfiguration=SEOUL)
    s3.put_object(Bucket="of-source", Key="page", Body=b"one", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    let = {"Effect": "Allow", "Principal": {"AWS": TARGET}, "Action": "s3:*", "Resource": [KEYS, KEYS[:-2]]}
    s3.put_bucket_policy(Bucket="of-source", Policy=json.dumps({"Version": "2012-10-17", "Statement": [let]}))
    return s3


@pytest.fixture
def other(target: boto3.Session) -> Any:
    s3 = target.client("s3")
    s3.create_bucket(Bucket="of-target", CreateBucketConfiguration=SEOUL)
    return s3


def test_reading_and_copying_need_the_keys_policy_too(owner: Any, other: Any, source: boto3.Session, key: str) -> None:
    copy = {"Bucket": "of-target", "Key": "page", "CopySource": "of-source/page"}
    codes = {refusal(other.get_object, Bucket="of-source", Key="page"), refusal(other.copy_object, **copy)}

    policy = key_policy(foreign("kms:Decrypt"))
    source.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    body = other.get_object(Bucket="of-source", Key="page")["Body"].read()
    other.copy_object(**copy)

    assert codes == {"AccessDenied"}
    assert body == b"one"
    assert other.head_object(Bucket="of-target", Key="page")["ServerSideEncryption"] == "AES256"


def test_writing_under_a_foreign_key_needs_generate_data_key(owner: Any, other: Any, source: boto3.Session, key: str) -> None:
    put = {"Bucket": "of-source", "Key": "new", "Body": b"x", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    without = refusal(other.put_object, **put)

    policy = key_policy(foreign("kms:GenerateDataKey*"))
    source.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    other.put_object(**put)

    assert without == "AccessDenied"
    assert owner.head_object(Bucket="of-source", Key="new")["SSEKMSKeyId"] == key


def test_an_object_under_the_default_key_of_s3_is_for_its_own_account(owner: Any, other: Any) -> None:
    owner.put_object(Bucket="of-source", Key="default", Body=b"x", ServerSideEncryption="aws:kms")

    key = owner.head_object(Bucket="of-source", Key="default")["SSEKMSKeyId"]

    assert key.startswith(f"arn:aws:kms:ap-northeast-2:{SOURCE}:key/")
    assert owner.get_object(Bucket="of-source", Key="default")["Body"].read() == b"x"
    assert refusal(other.get_object, Bucket="of-source", Key="default") == "AccessDenied"


def test_a_key_that_does_not_exist_is_said_to_be_missing(owner: Any) -> None:
    key = f"arn:aws:kms:ap-northeast-2:{SOURCE}:key/11111111-2222-3333-4444-555555555555"

    code = refusal(owner.put_object, Bucket="of-source", Key="new", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)

    assert code == "KMS.NotFoundException"


def test_a_key_pending_deletion_makes_its_objects_unreadable(owner: Any, source: boto3.Session, key: str) -> None:
    source.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)

    assert refusal(owner.get_object, Bucket="of-source", Key="page") == "KMS.KMSInvalidStateException"


def test_the_buckets_default_key_is_used_and_the_etag_is_no_md5(owner: Any, key: str) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    owner.put_bucket_encryption(Bucket="of-source", ServerSideEncryptionConfiguration={"Rules": [rule]})

    under_key = owner.put_object(Bucket="of-source", Key="kms", Body=b"x")
    asked = owner.put_object(Bucket="of-source", Key="plain", Body=b"x", ServerSideEncryption="AES256")

    md5 = f'"{hashlib.md5(b"x").hexdigest()}"'
    assert under_key["ETag"] != md5
    assert owner.head_object(Bucket="of-source", Key="kms")["SSEKMSKeyId"] == key
    assert asked["ETag"] == md5
    assert "SSEKMSKeyId" not in owner.head_object(Bucket="of-source", Key="plain")
