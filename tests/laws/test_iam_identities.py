"""The law of identities and their policies, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SOURCE = "111122223333"
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def trust(principal: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def document(**more: Any) -> str:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


LAMBDA = trust({"Service": "lambda.amazonaws.com"})


@pytest.fixture
def iam(source: boto3.Session) -> Any:
    return source.client("iam")


def test_a_policy_that_does_not_exist_is_not_attached(iam: Any) -> None:
    iam.create_role(RoleName="runner", AssumeRolePolicyDocument=LAMBDA)
    absent = f"arn:aws:iam::{SOURCE}:policy/absent"

    assert refusal(iam.attach_role_policy, RoleName="runner", PolicyArn=absent) == "NoSuchEntity"
    assert refusal(iam.attach_role_policy, RoleName="runner", PolicyArn=MANAGED + "Not") == "NoSuchEntity"


def test_aws_managed_policies_are_the_same_in_every_account(source: boto3.Session, target: boto3.Session) -> None:
    for side in (source.client("iam"), target.client("iam")):
        side.create_role(RoleName="runner", AssumeRolePolicyDocument=LAMBDA)
        side.attach_role_policy(RoleName="runner", PolicyArn=MANAGED)

    told = [side.client("iam").get_policy(PolicyArn=MANAGED)["Policy"] for side in (source, target)]
    version = source.client("iam").get_policy_version(PolicyArn=MANAGED, VersionId=told[0]["DefaultVersionId"])

    assert told[0]["PolicyId"] == told[1]["PolicyId"]
    assert "logs:CreateLogGroup" in json.dumps(version["PolicyVersion"]["Document"])
    assert source.client("iam").list_policies(Scope="Local")["Policies"] == []


def test_trust_names_only_principals_that_exist(iam: Any, target: boto3.Session) -> None:
    absent = trust({"AWS": f"arn:aws:iam::{SOURCE}:role/absent"})
    foreign = target.client("iam").create_role(RoleName="theirs", AssumeRolePolicyDocument=LAMBDA)["Role"]["Arn"]

    on_create = refusal(iam.create_role, RoleName="first", AssumeRolePolicyDocument=absent)
    not_json = refusal(iam.create_role, RoleName="first", AssumeRolePolicyDocument="{")
    iam.create_role(RoleName="first", AssumeRolePolicyDocument=trust({"AWS": foreign}))
    on_change = refusal(iam.update_assume_role_policy, RoleName="first", PolicyDocument=absent)

    assert [on_create, not_json, on_change] == ["MalformedPolicyDocument"] * 3


def test_a_role_is_there_once_whatever_its_case(iam: Any) -> None:
    iam.create_role(RoleName="Runner", AssumeRolePolicyDocument=LAMBDA)

    assert refusal(iam.create_role, RoleName="runner", AssumeRolePolicyDocument=LAMBDA) == "EntityAlreadyExists"


def test_a_role_with_policies_is_not_deleted(iam: Any) -> None:
    iam.create_role(RoleName="runner", AssumeRolePolicyDocument=LAMBDA)
    iam.put_role_policy(RoleName="runner", PolicyName="reads", PolicyDocument=document())
    iam.attach_role_policy(RoleName="runner", PolicyArn=MANAGED)

    codes = [refusal(iam.delete_role, RoleName="runner")]
    iam.delete_role_policy(RoleName="runner", PolicyName="reads")
    codes.append(refusal(iam.delete_role, RoleName="runner"))
    iam.detach_role_policy(RoleName="runner", PolicyArn=MANAGED)
    iam.delete_role(RoleName="runner")

    assert codes == ["DeleteConflict"] * 2


def test_a_policy_attached_somewhere_is_not_deleted(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="reads", PolicyDocument=document())["Policy"]["Arn"]
    iam.create_role(RoleName="runner", AssumeRolePolicyDocument=LAMBDA)
    iam.attach_role_policy(RoleName="runner", PolicyArn=arn)

    code = refusal(iam.delete_policy, PolicyArn=arn)
    iam.detach_role_policy(RoleName="runner", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)

    assert code == "DeleteConflict"


def test_a_boundary_exists_and_is_kept(iam: Any) -> None:
    bounded = {"RoleName": "runner", "AssumeRolePolicyDocument": LAMBDA}
    absent = refusal(iam.create_role, **bounded, PermissionsBoundary=f"arn:aws:iam::{SOURCE}:policy/absent")

    iam.create_role(**bounded, PermissionsBoundary=MANAGED)

    assert absent == "NoSuchEntity"
    assert iam.get_role(RoleName="runner")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == MANAGED


def test_role_ids_differ_between_accounts(source: boto3.Session, target: boto3.Session) -> None:
    made = [side.client("iam").create_role(RoleName="runner", AssumeRolePolicyDocument=LAMBDA)["Role"] for side in (source, target)]

    assert made[0]["RoleId"] != made[1]["RoleId"]
    assert made[0]["RoleId"].startswith("AROA")


def test_an_identity_policy_names_no_principal(iam: Any) -> None:
    iam.create_role(RoleName="runner", AssumeRolePolicyDocument=LAMBDA)

    code = refusal(iam.put_role_policy, RoleName="runner", PolicyName="reads", PolicyDocument=document(Principal={"AWS": SOURCE}))

    assert code == "MalformedPolicyDocument"


def test_a_service_linked_role_is_made_by_its_service_name(iam: Any) -> None:
    made = iam.create_service_linked_role(AWSServiceName="rds.amazonaws.com")["Role"]

    assert made["Path"] == "/aws-service-role/rds.amazonaws.com/"
