"""The law of account authorization details, tried with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest

DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


@pytest.fixture
def iam(source: boto3.Session) -> Any:
    client = source.client("iam")
    arn = client.create_policy(PolicyName="shelf", Path="/team/", PolicyDocument=DOCUMENT, Description="Reads.")["Policy"]["Arn"]
    client.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
    client.attach_role_policy(RoleName="reader", PolicyArn=arn)
    return client


def test_a_policy_is_told_by_name_and_id_and_with_its_versions(iam: Any) -> None:
    listed = iam.list_policies(Scope="Local")["Policies"][0]

    told = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])["Policies"]

    assert [(one["PolicyName"], one["PolicyId"], one["Path"]) for one in told] == [("shelf", listed["PolicyId"], "/team/")]
    assert told[0]["Arn"] == listed["Arn"]
    assert (told[0]["AttachmentCount"], told[0]["PermissionsBoundaryUsageCount"]) == (1, 1)
    assert told[0]["Description"] == "Reads."
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in told[0]["PolicyVersionList"]] == [("v1", True)]
    assert told[0]["PolicyVersionList"][0]["Document"] == json.loads(DOCUMENT)


def test_the_policies_of_aws_have_names_and_one_id_in_both_accounts(iam: Any, target: boto3.Session) -> None:
    def ids(client: Any) -> dict[str, str]:
        told = client.get_account_authorization_details(Filter=["AWSManagedPolicy"])["Policies"]
        return {one["PolicyName"]: one["PolicyId"] for one in told}

    ours, theirs = ids(iam), ids(target.client("iam"))

    assert "AWSLambdaBasicExecutionRole" in ours
    assert ours == theirs


def test_roles_are_told_beside_policies(iam: Any) -> None:
    told = iam.get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"])

    assert [one["RoleName"] for one in told["RoleDetailList"]] == ["reader"]
    assert [one["PolicyName"] for one in told["Policies"]] == ["shelf"]
