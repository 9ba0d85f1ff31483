"""Law: what a DB instance is and says of itself; it never runs a database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws import _keys
from resettle_lab.laws._pace import begin, look
from resettle_lab.world import AwsError, World, aws_error

CERTIFICATE = "rds-ca-rsa2048-g1"
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
# AWS page "Amazon RDS endpoints": the hosted zone of the endpoints of a region is the same for everyone.
_HOSTED_ZONES = {"ap-northeast-2": "ZLA2NUCOLGUUR", "us-east-1": "Z2R2ITUGPM61AM", "ap-northeast-1": "Z24O6O9L7SGTNB"}
_MODIFIED_NAMES = {"db_port_number": "port", "enable_performance_insights": "performance_insights_enabled"}


def install(world: World) -> None:
    """Completes instances as they are made, slows them down, and refuses what their state or network forbids."""
    from moto.rds.models import DBInstance, RDSBackend

    world.patch(DBInstance, "__init__", lambda original: _complete(original, world))
    world.patch(DBInstance, "address", lambda original: property(_address))
    world.patch(DBInstance, "endpoint", lambda original: property(_endpoint))
    world.patch(DBInstance, "update", _updated)
    world.patch(RDSBackend, "describe_db_instances", _looked_at)
    world.patch(RDSBackend, "modify_db_instance", _available_only)
    world.patch(RDSBackend, "delete_db_instance", _final_snapshot_decided)


def key_not_accessible(name: str) -> AwsError:
    """What RDS says of a key that the caller cannot use, for whatever reason."""
    message = f"The specified KMS key [{name}] does not exist, is not enabled or you do not have permissions to access it."
    return aws_error("KMSKeyNotAccessibleFault", message, 400)


def own_key(name: str | None, *, account: str, region: str) -> Any:
    """The key under which RDS of `account` would store something: the named one, else the account's aws/rds."""
    key = _keys.find(name or "alias/aws/rds", account=account, region=region)
    if key is None or not key.enabled:
        raise key_not_accessible(name or "alias/aws/rds")
    return key


def _complete(original: Callable[..., None], world: World) -> Callable[..., None]:
    def __init__(instance: Any, backend: Any, **asked: Any) -> None:
        if asked.get("db_cluster_identifier") is None:
            _prepare(backend, asked)
        original(instance, backend, **asked)
        seed = f"{backend.account_id}{backend.region_name}{instance.db_instance_identifier}{instance.created.timestamp()}"
        instance.dbi_resource_id = "db-" + hashlib.sha256(seed.encode()).hexdigest()[:26].upper()
        _describe_more(instance, asked)
        begin(world, instance, now="creating", then="available")

    return __init__


def _prepare(backend: Any, asked: dict[str, Any]) -> None:
    where = {"account": backend.account_id, "region": backend.region_name}
    if asked.get("storage_encrypted"):
        asked["kms_key_id"] = own_key(asked.get("kms_key_id"), **where).arn
    if asked.get("enable_performance_insights"):
        asked["performance_insights_kms_key_id"] = own_key(asked.get("performance_insights_kms_key_id"), **where).arn
    asked["ca_certificate_identifier"] = asked.get("ca_certificate_identifier") or CERTIFICATE
    group = _subnet_group(backend, asked.get("db_subnet_group_name"))
    if group is not None:
        _place(group, asked)
        _join_groups(backend, group, asked)
    if asked.get("storage_type") == "gp3":
        asked["iops"] = asked.get("iops") or 3000
        asked["storage_throughput"] = asked.get("storage_throughput") or 125


def _subnet_group(backend: Any, name: str | None) -> Any | None:
    if not name:
        return None
    group = backend.subnet_groups.get(name)
    if group is None:
        raise aws_error("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.", 404)
    return group


def _place(group: Any, asked: dict[str, Any]) -> None:
    zones = [subnet.availability_zone for subnet in group._subnets]
    wanted = asked.get("availability_zone")
    if wanted and wanted not in zones:
        message = f"Cannot create a db instance with an availability zone {wanted} outside its DB subnet group."
        raise aws_error("InvalidVPCNetworkStateFault", message, 400)
    asked["availability_zone"] = wanted or zones[0]


def _join_groups(backend: Any, group: Any, asked: dict[str, Any]) -> None:
    """AWS page "CreateDBInstance": without security groups the VPC's default one is taken; all must be of that VPC."""
    from moto.ec2.models import ec2_backends

    ec2 = ec2_backends[backend.account_id][backend.region_name]
    names = asked.get("vpc_security_group_ids") or [ec2.get_default_security_group(group.vpc_id).id]
    asked["vpc_security_group_ids"] = names
    for name in names:
        found = ec2.get_security_group_from_id(name)
        if found is None:
            raise aws_error("InvalidParameterValue", f"Invalid security group , groupId= {name}, groupName=.", 400)
        if found.vpc_id != group.vpc_id:
            message = "The DB instance and EC2 security group are in different VPCs."
            raise aws_error("InvalidVPCNetworkStateFault", message, 400)


def _describe_more(instance: Any, asked: dict[str, Any]) -> None:
    enabled = bool(asked.get("enable_performance_insights"))
    instance.performance_insights_enabled = enabled
    instance.performance_insights_kms_key_id = asked.get("performance_insights_kms_key_id") if enabled else None
    retention = asked.get("performance_insights_retention_period") or 7
    instance.performance_insights_retention_period = retention if enabled else None
    instance.database_insights_mode = asked.get("database_insights_mode") or "standard"
    instance.network_type = asked.get("network_type") or "IPV4"
    instance.backup_target = asked.get("backup_target") or "region"
    instance.dedicated_log_volume = bool(asked.get("dedicated_log_volume"))
    instance.engine_lifecycle_support = asked.get("engine_lifecycle_support") or "open-source-rds-extended-support"
    instance.publicly_accessible = bool(instance.publicly_accessible)
    instance.customer_owned_ip_enabled = False
    instance.certificate_details = {"CAIdentifier": instance.ca_certificate_identifier}


def address_hash(account: str, region: str) -> str:
    """The twelve characters in every RDS endpoint of one account in one region."""
    digest = hashlib.sha256(f"{account}/{region}".encode()).digest()
    return "c" + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:11])


def _address(instance: Any) -> str:
    shared = address_hash(instance.account_id, instance.region)
    return f"{instance.db_instance_identifier}.{shared}.{instance.region}.rds.amazonaws.com"


def _endpoint(instance: Any) -> dict[str, Any] | None:
    """An instance that is still being created has no endpoint yet."""
    if instance.status == "creating":
        return None
    zone = _HOSTED_ZONES.get(instance.region, "Z" + address_hash("", instance.region).upper())
    return {"Address": instance.address, "Port": instance.port, "HostedZoneId": zone}


def _updated(original: Callable[..., None]) -> Callable[..., None]:
    """ModifyDBInstance names some fields otherwise than DescribeDBInstances does."""

    def update(instance: Any, **asked: Any) -> None:
        renamed = {_MODIFIED_NAMES.get(name, name): value for name, value in asked.items()}
        if renamed.get("performance_insights_enabled"):
            where = {"account": instance.account_id, "region": instance.region}
            renamed["performance_insights_kms_key_id"] = own_key(renamed.get("performance_insights_kms_key_id"), **where).arn
            kept = instance.performance_insights_retention_period or 7
            renamed["performance_insights_retention_period"] = renamed.get("performance_insights_retention_period") or kept
        original(instance, **renamed)
        instance.certificate_details = {"CAIdentifier": instance.ca_certificate_identifier}

    return update


def _looked_at(original: Callable[..., Any]) -> Callable[..., Any]:
    def describe_db_instances(backend: Any, *arguments: Any, **named: Any) -> Any:
        found = original(backend, *arguments, **named)
        if named.pop("filters", None) is not None:  # only the API's own describe passes filters; moto's inner ones do not
            for instance in found:
                look(instance)
        return found

    return describe_db_instances


def require_available(instance: Any) -> None:
    """Raises InvalidDBInstanceState unless the instance is available."""
    if instance.status != "available":
        message = f"Database instance {instance.db_instance_identifier} is not in available state."
        raise aws_error("InvalidDBInstanceState", message, 400)


def _available_only(original: Callable[..., Any]) -> Callable[..., Any]:
    def modify_db_instance(backend: Any, db_instance_identifier: str, db_kwargs: Any) -> Any:
        instance = backend.databases.get(db_instance_identifier)
        if instance is not None:
            require_available(instance)
        return original(backend, db_instance_identifier, db_kwargs)

    return modify_db_instance


def _final_snapshot_decided(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_db_instance(backend: Any, db_instance_identifier: str, **named: Any) -> Any:
        final = named.get("final_db_snapshot_identifier")
        skip = bool(named.get("skip_final_snapshot"))
        if db_instance_identifier in backend.databases and bool(final) == skip:
            message = (
                "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is set to true."
                if skip
                else "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            )
            raise aws_error("InvalidParameterCombination", message, 400)
        return original(backend, db_instance_identifier, **named)

    return delete_db_instance


LAW = Law(
    name="rds-instances",
    rule="An instance passes through creating, has an endpoint that differs per account, keeps its key as ARN, and its "
    "groups and zone belong to its subnet group's VPC.",
    source="Amazon RDS API reference: CreateDBInstance, ModifyDBInstance, DeleteDBInstance, DBInstance; Amazon RDS User "
    "Guide: Encrypting Amazon RDS resources",
    install=install,
)
