"""The law of log groups, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SOURCE = "111122223333"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def key_policy(*others: Any) -> str:
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [own, *others]})


@pytest.fixture
def logs(source: boto3.Session) -> Any:
    return source.client("logs")


def test_a_log_group_keeps_its_class_and_is_there_once(logs: Any) -> None:
    logs.create_log_group(logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")
    logs.create_log_group(logGroupName="/plain")

    found = {one["logGroupName"]: one["logGroupClass"] for one in logs.describe_log_groups()["logGroups"]}

    assert found == {"/rare": "INFREQUENT_ACCESS", "/plain": "STANDARD"}
    assert refusal(logs.create_log_group, logGroupName="/plain") == "ResourceAlreadyExistsException"


def test_a_key_must_admit_the_log_service_of_the_region(logs: Any, source: boto3.Session) -> None:
    kms = source.client("kms")
    key = kms.create_key(Policy=key_policy())["KeyMetadata"]["Arn"]
    absent = key.replace(key[-4:], "0000")
    make = {"logGroupName": "/locked", "kmsKeyId": key}
    codes = (refusal(logs.create_log_group, **{**make, "kmsKeyId": absent}), refusal(logs.create_log_group, **make))

    admit = {
        "Effect": "Allow",
        "Principal": {"Service": "logs.ap-northeast-2.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:ap-northeast-2:{SOURCE}:*"}},
    }
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=key_policy(admit))
    logs.create_log_group(**make)

    assert codes == ("InvalidParameterException", "AccessDeniedException")
    assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"] == key


def test_retention_is_one_of_a_fixed_list(logs: Any) -> None:
    logs.create_log_group(logGroupName="/plain")

    code = refusal(logs.put_retention_policy, logGroupName="/plain", retentionInDays=15)
    logs.put_retention_policy(logGroupName="/plain", retentionInDays=14)

    assert code == "InvalidParameterException"
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 14


def test_a_pattern_finds_names_that_hold_it(logs: Any) -> None:
    for name in ("/ecs/user", "/ecs/book", "/aws/lambda/user"):
        logs.create_log_group(logGroupName=name)

    found = logs.describe_log_groups(logGroupNamePattern="USER")["logGroups"]

    assert {one["logGroupName"] for one in found} == {"/ecs/user", "/aws/lambda/user"}
