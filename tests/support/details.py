"""What only a call of its own tells of each thing, as plain boto3 answers: beside the raw state, where kinds are judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError
from tests.support.state import State


def details(session: boto3.Session) -> State:
    """By the same names as the raw state, in a branch of their own."""
    found: State = {}
    for part in (_networks, _identities, _keys, _functions, _texts, _groups):
        found |= {f"detail:{name}": value for name, value in part(session)}
    return found


def _all(client: Any, operation: str, member: str, **more: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**more):
        yield from page.get(member, ())


def _told(ask: Any, **params: Any) -> dict[str, Any]:
    """An answer, or nothing where nothing is configured."""
    try:
        answer = ask(**params)
    except ClientError:
        return {}
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def _networks(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    ec2 = session.client("ec2")
    for vpc in _all(ec2, "describe_vpcs", "Vpcs"):
        told: dict[str, Any] = {}
        for attribute in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"):
            told |= _told(ec2.describe_vpc_attribute, VpcId=vpc["VpcId"], Attribute=attribute)
        yield f"ec2/{vpc['VpcId']}", told


def _identities(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    iam = session.client("iam")
    for role in _all(iam, "list_roles", "Roles"):
        yield f"iam/{role['RoleName']}", {name: role.get(name) for name in ("Description", "MaxSessionDuration", "Path")}
    for policy in _all(iam, "list_policies", "Policies", Scope="Local"):
        told = iam.get_policy(PolicyArn=policy["Arn"])["Policy"]
        yield f"iam/{policy['PolicyName']}", {name: told.get(name) for name in ("Description", "Tags", "Path")}


def _keys(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    kms = session.client("kms")
    for key in _all(kms, "list_keys", "Keys"):
        told = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if told["KeyManager"] == "CUSTOMER" and told["KeyState"] != "PendingDeletion":
            rotation = _told(kms.get_key_rotation_status, KeyId=key["KeyId"])
            yield f"kms/{key['KeyId']}", rotation | {"Tags": kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]}


def _functions(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    client = session.client("lambda")
    for function in _all(client, "list_functions", "Functions"):
        told = client.get_function(FunctionName=function["FunctionName"])
        yield f"lambda/{function['FunctionName']}", {name: told.get(name) for name in ("Concurrency", "Tags")}


def _texts(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    logs, ssm, manager = session.client("logs"), session.client("ssm"), session.client("secretsmanager")
    for group in _all(logs, "describe_log_groups", "logGroups"):
        yield (
            f"logs/{group['logGroupName']}",
            {"tags": _told(logs.list_tags_for_resource, resourceArn=group["logGroupArn"]).get("tags")},
        )
    for item in _all(ssm, "describe_parameters", "Parameters"):
        told = _told(ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId=item["Name"])
        yield f"ssm/{item['Name']}", {"Tags": told.get("TagList")}
    for secret in _all(manager, "list_secrets", "SecretList"):
        policy = manager.get_resource_policy(SecretId=secret["ARN"]).get("ResourcePolicy")
        yield f"secretsmanager/{secret['Name']}", {"ResourcePolicy": policy}


def _groups(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    rds = session.client("rds")
    for group in _all(rds, "describe_db_subnet_groups", "DBSubnetGroups"):
        tags = rds.list_tags_for_resource(ResourceName=group["DBSubnetGroupArn"])["TagList"]
        yield f"rds/subnets/{group['DBSubnetGroupName']}", {"Tags": tags}
    for group in _all(rds, "describe_db_parameter_groups", "DBParameterGroups"):
        name = group["DBParameterGroupName"]
        values = list(_all(rds, "describe_db_parameters", "Parameters", DBParameterGroupName=name, Source="user"))
        tags = rds.list_tags_for_resource(ResourceName=group["DBParameterGroupArn"])["TagList"]
        yield f"rds/parameters/{name}", {"Parameters": values, "Tags": tags}
