"""The guard: reviewed reads pass by name, writes pass only as they were allowed, and nothing passes after `refuse`."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel

from resettle.errors import Refused
from resettle.guard import Guard, named
from resettle.model import Side
from resettle.reads import _BY_SERVICE, READS, page_size, page_tokens, repeatable

SESSION = botocore.session.get_session()
OPERATIONS = {
    f"{service}:{name}": SESSION.get_service_model(service).operation_model(name)
    for service in _BY_SERVICE
    for name in SESSION.get_service_model(service).operation_names
}
CHANGES = re.compile(
    "Abort|Accept|Activate|Add|Allocate|Apply|Associate|Attach|Authorize|Cancel|Change|Complete|Confirm|Copy|Create"
    "|Deactivate|Delete|Deregister|Detach|Disable|Disassociate|Enable|Execute|Export|Generate|Import|Increase|Initiate"
    "|Invoke|Modify|Move|Publish|Purchase|Purge|Put|Reboot|Receive|Register|Reject|Release|Remove|Replace|Replicate"
    "|Request|Reset|Restore|Resume|Revoke|Rotate|Run|Schedule|Send|Set|Start|Stop|Submit|Subscribe|Suspend|Tag"
    "|Terminate|Unsubscribe|Untag|Update|Upgrade|Upload|Write"
)
# Named like reads, and yet they mint credentials or tokens, or reveal a password.
MINTS = {
    *("sts:GetSessionToken", "sts:GetFederationToken", "sts:GetWebIdentityToken", "sts:GetDelegatedAccessToken"),
    *("kms:GetParametersForImport", "ec2:GetPasswordData", "secretsmanager:GetRandomPassword", "ssm:GetAccessToken"),
}


def guard(side: Side = Side.TARGET, *allowed: tuple[str, str], **more: Any) -> Guard:
    return Guard(side, "the account", frozenset(allowed), **more)


def passes(made: Guard, operation: str, **params: Any) -> bool:
    try:
        made.check(operation, params)
    except Refused:
        return False
    return True


@pytest.mark.parametrize("side", [Side.SOURCE, Side.TARGET])
def test_of_all_operations_exactly_the_reviewed_reads_pass(side: Side) -> None:
    made = guard(side)

    passing = {operation for operation in OPERATIONS if passes(made, operation)}

    assert passing == READS
    assert len(OPERATIONS) > 2000


def test_every_reviewed_read_exists() -> None:
    assert set(OPERATIONS) >= READS


def test_no_reviewed_read_is_named_like_a_change() -> None:
    assert [read for read in sorted(READS) if CHANGES.match(read.partition(":")[2])] == []


def test_no_reviewed_read_mints_credentials_or_takes_messages() -> None:
    assert READS.isdisjoint(MINTS)
    assert READS.isdisjoint({"sqs:ReceiveMessage", "kms:GenerateDataKey", "sts:AssumeRole", "logs:CreateExportTask"})


def test_an_allowed_write_passes_for_its_resource_only() -> None:
    made = guard(Side.SOURCE, ("kms:PutKeyPolicy", "key-1"))

    assert passes(made, "kms:PutKeyPolicy", KeyId="key-1", Policy="{}")
    assert not passes(made, "kms:PutKeyPolicy", KeyId="key-2", Policy="{}")
    assert not passes(made, "kms:DisableKey", KeyId="key-1")


def test_an_unplanned_id_cannot_ride_along_with_a_planned_one() -> None:
    made = guard(Side.SOURCE, ("ec2:StopInstances", "i-1"), ("ec2:StopInstances", "i-2"))

    assert passes(made, "ec2:StopInstances", InstanceIds=["i-1", "i-2"])
    assert not passes(made, "ec2:StopInstances", InstanceIds=["i-1", "i-3"])
    assert not passes(made, "ec2:StopInstances", InstanceIds=[])


@pytest.mark.parametrize(
    "params",
    [
        {"Tags": [{"Key": "resettle:step", "Value": "s1"}]},
        {"Tags": [{"TagKey": "resettle:step", "TagValue": "s1"}]},
        {"tags": [{"key": "resettle:step", "value": "s1"}]},
        {"Tags": {"resettle:step": "s1"}},
        {"tags": {"resettle:step": "s1"}},
        {"Tags": {"Quantity": 1, "Items": [{"Key": "resettle:step", "Value": "s1"}]}},
        {"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "resettle:step", "Value": "s1"}]}]},
        {"Tagging": {"TagSet": [{"Key": "resettle:step", "Value": "s1"}]}},
    ],
)
def test_the_tag_of_a_step_names_the_resource_in_every_form(params: dict[str, Any]) -> None:
    made = guard(Side.SOURCE, ("ec2:CreateSnapshot", "s1"))

    assert list(named(params)) == [["s1"]]
    assert passes(made, "ec2:CreateSnapshot", **params)
    assert not passes(guard(Side.SOURCE, ("ec2:CreateSnapshot", "s2")), "ec2:CreateSnapshot", **params)


def test_another_tag_names_nothing() -> None:
    made = guard(Side.SOURCE, ("ec2:CreateSnapshot", "s1"))

    assert not passes(made, "ec2:CreateSnapshot", Tags=[{"Key": "Name", "Value": "s1"}])


def test_any_resource_is_accepted_for_the_target_and_never_for_the_source() -> None:
    anything = ("sqs:CreateQueue", "*")
    target, source = guard(Side.TARGET, anything), guard(Side.SOURCE)

    assert passes(target, "sqs:CreateQueue")
    for accept in (source.permit, lambda allowed: source.permitted(allowed).__enter__()):
        with pytest.raises(ValueError, match="must name its resource"):
            accept(frozenset({anything}))
    with pytest.raises(ValueError, match="must name its resource"):
        guard(Side.SOURCE, anything)


def test_a_permission_ends_with_its_block_also_when_it_was_nested() -> None:
    made, more = guard(Side.SOURCE), frozenset({("kms:PutKeyPolicy", "key-1")})

    with made.permitted(more):
        with made.permitted(more):
            assert passes(made, "kms:PutKeyPolicy", KeyId="key-1")
        assert passes(made, "kms:PutKeyPolicy", KeyId="key-1")

    assert not passes(made, "kms:PutKeyPolicy", KeyId="key-1")


def test_nothing_passes_after_a_refusal_and_the_reason_is_told() -> None:
    made = guard(Side.SOURCE, ("kms:PutKeyPolicy", "key-1"))

    made.refuse("build does not contact the source")

    with pytest.raises(Refused, match="build does not contact the source"):
        made.check("sts:GetCallerIdentity", {})
    with pytest.raises(Refused, match="build does not contact the source"):
        made.check("kms:PutKeyPolicy", {"KeyId": "key-1"})
    with pytest.raises(Refused, match="build does not contact the source"):
        made.check_http("GET", "https://example.com/", {}, None)


def test_a_refusal_tells_no_parameter() -> None:
    with pytest.raises(Refused) as refused:
        guard(Side.SOURCE).check("secretsmanager:PutSecretValue", {"SecretId": "s", "SecretString": "hunter2"})

    assert "hunter2" not in str(refused.value)


def test_the_inspector_sees_what_passes_and_can_stop_it() -> None:
    seen: list[str] = []

    def inspect(operation: str, params: dict[str, Any]) -> None:
        seen.append(operation)
        if "source" in params.get("QueueName", ""):
            raise Refused("calling", "it", "a source text")

    made = guard(Side.TARGET, ("sqs:CreateQueue", "*"), inspect=inspect)
    made.check("sts:GetCallerIdentity", {})

    with pytest.raises(Refused, match="a source text"):
        made.check("sqs:CreateQueue", {"QueueName": "the-source"})
    assert not passes(made, "sqs:DeleteQueue", QueueUrl="q")
    assert seen == ["sts:GetCallerIdentity", "sqs:CreateQueue"]


def http_passes(made: Guard, method: str, url: str) -> bool:
    try:
        made.check_http(method, url, {}, None)
    except Refused:
        return False
    return True


def test_only_get_and_head_leave_to_the_source_by_address() -> None:
    made = guard(Side.SOURCE, ("http:PUT", "registry.example"))

    assert http_passes(made, "GET", "https://registry.example/v2/")
    assert http_passes(made, "HEAD", "https://registry.example/v2/")
    assert [m for m in ("PUT", "POST", "PATCH", "DELETE") if http_passes(made, m, "https://registry.example/v2/")] == []


def test_an_operation_in_the_address_of_a_get_is_no_read() -> None:
    assert not http_passes(guard(Side.SOURCE), "GET", "https://ec2.example/?Version=1&Action=DeleteVpc&VpcId=vpc-1")


def test_a_write_by_address_to_the_target_is_allowed_by_host() -> None:
    made = guard(Side.TARGET, ("http:PUT", "registry.example"))

    assert http_passes(made, "PUT", "https://registry.example/v2/blob")
    assert not http_passes(made, "PUT", "https://elsewhere.example/v2/blob")


def sized(operation: str, **params: Any) -> dict[str, int]:
    return page_size(operation, OPERATIONS[operation], params)


def test_a_list_is_asked_for_its_largest_page() -> None:
    assert sized("ec2:DescribeVpcs") == {"MaxResults": 1000}
    assert sized("ec2:DescribeInstances") == {"MaxResults": 1000}
    assert sized("sqs:ListQueues") == {"MaxResults": 1000}
    assert sized("iam:ListRoles") == {"MaxItems": 1000}
    assert sized("ssm:DescribeParameters") == {"MaxResults": 50}
    assert sized("kms:ListAliases") == {"Limit": 100}
    assert sized("lambda:ListFunctions") == {"MaxItems": 10000}


def test_a_list_by_ids_or_with_its_own_size_gets_none() -> None:
    assert sized("ec2:DescribeInstances", InstanceIds=["i-1"]) == {}
    assert sized("ec2:DescribeSecurityGroups", GroupNames=["a"]) == {}
    assert sized("ec2:DescribeVpcs", MaxResults=5) == {}
    assert sized("s3:GetBucketPolicy", Bucket="b") == {}
    assert sized("ec2:DescribeVpcs", Filters=[{"Name": "vpc-id", "Values": ["v"]}]) == {"MaxResults": 1000}


def test_every_reviewed_read_without_a_paginator_has_its_tokens_derived() -> None:
    paginated = {
        f"{service}:{name}"
        for service in _BY_SERVICE
        if service in SESSION.get_available_services() and _has_paginators(service)
        for name in SESSION.get_paginator_model(service)._paginator_config
    }

    derived = {read: page_tokens(OPERATIONS[read]) for read in sorted(READS - paginated)}

    assert derived["secretsmanager:ListSecretVersionIds"] == (("NextToken", "NextToken"),)
    assert derived["route53:ListReusableDelegationSets"] == (("Marker", "NextMarker"),)
    assert derived["s3:ListBucketInventoryConfigurations"] == (("ContinuationToken", "NextContinuationToken"),)
    assert derived["sqs:GetQueueAttributes"] == ()


def _has_paginators(service: str) -> bool:
    return bool(SESSION.get_component("data_loader").list_api_versions(service, "paginators-1"))


def test_a_token_one_level_down_is_found() -> None:
    model: OperationModel = SESSION.get_service_model("cloudfront").operation_model("ListCachePolicies")

    assert page_tokens(model) == (("Marker", "CachePolicyList.NextMarker"),)


def test_a_token_that_the_reply_does_not_give_is_an_error_and_no_short_list() -> None:
    with pytest.raises(ValueError, match="no such token"):
        page_tokens(OPERATIONS["logs:GetLogEvents"])


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("ec2:CreateVpc", {}, False),
        ("ec2:CreateNatGateway", {}, True),
        ("ec2:CreateVpcEndpoint", {}, False),
        ("ec2:CreateVpcEndpoint", {"ClientToken": "t"}, True),
        ("ec2:DescribeVpcs", {}, True),
        ("kms:CreateKey", {}, False),
        ("kms:PutKeyPolicy", {}, True),
        ("sqs:CreateQueue", {}, True),
        ("sqs:SendMessage", {}, False),
        ("iam:CreateRole", {}, False),
        ("rds:AddTagsToResource", {}, True),
        ("rds:CopyDBSnapshot", {}, False),
        ("secretsmanager:CreateSecret", {}, True),
        ("s3:PutObject", {}, True),
    ],
)
def test_what_makes_something_without_a_token_is_not_sent_twice(operation: str, params: dict[str, Any], expected: bool) -> None:
    assert repeatable(operation, OPERATIONS[operation], params) is expected
