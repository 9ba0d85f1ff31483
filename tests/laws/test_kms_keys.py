"""The law of key policies and AWS-managed keys, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SOURCE = "111122223333"
ROOT = f"arn:aws:iam::{SOURCE}:root"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def policy(principal: str, action: str = "kms:*") -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def kms(source: boto3.Session) -> Any:
    return source.client("kms")


def test_a_policy_must_name_principals_that_exist(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    absent = policy(f"arn:aws:iam::{SOURCE}:role/absent")

    assert refusal(kms.create_key, Policy=absent) == "MalformedPolicyDocumentException"
    put = {"KeyId": key, "PolicyName": "default", "Policy": absent}
    assert refusal(kms.put_key_policy, **put) == "MalformedPolicyDocumentException"
    assert refusal(kms.put_key_policy, **{**put, "Policy": "{"}) == "MalformedPolicyDocumentException"


def test_a_policy_that_locks_its_author_out_is_refused_unless_told_otherwise(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    put = {"KeyId": key, "PolicyName": "default", "Policy": policy("444455556666")}

    refused = refusal(kms.put_key_policy, **put)
    kms.put_key_policy(**put, BypassPolicyLockoutSafetyCheck=True)

    assert refused == "MalformedPolicyDocumentException"
    assert refusal(kms.encrypt, KeyId=key, Plaintext=b"x") == "AccessDeniedException"


def test_aws_managed_keys_exist_in_every_account_and_differ(source: boto3.Session, target: boto3.Session) -> None:
    services = ["rds", "s3", "secretsmanager", "ssm", "ebs", "lambda"]
    sides = [source.client("kms"), target.client("kms")]

    found = [[one.describe_key(KeyId=f"alias/aws/{name}")["KeyMetadata"] for name in services] for one in sides]

    assert {one["KeyManager"] for side in found for one in side} == {"AWS"}
    assert not {one["KeyId"] for one in found[0]} & {one["KeyId"] for one in found[1]}
    assert found[0][0]["Description"] == "Default key that protects my RDS database volumes when no other key is defined"


def test_an_aws_managed_key_is_neither_changed_nor_used_directly(kms: Any) -> None:
    key = kms.describe_key(KeyId="alias/aws/rds")["KeyMetadata"]["Arn"]

    codes = {
        refusal(kms.put_key_policy, KeyId=key, PolicyName="default", Policy=policy(ROOT)),
        refusal(kms.schedule_key_deletion, KeyId=key),
        refusal(kms.encrypt, KeyId=key, Plaintext=b"x"),
        refusal(kms.tag_resource, KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}]),
    }

    assert codes == {"AccessDeniedException"}
    assert "kms:ViaService" in kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]


def test_predefined_aliases_are_listed_with_a_key_only_once_it_exists(kms: Any) -> None:
    before = {one["AliasName"]: one.get("TargetKeyId") for one in kms.list_aliases()["Aliases"]}

    key = kms.describe_key(KeyId="alias/aws/rds")["KeyMetadata"]["KeyId"]
    after = {one["AliasName"]: one.get("TargetKeyId") for one in kms.list_aliases()["Aliases"]}

    assert before["alias/aws/rds"] is None
    assert after["alias/aws/rds"] == key
    assert [one["AliasName"] for one in kms.list_aliases(KeyId=key)["Aliases"]] == ["alias/aws/rds"]


def test_the_prefix_of_aws_is_reserved(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]

    assert refusal(kms.create_alias, AliasName="alias/aws/mine", TargetKeyId=key) == "NotAuthorizedException"


def test_an_alias_points_into_its_own_account(kms: Any, target: boto3.Session) -> None:
    foreign = target.client("kms").create_key()["KeyMetadata"]["Arn"]

    assert refusal(kms.create_alias, AliasName="alias/abroad", TargetKeyId=foreign) == "NotFoundException"


def test_the_rotation_period_is_kept(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["Arn"]

    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)

    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 180)


def test_the_deletion_window_is_bounded(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]

    assert refusal(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=3) == "ValidationException"
