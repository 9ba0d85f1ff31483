"""Folds a ledger into what the seeding made: each request's properties under the natural key of its resource.

It promises to take every property that was sent. It never asks AWS.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from resettle_lab.checker import objects
from resettle_lab.checker.item import Item, parsed, tags
from resettle_lab.checker.settings import BY_PUT, CLOSED, EMPTY, payload
from resettle_lab.ledger import Entry

Params = dict[str, Any]


@dataclass(slots=True)
class Seeded:
    """What the ledger read so far adds up to; `ids` leads from a source text to the item that bears it."""

    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    ids: dict[str, Item] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    store: objects.Store = field(default_factory=objects.Store)

    def add(self, kind: str, key: str, properties: Params, **texts: str) -> Item:
        """Add one resource and index the texts that AWS chose for it."""
        item = Item(kind=kind, key=key, properties=properties, texts=texts)
        self.items[kind, key] = item
        for text in texts.values():
            self.ids[text] = item
        return item

    def key_name(self, text: str) -> str:
        """Name a KMS key by its alias, however the request named it."""
        return key_name(text, self.aliases)


def key_name(text: str, aliases: dict[str, str]) -> str:
    """Name a key by alias: a key's id or ARN is looked up, an alias's ARN cut."""
    last = text.rsplit(":", 1)[-1].removeprefix("key/")
    return aliases.get(last, last)


def fold(entries: Iterable[Entry]) -> Seeded:
    """Add up a ledger. Calls that only look, and messages, add nothing but a database's host."""
    seeded = Seeded()
    for entry in entries:
        handler = HANDLERS.get(f"{entry.service}:{entry.operation}")
        if handler:
            handler(seeded, entry.params, entry.reply)
        elif entry.service == "s3" and entry.operation in BY_PUT:
            _bucket_setting(seeded, entry.operation, entry.params)
    for item in seeded.items.values():
        for name in ("KmsKeyId", "KeyId", "kmsKeyId"):
            if name in item.properties:
                item.properties[name] = seeded.key_name(item.properties[name])
    return seeded


def _name_tag(params: Params) -> dict[str, str]:
    return tags([tag for part in params.get("TagSpecifications", ()) for tag in part["Tags"]])


def _vpc(seeded: Seeded, params: Params, reply: Params) -> None:
    marks = _name_tag(params)
    properties = {"CidrBlock": params["CidrBlock"], "Tags": marks}
    seeded.add("VPC", f"{params['CidrBlock']} {marks.get('Name', '')}", properties, id=reply["Vpc"]["VpcId"])


def _attribute(kind: str) -> Callable[[Seeded, Params, Params], None]:
    def handle(seeded: Seeded, params: Params, reply: Params) -> None:
        for name, value in params.items():
            if name != kind:
                seeded.ids[params[kind]].properties[name] = value["Value"]

    return handle


def _subnet(seeded: Seeded, params: Params, reply: Params) -> None:
    vpc = seeded.ids[params["VpcId"]].key
    properties = {
        "CidrBlock": params["CidrBlock"],
        # Letters differ between accounts; the id names the same building in both.
        "AvailabilityZoneId": reply["Subnet"]["AvailabilityZoneId"],
        "MapPublicIpOnLaunch": False,
        "Tags": _name_tag(params),
    }
    seeded.add("Subnet", f"{vpc} / {params['CidrBlock']}", properties, id=reply["Subnet"]["SubnetId"])


def _group(seeded: Seeded, params: Params, reply: Params) -> None:
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    properties = {
        "Description": params["Description"],
        "Tags": _name_tag(params),
        "Rules": rules([everything], "out"),
    }
    vpc = seeded.ids[params["VpcId"]].key
    seeded.add("SecurityGroup", f"{vpc} / {params['GroupName']}", properties, id=reply["GroupId"])


def rules(permissions: list[Params], direction: str) -> list[Params]:
    """Flatten permissions into one rule a peer."""
    flat = []
    for permission in permissions:
        ports = (permission["IpProtocol"], permission.get("FromPort"), permission.get("ToPort"))
        for member, name in PEERS:
            for peer in permission.get(member, ()):
                note = peer.get("Description") or ""
                flat.append({"way": direction, "ports": ports, "peer": peer[name], "note": note})
    return flat


PEERS = (
    ("IpRanges", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6"),
    ("UserIdGroupPairs", "GroupId"),
    ("PrefixListIds", "PrefixListId"),
)


def _authorize(direction: str, revoke: bool = False) -> Callable[[Seeded, Params, Params], None]:
    def handle(seeded: Seeded, params: Params, reply: Params) -> None:
        listed = seeded.ids[params["GroupId"]].properties["Rules"]
        for rule in rules(params["IpPermissions"], direction):
            if revoke:
                listed.remove(rule)
            else:
                listed.append(rule)

    return handle


def _queue(seeded: Seeded, params: Params, reply: Params) -> None:
    properties = {
        "Tags": tags(params.get("tags", {})),
        "Policy": None,
        "RedrivePolicy": None,
        "RedriveAllowPolicy": None,
    }
    item = seeded.add("Queue", params["QueueName"], properties, url=reply["QueueUrl"])
    item.properties |= attributes(params.get("Attributes", {}))


def attributes(sent: Params) -> Params:
    """Parse the attributes of a queue that are documents."""
    return {name: parsed(value) if name.endswith("Policy") else value for name, value in sent.items()}


def _queue_attributes(seeded: Seeded, params: Params, reply: Params) -> None:
    seeded.ids[params["QueueUrl"]].properties |= attributes(params["Attributes"])


def _bucket(seeded: Seeded, params: Params, reply: Params) -> None:
    seeded.add("Bucket", params["Bucket"], dict(EMPTY), name=params["Bucket"])


def _bucket_setting(seeded: Seeded, operation: str, params: Params) -> None:
    setting, value = payload(operation, params)
    seeded.items["Bucket", params["Bucket"]].properties[setting] = value
    if setting == "Versioning":
        seeded.store.status[params["Bucket"]] = value["Status"]


def _bucket_opened(seeded: Seeded, params: Params, reply: Params) -> None:
    seeded.items["Bucket", params["Bucket"]].properties["PublicAccess"] = dict.fromkeys(CLOSED, False)


def _key(seeded: Seeded, params: Params, reply: Params) -> None:
    sent: Params = {name: params[name] for name in ("Description", "KeyUsage", "KeySpec", "MultiRegion") if name in params}
    sent |= {"Tags": tags(params.get("Tags"), "TagKey", "TagValue"), "KeyRotationEnabled": False}
    if "Policy" in params:
        sent["Policy"] = parsed(params["Policy"])
    key_id = reply["KeyMetadata"]["KeyId"]
    seeded.add("Key", key_id, sent, id=key_id)


def _alias(seeded: Seeded, params: Params, reply: Params) -> None:
    key = seeded.ids[params["TargetKeyId"]]
    seeded.aliases.setdefault(key.texts["id"], params["AliasName"])
    if seeded.items.pop(("Key", key.key), None):
        key.key = seeded.aliases[key.texts["id"]]
        seeded.items["Key", key.key] = key
    seeded.add("Alias", params["AliasName"], {"TargetKeyId": key.texts["id"]})


def _rotation(seeded: Seeded, params: Params, reply: Params) -> None:
    seeded.ids[params["KeyId"]].properties["KeyRotationEnabled"] = True


def _key_policy(seeded: Seeded, params: Params, reply: Params) -> None:
    seeded.ids[params["KeyId"]].properties["Policy"] = parsed(params["Policy"])


def _secret(seeded: Seeded, params: Params, reply: Params) -> None:
    sent = {name: value for name, value in params.items() if name not in ("Name", "Tags", "ClientRequestToken")}
    seeded.add("Secret", params["Name"], sent | {"Tags": tags(params.get("Tags"))}, arn=reply["ARN"])


def _parameter(seeded: Seeded, params: Params, reply: Params) -> None:
    sent = {name: value for name, value in params.items() if name not in ("Name", "Tags", "Overwrite")}
    seeded.add("Parameter", params["Name"], sent | {"Tags": tags(params.get("Tags"))})


def _role(seeded: Seeded, params: Params, reply: Params) -> None:
    sent = {name: value for name, value in params.items() if name not in ("RoleName", "Tags")}
    sent["AssumeRolePolicyDocument"] = parsed(params["AssumeRolePolicyDocument"])
    sent |= {"Tags": tags(params.get("Tags")), "Attached": [], "Inline": {}}
    seeded.add("Role", params["RoleName"], sent, unique=reply["Role"]["RoleId"])


def _managed_policy(seeded: Seeded, params: Params, reply: Params) -> None:
    sent = {name: value for name, value in params.items() if name not in ("PolicyName", "Tags")}
    sent |= {"PolicyDocument": parsed(params["PolicyDocument"]), "Tags": tags(params.get("Tags"))}
    seeded.add("ManagedPolicy", params["PolicyName"], sent)


def _attach(seeded: Seeded, params: Params, reply: Params) -> None:
    seeded.items["Role", params["RoleName"]].properties["Attached"].append(params["PolicyArn"])


def _inline(seeded: Seeded, params: Params, reply: Params) -> None:
    document = parsed(params["PolicyDocument"])
    seeded.items["Role", params["RoleName"]].properties["Inline"][params["PolicyName"]] = document


def _function(seeded: Seeded, params: Params, reply: Params) -> None:
    sent = {name: value for name, value in params.items() if name not in FUNCTION_OWN}
    code = bytes.fromhex(params["Code"]["ZipFile"]["sha256"])
    sent |= {"CodeSha256": base64.b64encode(code).decode(), "Tags": tags(params.get("Tags", {})), "Permissions": []}
    sent |= environment(params.get("Environment"))
    seeded.add("Function", params["FunctionName"], sent)


FUNCTION_OWN = ("FunctionName", "Code", "Tags", "Environment", "Publish")


def environment(sent: Params | None) -> Params:
    """Spread environment variables, so that each is a property of its own."""
    variables = (sent or {}).get("Variables", {})
    return {"Environment": sorted(variables)} | {f"Environment.{name}": value for name, value in variables.items()}


def _permission(seeded: Seeded, params: Params, reply: Params) -> None:
    statement = {name: value for name, value in params.items() if name != "FunctionName"}
    seeded.items["Function", params["FunctionName"]].properties["Permissions"].append(statement)


def _subnet_group(seeded: Seeded, params: Params, reply: Params) -> None:
    sent = {name: params[name] for name in ("DBSubnetGroupDescription", "SubnetIds")}
    seeded.add("DBSubnetGroup", params["DBSubnetGroupName"], sent | {"Tags": tags(params.get("Tags"))})


def _parameter_group(seeded: Seeded, params: Params, reply: Params) -> None:
    sent = {name: params[name] for name in ("DBParameterGroupFamily", "Description")}
    sent |= {"Tags": tags(params.get("Tags")), "Parameters": {}}
    seeded.add("DBParameterGroup", params["DBParameterGroupName"], sent)


def _parameter_group_values(seeded: Seeded, params: Params, reply: Params) -> None:
    values = seeded.items["DBParameterGroup", params["DBParameterGroupName"]].properties["Parameters"]
    values |= {change["ParameterName"]: change["ParameterValue"] for change in params["Parameters"]}


def _database(seeded: Seeded, params: Params, reply: Params) -> None:
    sent = {name: value for name, value in params.items() if name not in DATABASE_OWN}
    seeded.add("DBInstance", params["DBInstanceIdentifier"], sent | {"Tags": tags(params.get("Tags"))})


# The password cannot be described, and a zone's letter is the account's own.
DATABASE_OWN = ("DBInstanceIdentifier", "MasterUserPassword", "Tags", "AvailabilityZone")


def _database_host(seeded: Seeded, params: Params, reply: Params) -> None:
    for found in reply["DBInstances"]:
        item = seeded.items.get(("DBInstance", found["DBInstanceIdentifier"]))
        if item and found.get("Endpoint", {}).get("Address"):
            item.texts["host"] = found["Endpoint"]["Address"]


def _log_group(seeded: Seeded, params: Params, reply: Params) -> None:
    sent = {name: value for name, value in params.items() if name not in ("logGroupName", "tags")}
    sent |= {"Tags": tags(params.get("tags", {})), "retentionInDays": None}
    seeded.add("LogGroup", params["logGroupName"], sent)


def _retention(seeded: Seeded, params: Params, reply: Params) -> None:
    seeded.items["LogGroup", params["logGroupName"]].properties["retentionInDays"] = params["retentionInDays"]


def _object(fold_object: Callable[[objects.Store, Params, Params], None]) -> Callable[[Seeded, Params, Params], None]:
    return lambda seeded, params, reply: fold_object(seeded.store, params, reply)


HANDLERS: dict[str, Callable[[Seeded, Params, Params], None]] = {
    "ec2:CreateVpc": _vpc,
    "ec2:ModifyVpcAttribute": _attribute("VpcId"),
    "ec2:CreateSubnet": _subnet,
    "ec2:ModifySubnetAttribute": _attribute("SubnetId"),
    "ec2:CreateSecurityGroup": _group,
    "ec2:AuthorizeSecurityGroupIngress": _authorize("in"),
    "ec2:AuthorizeSecurityGroupEgress": _authorize("out"),
    "ec2:RevokeSecurityGroupEgress": _authorize("out", revoke=True),
    "sqs:CreateQueue": _queue,
    "sqs:SetQueueAttributes": _queue_attributes,
    "s3:CreateBucket": _bucket,
    "s3:DeletePublicAccessBlock": _bucket_opened,
    "s3:PutObject": _object(objects.put),
    "s3:DeleteObject": _object(objects.delete),
    "s3:CreateMultipartUpload": _object(objects.begin),
    "s3:UploadPart": _object(objects.part),
    "s3:CompleteMultipartUpload": _object(objects.complete),
    "kms:CreateKey": _key,
    "kms:CreateAlias": _alias,
    "kms:EnableKeyRotation": _rotation,
    "kms:PutKeyPolicy": _key_policy,
    "secretsmanager:CreateSecret": _secret,
    "ssm:PutParameter": _parameter,
    "iam:CreateRole": _role,
    "iam:CreatePolicy": _managed_policy,
    "iam:AttachRolePolicy": _attach,
    "iam:PutRolePolicy": _inline,
    "lambda:CreateFunction": _function,
    "lambda:AddPermission": _permission,
    "rds:CreateDBSubnetGroup": _subnet_group,
    "rds:CreateDBParameterGroup": _parameter_group,
    "rds:ModifyDBParameterGroup": _parameter_group_values,
    "rds:CreateDBInstance": _database,
    "rds:DescribeDBInstances": _database_host,
    "logs:CreateLogGroup": _log_group,
    "logs:PutRetentionPolicy": _retention,
}
