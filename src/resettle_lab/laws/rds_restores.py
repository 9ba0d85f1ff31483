"""Law: what a restored DB instance takes from its snapshot and what it takes from AWS's defaults; it never guesses more."""

from __future__ import annotations

from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws.rds_snapshots import not_found, visible, wrong_state
from resettle_lab.world import World, aws_error

# AWS page "Restoring to a DB instance": what the snapshot carries, by the name that the new instance knows it by.
_CARRIED = {
    "allocated_storage": "allocated_storage",
    "engine": "engine",
    "engine_version": "engine_version",
    "iops": "iops",
    "license_model": "license_model",
    "master_username": "master_username",
    "port": "port",
    "storage_throughput": "storage_throughput",
    "storage_type": "storage_type",
}
_NEVER_SENT = {"db_snapshot_identifier", "db_cluster_snapshot_identifier", "kms_key_id", "storage_encrypted"}


def install(world: World) -> None:
    """Replaces moto's restore, which clones the instance that the snapshot was taken of."""
    from moto.rds.models import RDSBackend

    world.patch(RDSBackend, "restore_db_instance_from_db_snapshot", lambda original: _restore)


def _restore(backend: Any, from_snapshot_id: str, overrides: Any) -> Any:
    from moto.rds.exceptions import DBInstanceAlreadyExists

    snapshot = visible(from_snapshot_id, account=backend.account_id, region=backend.region_name)
    if snapshot is None:
        raise not_found(from_snapshot_id)
    name = overrides["db_instance_identifier"]
    if name in backend.databases:
        raise DBInstanceAlreadyExists()
    _check_usable(backend, snapshot, overrides)
    wanted = _from_snapshot(backend, snapshot)
    wanted.update({key: value for key, value in overrides.items() if value is not None and key not in _NEVER_SENT})
    made = backend.create_db_instance(wanted)
    made._master_user_password = snapshot.database._master_user_password
    made.resettle_rows = getattr(snapshot, "resettle_rows", None)
    return made


def _check_usable(backend: Any, snapshot: Any, overrides: Any) -> None:
    if snapshot.status != "available":
        raise wrong_state(f"Snapshot {snapshot.db_snapshot_identifier} is not in available state.")
    if snapshot.encrypted and snapshot.account_id != backend.account_id:
        # AWS page "Sharing encrypted snapshots": a shared encrypted snapshot must be copied first.
        raise wrong_state("Cannot restore a shared encrypted snapshot; copy it first.")
    asked = overrides.get("allocated_storage")
    if asked is not None and int(asked) < int(snapshot.allocated_storage):
        message = "The allocated storage size can't be less than the source snapshot or backup size."
        raise aws_error("InvalidParameterValue", message, 400)


def _from_snapshot(backend: Any, snapshot: Any) -> dict[str, Any]:
    database = snapshot.database
    wanted = {target: getattr(snapshot, held, None) for held, target in _CARRIED.items()}
    wanted["db_name"] = database.db_name
    wanted["character_set_name"] = database.character_set_name
    wanted["db_instance_class"] = database.db_instance_class
    wanted["backup_retention_period"] = database.backup_retention_period
    if snapshot.option_group_name in backend.option_groups:
        wanted["option_group_name"] = snapshot.option_group_name
    wanted["storage_encrypted"] = snapshot.encrypted
    if snapshot.encrypted:
        wanted["kms_key_id"] = snapshot.kms_key_id
    return wanted


LAW = Law(
    name="rds-restores",
    rule="A restored instance takes engine, storage, master user, encryption and backup retention from the snapshot, and AWS's "
    "defaults for groups, zones, protection, monitoring and logs; it never takes a key in the call.",
    source="Amazon RDS User Guide: Restoring to a DB instance; API reference: RestoreDBInstanceFromDBSnapshot",
    install=install,
)
