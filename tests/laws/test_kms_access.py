"""The law of keys between accounts, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SOURCE, TARGET = "111122223333", "444455556666"
CALLER = f"arn:aws:iam::{TARGET}:role/resettle-lab"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def policy(*others: Any) -> str:
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [own, *others]})


def let(*actions: str, principal: str = TARGET, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions), "Resource": "*", **more}


@pytest.fixture
def owner(source: boto3.Session) -> Any:
    return source.client("kms")


@pytest.fixture
def other(target: boto3.Session) -> Any:
    return target.client("kms")


@pytest.fixture
def key(owner: Any) -> str:
    arn = owner.create_key(Policy=policy())["KeyMetadata"]["Arn"]
    owner.create_alias(AliasName="alias/shared", TargetKeyId=arn)
    return arn


def test_a_foreign_key_is_closed_until_its_own_policy_names_the_account(owner: Any, other: Any, key: str) -> None:
    blob = owner.encrypt(KeyId=key, Plaintext=b"one")["CiphertextBlob"]
    codes = {
        refusal(other.describe_key, KeyId=key),
        refusal(other.encrypt, KeyId=key, Plaintext=b"x"),
        refusal(other.decrypt, KeyId=key, CiphertextBlob=blob),
        refusal(other.decrypt, CiphertextBlob=blob),
        refusal(other.generate_data_key, KeyId=key, KeySpec="AES_256"),
        refusal(other.create_grant, KeyId=key, GranteePrincipal=CALLER, Operations=["Decrypt"]),
    }

    actions = ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant"]
    owner.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(let(*actions)))

    assert codes == {"AccessDeniedException"}
    assert other.describe_key(KeyId=key)["KeyMetadata"]["AWSAccountId"] == SOURCE
    assert other.decrypt(KeyId=key, CiphertextBlob=blob)["Plaintext"] == b"one"
    assert other.decrypt(CiphertextBlob=blob)["KeyId"] == key
    assert other.encrypt(KeyId=key, Plaintext=b"x")["KeyId"] == key
    assert other.generate_data_key(KeyId=key, KeySpec="AES_256")["KeyId"] == key
    other.create_grant(KeyId=key, GranteePrincipal=CALLER, Operations=["Decrypt"])
    assert owner.list_grants(KeyId=key)["Grants"][0]["KeyId"] == key


def test_a_key_policy_that_names_one_role_lets_in_that_role_only(owner: Any, other: Any, key: str) -> None:
    owner.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(let("kms:DescribeKey", principal=CALLER)))

    assert other.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key
    assert refusal(other.encrypt, KeyId=key, Plaintext=b"x") == "AccessDeniedException"


def test_a_grant_lets_its_grantee_do_its_operations(owner: Any, other: Any, key: str) -> None:
    blob = owner.encrypt(KeyId=key, Plaintext=b"one")["CiphertextBlob"]
    owner.create_grant(KeyId=key, GranteePrincipal=CALLER, Operations=["Decrypt"])

    assert other.decrypt(CiphertextBlob=blob)["Plaintext"] == b"one"
    assert refusal(other.encrypt, KeyId=key, Plaintext=b"x") == "AccessDeniedException"


def test_a_condition_on_the_service_refuses_direct_use(owner: Any, other: Any, key: str) -> None:
    through = {"StringEquals": {"kms:ViaService": "rds.ap-northeast-2.amazonaws.com"}}
    owner.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(let("kms:*", Condition=through)))

    assert refusal(other.encrypt, KeyId=key, Plaintext=b"x") == "AccessDeniedException"


def test_a_bare_id_or_alias_is_looked_up_in_the_callers_account(owner: Any, other: Any, key: str) -> None:
    owner.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(let("kms:*")))
    alias = key.split(":key/")[0] + ":alias/shared"

    assert refusal(other.describe_key, KeyId=key.split("/")[1]) == "NotFoundException"
    assert refusal(other.describe_key, KeyId="alias/shared") == "NotFoundException"
    assert other.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == key


def test_some_operations_never_cross_accounts(owner: Any, other: Any, key: str) -> None:
    owner.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(let("kms:*")))

    codes = {
        refusal(other.get_key_policy, KeyId=key, PolicyName="default"),
        refusal(other.put_key_policy, KeyId=key, PolicyName="default", Policy=policy()),
        refusal(other.schedule_key_deletion, KeyId=key),
        refusal(other.list_resource_tags, KeyId=key),
    }

    assert codes == {"AccessDeniedException"}


def test_re_encrypting_needs_both_keys_of_one_caller(owner: Any, other: Any, key: str) -> None:
    blob = owner.encrypt(KeyId=key, Plaintext=b"one", EncryptionContext={"a": "b"})["CiphertextBlob"]
    own = other.create_key()["KeyMetadata"]["Arn"]
    asked = {"CiphertextBlob": blob, "SourceEncryptionContext": {"a": "b"}, "DestinationKeyId": own}
    without = refusal(other.re_encrypt, **asked)

    owner.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(let("kms:ReEncryptFrom")))
    made = other.re_encrypt(**asked)

    assert without == "AccessDeniedException"
    assert (made["SourceKeyId"], made["KeyId"]) == (key, own)
    assert other.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == b"one"


def test_a_key_pending_deletion_refuses_use_until_cancelled(owner: Any, key: str) -> None:
    blob = owner.encrypt(KeyId=key, Plaintext=b"one")["CiphertextBlob"]
    said = owner.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    codes = {
        refusal(owner.encrypt, KeyId=key, Plaintext=b"x"),
        refusal(owner.decrypt, CiphertextBlob=blob),
        refusal(owner.create_grant, KeyId=key, GranteePrincipal=CALLER, Operations=["Decrypt"]),
        refusal(owner.create_alias, AliasName="alias/late", TargetKeyId=key),
        refusal(owner.enable_key, KeyId=key),
    }

    owner.cancel_key_deletion(KeyId=key)
    disabled = refusal(owner.encrypt, KeyId=key, Plaintext=b"x")
    owner.enable_key(KeyId=key)

    assert (said["KeyId"], said["KeyState"], said["PendingWindowInDays"]) == (key, "PendingDeletion", 7)
    assert codes == {"KMSInvalidStateException"}
    assert disabled == "DisabledException"
    assert owner.decrypt(CiphertextBlob=blob)["Plaintext"] == b"one"
