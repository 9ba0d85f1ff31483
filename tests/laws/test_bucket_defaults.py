"""The law of a bucket's defaults, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}
OPEN = {"BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


@pytest.fixture
def s3(source: boto3.Session) -> Any:
    client = source.client("s3")
    client.create_bucket(Bucket="plain-bucket", CreateBucketConfiguration=SEOUL)
    return client


def policy(principal: Any, resource: str = "arn:aws:s3:::plain-bucket/*") -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_new_bucket_has_the_defaults_of_april_2023(s3: Any) -> None:
    block = s3.get_public_access_block(Bucket="plain-bucket")["PublicAccessBlockConfiguration"]
    ownership = s3.get_bucket_ownership_controls(Bucket="plain-bucket")["OwnershipControls"]["Rules"]
    rules = s3.get_bucket_encryption(Bucket="plain-bucket")["ServerSideEncryptionConfiguration"]["Rules"]

    assert list(block.values()) == [True] * 4
    assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert rules[0]["BucketKeyEnabled"] is False


def test_a_public_access_block_once_deleted_is_gone(s3: Any) -> None:
    s3.delete_public_access_block(Bucket="plain-bucket")

    assert refusal(s3.get_public_access_block, Bucket="plain-bucket") == "NoSuchPublicAccessBlockConfiguration"


def test_a_deleted_encryption_falls_back_to_sse_s3(s3: Any) -> None:
    s3.delete_bucket_encryption(Bucket="plain-bucket")
    s3.put_object(Bucket="plain-bucket", Key="page", Body=b"one")

    assert s3.head_object(Bucket="plain-bucket", Key="page")["ServerSideEncryption"] == "AES256"


def test_an_acl_is_refused_while_the_owner_is_enforced(s3: Any) -> None:
    on_object = refusal(s3.put_object, Bucket="plain-bucket", Key="page", Body=b"one", ACL="public-read")
    on_bucket = refusal(s3.put_bucket_acl, Bucket="plain-bucket", ACL="private")
    s3.put_object(Bucket="plain-bucket", Key="page", Body=b"one", ACL="bucket-owner-full-control")

    assert (on_object, on_bucket) == ("AccessControlListNotSupported", "AccessControlListNotSupported")


def test_an_acl_is_taken_once_ownership_and_block_allow_it(s3: Any) -> None:
    rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket="plain-bucket", OwnershipControls=rules)
    blocked = refusal(s3.put_object, Bucket="plain-bucket", Key="page", Body=b"one", ACL="public-read")

    s3.put_public_access_block(Bucket="plain-bucket", PublicAccessBlockConfiguration=OPEN)
    s3.put_object(Bucket="plain-bucket", Key="page", Body=b"one", ACL="public-read")

    assert blocked == "AccessDenied"


def test_a_bucket_cannot_be_born_with_an_acl(source: boto3.Session) -> None:
    create = source.client("s3").create_bucket

    code = refusal(create, Bucket="born-open", ACL="public-read", CreateBucketConfiguration=SEOUL)

    assert code == "InvalidBucketAclWithObjectOwnership"


def test_a_public_policy_waits_for_the_block_to_fall(s3: Any) -> None:
    blocked = refusal(s3.put_bucket_policy, Bucket="plain-bucket", Policy=policy("*"))

    s3.put_public_access_block(Bucket="plain-bucket", PublicAccessBlockConfiguration=OPEN)
    s3.put_bucket_policy(Bucket="plain-bucket", Policy=policy("*"))

    assert blocked == "AccessDenied"
    assert s3.get_bucket_policy_status(Bucket="plain-bucket")["PolicyStatus"]["IsPublic"] is True


def test_a_policy_naming_an_unknown_role_is_malformed(s3: Any, source: boto3.Session) -> None:
    role = "arn:aws:iam::111122223333:role/reader"
    before = refusal(s3.put_bucket_policy, Bucket="plain-bucket", Policy=policy({"AWS": role}))

    source.client("iam").create_role(RoleName="reader", AssumeRolePolicyDocument=policy({"AWS": "111122223333"}))
    s3.put_bucket_policy(Bucket="plain-bucket", Policy=policy({"AWS": role}))

    assert before == "MalformedPolicy"


def test_a_policy_about_another_bucket_is_malformed(s3: Any) -> None:
    text = policy({"AWS": "111122223333"}, "arn:aws:s3:::another-bucket/*")

    assert refusal(s3.put_bucket_policy, Bucket="plain-bucket", Policy=text) == "MalformedPolicy"
