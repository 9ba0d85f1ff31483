"""The raw state of one account, as plain boto3 describes it: what a test compares before and after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

State = dict[str, Any]  # "service/thing/id" -> what describe said, without times and counters

MOVING = {
    "ResponseMetadata", "LastModifiedTimestamp", "LastAccessedDate", "LastChangedDate", "PolicyId", "UpdateDate", "LastModified", "LastModifiedDate",
    "RevisionId", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "Location", "RoleLastUsed", "Code",
    "LatestRestorableTime", "NextRotationDate", "LastUpdatedDate", "EventLastModified",
}  # fmt: skip


def state(session: boto3.Session) -> State:
    """Everything of the kinds that move, and the snapshots beside them."""
    found: State = {}
    for part in (_network, _queues, _buckets, _keys, _secrets, _identities, _functions, _databases, _logs):
        for name, value in part(session):
            found[name] = _still(value)
    return found


def difference(before: State, after: State) -> dict[str, str]:
    """Which things were added, removed or changed, by name."""
    changed = dict.fromkeys(after.keys() - before.keys(), "added")
    changed |= dict.fromkeys(before.keys() - after.keys(), "removed")
    changed |= {name: "changed" for name in before.keys() & after.keys() if before[name] != after[name]}
    return changed


def _still(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _still(item) for key, item in sorted(value.items()) if key not in MOVING}
    if isinstance(value, list):
        return sorted((_still(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True, default=str))
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _pages(client: Any, operation: str, member: str, **params: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**params):
        yield from page.get(member, ())


def _network(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    ec2 = session.client("ec2")
    for operation, member, key in (
        ("describe_vpcs", "Vpcs", "VpcId"),
        ("describe_subnets", "Subnets", "SubnetId"),
        ("describe_security_groups", "SecurityGroups", "GroupId"),
    ):
        for item in _pages(ec2, operation, member):
            yield f"ec2/{item[key]}", item


def _queues(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    sqs = session.client("sqs")
    for url in sqs.list_queues(MaxResults=1000).get("QueueUrls", ()):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        yield f"sqs/{url.rsplit('/', 1)[-1]}", attributes | {"tags": sqs.list_queue_tags(QueueUrl=url).get("Tags", {})}


def _buckets(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    s3 = session.client("s3")
    getters = (
        "get_bucket_policy", "get_bucket_versioning", "get_bucket_encryption", "get_public_access_block", "get_bucket_cors", "get_bucket_website",
        "get_bucket_lifecycle_configuration", "get_bucket_notification_configuration", "get_bucket_tagging", "get_bucket_ownership_controls",
    )  # fmt: skip
    for bucket in s3.list_buckets()["Buckets"]:
        for getter in getters:
            try:
                answer = getattr(s3, getter)(Bucket=bucket["Name"])
            except ClientError as error:
                answer = {"code": error.response["Error"]["Code"]}
            yield f"s3/{bucket['Name']}/{getter}", answer
        listed = s3.list_object_versions(Bucket=bucket["Name"])
        lines = [f"{item['Key']} {item.get('ETag')} {item['IsLatest']}" for item in listed.get("Versions", [])]
        lines += [f"{item['Key']} marker" for item in listed.get("DeleteMarkers", [])]
        yield f"s3/{bucket['Name']}/objects", hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _keys(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    kms = session.client("kms")
    for key in _pages(kms, "list_keys", "Keys"):
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if described["KeyManager"] == "CUSTOMER":
            policy = kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"]
            yield f"kms/{key['KeyId']}", described | {"policy": json.loads(policy)}
    for alias in _pages(kms, "list_aliases", "Aliases"):
        if not alias["AliasName"].startswith("alias/aws/"):
            yield f"kms/{alias['AliasName']}", alias


def _secrets(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    manager, ssm = session.client("secretsmanager"), session.client("ssm")
    for secret in _pages(manager, "list_secrets", "SecretList"):
        yield f"secretsmanager/{secret['Name']}", secret | {"value": _value(manager, secret["ARN"])}
    for parameter in _pages(ssm, "describe_parameters", "Parameters"):
        value = ssm.get_parameter(Name=parameter["Name"], WithDecryption=True)["Parameter"]["Value"]
        yield f"ssm/{parameter['Name']}", parameter | {"value": value}


def _value(manager: Any, secret: str) -> Any:
    """Text, bytes, or why there is neither: a secret may never have been given a value."""
    try:
        value = manager.get_secret_value(SecretId=secret)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return value.get("SecretString") or value["SecretBinary"]


def _identities(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    iam = session.client("iam")
    for page in iam.get_paginator("get_account_authorization_details").paginate(Filter=["Role", "LocalManagedPolicy"]):
        for role in page["RoleDetailList"]:
            yield f"iam/{role['RoleName']}", role
        for policy in page["Policies"]:
            yield f"iam/{policy['Arn'].rsplit('/', 1)[-1]}", policy


def _functions(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    client = session.client("lambda")
    for function in _pages(client, "list_functions", "Functions"):
        try:
            policy = json.loads(client.get_policy(FunctionName=function["FunctionName"])["Policy"])
        except ClientError as error:
            policy = error.response["Error"]["Code"]
        yield f"lambda/{function['FunctionName']}", function | {"policy": policy}


def _databases(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    rds = session.client("rds")
    for operation, member, key in (
        ("describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
        ("describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
        ("describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
        ("describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier"),
    ):
        for item in _pages(rds, operation, member):
            yield f"rds/{member}/{item[key]}", item


def _logs(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    for group in _pages(session.client("logs"), "describe_log_groups", "logGroups"):
        yield f"logs/{group['logGroupName']}", group
