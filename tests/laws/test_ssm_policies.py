"""The law of a parameter's policies, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

EXPIRES = {"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": "2099-12-02T21:34:33.000Z"}}
UNCHANGED = {"Type": "NoChangeNotification", "Version": "1.0", "Attributes": {"After": "20", "Unit": "Days"}}


@pytest.fixture
def ssm(source: boto3.Session) -> Any:
    return source.client("ssm")


def put(ssm: Any, *policies: dict[str, Any], **changed: Any) -> None:
    wanted = {"Name": "/reader/token", "Type": "String", "Value": "v", "Tier": "Advanced", "Policies": json.dumps(policies)}
    ssm.put_parameter(**{name: value for name, value in (wanted | changed).items() if value is not None})


def refusal(ssm: Any, *policies: dict[str, Any], **changed: Any) -> str:
    with pytest.raises(ClientError) as refused:
        put(ssm, *policies, **changed)
    code: str = refused.value.response["Error"]["Code"]
    return code


def test_policies_are_told_as_text_type_and_status(ssm: Any) -> None:
    put(ssm, EXPIRES, UNCHANGED)

    described = ssm.describe_parameters()["Parameters"][0]["Policies"]
    history = ssm.get_parameter_history(Name="/reader/token")["Parameters"][0]["Policies"]

    assert [one["PolicyType"] for one in described] == ["Expiration", "NoChangeNotification"]
    assert [json.loads(one["PolicyText"]) for one in described] == [EXPIRES, UNCHANGED]
    assert {one["PolicyStatus"] for one in described} == {"Pending"}
    assert history == described


def test_policies_stay_with_a_new_value_and_go_with_an_empty_one(ssm: Any) -> None:
    put(ssm, EXPIRES)
    put(ssm, Value="w", Policies=None, Tier=None, Overwrite=True)
    kept = ssm.describe_parameters()["Parameters"][0]

    put(ssm, {}, Overwrite=True)

    assert [json.loads(one["PolicyText"]) for one in kept["Policies"]] == [EXPIRES]
    assert "Policies" not in ssm.describe_parameters()["Parameters"][0]


def test_policies_that_make_no_sense_are_refused(ssm: Any) -> None:
    codes = [
        refusal(ssm, EXPIRES, EXPIRES),
        refusal(ssm, EXPIRES | {"Type": "Never"}),
        refusal(ssm, EXPIRES | {"Attributes": {"After": "20"}}),
        refusal(ssm, *[UNCHANGED] * 11),
        refusal(ssm, EXPIRES, Tier="Standard"),
        refusal(ssm, EXPIRES, Tier=None),
    ]

    assert codes == [
        "IncompatiblePolicyException",
        "InvalidPolicyTypeException",
        "InvalidPolicyAttributeException",
        "PoliciesLimitExceededException",
        "ValidationException",
        "ValidationException",
    ]
    assert ssm.describe_parameters()["Parameters"] == []
