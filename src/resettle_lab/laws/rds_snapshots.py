"""Law: how a DB snapshot is shared, seen and copied between accounts; it never restores one."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws import _keys
from resettle_lab.laws._pace import begin, look
from resettle_lab.laws._policy import Caller, caller_of
from resettle_lab.laws.rds_instances import key_not_accessible, own_key, require_available
from resettle_lab.world import AwsError, World, aws_error

_ARN = re.compile(r"arn:aws:rds:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):snapshot:(?P<name>.+)")
_CARRIED = (
    "availability_zone",
    "iops",
    "license_model",
    "option_group_name",
    "storage_throughput",
    "storage_type",
    "dedicated_log_volume",
)
# AWS page "Sharing encrypted snapshots": what the copier must be able to do with the source's key.
_NEEDED_OF_KEY = ("DescribeKey", "Decrypt", "CreateGrant")


def install(world: World) -> None:
    """Completes snapshots and judges sharing, describing, copying and deleting them."""
    from moto.rds.models import DBSnapshot, RDSBackend
    from moto.rds.responses import RDSResponse

    world.patch(DBSnapshot, "__init__", lambda original: _complete(original, world))
    world.patch(RDSBackend, "create_db_snapshot", _of_available)
    world.patch(RDSBackend, "delete_db_instance", _final_of_available)
    world.patch(RDSBackend, "delete_db_snapshot", _manual_only)
    world.patch(RDSBackend, "modify_db_snapshot_attribute", _shareable)
    world.patch(RDSResponse, "describe_db_snapshots", _described)
    world.patch(RDSResponse, "copy_db_snapshot", lambda original: lambda response: _copied(response, world))
    world.patch(RDSResponse, "delete_db_snapshot", _deleted_by_hand)


def not_found(name: str) -> AwsError:
    """What everybody is told who may not see a snapshot."""
    return aws_error("DBSnapshotNotFound", f"DBSnapshot {name} not found.", 404)


def wrong_state(message: str) -> AwsError:
    """The snapshot's state, kind or encryption forbids it."""
    return aws_error("InvalidDBSnapshotState", message, 400)


def _complete(original: Callable[..., None], world: World) -> Callable[..., None]:
    def __init__(snapshot: Any, backend: Any, database: Any, *arguments: Any, **named: Any) -> None:
        original(snapshot, backend, database, *arguments, **named)
        for name in _CARRIED:
            setattr(snapshot, name, getattr(database, name, None))
        group = getattr(database, "db_subnet_group", None)
        snapshot.vpc_id = None if group is None else group.vpc_id
        snapshot.snapshot_target = "region"
        snapshot.percent_progress = 100
        snapshot.snapshot_database_time = snapshot.created
        snapshot.timezone = getattr(database, "timezone", None)
        begin(world, snapshot, now="creating", then="available")

    return __init__


def _of_available(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_db_snapshot(backend: Any, db_instance_identifier: str, *arguments: Any, **named: Any) -> Any:
        instance = backend.databases.get(db_instance_identifier)
        automated = named.get("snapshot_type") == "automated"
        if instance is not None and not automated:
            require_available(instance)
        made = original(backend, db_instance_identifier, *arguments, **named)
        if automated:
            made.status, made.lab_pace = "available", None
        return made

    return create_db_snapshot


def _final_of_available(original: Callable[..., Any]) -> Callable[..., Any]:
    """The final snapshot outlives its instance, so it is available when the instance is gone."""

    def delete_db_instance(backend: Any, *arguments: Any, **named: Any) -> Any:
        deleted = original(backend, *arguments, **named)
        final = named.get("final_db_snapshot_identifier")
        if final and final in backend.database_snapshots:
            kept = backend.database_snapshots[final]
            kept.status, kept.lab_pace = "available", None
        return deleted

    return delete_db_instance


def _manual_only(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_db_snapshot(backend: Any, db_snapshot_identifier: str) -> Any:
        removed = original(backend, db_snapshot_identifier)
        removed.status = "deleted"
        return removed

    return delete_db_snapshot


def _deleted_by_hand(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def delete_db_snapshot(response: Any) -> Any:
        name = response.params["DBSnapshotIdentifier"]
        found = response.backend.database_snapshots.get(name)
        if found is not None and found.snapshot_type == "automated":
            raise wrong_state("Only manual snapshots may be deleted.")
        return original(response)

    return delete_db_snapshot


def _shareable(original: Callable[..., Any]) -> Callable[..., Any]:
    def modify_db_snapshot_attribute(
        backend: Any,
        db_snapshot_identifier: str,
        attribute_name: str,
        values_to_add: list[str] | None = None,
        values_to_remove: list[str] | None = None,
    ) -> Any:
        snapshot = backend.database_snapshots.get(db_snapshot_identifier)
        if snapshot is None:
            raise not_found(db_snapshot_identifier)
        _check_share(backend, snapshot, values_to_add or [])
        return original(backend, db_snapshot_identifier, attribute_name, values_to_add, values_to_remove)

    return modify_db_snapshot_attribute


def _check_share(backend: Any, snapshot: Any, accounts: list[str]) -> None:
    if snapshot.snapshot_type != "manual":
        raise wrong_state("Cannot share an automated snapshot; copy it to a manual snapshot first.")
    if snapshot.status != "available":
        raise wrong_state(f"Snapshot {snapshot.db_snapshot_identifier} is not in available state.")
    if not all(re.fullmatch(r"\d{12}|all", one) for one in accounts):
        raise aws_error("InvalidParameterValue", f"Invalid account ids: {accounts}", 400)
    if not accounts or not snapshot.encrypted:
        return
    key = _keys.find(snapshot.kms_key_id, account=backend.account_id, region=backend.region_name)
    if key is None or key.key_manager == "AWS":
        raise wrong_state("Cannot share a snapshot encrypted using the default KMS key.")
    if "all" in accounts:
        raise wrong_state("Cannot share an encrypted snapshot publicly.")


def visible(name: str, *, account: str, region: str) -> Any | None:
    """The snapshot that `account` may use by this id or ARN: its own, or one shared with it and named by ARN."""
    from moto.rds.models import rds_backends

    match = _ARN.fullmatch(name)
    if match is None:
        return rds_backends[account][region].database_snapshots.get(name)
    if match["region"] != region:
        return None
    found = rds_backends[match["account"]][region].database_snapshots.get(match["name"])
    if found is None or match["account"] == account:
        return found
    return found if {account, "all"} & set(found.attributes["restore"]) else None


def _described(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def describe_db_snapshots(response: Any) -> Any:
        from moto.core.responses import PaginatedResult

        params = response.params
        asked = params.get("DBSnapshotIdentifier") or ""
        kind = params.get("SnapshotType")
        shared = kind == "shared" or str(params.get("IncludeShared", "")).lower() == "true"
        found = [_as_shared(one) for one in _shared_with(response, params)] if shared else []
        if kind != "shared" and not (shared and _is_foreign(asked, response)):
            found += _own(response, params, asked)
        if asked and not found:
            raise not_found(asked)
        for one in found:
            look(one)
        return PaginatedResult({"DBSnapshots": found})

    return describe_db_snapshots


def _is_foreign(name: str, response: Any) -> bool:
    match = _ARN.fullmatch(name)
    return match is not None and match["account"] != response.current_account


def _own(response: Any, params: Any, asked: str) -> list[Any]:
    match = _ARN.fullmatch(asked)
    if match is not None and match["account"] != response.current_account:
        raise not_found(asked)
    filters = {one["Name"]: one["Values"] for one in params.get("Filters", [])}
    name = match["name"] if match is not None else asked or None
    found: list[Any] = response.backend.describe_db_snapshots(
        params.get("DBInstanceIdentifier"), name, params.get("SnapshotType"), filters
    )
    resource = params.get("DbiResourceId")
    return [one for one in found if resource in (None, one.dbi_resource_id)]


def _shared_with(response: Any, params: Any) -> list[Any]:
    from moto.rds.models import rds_backends

    account, region = response.current_account, response.region
    asked, instance = params.get("DBSnapshotIdentifier"), params.get("DBInstanceIdentifier")
    found: list[Any] = []
    for owner in list(rds_backends):
        if owner == account:
            continue
        for one in rds_backends[owner][region].database_snapshots.values():
            named = asked in (None, one.arn) and instance in (None, one.db_instance_identifier)
            if named and account in one.attributes["restore"]:
                found.append(one)
    return found


def _as_shared(snapshot: Any) -> Any:
    """AWS shows another's snapshot under its ARN, as of type shared, and without its tags."""
    shown = copy.copy(snapshot)
    shown._db_snapshot_identifier = snapshot.arn
    shown.__class__ = _shared_class()
    shown.snapshot_type = "shared"
    shown.tags = []
    return shown


def _shared_class() -> type[Any]:
    from moto.rds.models import DBSnapshot

    class SharedSnapshot(DBSnapshot):  # type: ignore[misc]
        @property
        def arn(self) -> str:
            return str(self._db_snapshot_identifier)

    return SharedSnapshot


def _copied(response: Any, world: World) -> Any:
    from moto.core.responses import ActionResult
    from moto.rds.exceptions import DBSnapshotAlreadyExistsError

    params, backend = response.params, response.backend
    name = params["TargetDBSnapshotIdentifier"]
    backend.validate_db_snapshot_identifier(name, parameter_name="TargetDBSnapshotIdentifier")
    original = visible(params["SourceDBSnapshotIdentifier"], account=backend.account_id, region=backend.region_name)
    if original is None:
        raise not_found(params["SourceDBSnapshotIdentifier"])
    if name in backend.database_snapshots:
        raise DBSnapshotAlreadyExistsError(name)
    if original.status != "available":
        raise wrong_state(f"Snapshot {original.db_snapshot_identifier} is not in available state.")
    key = _copys_key(caller_of(response), original, params.get("KmsKeyId"), backend)
    foreign = original.account_id != backend.account_id
    tags = params.get("Tags") or ([] if foreign or not params.get("CopyTags") else original.tags)
    made = _make_copy(backend, original, name, key, tags)
    if foreign and not params.get("CopyOptionGroup"):
        made.option_group_name = _default_option_group(original)
    backend.database_snapshots[name] = made
    begin(world, made, now="copying", then="available")
    return ActionResult({"DBSnapshot": made})


def _copys_key(caller: Caller, original: Any, asked: str | None, backend: Any) -> str | None:
    """The ARN of the key that the copy will be under; raises where the caller can use neither key."""
    foreign = original.account_id != backend.account_id
    if not original.encrypted:
        return None if asked is None else str(_destination(asked, backend).arn)
    if foreign:
        source = _keys.find(original.kms_key_id, account=original.account_id, region=original.region)
        usable = source is not None and source.enabled
        if not usable or not all(_keys.may(caller, source, action, via="rds") for action in _NEEDED_OF_KEY):
            raise key_not_accessible(original.kms_key_id)
        if asked is None:
            # CopyDBSnapshot: "you must specify a value" for a shared encrypted snapshot; the page does not name the code.
            raise aws_error("InvalidParameterCombination", "KmsKeyId is required to copy this shared snapshot.", 400)
    elif asked is None:
        return str(original.kms_key_id)
    return str(_destination(asked, backend).arn)


def _destination(asked: str, backend: Any) -> Any:
    key = own_key(asked, account=backend.account_id, region=backend.region_name)
    if key.account_id != backend.account_id and key.key_manager == "AWS":
        raise key_not_accessible(asked)
    return key


def _make_copy(backend: Any, original: Any, name: str, key: str | None, tags: list[dict[str, str]]) -> Any:
    from moto.rds.models import DBSnapshot

    made = DBSnapshot(
        backend,
        original.database,
        name,
        tags=tags,
        original_created_at=original.original_snapshot_create_time,
        kms_key_id=key,
    )
    made.tags = tags
    made.kms_key_id = key
    made.encrypted = made.storage_encrypted = key is not None
    made.source_db_snapshot_identifier = original.arn
    made.source_region = original.region
    for kept in (*_CARRIED, "allocated_storage", "dbi_resource_id", "vpc_id", "instance_create_time"):
        setattr(made, kept, getattr(original, kept))
    made.resettle_rows = getattr(original, "resettle_rows", None)
    return made


def _default_option_group(snapshot: Any) -> str:
    major = "-".join(str(snapshot.engine_version).split(".")[:2])
    return f"default:{snapshot.engine}-{major}"


LAW = Law(
    name="rds-snapshots",
    rule="A manual snapshot is unseen by others until shared; one under an AWS-managed key cannot be shared; an encrypted one "
    "is copied by who may use its key, and the copy lies under the copier's key.",
    source="Amazon RDS User Guide: Sharing a DB snapshot for Amazon RDS; Sharing encrypted snapshots; Copying a DB snapshot; "
    "API reference: CopyDBSnapshot, DescribeDBSnapshots, ModifyDBSnapshotAttribute",
    install=install,
)
