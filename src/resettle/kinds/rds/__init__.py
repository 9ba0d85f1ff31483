"""Kinds of RDS, each file with one KIND; and the chain of snapshots by which rows travel: taken, put under a key that both
accounts may use, shared, copied in the target. Every link is at rest before the next begins; rows are never looked into."""

from collections.abc import Callable
from typing import Any

from resettle.kind import Call, Hop, Until, View

SNAPSHOT_ID = {"DBSnapshotIdentifier": "{hop}"}
NO_SNAPSHOT = ("DBSnapshotNotFound",)
FOREIGN = "arn:aws:rds:{region}:{source_account}:snapshot:{previous}"


def under_aws_own_key(view: View) -> bool:
    """A snapshot under an AWS-managed key cannot be shared (RDS User Guide, "Sharing encrypted snapshots")."""
    return "AWS::KMS::Alias" in view.kinds_at("KmsKeyId")


def _admits(account: str, actions: str, **more: Any) -> dict[str, Any]:
    principal = {"AWS": f"arn:aws:iam::{{{account}}}:root"}
    allowed = [f"kms:{action}" for action in actions.split()]
    return {"Effect": "Allow", "Principal": principal, "Action": allowed, "Resource": "*", **more}


def _snapshot(name: str, op: str, send: dict[str, Any], why: str, **more: Any) -> Hop:
    """A snapshot that is made under the hop's own name, and rests when it is available."""
    return Hop(
        **{"on": "source", **more},
        name=name,
        make=Call(op, send, already=("DBSnapshotAlreadyExists",)),
        look=Call("describe_db_snapshots", SNAPSHOT_ID, at="DBSnapshots[0]", missing=NO_SNAPSHOT),
        identity="DBSnapshotIdentifier",
        ready=Until(path="Status", good=("available",), bad=("failed",), within=7200, every=15),
        undo=Call("delete_db_snapshot", SNAPSHOT_ID, already=NO_SNAPSHOT),
        # a backup that runs; a key or a share that has not spread yet (RDS User Guide, "Sharing a DB snapshot")
        retry=("InvalidDBInstanceState", "KMSKeyNotAccessibleFault", *NO_SNAPSHOT),
        why=why,
    )


def _shared(name: str, snapshot: str, when: Callable[[View], bool]) -> Hop:
    """The snapshot of that name is shown to the target account and to no other."""
    send = {"DBSnapshotIdentifier": snapshot, "AttributeName": "restore"}
    return Hop(
        name=name,
        on="source",
        make=Call("modify_db_snapshot_attribute", {**send, "ValuesToAdd": ["{target_account}"]}),
        identity="DBSnapshotAttributesResult.DBSnapshotIdentifier",
        undo=Call("modify_db_snapshot_attribute", {**send, "ValuesToRemove": ["{target_account}"]}, already=NO_SNAPSHOT),
        resource=snapshot,
        when=when,
        why="shares the snapshot with the target account alone",
    )


# RDS User Guide, "Sharing encrypted snapshots": what the account that copies must be able to do with the key.
BOTH_ACCOUNTS = [
    _admits("source_account", "*"),
    _admits("target_account", "DescribeKey Decrypt Encrypt ReEncrypt* GenerateDataKey*"),
    _admits(
        "target_account",
        "CreateGrant ListGrants RevokeGrant",
        Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}},
    ),
]
TO_HOP = {"SourceDBSnapshotIdentifier": "{previous}", "TargetDBSnapshotIdentifier": "{hop}"}
SNAPSHOT_CHAIN = (
    _snapshot(
        "taken",
        "create_db_snapshot",
        {**SNAPSHOT_ID, "DBInstanceIdentifier": "{self}"},
        "takes a snapshot of the database, which goes on running",
    ),
    Hop(
        name="movekey",
        on="source",
        service="kms",
        kind="AWS::KMS::Key",
        make=Call(
            "create_key",
            {
                "Description": "Resettle: database snapshots on their way",
                "Policy": {"Version": "2012-10-17", "Statement": BOTH_ACCOUNTS},
                "Tags": [{"TagKey": "resettle:step", "TagValue": "{step}"}],
            },
        ),
        identity="KeyMetadata.Arn || Arn",  # of the reply, or of the key found again by its tag
        undo=Call(
            "schedule_key_deletion",
            {"KeyId": "{made}", "PendingWindowInDays": 7},
            already=("KMSInvalidStateException", "NotFoundException"),
        ),
        remains="the key of the move waits seven days before it is gone; nothing shortens that",
        when=under_aws_own_key,
        shared=True,
        resource="{step}",
        why="makes a key that both accounts may use: AWS's own admits no other account",
    ),
    _snapshot(
        "rekeyed",
        "copy_db_snapshot",
        {**TO_HOP, "KmsKeyId": "{hop_movekey}"},
        "copies the snapshot under the key of the move",
        when=under_aws_own_key,
    ),
    _shared("shared", "{name_taken}", lambda view: not under_aws_own_key(view)),
    _shared("shared_rekeyed", "{name_rekeyed}", under_aws_own_key),
    _snapshot(
        "landed",
        "copy_db_snapshot",
        {**TO_HOP, "SourceDBSnapshotIdentifier": FOREIGN, "KmsKeyId": "{KmsKeyId}"},
        "copies the snapshot into the target, under the target's key",
        on="target",
        admits=("KmsKeyId",),
    ),
)
