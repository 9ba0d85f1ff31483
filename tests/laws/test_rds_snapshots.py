"""The laws of snapshots between accounts and of what they hold, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from resettle_lab.laws.rds_content import rows_of, write_rows

SOURCE, TARGET = "111122223333", "444455556666"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def key_policy(*actions: str) -> str:
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"}, "Action": "kms:*", "Resource": "*"}
    other = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{TARGET}:root"},
        "Action": list(actions),
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [own, other] if actions else [own]})


def ready(rds: Any, name: str) -> dict[str, Any]:
    for _ in range(3):
        found: dict[str, Any] = rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]
        if found["Status"] == "available":
            return found
    raise AssertionError(f"{name} never became available")


def database(rds: Any, name: str, **more: Any) -> None:
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t3.micro",
        Engine="mysql",
        EngineVersion="8.4.3",
        AllocatedStorage=20,
        StorageType="gp3",
        MasterUsername="admin",
        MasterUserPassword="not-a-secret-1",
        **more,
    )
    for _ in range(2):
        rds.describe_db_instances(DBInstanceIdentifier=name)


@pytest.fixture
def owner(source: boto3.Session) -> Any:
    return source.client("rds")


@pytest.fixture
def other(target: boto3.Session) -> Any:
    return target.client("rds")


@pytest.fixture
def plain(owner: Any) -> str:
    database(owner, "plain-db")
    owner.create_db_snapshot(DBInstanceIdentifier="plain-db", DBSnapshotIdentifier="plain")
    return ready(owner, "plain")["DBSnapshotArn"]


def encrypted(owner: Any, key: str | None = None) -> str:
    more = {} if key is None else {"KmsKeyId": key}
    database(owner, "secret-db", StorageEncrypted=True, **more)
    owner.create_db_snapshot(DBInstanceIdentifier="secret-db", DBSnapshotIdentifier="secret")
    return ready(owner, "secret")["DBSnapshotArn"]


def share(rds: Any, name: str, *accounts: str) -> None:
    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier=name, AttributeName="restore", ValuesToAdd=list(accounts))


def test_a_snapshot_is_unseen_by_others_until_shared(owner: Any, other: Any, plain: str) -> None:
    shared = {"DBSnapshotIdentifier": plain, "IncludeShared": True}
    codes = {
        refusal(other.describe_db_snapshots, **shared),
        refusal(other.copy_db_snapshot, SourceDBSnapshotIdentifier=plain, TargetDBSnapshotIdentifier="mine"),
        refusal(other.restore_db_instance_from_db_snapshot, DBInstanceIdentifier="mine", DBSnapshotIdentifier=plain),
    }

    share(owner, "plain", TARGET)
    seen = other.describe_db_snapshots(**shared)["DBSnapshots"][0]
    listed = other.describe_db_snapshots(SnapshotType="shared")["DBSnapshots"]

    assert codes == {"DBSnapshotNotFound"}
    assert (seen["DBSnapshotIdentifier"], seen["SnapshotType"]) == (plain, "shared")
    assert [one["DBSnapshotArn"] for one in listed] == [plain]
    assert other.describe_db_snapshots()["DBSnapshots"] == []


def test_a_share_taken_back_hides_the_snapshot_again(owner: Any, other: Any, plain: str) -> None:
    share(owner, "plain", TARGET)

    owner.modify_db_snapshot_attribute(DBSnapshotIdentifier="plain", AttributeName="restore", ValuesToRemove=[TARGET])

    code = refusal(other.copy_db_snapshot, SourceDBSnapshotIdentifier=plain, TargetDBSnapshotIdentifier="mine")
    assert code == "DBSnapshotNotFound"


def test_a_shared_snapshot_goes_by_its_arn_only(owner: Any, other: Any, plain: str) -> None:
    share(owner, "plain", TARGET)

    code = refusal(other.copy_db_snapshot, SourceDBSnapshotIdentifier="plain", TargetDBSnapshotIdentifier="mine")

    assert code == "DBSnapshotNotFound"


def test_an_unencrypted_shared_snapshot_is_copied_and_restored_directly(owner: Any, other: Any, plain: str) -> None:
    share(owner, "plain", TARGET)

    other.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="direct", DBSnapshotIdentifier=plain)
    made = other.copy_db_snapshot(SourceDBSnapshotIdentifier=plain, TargetDBSnapshotIdentifier="mine")["DBSnapshot"]

    assert made["DBSnapshotArn"] == f"arn:aws:rds:ap-northeast-2:{TARGET}:snapshot:mine"
    assert (made["SourceDBSnapshotIdentifier"], made["Status"], made["Encrypted"]) == (plain, "copying", False)
    assert ready(other, "mine")["Status"] == "available"


def test_a_snapshot_under_the_default_key_cannot_be_shared(owner: Any) -> None:
    encrypted(owner)

    code = refusal(
        owner.modify_db_snapshot_attribute,
        DBSnapshotIdentifier="secret",
        AttributeName="restore",
        ValuesToAdd=[TARGET],
    )

    assert code == "InvalidDBSnapshotState"


def test_an_automated_snapshot_is_neither_shared_nor_deleted_but_copied(owner: Any, plain: str) -> None:
    automated = owner.describe_db_snapshots(SnapshotType="automated")["DBSnapshots"][0]["DBSnapshotIdentifier"]
    share_it = {"DBSnapshotIdentifier": automated, "AttributeName": "restore", "ValuesToAdd": [TARGET]}

    codes = [refusal(owner.modify_db_snapshot_attribute, **share_it)]
    codes += [refusal(owner.delete_db_snapshot, DBSnapshotIdentifier=automated)]
    made = owner.copy_db_snapshot(SourceDBSnapshotIdentifier=automated, TargetDBSnapshotIdentifier="by-hand")

    assert automated.startswith("rds:")
    assert codes == ["InvalidDBSnapshotState"] * 2
    assert made["DBSnapshot"]["SnapshotType"] == "manual"


def test_the_chain_from_the_default_key_to_the_copiers_key(owner: Any, other: Any, source: Any, target: Any) -> None:
    encrypted(owner)
    theirs = source.client("kms").create_key(Policy=key_policy())["KeyMetadata"]["Arn"]
    mine = target.client("kms").create_key()["KeyMetadata"]["Arn"]
    owner.copy_db_snapshot(SourceDBSnapshotIdentifier="secret", TargetDBSnapshotIdentifier="re-keyed", KmsKeyId=theirs)
    arn = ready(owner, "re-keyed")["DBSnapshotArn"]
    share(owner, "re-keyed", TARGET)
    copy = {"SourceDBSnapshotIdentifier": arn, "TargetDBSnapshotIdentifier": "mine"}

    without_policy = refusal(other.copy_db_snapshot, **copy, KmsKeyId=mine)
    put = source.client("kms").put_key_policy
    put(KeyId=theirs, PolicyName="default", Policy=key_policy("kms:DescribeKey", "kms:Decrypt"))
    without_grant = refusal(other.copy_db_snapshot, **copy, KmsKeyId=mine)
    put(KeyId=theirs, PolicyName="default", Policy=key_policy("kms:DescribeKey", "kms:Decrypt", "kms:CreateGrant"))
    without_key = refusal(other.copy_db_snapshot, **copy)
    restored = refusal(other.restore_db_instance_from_db_snapshot, DBInstanceIdentifier="direct", DBSnapshotIdentifier=arn)
    other.copy_db_snapshot(**copy, KmsKeyId=mine)

    assert [without_policy, without_grant] == ["KMSKeyNotAccessibleFault"] * 2
    assert (without_key, restored) == ("InvalidParameterCombination", "InvalidDBSnapshotState")
    made = ready(other, "mine")
    assert (made["KmsKeyId"], made["Encrypted"]) == (mine, True)


def test_an_alias_in_a_copy_is_the_copiers_and_kept_as_arn(owner: Any, source: boto3.Session, plain: str) -> None:
    kms = source.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/backups", TargetKeyId=key)

    made = owner.copy_db_snapshot(
        SourceDBSnapshotIdentifier="plain", TargetDBSnapshotIdentifier="locked", KmsKeyId="alias/backups"
    )["DBSnapshot"]
    absent = refusal(
        owner.copy_db_snapshot,
        SourceDBSnapshotIdentifier="plain",
        TargetDBSnapshotIdentifier="lost",
        KmsKeyId="alias/nowhere",
    )

    assert (made["KmsKeyId"], made["Encrypted"]) == (key, True)
    assert absent == "KMSKeyNotAccessibleFault"


def test_nothing_is_done_with_a_snapshot_that_is_not_ready(owner: Any, plain: str) -> None:
    owner.create_db_snapshot(DBInstanceIdentifier="plain-db", DBSnapshotIdentifier="young")

    codes = {
        refusal(
            owner.modify_db_snapshot_attribute,
            DBSnapshotIdentifier="young",
            AttributeName="restore",
            ValuesToAdd=[TARGET],
        ),
        refusal(owner.copy_db_snapshot, SourceDBSnapshotIdentifier="young", TargetDBSnapshotIdentifier="too-soon"),
        refusal(owner.restore_db_instance_from_db_snapshot, DBInstanceIdentifier="no", DBSnapshotIdentifier="young"),
    }

    assert codes == {"InvalidDBSnapshotState"}


def test_a_snapshot_says_what_its_storage_is(owner: Any, plain: str) -> None:
    found = ready(owner, "plain")

    assert (found["StorageType"], found["Iops"], found["StorageThroughput"]) == ("gp3", 3000, 125)
    assert (found["PercentProgress"], found["MasterUsername"], found["Port"]) == (100, "admin", 3306)


def test_rows_travel_from_database_to_snapshot_to_copy_to_restore(owner: Any, other: Any, plain: str, fresh: Any) -> None:
    before = rows_of(fresh.endpoint, SOURCE, "plain-db")
    write_rows(fresh.endpoint, SOURCE, "plain-db", "written-after-the-snapshot")

    share(owner, "plain", TARGET)
    other.copy_db_snapshot(SourceDBSnapshotIdentifier=plain, TargetDBSnapshotIdentifier="mine")
    ready(other, "mine")
    other.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="restored", DBSnapshotIdentifier="mine")

    chain = [
        rows_of(fresh.endpoint, SOURCE, "plain", kind="snapshot"),
        rows_of(fresh.endpoint, TARGET, "mine", kind="snapshot"),
        rows_of(fresh.endpoint, TARGET, "restored"),
    ]
    assert chain == [before] * 3
    assert rows_of(fresh.endpoint, SOURCE, "plain-db") == "written-after-the-snapshot"
