"""The laws of DB instances, their groups and restores, broken with plain boto3 calls."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SOURCE = "111122223333"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def create(rds: Any, name: str = "book-db", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t3.micro",
        Engine="mysql",
        EngineVersion="8.4.3",
        AllocatedStorage=20,
        StorageType="gp3",
        MasterUsername="admin",
        MasterUserPassword="not-a-secret-1",
        **more,
    )["DBInstance"]
    return made


def described(rds: Any, name: str = "book-db") -> dict[str, Any]:
    for _ in range(3):
        found: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        if found["DBInstanceStatus"] == "available":
            return found
    raise AssertionError(f"{name} never became available")


@pytest.fixture
def rds(source: boto3.Session) -> Any:
    return source.client("rds")


@pytest.fixture
def subnets(source: boto3.Session) -> list[str]:
    ec2 = source.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    places = [("10.0.1.0/24", "a"), ("10.0.2.0/24", "b"), ("10.0.3.0/24", "a")]
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"ap-northeast-2{zone}")["Subnet"]["SubnetId"]
        for cidr, zone in places
    ]


@pytest.fixture
def group(rds: Any, subnets: list[str]) -> str:
    rds.create_db_subnet_group(DBSubnetGroupName="book", DBSubnetGroupDescription="book", SubnetIds=subnets[:2])
    return "book"


def test_an_instance_is_creating_before_it_is_available(rds: Any) -> None:
    made = create(rds)
    refused = refusal(rds.modify_db_instance, DBInstanceIdentifier="book-db", MultiAZ=True)

    found = described(rds)

    assert (made["DBInstanceStatus"], "Endpoint" in made, refused) == ("creating", False, "InvalidDBInstanceState")
    assert found["Endpoint"]["Address"].startswith("book-db.c")
    assert len(found["Endpoint"]["Address"].split(".")[1]) == 12


def test_endpoints_and_resource_ids_differ_between_accounts(source: boto3.Session, target: boto3.Session) -> None:
    sides = [source.client("rds"), target.client("rds")]
    for side in sides:
        create(side)

    found = [described(side) for side in sides]

    assert found[0]["Endpoint"]["Address"] != found[1]["Endpoint"]["Address"]
    assert found[0]["DbiResourceId"] != found[1]["DbiResourceId"]
    assert found[0]["Endpoint"]["HostedZoneId"] == found[1]["Endpoint"]["HostedZoneId"]


def test_a_slow_lab_makes_an_instance_wait(rds: Any, fresh: Any) -> None:
    fresh.set(slow=60.0)
    create(rds)

    states = [rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] for _ in range(3)]

    assert states == ["creating"] * 3


def test_encryption_takes_the_accounts_own_default_key_and_keeps_a_key_as_arn(rds: Any, source: boto3.Session) -> None:
    kms = source.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/books", TargetKeyId=key)

    create(rds, "default-db", StorageEncrypted=True)
    create(rds, "named-db", StorageEncrypted=True, KmsKeyId="alias/books")
    absent = refusal(create, rds=rds, name="lost-db", StorageEncrypted=True, KmsKeyId="alias/nowhere")

    default = described(rds, "default-db")["KmsKeyId"]
    assert kms.describe_key(KeyId=default)["KeyMetadata"]["KeyManager"] == "AWS"
    assert described(rds, "named-db")["KmsKeyId"] == key
    assert absent == "KMSKeyNotAccessibleFault"


def test_an_instance_says_what_aws_says(rds: Any) -> None:
    create(rds, EnablePerformanceInsights=True)

    found = described(rds)

    assert found["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"
    assert (found["StorageType"], found["Iops"], found["StorageThroughput"]) == ("gp3", 3000, 125)
    assert (found["PerformanceInsightsEnabled"], found["PerformanceInsightsRetentionPeriod"]) == (True, 7)
    assert f":{SOURCE}:key/" in found["PerformanceInsightsKMSKeyId"]


def test_an_instance_lives_in_its_subnet_groups_vpc(rds: Any, source: boto3.Session, group: str) -> None:
    ec2 = source.client("ec2")
    elsewhere = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    foreign = ec2.create_security_group(GroupName="foreign", Description="x", VpcId=elsewhere)["GroupId"]

    other_vpc = refusal(create, rds=rds, DBSubnetGroupName=group, VpcSecurityGroupIds=[foreign])
    absent = refusal(create, rds=rds, DBSubnetGroupName=group, VpcSecurityGroupIds=["sg-0123456789abcdef0"])
    other_zone = refusal(create, rds=rds, DBSubnetGroupName=group, AvailabilityZone="ap-northeast-2c")
    create(rds, DBSubnetGroupName=group)

    assert (other_vpc, absent, other_zone) == (
        "InvalidVPCNetworkStateFault",
        "InvalidParameterValue",
        "InvalidVPCNetworkStateFault",
    )
    default = described(rds)["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
    assert ec2.describe_security_groups(GroupIds=[default])["SecurityGroups"][0]["GroupName"] == "default"


def test_a_subnet_group_covers_two_zones(rds: Any, subnets: list[str]) -> None:
    make = {"DBSubnetGroupName": "book", "DBSubnetGroupDescription": "book"}

    one_zone = refusal(rds.create_db_subnet_group, **make, SubnetIds=[subnets[0], subnets[2]])
    absent = refusal(rds.create_db_subnet_group, **make, SubnetIds=[subnets[0], "subnet-0123456789abcdef0"])
    rds.create_db_subnet_group(**make, SubnetIds=subnets[:2])
    again = refusal(rds.create_db_subnet_group, **make, SubnetIds=subnets[:2])
    rds.modify_db_subnet_group(DBSubnetGroupName="book", SubnetIds=subnets)

    assert (one_zone, absent) == ("DBSubnetGroupDoesNotCoverEnoughAZs", "InvalidSubnet")
    assert again == "DBSubnetGroupAlreadyExists"
    assert len(rds.describe_db_subnet_groups(DBSubnetGroupName="book")["DBSubnetGroups"][0]["Subnets"]) == 3


def test_groups_in_use_are_not_deleted(rds: Any, group: str) -> None:
    rds.create_db_parameter_group(DBParameterGroupName="mine", DBParameterGroupFamily="mysql8.4", Description="x")
    create(rds, DBSubnetGroupName=group, DBParameterGroupName="mine")
    described(rds)
    codes = (
        refusal(rds.delete_db_subnet_group, DBSubnetGroupName=group),
        refusal(rds.delete_db_parameter_group, DBParameterGroupName="mine"),
    )

    rds.delete_db_instance(DBInstanceIdentifier="book-db", SkipFinalSnapshot=True)
    rds.delete_db_subnet_group(DBSubnetGroupName=group)
    rds.delete_db_parameter_group(DBParameterGroupName="mine")

    assert codes == ("InvalidDBSubnetGroupStateFault", "InvalidDBParameterGroupState")


def test_deleting_asks_about_protection_and_the_final_snapshot(rds: Any) -> None:
    create(rds, DeletionProtection=True)
    described(rds)
    protected = refusal(rds.delete_db_instance, DBInstanceIdentifier="book-db", SkipFinalSnapshot=True)
    rds.modify_db_instance(DBInstanceIdentifier="book-db", DeletionProtection=False, ApplyImmediately=True)
    undecided = refusal(rds.delete_db_instance, DBInstanceIdentifier="book-db")

    rds.delete_db_instance(DBInstanceIdentifier="book-db", FinalDBSnapshotIdentifier="last-words")

    assert (protected, undecided) == ("InvalidParameterCombination", "InvalidParameterCombination")
    assert rds.describe_db_snapshots(DBSnapshotIdentifier="last-words")["DBSnapshots"][0]["Status"] == "available"


def test_parameters_say_where_their_values_come_from(rds: Any) -> None:
    rds.create_db_parameter_group(DBParameterGroupName="mine", DBParameterGroupFamily="mysql8.4", Description="x")
    chosen = {"ParameterName": "time_zone", "ParameterValue": "Asia/Seoul", "ApplyMethod": "immediate"}
    static = {"ParameterName": "lower_case_table_names", "ParameterValue": "1", "ApplyMethod": "immediate"}
    modify = {"DBParameterGroupName": "mine"}

    at_once = refusal(rds.modify_db_parameter_group, **modify, Parameters=[static])
    too_many = refusal(rds.modify_db_parameter_group, **modify, Parameters=[chosen] * 21)
    absent = refusal(rds.describe_db_parameter_groups, DBParameterGroupName="absent")
    rds.modify_db_parameter_group(**modify, Parameters=[chosen, {**static, "ApplyMethod": "pending-reboot"}])
    user = rds.describe_db_parameters(DBParameterGroupName="mine", Source="user")["Parameters"]
    every = rds.describe_db_parameters(DBParameterGroupName="mine")["Parameters"]

    assert (at_once, too_many) == ("InvalidParameterCombination", "InvalidParameterValue")
    assert absent == "DBParameterGroupNotFound"
    assert {(one["ParameterName"], one["ParameterValue"]) for one in user} == {
        ("time_zone", "Asia/Seoul"),
        ("lower_case_table_names", "1"),
    }
    assert {one["Source"] for one in every} == {"user", "system", "engine-default"}


def test_a_restore_takes_the_snapshots_part_and_defaults_for_the_rest(rds: Any, source: boto3.Session, group: str) -> None:
    rds.create_db_parameter_group(DBParameterGroupName="mine", DBParameterGroupFamily="mysql8.4", Description="x")
    key = source.client("kms").create_key()["KeyMetadata"]["Arn"]
    create(
        rds,
        DBSubnetGroupName=group,
        DBParameterGroupName="mine",
        DeletionProtection=True,
        MultiAZ=True,
        StorageEncrypted=True,
        KmsKeyId=key,
        BackupRetentionPeriod=7,
        EnablePerformanceInsights=True,
        EnableCloudwatchLogsExports=["slowquery"],
        CopyTagsToSnapshot=True,
        Tags=[{"Key": "team", "Value": "book"}],
    )
    described(rds)
    rds.create_db_snapshot(DBInstanceIdentifier="book-db", DBSnapshotIdentifier="now")
    for _ in range(2):
        rds.describe_db_snapshots(DBSnapshotIdentifier="now")

    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="again", DBSnapshotIdentifier="now", DBSubnetGroupName=group)
    found = described(rds, "again")

    carried = (
        "Engine",
        "EngineVersion",
        "AllocatedStorage",
        "StorageType",
        "MasterUsername",
        "KmsKeyId",
        "DBInstanceClass",
    )
    assert {name: found[name] for name in carried} == {name: described(rds)[name] for name in carried}
    assert found["BackupRetentionPeriod"] == 7
    assert found["DBParameterGroups"][0]["DBParameterGroupName"] == "default.mysql8.4"
    assert (found["DeletionProtection"], found["MultiAZ"], found["PerformanceInsightsEnabled"]) == (False, False, False)
    assert found.get("EnabledCloudwatchLogsExports", []) == []
    assert found["TagList"] == []
    assert found["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"


def test_a_restore_cannot_shrink_or_repeat(rds: Any) -> None:
    create(rds)
    described(rds)
    rds.create_db_snapshot(DBInstanceIdentifier="book-db", DBSnapshotIdentifier="now")
    for _ in range(2):
        rds.describe_db_snapshots(DBSnapshotIdentifier="now")
    restore = rds.restore_db_instance_from_db_snapshot

    smaller = refusal(restore, DBInstanceIdentifier="small", DBSnapshotIdentifier="now", AllocatedStorage=10)
    twice = refusal(restore, DBInstanceIdentifier="book-db", DBSnapshotIdentifier="now")

    assert (smaller, twice) == ("InvalidParameterValue", "DBInstanceAlreadyExists")
