"""An AWS small enough to script: one account in memory, whose calls fail where a test says so, before or after they took effect."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from resettle.calllog import REPLY_LOST
from resettle.errors import CallFailed, CredentialsGone, Denied
from resettle.model import Side

SOURCE, TARGET, REGION = "111122223333", "444455556666", "ap-northeast-2"


def failed(code: str) -> CallFailed:
    return CallFailed("calling", "something", f"AWS said {code}", code=code)


def denied() -> Denied:
    return Denied("calling", "something", "AWS said no", code="AccessDenied")


def lost() -> CallFailed:
    return failed(REPLY_LOST)


def expired() -> CredentialsGone:
    return CredentialsGone("calling", "something", "the token is old", code="ExpiredToken")


class Cloud:
    """One account. `before` and `after` hold, by operation, errors to raise instead of acting, or after it took effect."""

    def __init__(self, side: Side, account: str, region: str = REGION) -> None:
        self.side, self.id, self.region = side, account, region
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.before: dict[str, list[BaseException]] = {}
        self.after: dict[str, list[BaseException]] = {}
        self.then: dict[str, Callable[[], None]] = {}
        self.permissions: list[frozenset[tuple[str, str]]] = []
        self.things: dict[str, dict[str, dict[str, Any]]] = {
            sort: {} for sort in ("vpc", "sg", "log", "queue", "secret", "key", "bucket", "object", "db", "snapshot")
        }
        self._count = 0

    def call(self, service: str, operation: str, /, **params: Any) -> dict[str, Any]:
        name = f"{service}_{operation}"
        self.calls.append((name, copy.deepcopy(params)))
        if self.before.get(name):
            raise self.before[name].pop(0)
        reply: dict[str, Any] = getattr(self, name)(params)
        reply = reply if name == "s3_get_object" else copy.deepcopy(reply)
        if name in self.then:
            self.then.pop(name)()
        if self.after.get(name):
            raise self.after[name].pop(0)
        return reply

    def every(self, service: str, operation: str, /, **params: Any) -> Iterator[dict[str, Any]]:
        yield self.call(service, operation, **params)

    @contextmanager
    def permitted(self, allowed: frozenset[tuple[str, str]]) -> Iterator[None]:
        self.permissions.append(allowed)
        yield

    def sent(self, name: str) -> list[dict[str, Any]]:
        return [params for operation, params in self.calls if operation == name]

    def new(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}-{self.id[:4]}{self._count:08x}"

    def of(self, sort: str, identity: str, code: str) -> dict[str, Any]:
        if identity not in self.things[sort]:
            raise failed(code)
        return self.things[sort][identity]

    def resourcegroupstaggingapi_get_resources(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"ResourceTagMappingList": list(self.things.get("tagged", {}).values())}

    def ec2_describe_vpcs(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = params.get("VpcIds", list(self.things["vpc"]))
        return {"Vpcs": [self.of("vpc", name, "InvalidVpcID.NotFound") for name in wanted]}

    def ec2_create_vpc(self, params: dict[str, Any]) -> dict[str, Any]:
        vpc = {"VpcId": self.new("vpc"), "CidrBlock": params["CidrBlock"], "State": "available"}
        vpc |= {"EnableDnsSupport": False, "Tags": _tags(params)}
        self.things["vpc"][vpc["VpcId"]] = vpc
        return {"Vpc": vpc}

    def ec2_modify_vpc_attribute(self, params: dict[str, Any]) -> dict[str, Any]:
        self.of("vpc", params["VpcId"], "InvalidVpcID.NotFound")["EnableDnsSupport"] = params["EnableDnsSupport"]["Value"]
        return {}

    def ec2_delete_vpc(self, params: dict[str, Any]) -> dict[str, Any]:
        self.of("vpc", params["VpcId"], "InvalidVpcID.NotFound")
        del self.things["vpc"][params["VpcId"]]
        return {}

    def ec2_describe_security_groups(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"SecurityGroups": list(self.things["sg"].values())}

    def ec2_create_security_group(self, params: dict[str, Any]) -> dict[str, Any]:
        group: dict[str, Any] = {"GroupId": self.new("sg"), "Tags": _tags(params), "IpPermissions": []}
        group |= {name: params[name] for name in ("GroupName", "Description", "VpcId")}
        self.things["sg"][group["GroupId"]] = group
        return {"GroupId": group["GroupId"]}

    def ec2_authorize_security_group_ingress(self, params: dict[str, Any]) -> dict[str, Any]:
        rules = self.things["sg"][params["GroupId"]]["IpPermissions"]
        if any(rule in rules for rule in params["IpPermissions"]):
            raise failed("InvalidPermission.Duplicate")
        rules.extend(params["IpPermissions"])
        return {}

    def ec2_revoke_security_group_ingress(self, params: dict[str, Any]) -> dict[str, Any]:
        group = self.things["sg"][params["GroupId"]]
        group["IpPermissions"] = [rule for rule in group["IpPermissions"] if rule not in params["IpPermissions"]]
        return {}

    def ec2_delete_security_group(self, params: dict[str, Any]) -> dict[str, Any]:
        self.things["sg"].pop(params["GroupId"])
        return {}

    def logs_describe_log_groups(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"logGroups": list(self.things["log"].values())}

    def logs_create_log_group(self, params: dict[str, Any]) -> dict[str, Any]:
        name = params["logGroupName"]
        if name in self.things["log"]:
            raise failed("ResourceAlreadyExistsException")
        arn = f"arn:aws:logs:{self.region}:{self.id}:log-group:{name}"
        self.things["log"][name] = {"logGroupName": name, "arn": arn}
        return {}

    def logs_put_retention_policy(self, params: dict[str, Any]) -> dict[str, Any]:
        self.things["log"][params["logGroupName"]]["retentionInDays"] = params["retentionInDays"]
        return {}

    def logs_delete_log_group(self, params: dict[str, Any]) -> dict[str, Any]:
        self.of("log", params["logGroupName"], "ResourceNotFoundException")
        del self.things["log"][params["logGroupName"]]
        return {}

    def sqs_list_queues(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"QueueUrls": list(self.things["queue"])}

    def sqs_get_queue_attributes(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"Attributes": self.of("queue", params["QueueUrl"], "QueueDoesNotExist")}

    def sqs_create_queue(self, params: dict[str, Any]) -> dict[str, Any]:
        url = f"https://sqs.{self.region}.amazonaws.com/{self.id}/{params['QueueName']}"
        self.things["queue"].setdefault(url, dict(params.get("Attributes", {})))
        return {"QueueUrl": url}

    def sqs_delete_queue(self, params: dict[str, Any]) -> dict[str, Any]:
        self.of("queue", params["QueueUrl"], "QueueDoesNotExist")
        del self.things["queue"][params["QueueUrl"]]
        return {}

    def secretsmanager_list_secrets(self, params: dict[str, Any]) -> dict[str, Any]:
        listed = self.things["secret"].values()
        return {"SecretList": [{name: secret[name] for name in ("Name", "ARN", "Tags")} for secret in listed]}

    def secretsmanager_get_secret_value(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"SecretString": self.things["secret"][params["SecretId"]]["SecretString"]}

    def secretsmanager_create_secret(self, params: dict[str, Any]) -> dict[str, Any]:
        name = params["Name"]
        if name in self.things["secret"]:
            raise failed("ResourceExistsException")
        arn = f"arn:aws:secretsmanager:{self.region}:{self.id}:secret:{name}-AbCdEf"
        secret = {"Name": name, "ARN": arn, "SecretString": params["SecretString"], "Tags": params.get("Tags", [])}
        self.things["secret"][name] = secret
        return {"Name": name, "ARN": arn}

    def secretsmanager_delete_secret(self, params: dict[str, Any]) -> dict[str, Any]:
        self.things["secret"].pop(params["SecretId"])
        return {}

    def kms_list_keys(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"Keys": [{"KeyId": name} for name in self.things["key"]]}

    def kms_describe_key(self, params: dict[str, Any]) -> dict[str, Any]:
        key = self.of("key", params["KeyId"], "NotFoundException")
        return {"KeyMetadata": {name: value for name, value in key.items() if name != "Tags"}}

    def kms_list_resource_tags(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": self.things["key"][params["KeyId"]]["Tags"]}

    def kms_get_key_policy(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"Policy": self.of("key", params["KeyId"], "NotFoundException")["Policy"]}

    def kms_put_key_policy(self, params: dict[str, Any]) -> dict[str, Any]:
        self.of("key", params["KeyId"], "NotFoundException")["Policy"] = params["Policy"]
        return {}

    def kms_create_key(self, params: dict[str, Any]) -> dict[str, Any]:
        name = self.new("key")
        more = {field: value for field, value in params.items() if field not in ("Tags", "Policy")}
        key = {"KeyId": name, "Arn": f"arn:aws:kms:{self.region}:{self.id}:key/{name}", "Tags": params.get("Tags", [])}
        key |= {**more, "Policy": params["Policy"]}
        self.things["key"][name] = key
        return {"KeyMetadata": {name: value for name, value in key.items() if name not in ("Tags", "Policy")}}

    def kms_schedule_key_deletion(self, params: dict[str, Any]) -> dict[str, Any]:
        self.things["key"].pop(params["KeyId"].rsplit("/", 1)[-1])
        return {}

    def s3_list_buckets(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"Buckets": [{"Name": name} for name in self.things["bucket"]]}

    def s3_create_bucket(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["Bucket"] in self.things["bucket"]:
            raise failed("BucketAlreadyOwnedByYou")
        self.things["bucket"][params["Bucket"]] = {"CreateBucketConfiguration": params.get("CreateBucketConfiguration")}
        return {}

    def s3_put_bucket_encryption(self, params: dict[str, Any]) -> dict[str, Any]:
        self.things["bucket"][params.pop("Bucket")] |= params
        return {}

    def s3_get_bucket_encryption(self, params: dict[str, Any]) -> dict[str, Any]:
        return self.of("bucket", params["Bucket"], "NoSuchBucket")

    def s3_get_bucket_policy(self, params: dict[str, Any]) -> dict[str, Any]:
        bucket = self.of("bucket", params["Bucket"], "NoSuchBucket")
        if "Policy" not in bucket:
            raise failed("NoSuchBucketPolicy")
        return {"Policy": bucket["Policy"]}

    def s3_put_bucket_policy(self, params: dict[str, Any]) -> dict[str, Any]:
        self.things["bucket"][params["Bucket"]]["Policy"] = params["Policy"]
        return {}

    def s3_delete_bucket_policy(self, params: dict[str, Any]) -> dict[str, Any]:
        del self.things["bucket"][params["Bucket"]]["Policy"]
        return {}

    def s3_put_object(self, params: dict[str, Any]) -> dict[str, Any]:
        self.things["object"][f"{params['Bucket']}/{params['Key']}"] = {"Body": params["Body"]}
        return {}

    def s3_get_object(self, params: dict[str, Any]) -> dict[str, Any]:
        held = self.of("object", f"{params['Bucket']}/{params['Key']}", "NoSuchKey")
        return {"Body": io.BytesIO(held["Body"])}

    def s3_delete_bucket(self, params: dict[str, Any]) -> dict[str, Any]:
        del self.things["bucket"][params["Bucket"]]
        return {}

    def rds_describe_db_instances(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"DBInstances": list(self.things["db"].values())}

    def rds_restore_db_instance_from_db_snapshot(self, params: dict[str, Any]) -> dict[str, Any]:
        self.of("snapshot", params["DBSnapshotIdentifier"], "DBSnapshotNotFound")
        name = params["DBInstanceIdentifier"]
        database = {"DBInstanceIdentifier": name, "DBInstanceClass": params["DBInstanceClass"]}
        self.things["db"][name] = database
        return {"DBInstance": database}

    def rds_delete_db_instance(self, params: dict[str, Any]) -> dict[str, Any]:
        del self.things["db"][params["DBInstanceIdentifier"]]
        return {}

    def rds_create_db_snapshot(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._snapshot(params["DBSnapshotIdentifier"])

    def rds_copy_db_snapshot(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._snapshot(params["TargetDBSnapshotIdentifier"])

    def _snapshot(self, name: str) -> dict[str, Any]:
        if name in self.things["snapshot"]:
            raise failed("DBSnapshotAlreadyExists")
        self.things["snapshot"][name] = {"DBSnapshotIdentifier": name, "Status": "available", "Shared": []}
        return {"DBSnapshot": self.things["snapshot"][name]}

    def rds_describe_db_snapshots(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"DBSnapshots": [self.of("snapshot", params["DBSnapshotIdentifier"], "DBSnapshotNotFound")]}

    def rds_modify_db_snapshot_attribute(self, params: dict[str, Any]) -> dict[str, Any]:
        snapshot = self.of("snapshot", params["DBSnapshotIdentifier"], "DBSnapshotNotFound")
        snapshot["Shared"] = [
            *(name for name in snapshot["Shared"] if name not in params.get("ValuesToRemove", ())),
            *params.get("ValuesToAdd", ()),
        ]
        return {"DBSnapshotAttributesResult": {"DBSnapshotIdentifier": params["DBSnapshotIdentifier"]}}

    def rds_delete_db_snapshot(self, params: dict[str, Any]) -> dict[str, Any]:
        self.of("snapshot", params["DBSnapshotIdentifier"], "DBSnapshotNotFound")
        del self.things["snapshot"][params["DBSnapshotIdentifier"]]
        return {}


def _tags(params: Mapping[str, Any]) -> list[dict[str, str]]:
    return [tag for part in params.get("TagSpecifications", ()) for tag in part["Tags"]]
