"""Reads a target by raw describes into items with the keys and properties that the ledger's fold has.

It promises to look at every resource of the seeded kinds that the target has, whoever made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from resettle_lab.checker.expected import attributes, environment, key_name, rules
from resettle_lab.checker.item import PARKED, Item, parsed, tags
from resettle_lab.checker.reader import Reader
from resettle_lab.checker.settings import SETTINGS, shaped

Params = dict[str, Any]


def read(reader: Reader) -> dict[tuple[str, str], Item]:
    """Read everything but objects; AccessDenied passes through, since a refused look proves nothing."""
    aliases = _aliases(reader)
    items: list[Item] = [*_network(reader), *_queues(reader), *_buckets(reader), *_keys(reader, aliases)]
    items += [*_secrets(reader), *_parameters(reader), *_roles(reader), *_policies(reader)]
    items += [*_functions(reader), *_groups_of_databases(reader), *_databases(reader), *_log_groups(reader)]
    for item in items:
        for name in ("KmsKeyId", "KeyId", "kmsKeyId"):
            if item.properties.get(name):
                item.properties[name] = key_name(item.properties[name], aliases)
    return {(item.kind, item.key): item for item in items}


def _network(reader: Reader) -> Iterable[Item]:
    vpcs = {}
    for vpc in reader.all("ec2", "describe_vpcs", "Vpcs"):
        marks = tags(vpc.get("Tags"))
        item = Item(kind="VPC", key=f"{vpc['CidrBlock']} {marks.get('Name', '')}", properties=vpc | {"Tags": marks})
        for name, member in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
            asked = reader.call("ec2", "describe_vpc_attribute", VpcId=vpc["VpcId"], Attribute=name)
            item.properties[member] = asked[member]["Value"]
        item.texts["id"] = vpc["VpcId"]
        vpcs[vpc["VpcId"]] = item
        yield item
    for subnet in reader.all("ec2", "describe_subnets", "Subnets"):
        key = f"{vpcs[subnet['VpcId']].key} / {subnet['CidrBlock']}"
        properties = subnet | {"Tags": tags(subnet.get("Tags"))}
        yield Item(kind="Subnet", key=key, properties=properties, texts={"id": subnet["SubnetId"]})
    for group in reader.all("ec2", "describe_security_groups", "SecurityGroups"):
        listed = rules(group["IpPermissions"], "in") + rules(group["IpPermissionsEgress"], "out")
        properties = {"Description": group["Description"], "Tags": tags(group.get("Tags")), "Rules": listed}
        key = f"{vpcs[group['VpcId']].key} / {group['GroupName']}"
        yield Item(kind="SecurityGroup", key=key, properties=properties, texts={"id": group["GroupId"]})


def _queues(reader: Reader) -> Iterable[Item]:
    for url in reader.all("sqs", "list_queues", "QueueUrls"):
        sent = reader.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"]).get("Attributes", {})
        marks = reader.call("sqs", "list_queue_tags", QueueUrl=url).get("Tags", {})
        properties = attributes(sent) | {"Tags": tags(marks)}
        yield Item(kind="Queue", key=url.rsplit("/", 1)[-1], properties=properties, texts={"url": url})


def _buckets(reader: Reader) -> Iterable[Item]:
    for bucket in reader.all("s3", "list_buckets", "Buckets"):
        name = bucket["Name"]
        properties = {setting.name: _setting(reader, name, setting) for setting in SETTINGS}
        yield Item(kind="Bucket", key=name, properties=properties, texts={"name": name})


def _setting(reader: Reader, bucket: str, setting: Any) -> Any:
    reply = reader.maybe("s3", setting.get, (setting.absent,), Bucket=bucket)
    return shaped(setting.name, (reply.get(setting.inside) if setting.inside else reply) or None)


def _aliases(reader: Reader) -> dict[str, str]:
    listed = reader.all("kms", "list_aliases", "Aliases")
    return {entry["TargetKeyId"]: entry["AliasName"] for entry in reversed(listed) if entry.get("TargetKeyId")}


def _keys(reader: Reader, aliases: dict[str, str]) -> Iterable[Item]:
    for listed in reader.all("kms", "list_keys", "Keys"):
        key_id = listed["KeyId"]
        described = reader.call("kms", "describe_key", KeyId=key_id)["KeyMetadata"]
        if described.get("KeyManager") == "AWS":
            continue
        policy = reader.call("kms", "get_key_policy", KeyId=key_id, PolicyName="default")["Policy"]
        marks = reader.all("kms", "list_resource_tags", "Tags", KeyId=key_id)
        properties = described | {"Policy": parsed(policy), "Tags": tags(marks, "TagKey", "TagValue")}
        if described["KeyState"] == "Enabled":
            properties |= reader.call("kms", "get_key_rotation_status", KeyId=key_id)
        yield Item(kind="Key", key=aliases.get(key_id, key_id), properties=properties, texts={"id": key_id})
    for target, name in aliases.items():
        yield Item(kind="Alias", key=name, properties={"TargetKeyId": target})


def _secrets(reader: Reader) -> Iterable[Item]:
    for listed in reader.all("secretsmanager", "list_secrets", "SecretList"):
        properties = reader.call("secretsmanager", "describe_secret", SecretId=listed["ARN"])
        if not listed["Name"].startswith(PARKED):
            value = reader.call("secretsmanager", "get_secret_value", SecretId=listed["ARN"])
            properties = value | properties
        properties = properties | {"Tags": tags(properties.get("Tags"))}
        yield Item(kind="Secret", key=listed["Name"], properties=properties, texts={"arn": listed["ARN"]})


def _parameters(reader: Reader) -> Iterable[Item]:
    for listed in reader.all("ssm", "describe_parameters", "Parameters"):
        name = listed["Name"]
        value = reader.call("ssm", "get_parameter", Name=name, WithDecryption=True)["Parameter"]["Value"]
        marks = reader.call("ssm", "list_tags_for_resource", ResourceType="Parameter", ResourceId=name)["TagList"]
        yield Item(kind="Parameter", key=name, properties=listed | {"Value": value, "Tags": tags(marks)})


def _roles(reader: Reader) -> Iterable[Item]:
    for listed in reader.all("iam", "list_roles", "Roles"):
        name = listed["RoleName"]
        if listed["Path"].startswith(("/aws-service-role/", "/aws-reserved/")):
            continue
        role = reader.call("iam", "get_role", RoleName=name)["Role"]
        attached = reader.all("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
        inline = {
            policy: parsed(reader.call("iam", "get_role_policy", RoleName=name, PolicyName=policy)["PolicyDocument"])
            for policy in reader.all("iam", "list_role_policies", "PolicyNames", RoleName=name)
        }
        own = {"Tags": tags(role.get("Tags")), "Attached": [entry["PolicyArn"] for entry in attached], "Inline": inline}
        properties = {"Description": ""} | role | own
        yield Item(kind="Role", key=name, properties=properties, texts={"unique": role["RoleId"]})


def _policies(reader: Reader) -> Iterable[Item]:
    for listed in reader.all("iam", "list_policies", "Policies", Scope="Local"):
        policy = reader.call("iam", "get_policy", PolicyArn=listed["Arn"])["Policy"]
        version = reader.call("iam", "get_policy_version", PolicyArn=listed["Arn"], VersionId=policy["DefaultVersionId"])[
            "PolicyVersion"
        ]
        own = {"PolicyDocument": parsed(version["Document"]), "Tags": tags(policy.get("Tags"))}
        yield Item(kind="ManagedPolicy", key=listed["PolicyName"], properties={"Description": ""} | policy | own)


def _functions(reader: Reader) -> Iterable[Item]:
    for listed in reader.all("lambda", "list_functions", "Functions"):
        name = listed["FunctionName"]
        reply = reader.call("lambda", "get_function", FunctionName=name)
        # The address of the code is signed anew for every look, and is AWS's own.
        reply.get("Code", {}).pop("Location", None)
        settings = reply["Configuration"]
        policy = reader.maybe("lambda", "get_policy", ("ResourceNotFoundException",), FunctionName=name)
        statements = parsed(policy.get("Policy", '{"Statement": []}'))["Statement"]
        own = {"Tags": tags(reply.get("Tags", {})), "Permissions": [_grant(statement) for statement in statements]}
        properties = settings | own | environment(settings.get("Environment"))
        yield Item(kind="Function", key=name, properties=properties)


def _grant(statement: Params) -> Params:
    """Turn a statement of a function's policy back into the request that adds it."""
    principal = statement["Principal"]
    value = next(iter(principal.values())) if isinstance(principal, dict) else principal
    grant = {"StatementId": statement["Sid"], "Action": statement["Action"], "Principal": value}
    conditions = {key.lower(): text for entry in statement.get("Condition", {}).values() for key, text in entry.items()}
    for condition, member in CONDITIONS.items():
        if condition in conditions:
            grant[member] = conditions[condition]
    return grant


CONDITIONS = {
    "aws:sourcearn": "SourceArn",
    "aws:sourceaccount": "SourceAccount",
    "lambda:eventsourcetoken": "EventSourceToken",
    "aws:principalorgid": "PrincipalOrgID",
    "lambda:functionurlauthtype": "FunctionUrlAuthType",
}


def _groups_of_databases(reader: Reader) -> Iterable[Item]:
    for group in reader.all("rds", "describe_db_subnet_groups", "DBSubnetGroups"):
        properties = {
            "DBSubnetGroupDescription": group["DBSubnetGroupDescription"],
            "SubnetIds": [subnet["SubnetIdentifier"] for subnet in group["Subnets"]],
            "Tags": _database_tags(reader, group["DBSubnetGroupArn"]),
        }
        yield Item(kind="DBSubnetGroup", key=group["DBSubnetGroupName"], properties=properties)
    for group in reader.all("rds", "describe_db_parameter_groups", "DBParameterGroups"):
        name = group["DBParameterGroupName"]
        if name.startswith("default."):
            continue
        listed = reader.all("rds", "describe_db_parameters", "Parameters", DBParameterGroupName=name, Source="user")
        values = {entry["ParameterName"]: entry.get("ParameterValue") for entry in listed}
        own = {"Parameters": values, "Tags": _database_tags(reader, group["DBParameterGroupArn"])}
        yield Item(kind="DBParameterGroup", key=name, properties=group | own)


def _database_tags(reader: Reader, arn: str) -> dict[str, str]:
    return tags(reader.call("rds", "list_tags_for_resource", ResourceName=arn).get("TagList"))


def _databases(reader: Reader) -> Iterable[Item]:
    for found in reader.all("rds", "describe_db_instances", "DBInstances"):
        endpoint = found.get("Endpoint", {})
        own = {
            "Port": endpoint.get("Port"),
            "DBSubnetGroupName": found.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
            "VpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in found.get("VpcSecurityGroups", ())],
            "DBParameterGroupName": found["DBParameterGroups"][0]["DBParameterGroupName"],
            "EnableCloudwatchLogsExports": found.get("EnabledCloudwatchLogsExports", []),
            "Tags": tags(found.get("TagList")),
        }
        texts = {"host": endpoint["Address"]} if "Address" in endpoint else {}
        yield Item(kind="DBInstance", key=found["DBInstanceIdentifier"], properties=found | own, texts=texts)


def _log_groups(reader: Reader) -> Iterable[Item]:
    for found in reader.all("logs", "describe_log_groups", "logGroups"):
        arn = found["arn"].removesuffix(":*")
        marks = reader.call("logs", "list_tags_for_resource", resourceArn=arn).get("tags", {})
        own = {"Tags": tags(marks), "retentionInDays": found.get("retentionInDays")}
        yield Item(kind="LogGroup", key=found["logGroupName"], properties=found | own)
