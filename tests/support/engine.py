"""A move between two accounts in memory, with tiny kinds over real botocore operations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.cloud import REGION, SOURCE, TARGET, Cloud, denied, expired, failed, lost

from resettle.execute.desk import Desk
from resettle.inventory import Inventory
from resettle.journal import Journal
from resettle.kind import Call, Grant, Hop, Human, Kind, Make, Named, Read, SetDiff, Undo, Until, distinct, strong, weak
from resettle.model import Ref, Side, Step
from resettle.plan import Plan
from resettle.plan.make import Wishes, make_plan
from resettle.read import Reader
from resettle.registry import Registry
from resettle.scan import Scope, look, scan

__all__ = ["REGION", "SOURCE", "TARGET", "Cloud", "Move", "denied", "expired", "failed", "lost", "policy"]

SEAL_KEY = b"k" * 32

VPC = Kind(
    "AWS::EC2::VPC",
    "ec2",
    read=Read(
        list=Call("describe_vpcs", each="Vpcs[]"),
        one={"VpcIds": ["{self}"]},
        tags="Tags",
        gone=("InvalidVpcID.NotFound",),
    ),
    name=Named(id="VpcId", names={"id": strong("VpcId")}),
    make=Make(
        calls=(
            Call("create_vpc", fields=("CidrBlock",)),
            Call("modify_vpc_attribute", {"VpcId": "{self}"}, fields=("EnableDnsSupport",)),
        ),
        id="Vpc.VpcId",
        tag_type="vpc",
        ready=Until(path="State", good=("available",), bad=("failed",), within=60, every=2),
        settles=2,
    ),
    undo=Undo(delete=Call("delete_vpc", {"VpcId": "{self}"}), gone=("InvalidVpcID.NotFound",)),
)

_RULES = {"GroupId": "{self}", "IpPermissions": "{items}"}
GROUP = Kind(
    "AWS::EC2::SecurityGroup",
    "ec2",
    read=Read(list=Call("describe_security_groups", each="SecurityGroups[]"), tags="Tags", sets=("IpPermissions",)),
    name=Named(id="GroupId", names={"id": strong("GroupId")}, key=("VpcId", "GroupName")),
    make=Make(
        calls=(Call("create_security_group"),),
        late=(
            SetDiff(
                "IpPermissions",
                Call("authorize_security_group_ingress", _RULES, already=("InvalidPermission.Duplicate",)),
                Call("revoke_security_group_ingress", _RULES, already=("InvalidPermission.NotFound",)),
            ),
        ),
        id="GroupId",
        tag_type="security-group",
        taken=("InvalidGroup.Duplicate",),
        theirs="GroupName=='default'",
        theirs_by=("VpcId", "GroupName"),
    ),
    undo=Undo(delete=Call("delete_security_group", {"GroupId": "{self}"})),
)

LOG = Kind(
    "AWS::Logs::LogGroup",
    "logs",
    read=Read(list=Call("describe_log_groups", each="logGroups[]")),
    name=Named(id="logGroupName", names={"arn": strong("arn"), "name": weak("logGroupName")}, key=("logGroupName",)),
    make=Make(
        calls=(
            Call("create_log_group"),
            Call("put_retention_policy", {"logGroupName": "{self}"}, fields=("retentionInDays",)),
        ),
        taken=("ResourceAlreadyExistsException",),
        retry=("OperationAbortedException",),
        settles=2,
    ),
    undo=Undo(delete=Call("delete_log_group", {"logGroupName": "{self}"}), gone=("ResourceNotFoundException",)),
)

QUEUE = Kind(
    "AWS::SQS::Queue",
    "sqs",
    read=Read(
        list=Call("list_queues", each="QueueUrls[].{QueueUrl: @}"),
        item={"QueueUrl": "{self}"},
        detail=(Call("get_queue_attributes", {"QueueUrl": "{QueueUrl}"}, at="{Attributes: Attributes}"),),
        derive=lambda live: {"QueueName": live["QueueUrl"].rsplit("/", 1)[-1]},
        gone=("QueueDoesNotExist",),
    ),
    name=Named(id="QueueUrl", names={"url": strong("QueueUrl"), "name": weak("QueueName")}, key=("QueueName",)),
    make=Make(calls=(Call("create_queue"),), id="QueueUrl"),
    undo=Undo(delete=Call("delete_queue", {"QueueUrl": "{self}"}), gone=("QueueDoesNotExist",)),
)

SECRET = Kind(
    "AWS::SecretsManager::Secret",
    "secretsmanager",
    read=Read(
        list=Call("list_secrets", each="SecretList[]"),
        detail=(Call("get_secret_value", {"SecretId": "{Name}"}, at="{SecretString: SecretString}"),),
        tags="Tags",
        opaque=("SecretString",),
    ),
    name=Named(id="Name", names={"arn": strong("ARN"), "name": weak("Name")}, key=("Name",)),
    make=Make(calls=(Call("create_secret"),), id="Name", taken=("ResourceExistsException",)),
    undo=Undo(delete=Call("delete_secret", {"SecretId": "{self}"})),
)

KEY = Kind(
    "AWS::KMS::Key",
    "kms",
    read=Read(
        list=Call("list_keys", each="Keys[]"),
        item={"KeyId": "{self}"},
        detail=(
            Call("describe_key", {"KeyId": "{KeyId}"}, at="KeyMetadata"),
            Call("get_key_policy", {"KeyId": "{KeyId}", "PolicyName": "default"}, at="{Policy: Policy}"),
            Call("list_resource_tags", {"KeyId": "{KeyId}"}, at="{Tags: Tags}"),
        ),
        tags="Tags",
        json=("Policy",),
        gone=("NotFoundException",),
    ),
    name=Named(id="KeyId", names={"id": strong("KeyId"), "arn": strong("Arn")}),
    make=Make(
        calls=(Call("create_key"),),
        first={"Policy": {"Version": "2012-10-17", "Statement": []}},
        late=(Call("put_key_policy", {"KeyId": "{self}", "PolicyName": "default"}, fields=("Policy",)),),
        id="KeyMetadata.KeyId",
        settles=2,
    ),
    undo=Undo(delete=Call("schedule_key_deletion", {"KeyId": "{self}"}), remains="it waits seven days"),
    grant=Grant(
        read=Call("get_key_policy", {"KeyId": "{self}", "PolicyName": "default"}, at="Policy"),
        write=Call("put_key_policy", {"KeyId": "{self}", "PolicyName": "default", "Policy": "{document}"}),
        delete=None,
        statements=({"Sid": "ResettleReads", "Principal": {"AWS": "{target_account}"}, "Action": "kms:Decrypt"},),
        resource="{self}",
    ),
)

_POLICY = {"Bucket": "{self}"}
BUCKET = Kind(
    "AWS::S3::Bucket",
    "s3",
    read=Read(
        list=Call("list_buckets", each="Buckets[].{Bucket: Name}"),
        item={"Bucket": "{self}"},
        detail=(Call("get_bucket_encryption", {"Bucket": "{Bucket}"}),),
        tags="Tags",
        gone=("NoSuchBucket",),
    ),
    name=Named(id="Bucket", names={"name": distinct("Bucket")}, key=("Bucket",), refs={"Bucket": "AWS::S3::Bucket"}),
    make=Make(
        calls=(
            Call("create_bucket", fields=("Bucket", "CreateBucketConfiguration")),
            Call("put_bucket_encryption", {"Bucket": "{self}"}, fields=("ServerSideEncryptionConfiguration",)),
        ),
        id="Bucket",
        taken=("BucketAlreadyExists", "BucketAlreadyOwnedByYou"),
    ),
    undo=Undo(delete=Call("delete_bucket", {"Bucket": "{self}"}), gone=("NoSuchBucket",)),
    grant=Grant(
        read=Call("get_bucket_policy", _POLICY, at="Policy", missing=("NoSuchBucketPolicy",)),
        write=Call("put_bucket_policy", {**_POLICY, "Policy": "{document}"}),
        delete=Call("delete_bucket_policy", _POLICY),
        statements=({"Sid": "ResettleReadsBucket", "Principal": {"AWS": "{target_account}"}, "Action": "s3:ListBucket"},),
        resource="{self}",
    ),
)

_SNAPSHOT: dict[str, Any] = {
    "look": Call(
        "describe_db_snapshots",
        {"DBSnapshotIdentifier": "{hop}"},
        at="DBSnapshots[0]",
        missing=("DBSnapshotNotFound",),
    ),
    "identity": "DBSnapshotIdentifier",
    "ready": Until(path="Status", good=("available",), bad=("failed",), within=60, every=2),
    "undo": Call("delete_db_snapshot", {"DBSnapshotIdentifier": "{hop}"}, already=("DBSnapshotNotFound",)),
    "why": "takes the rows across",
}
_SHARE = {"DBSnapshotIdentifier": "{name_taken}", "AttributeName": "restore"}
DATABASE = Kind(
    "AWS::RDS::DBInstance",
    "rds",
    read=Read(list=Call("describe_db_instances", each="DBInstances[]")),
    name=Named(id="DBInstanceIdentifier", names={"name": weak("DBInstanceIdentifier")}, key=("DBInstanceIdentifier",)),
    make=Make(
        calls=(
            Call(
                "restore_db_instance_from_db_snapshot",
                {"DBSnapshotIdentifier": "{hop_landed}"},
                fields=("DBInstanceIdentifier", "DBInstanceClass"),
            ),
        ),
        id="DBInstance.DBInstanceIdentifier",
        hops=(
            Hop(
                name="taken",
                on="source",
                make=Call(
                    "create_db_snapshot",
                    {"DBSnapshotIdentifier": "{hop}", "DBInstanceIdentifier": "{self}"},
                    already=("DBSnapshotAlreadyExists",),
                ),
                **_SNAPSHOT,
            ),
            Hop(
                name="movekey",
                on="source",
                service="kms",
                kind="AWS::KMS::Key",
                make=Call("create_key", {"Policy": "{}", "Tags": [{"TagKey": "resettle:step", "TagValue": "{step}"}]}),
                identity="KeyMetadata.Arn || Arn",
                undo=Call("schedule_key_deletion", {"KeyId": "{made}"}),
                remains="the key of the move waits seven days",
                shared=True,
                resource="{step}",
                why="a key for both",
            ),
            Hop(
                name="shared",
                on="source",
                make=Call("modify_db_snapshot_attribute", {**_SHARE, "ValuesToAdd": ["{target_account}"]}),
                identity="DBSnapshotAttributesResult.DBSnapshotIdentifier",
                undo=Call("modify_db_snapshot_attribute", {**_SHARE, "ValuesToRemove": ["{target_account}"]}),
                resource="{name_taken}",
                why="shows it",
            ),
            Hop(
                name="landed",
                on="target",
                make=Call(
                    "copy_db_snapshot",
                    {
                        "SourceDBSnapshotIdentifier": "arn:aws:rds:{region}:{source_account}:snapshot:{previous}",
                        "TargetDBSnapshotIdentifier": "{hop}",
                    },
                    already=("DBSnapshotAlreadyExists",),
                ),
                **_SNAPSHOT,
            ),
        ),
        taken=("DBInstanceAlreadyExists",),
        settles=2,
    ),
    undo=Undo(delete=Call("delete_db_instance", {"DBInstanceIdentifier": "{self}"})),
    human=Human(gaps=("rows: rows cannot be looked into",), unproved="rows travel inside a snapshot"),
)

REGISTRY = Registry((VPC, GROUP, LOG, QUEUE, SECRET, KEY, BUCKET, DATABASE))


class Move:
    """Two accounts, a plan, a journal; `desk` begins as a new process would, with what the journal has learned."""

    def __init__(self, directory: Path, registry: Registry = REGISTRY) -> None:
        self.source, self.target = Cloud(Side.SOURCE, SOURCE), Cloud(Side.TARGET, TARGET)
        self.registry, self.directory = registry, directory
        self.plan: Plan | None = None
        self.journal: Journal | None = None

    def scan(self, scope: Scope | None = None) -> Inventory:
        return scan(self.source, self.registry, scope or Scope(), SEAL_KEY)

    def planned(self, *accepted: str) -> Plan:
        standing, gaps = look(Reader(self.target, self.registry), self.registry)
        self.plan = make_plan(self.scan(), standing, gaps, self.registry, TARGET, Wishes(accepted=accepted))
        return self.plan

    def desk(self, *, source: bool = True, **more: Any) -> Desk:
        plan = self.plan or self.planned()
        if self.journal is None:
            move = {"source": SOURCE, "target": TARGET, "region": REGION, "plan_hash": plan.hash(), "version": "1"}
            self.journal = Journal.open(self.directory / "journal.sqlite", **move)
        given: dict[str, Any] = {
            "source": self.source if source else None,
            "target": self.target,
            "journal": self.journal,
            "book": plan.book(self.journal.learned()),
            "carriers": {},
            "seal_key": SEAL_KEY,
            "pace": 0.01,
        }
        return Desk(plan=plan, registry=self.registry, **{**given, **more})

    def step(self, action: str, kind: str = "", identity: str = "") -> Step:
        """The one step of that action whose ref fits."""
        steps = (self.plan or self.planned()).steps
        found = [s for s in steps if s.action == action and kind in s.ref.kind and identity in s.ref.id]
        found = [s for s in found if identity or s.ref.side is Side.SOURCE] or found
        assert len(found) == 1, [str(step) for step in found]
        return found[0]

    def ref(self, kind: str) -> Ref:
        return next(item.ref for item in self.desk().plan.inventory.resources if kind in item.ref.kind)


def policy(*sids: str) -> str:
    """A policy document as AWS keeps it, with one statement a name."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": sid, "Effect": "Allow"} for sid in sids]})
