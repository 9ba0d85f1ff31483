"""Law: what a DB subnet group must cover, and what a parameter group says of each parameter; it knows no whole catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.world import AwsError, World, aws_error

# A few parameters of each kind that the engines' families really have: enough to tell defaults from choices.
_STATIC = {
    "innodb_buffer_pool_instances",
    "innodb_log_file_size",
    "lower_case_table_names",
    "max_prepared_transactions",
    "performance_schema",
    "rds.logical_replication",
    "shared_buffers",
    "shared_preload_libraries",
    "skip_name_resolve",
    "wal_buffers",
}
_DEFAULTS: dict[str, dict[str, tuple[str | None, str]]] = {
    "mysql": {
        "basedir": ("/rdsdbbin/mysql", "system"),
        "character_set_server": (None, "engine-default"),
        "innodb_buffer_pool_size": ("{DBInstanceClassMemory*3/4}", "system"),
        "long_query_time": (None, "engine-default"),
        "lower_case_table_names": (None, "engine-default"),
        "max_connections": ("{DBInstanceClassMemory/12582880}", "system"),
        "performance_schema": ("0", "system"),
        "slow_query_log": (None, "engine-default"),
        "time_zone": (None, "engine-default"),
    },
    "postgres": {
        "log_min_duration_statement": (None, "engine-default"),
        "max_connections": ("LEAST({DBInstanceClassMemory/9531392},5000)", "system"),
        "rds.force_ssl": ("1", "system"),
        "shared_buffers": ("{DBInstanceClassMemory/32768}", "system"),
    },
}
_AT_ONCE = 20


def install(world: World) -> None:
    """Checks subnet groups and parameter groups, and tells where each parameter's value comes from."""
    from moto.rds.models import DBParameterGroup, RDSBackend
    from moto.rds.responses import RDSResponse

    world.patch(RDSResponse, "create_db_subnet_group", lambda original: _subnets_checked(original, new=True))
    world.patch(RDSResponse, "modify_db_subnet_group", lambda original: _subnets_checked(original, new=False))
    world.patch(RDSBackend, "modify_db_subnet_group", lambda original: _modify_subnet_group)
    world.patch(RDSBackend, "delete_subnet_group", _unused_subnet_group)
    world.patch(RDSBackend, "delete_db_parameter_group", _unused_parameter_group)
    world.patch(RDSBackend, "describe_db_parameter_groups", _named_exists)
    world.patch(RDSBackend, "modify_db_parameter_group", _parameters_checked)
    world.patch(RDSResponse, "describe_db_parameters", lambda original: _describe_parameters)
    world.patch(DBParameterGroup, "update_parameters", _as_users)


def _subnets_checked(original: Callable[[Any], Any], *, new: bool) -> Callable[[Any], Any]:
    def checked(response: Any) -> Any:
        name = str(response.params.get("DBSubnetGroupName", "")).lower()
        known = response.backend.subnet_groups
        if new and name in known:
            raise aws_error("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.", 400)
        if new and name == "default":
            raise aws_error("InvalidParameterValue", "default is a reserved name for DB subnet groups.", 400)
        if not new and name not in known:
            raise aws_error("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' not found.", 404)
        _check_cover(response.current_account, response.region, response.params.get("SubnetIds", []))
        return original(response)

    return checked


def _check_cover(account: str, region: str, names: list[str]) -> None:
    from moto.ec2.models import ec2_backends

    zones = ec2_backends[account][region].subnets
    held = {subnet.id: subnet for by_id in zones.values() for subnet in by_id.values()}
    absent = [name for name in names if name not in held]
    if absent:
        raise aws_error("InvalidSubnet", f"Some input subnets in :[{', '.join(absent)}] are invalid.", 400)
    subnets = [held[name] for name in names]
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise aws_error("InvalidSubnet", "Not all of the subnets are in the same VPC.", 400)
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        message = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Add subnets for 2 AZs."
        raise aws_error("DBSubnetGroupDoesNotCoverEnoughAZs", message, 400)


def _modify_subnet_group(backend: Any, subnet_name: str, description: str | None, subnets: list[Any]) -> Any:
    """moto forgets the group that it modifies; a subnet in use by an instance must stay."""
    group = backend.subnet_groups[subnet_name]
    kept = {subnet.availability_zone for subnet in subnets}
    for instance in backend.databases.values():
        if getattr(instance, "db_subnet_group", None) is group and instance.availability_zone not in kept:
            raise aws_error("SubnetAlreadyInUse", "Some of the subnets to be deleted are currently in use.", 400)
    group.subnets = subnets
    if description is not None:
        group.description = description
    return group


def _unused_subnet_group(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_subnet_group(backend: Any, subnet_name: str) -> Any:
        group = backend.subnet_groups.get(subnet_name)
        users = [one for one in backend.databases.values() if getattr(one, "db_subnet_group", None) is group]
        if group is not None and users:
            message = f"Cannot delete the subnet group '{subnet_name}' because at least one database instance is using it."
            raise aws_error("InvalidDBSubnetGroupStateFault", message, 400)
        return original(backend, subnet_name)

    return delete_subnet_group


def _unused_parameter_group(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_db_parameter_group(backend: Any, db_parameter_group_name: str) -> Any:
        name = db_parameter_group_name.lower()
        used = any((one.db_parameter_group_name or "").lower() == name for one in backend.databases.values())
        if name.startswith("default.") or used:
            message = "The parameter group is a default one or is still in use by a database instance."
            raise aws_error("InvalidDBParameterGroupState", message, 400)
        return original(backend, db_parameter_group_name)

    return delete_db_parameter_group


def _absent(name: str) -> AwsError:
    return aws_error("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}", 404)


def _named_exists(original: Callable[..., Any]) -> Callable[..., Any]:
    def describe_db_parameter_groups(backend: Any, asked: Any) -> Any:
        name = asked.get("db_parameter_group_name")
        found = original(backend, asked)
        if name and not found:
            found = [one for one in backend.db_parameter_groups.values() if one.name == name.lower()]
        if name and not found:
            raise _absent(name)
        for group in found:
            group.db_parameter_group_arn = group.arn
        return found

    return describe_db_parameter_groups


def _parameters_checked(original: Callable[..., Any]) -> Callable[..., Any]:
    def modify_db_parameter_group(backend: Any, db_parameter_group_name: str, db_parameter_group_parameters: Any) -> Any:
        parameters = list(db_parameter_group_parameters)
        if db_parameter_group_name.startswith("default."):
            raise aws_error("InvalidParameterValue", "default parameter groups cannot be modified.", 400)
        if len(parameters) > _AT_ONCE:
            raise aws_error("InvalidParameterValue", "A maximum of 20 parameters can be modified in a single request.", 400)
        for one in parameters:
            if one["ParameterName"] in _STATIC and one.get("ApplyMethod") == "immediate":
                message = f"cannot use immediate apply method for static parameter: {one['ParameterName']}"
                raise aws_error("InvalidParameterCombination", message, 400)
        return original(backend, db_parameter_group_name, parameters)

    return modify_db_parameter_group


def _as_users(original: Callable[..., None]) -> Callable[..., None]:
    def update_parameters(group: Any, new_parameters: Any) -> None:
        named = [{"Source": "user", **_shape(one["ParameterName"]), **one} for one in new_parameters]
        original(group, named)

    return update_parameters


def _shape(name: str) -> dict[str, Any]:
    return {"ApplyType": "static" if name in _STATIC else "dynamic", "DataType": "string", "IsModifiable": True}


def _describe_parameters(response: Any) -> Any:
    from moto.core.responses import PaginatedResult

    name = response.params.get("DBParameterGroupName")
    group = response.backend.describe_db_parameter_groups({"db_parameter_group_name": name})[0]
    told = {one: _default(one, *held) for one, held in _family_defaults(group.family).items()}
    told |= {str(one["ParameterName"]): dict(one) for one in group.parameters.values()}
    asked = response.params.get("Source")
    return PaginatedResult({"Parameters": [one for one in told.values() if asked in (None, "", one["Source"])]})


def _family_defaults(family: str) -> dict[str, tuple[str | None, str]]:
    return next((held for engine, held in _DEFAULTS.items() if family.startswith(engine)), {})


def _default(name: str, value: str | None, source: str) -> dict[str, Any]:
    told = {"ParameterName": name, "Source": source, "ApplyMethod": "pending-reboot", **_shape(name)}
    return told if value is None else {**told, "ParameterValue": value}


LAW = Law(
    name="rds-groups",
    rule="A DB subnet group covers two zones of one VPC; groups in use are not deleted; each parameter says whether its value "
    "is the user's, the system's or the engine's default; static ones are not applied immediately.",
    source="Amazon RDS User Guide: Working with a DB instance in a VPC; Working with DB parameter groups; API reference: "
    "CreateDBSubnetGroup, DescribeDBParameters, ModifyDBParameterGroup",
    install=install,
)
