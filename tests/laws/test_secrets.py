"""The laws of secrets and parameters, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SOURCE, TARGET = "111122223333", "444455556666"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def let(principal: str, *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions), "Resource": "*"}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def secrets(source: boto3.Session) -> Any:
    return source.client("secretsmanager")


@pytest.fixture
def parameters(source: boto3.Session) -> Any:
    return source.client("ssm")


def test_a_secret_in_its_recovery_window_keeps_its_name(secrets: Any) -> None:
    secrets.create_secret(Name="jwt", SecretString="x")
    secrets.delete_secret(SecretId="jwt", RecoveryWindowInDays=7)

    blocked = refusal(secrets.create_secret, Name="jwt", SecretString="y")
    unread = refusal(secrets.get_secret_value, SecretId="jwt")
    secrets.delete_secret(SecretId="jwt", ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name="jwt", SecretString="y")

    assert (blocked, unread) == ("InvalidRequestException", "InvalidRequestException")
    assert refusal(secrets.create_secret, Name="jwt", SecretString="z") == "ResourceExistsException"


def test_a_secrets_key_is_kept_and_the_default_is_not_told(secrets: Any, source: boto3.Session) -> None:
    key = source.client("kms").create_key()["KeyMetadata"]["Arn"]
    secrets.create_secret(Name="default", SecretString="x")
    secrets.create_secret(Name="named", SecretString="x", KmsKeyId=key)

    told = {one["Name"]: one.get("KmsKeyId") for one in secrets.list_secrets()["SecretList"]}

    assert "KmsKeyId" not in secrets.describe_secret(SecretId="default")
    assert secrets.describe_secret(SecretId="named")["KmsKeyId"] == key
    assert told == {"default": None, "named": key}
    assert refusal(secrets.create_secret, Name="lost", SecretString="x", KmsKeyId="alias/no") == "EncryptionFailure"


def test_arns_of_equal_names_differ_in_their_last_six_characters(source: boto3.Session, target: boto3.Session) -> None:
    arns = [side.client("secretsmanager").create_secret(Name="jwt", SecretString="x")["ARN"] for side in (source, target)]

    suffixes = {arn.rpartition("-")[2] for arn in arns}
    assert len(suffixes) == 2
    assert {len(one) for one in suffixes} == {6}


def test_reading_from_abroad_needs_the_arn_the_policy_and_a_customers_key(
    secrets: Any, source: boto3.Session, target: boto3.Session
) -> None:
    root, other = let(f"arn:aws:iam::{SOURCE}:root", "kms:*"), target.client("secretsmanager")
    kms = source.client("kms")
    key = kms.create_key(Policy=policy(root))["KeyMetadata"]["Arn"]
    default = secrets.create_secret(Name="default", SecretString="x")["ARN"]
    named = secrets.create_secret(Name="named", SecretString="y", KmsKeyId=key)["ARN"]
    codes = [refusal(other.get_secret_value, SecretId=arn) for arn in (default, named)]

    for arn in (default, named):
        secrets.put_resource_policy(SecretId=arn, ResourcePolicy=policy(let(TARGET, "secretsmanager:GetSecretValue")))
    codes += [refusal(other.get_secret_value, SecretId=arn) for arn in (default, named)]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(root, let(TARGET, "kms:Decrypt")))

    assert codes == ["AccessDeniedException"] * 4
    assert refusal(other.get_secret_value, SecretId=default) == "AccessDeniedException"
    assert refusal(other.get_secret_value, SecretId="named") == "ResourceNotFoundException"
    assert refusal(other.describe_secret, SecretId=named) == "AccessDeniedException"
    assert other.get_secret_value(SecretId=named)["SecretString"] == "y"


def test_a_policy_naming_an_unknown_role_is_malformed(secrets: Any) -> None:
    secrets.create_secret(Name="jwt", SecretString="x")
    text = policy(let(f"arn:aws:iam::{SOURCE}:role/absent", "secretsmanager:GetSecretValue"))

    code = refusal(secrets.put_resource_policy, SecretId="jwt", ResourcePolicy=text)

    assert code == "MalformedPolicyDocumentException"


def test_a_parameter_is_overwritten_only_when_told_and_not_with_tags(parameters: Any) -> None:
    put = {"Name": "/mybrary/prod/zone", "Value": "a", "Type": "String"}
    tags = [{"Key": "team", "Value": "book"}]
    parameters.put_parameter(**put, Tags=tags)

    again = refusal(parameters.put_parameter, **put)
    both = refusal(parameters.put_parameter, **put, Overwrite=True, Tags=tags)
    made = parameters.put_parameter(**put, Overwrite=True)

    assert (again, both) == ("ParameterAlreadyExists", "ValidationException")
    assert (made["Version"], made["Tier"]) == (2, "Standard")


def test_a_secure_string_has_a_default_key_and_shows_no_value_unasked(parameters: Any) -> None:
    parameters.put_parameter(Name="/mybrary/prod/password", Value="hunter2", Type="SecureString")

    shown = parameters.get_parameter(Name="/mybrary/prod/password")["Parameter"]["Value"]
    asked = parameters.get_parameter(Name="/mybrary/prod/password", WithDecryption=True)["Parameter"]["Value"]
    told = parameters.describe_parameters()["Parameters"][0]

    assert "hunter2" not in shown
    assert asked == "hunter2"
    assert (told["KeyId"], told["Tier"]) == ("alias/aws/ssm", "Standard")


def test_a_secure_strings_key_exists_and_a_plain_one_has_none(parameters: Any) -> None:
    absent = refusal(parameters.put_parameter, Name="a", Value="x", Type="SecureString", KeyId="alias/nowhere")
    plain = refusal(parameters.put_parameter, Name="b", Value="x", Type="String", KeyId="alias/aws/ssm")

    assert (absent, plain) == ("InvalidKeyId", "ValidationException")


def test_a_standard_parameter_holds_four_kilobytes(parameters: Any) -> None:
    large = {"Name": "/mybrary/prod/large", "Value": "x" * 4097, "Type": "String"}

    code = refusal(parameters.put_parameter, **large)
    made = parameters.put_parameter(**large, Tier="Advanced")

    assert (code, made["Tier"]) == ("ValidationException", "Advanced")
