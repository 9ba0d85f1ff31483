"""Databases: not encrypted, under AWS's own key, under a customer's key; with groups of their own and with AWS's defaults."""

from __future__ import annotations

import json
from typing import Any

TYPES = ("AWS::RDS::DBSubnetGroup", "AWS::RDS::DBParameterGroup", "AWS::RDS::DBInstance")
WAIT = {"Delay": 1, "MaxAttempts": 60}
PASSWORD = "not-a-real-password"


def _network(session: Any, name: str) -> tuple[str, str]:
    """A DB subnet group in two zones and a security group, both of one VPC of their own."""
    ec2, rds = session.client("ec2"), session.client("rds")
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.40.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones[:2])
    ]
    rds.create_db_subnet_group(
        DBSubnetGroupName=name,
        DBSubnetGroupDescription=f"subnets of {name}",
        SubnetIds=subnets,
        Tags=[{"Key": "Project", "Value": "seed"}],
    )
    group = ec2.create_security_group(GroupName=name, Description=f"door of {name}", VpcId=vpc)["GroupId"]
    return name, group


def _parameters(session: Any, name: str, family: str, values: dict[str, str]) -> str:
    rds = session.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName=name,
        DBParameterGroupFamily=family,
        Description=f"parameters of {name}",
        Tags=[{"Key": "Project", "Value": "seed"}],
    )
    parameters = [
        {
            "ParameterName": parameter,
            "ParameterValue": value,
            "ApplyMethod": "pending-reboot" if parameter.startswith("performance_schema") else "immediate",
        }
        for parameter, value in values.items()
    ]
    for start in range(0, len(parameters), 20):  # as many as ModifyDBParameterGroup takes
        rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=parameters[start : start + 20])
    return name


def _instance(session: Any, name: str, **settings: Any) -> None:
    rds = session.client("rds")
    rds.create_db_instance(DBInstanceIdentifier=name, MasterUsername="admin", **settings)
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=name, WaiterConfig=WAIT)


def _monitoring_role(session: Any, name: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "monitoring.rds.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    return str(session.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])


def seed_parameter_group(session: Any) -> None:
    """More values than one call takes, a formula among them; and a group in which nobody has set anything."""
    many = {f"optimizer_setting_{number:02}": str(number) for number in range(23)}
    values = {
        "character_set_server": "utf8mb4",
        "innodb_buffer_pool_size": "{DBInstanceClassMemory*1/2}",
        "performance_schema": "1",
        "time_zone": "Asia/Seoul",
    }
    _parameters(session, "seed-many", "mysql8.4", {**many, **values})
    _parameters(session, "seed-none", "postgres16", {})


def seed_plain_instance(session: Any) -> None:
    """Not encrypted, AWS's default parameter group, storage of the old sort, nothing optional."""
    subnets, group = _network(session, "seed-plain")
    _instance(
        session,
        "seed-plain",
        Engine="mysql",
        EngineVersion="8.4.3",
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        StorageType="gp2",
        DBSubnetGroupName=subnets,
        VpcSecurityGroupIds=[group],
        MasterUserPassword=PASSWORD,
        BackupRetentionPeriod=0,
    )


def seed_instance_under_aws_own_key(session: Any) -> None:
    """Everything that a restore does not bring: monitoring, insights, windows, logs, protection, a port of its own."""
    subnets, group = _network(session, "seed-own-key")
    parameters = _parameters(session, "seed-own-key", "mysql8.4", {"slow_query_log": "1", "long_query_time": "0.5"})
    _instance(
        session,
        "seed-own-key",
        Engine="mysql",
        EngineVersion="8.4.3",
        DBInstanceClass="db.m6g.large",
        DBName="library",
        AllocatedStorage=20,
        MaxAllocatedStorage=100,
        StorageType="gp3",
        StorageEncrypted=True,
        DBSubnetGroupName=subnets,
        DBParameterGroupName=parameters,
        VpcSecurityGroupIds=[group],
        MasterUserPassword=PASSWORD,
        Port=3307,
        BackupRetentionPeriod=7,
        PreferredBackupWindow="17:00-17:30",
        PreferredMaintenanceWindow="sun:18:00-sun:18:30",
        MultiAZ=True,
        PubliclyAccessible=False,
        AutoMinorVersionUpgrade=False,
        CopyTagsToSnapshot=True,
        DeletionProtection=True,
        EnableIAMDatabaseAuthentication=True,
        EnableCloudwatchLogsExports=["error", "slowquery"],
        EnablePerformanceInsights=True,
        PerformanceInsightsRetentionPeriod=31,
        MonitoringInterval=60,
        MonitoringRoleArn=_monitoring_role(session, "seed-rds-monitoring"),
        CACertificateIdentifier="rds-ca-ecc384-g1",
        Tags=[{"Key": "Project", "Value": "seed"}, {"Key": "Stage", "Value": "prod"}],
    )


def seed_instance_under_customer_key(session: Any) -> None:
    """A customer's key, storage with values of its own, and PostgreSQL."""
    subnets, group = _network(session, "seed-customer-key")
    parameters = _parameters(session, "seed-customer-key", "postgres16", {"log_min_duration_statement": "250"})
    key = session.client("kms").create_key(Description="seed databases")["KeyMetadata"]["Arn"]
    _instance(
        session,
        "seed-customer-key",
        Engine="postgres",
        EngineVersion="16.4",
        DBInstanceClass="db.m6g.large",
        DBName="ledger",
        AllocatedStorage=400,
        StorageType="gp3",
        Iops=14000,
        StorageThroughput=600,
        StorageEncrypted=True,
        KmsKeyId=key,
        DBSubnetGroupName=subnets,
        DBParameterGroupName=parameters,
        VpcSecurityGroupIds=[group],
        MasterUserPassword=PASSWORD,
        PreferredMaintenanceWindow="mon:19:00-mon:19:30",
    )
