"""The law of a log group's later key, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SOURCE, TARGET = "111122223333", "444455556666"
GROUP = "/ecs/reader"
ARN = f"arn:aws:logs:ap-northeast-2:{SOURCE}:log-group:{GROUP}"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    code: str = refused.value.response["Error"]["Code"]
    return code


def policy(*, admits: str = "") -> str:
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"}, "Action": "kms:*", "Resource": "*"}
    ]
    if admits:
        where = {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": admits}}
        service = {"Service": "logs.ap-northeast-2.amazonaws.com"}
        use = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"]
        statements.append({"Effect": "Allow", "Principal": service, "Action": use, "Resource": "*", "Condition": where})
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def logs(source: boto3.Session) -> Any:
    client = source.client("logs")
    client.create_log_group(logGroupName=GROUP)
    return client


@pytest.fixture
def kms(source: boto3.Session) -> Any:
    return source.client("kms")


def key_of(logs: Any) -> str | None:
    held: str | None = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0].get("kmsKeyId")
    return held


def test_a_group_takes_a_key_that_admits_it_and_loses_it_again(logs: Any, kms: Any) -> None:
    key = kms.create_key(Policy=policy(admits=ARN))["KeyMetadata"]["Arn"]

    logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=key)
    taken = key_of(logs)
    logs.disassociate_kms_key(logGroupName=GROUP)

    assert (taken, key_of(logs)) == (key, None)


def test_a_group_may_be_named_by_its_arn(logs: Any, kms: Any) -> None:
    key = kms.create_key(Policy=policy(admits=ARN))["KeyMetadata"]["Arn"]

    logs.associate_kms_key(resourceIdentifier=f"{ARN}:*", kmsKeyId=key)

    assert key_of(logs) == key
    assert refusal(logs.associate_kms_key, kmsKeyId=key) == "InvalidParameterException"


def test_a_key_that_does_not_admit_the_group_is_refused(logs: Any, kms: Any) -> None:
    closed = kms.create_key(Policy=policy())["KeyMetadata"]["Arn"]
    other = kms.create_key(Policy=policy(admits=f"{ARN}-other"))["KeyMetadata"]["Arn"]
    absent = closed.replace(closed[-4:], "0000")

    codes = [refusal(logs.associate_kms_key, logGroupName=GROUP, kmsKeyId=key) for key in (closed, other, absent)]

    assert codes == ["AccessDeniedException", "AccessDeniedException", "InvalidParameterException"]
    assert key_of(logs) is None


def test_a_group_that_is_not_there_or_another_accounts_is_not_found(logs: Any, kms: Any, target: boto3.Session) -> None:
    key = kms.create_key(Policy=policy(admits=ARN))["KeyMetadata"]["Arn"]

    codes = [
        refusal(logs.associate_kms_key, logGroupName="/absent", kmsKeyId=key),
        refusal(logs.disassociate_kms_key, logGroupName="/absent"),
        refusal(target.client("logs").associate_kms_key, resourceIdentifier=ARN, kmsKeyId=key),
    ]

    assert set(codes) == {"ResourceNotFoundException"}
