"""RDS DB instance that is no member of a cluster. Its rows travel inside snapshots that AWS copies; they are never looked into."""

from resettle.kind import Call, Human, Kind, Make, Named, Read, Undo, Until, strong, weak
from resettle.kinds.rds import SNAPSHOT_CHAIN

SELF = {"DBInstanceIdentifier": "{self}"}
NOT_THERE = ("DBInstanceNotFound",)
# RDS User Guide, "gp3 storage": below an engine's threshold the base values are all there is, and are refused if sent. Where
# nothing is sent a restore takes gp3 (API Reference, RestoreDBInstanceFromDBSnapshot), and with Iops alone it takes io1.
PROVISIONED = "(starts_with(StorageType, 'io') || Iops > `3000` || StorageThroughput > `125`)"
# Stay visible after Performance Insights was turned off, and are refused then.
INSIGHTS = ("PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod")
MODIFIED = (  # what a restore does not take; both windows go in one call, lest one overlap the other for a moment
    *("DatabaseInsightsMode", "EnablePerformanceInsights", *INSIGHTS, "ManageMasterUserPassword"),
    *("MasterUserSecretKmsKeyId", "MaxAllocatedStorage", "MonitoringInterval", "MonitoringRoleArn"),
    *("PreferredBackupWindow", "PreferredMaintenanceWindow"),
)
CARRIED = (
    *("AdditionalStorageVolumes", "AllocatedStorage", "CharacterSetName", "DBName", "Engine", "EngineVersion", "KmsKeyId"),
    *("MasterUsername", "MultiTenant", "NcharCharacterSetName", "Port", "StorageEncrypted", "Timezone"),
)
DROPPED = {
    "read only": "AutomaticRestartTime InstanceCreateTime IsStorageConfigUpgradeAvailable LatestRestorableTime StatusInfos "
    "PendingModifiedValues PercentProgress StorageOperationPercentProgress StorageOperationStatus StorageVolumeStatus",
    "an activity stream does not move": "ActivityStreamEngineNativeAuditFieldsIncluded ActivityStreamKinesisStreamName "
    "ActivityStreamKmsKeyId ActivityStreamMode ActivityStreamPolicyStatus ActivityStreamStatus",
    "a replica arrives as an instance of its own": "ReadReplicaDBClusterIdentifiers ReadReplicaDBInstanceIdentifiers "
    "ReadReplicaSourceDBClusterIdentifier ReadReplicaSourceDBInstanceIdentifier ReplicaMode",
    "does not move: RDS Custom": "AutomationMode CustomIamInstanceProfile ResumeFullAutomationModeTime",
    "does not move: an Outpost": "CustomerOwnedIpEnabled",
    "does not move: a directory, a hardware security module": "DomainMemberships TdeCredentialArn",
    "per account": "AvailabilityZone DBCapacityReservationIdentifier DBSystemId SecondaryAvailabilityZone UpgradeRolloutOrder",
    "follows from another field": "CertificateDetails EnhancedMonitoringResourceArn StorageEncryptionType",
    "backups of the past stay in the source": "AwsBackupRecoveryPointArn DBInstanceAutomatedBackupsReplications",
    "a cluster's, or EC2-Classic's": "DBClusterIdentifier DBSecurityGroups DbInstancePort PromotionTier",
}


def _own(groups: str, name: str, default: str) -> str:
    """The group that somebody chose. AWS's default one is never named: it stands in an account only once it was needed."""
    return f"{groups}[?!starts_with({name}, '{default}')].{name} | [0]"


KIND = Kind(
    "AWS::RDS::DBInstance",
    "rds",
    read=Read(
        list=Call("describe_db_instances", each="DBInstances[?!DBClusterIdentifier]"),
        one=SELF,
        where="DBInstanceStatus!='deleting'",
        tags="TagList",
        rename={
            "AssociatedRoles": "AssociatedRoles[].{RoleArn: RoleArn, FeatureName: FeatureName}",
            "DBParameterGroupName": _own("DBParameterGroups", "DBParameterGroupName", "default."),
            "DBSubnetGroupName": "DBSubnetGroup.DBSubnetGroupName!='default' && DBSubnetGroup.DBSubnetGroupName || `null`",
            "EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports || `null`",
            "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
            "EnablePerformanceInsights": "PerformanceInsightsEnabled",
            "Iops": f"{PROVISIONED} && Iops || `null`",
            "ManageMasterUserPassword": "MasterUserSecret && `true` || `null`",
            "MasterUserSecretKmsKeyId": "MasterUserSecret.KmsKeyId",
            "OptionGroupName": _own("OptionGroupMemberships", "OptionGroupName", "default:"),
            "Port": "Endpoint.Port",
            "StorageThroughput": f"StorageType=='gp3' && {PROVISIONED} && StorageThroughput || `null`",
            "StorageType": f"(StorageType!='gp3' || {PROVISIONED}) && StorageType || `null`",
            "VpcSecurityGroupIds": "VpcSecurityGroups[].VpcSecurityGroupId",
            **{field: f"PerformanceInsightsEnabled && {field} || `null`" for field in INSIGHTS},
        },
        drop={field: reason for reason, fields in DROPPED.items() for field in fields.split()},
        absent={"AssociatedRoles": [], "MonitoringInterval": 0},
        sets=("AssociatedRoles", "EnableCloudwatchLogsExports", "ProcessorFeatures", "VpcSecurityGroupIds"),
        blind={
            "OptionGroupMemberships[?!starts_with(OptionGroupName, 'default:')]": "its option group does not move yet",
            "DomainMemberships": "it is joined to a directory, which does not move",
            "ReadReplicaSourceDBInstanceIdentifier": "it is a read replica, and would arrive as an instance of its own",
            "CustomIamInstanceProfile": "it is RDS Custom, which does not move",
        },
        gone=NOT_THERE,
    ),
    name=Named(
        id="DBInstanceIdentifier",
        names={
            "arn": strong("DBInstanceArn"),
            "endpoint": strong("Endpoint.Address"),
            "listener": strong("ListenerEndpoint.Address"),
            "resource id": strong("DbiResourceId"),
            "name": weak("DBInstanceIdentifier"),
        },
        key=("DBInstanceIdentifier",),
        refs={"DBParameterGroupName": "AWS::RDS::DBParameterGroup", "DBSubnetGroupName": "AWS::RDS::DBSubnetGroup"},
        settled=("AWS::IAM::Role",),
    ),
    make=Make(
        calls=(Call("restore_db_instance_from_db_snapshot", {"DBSnapshotIdentifier": "{hop_landed}"}),),
        late=(  # an instance takes changes only once it is available
            Call(
                "add_role_to_db_instance",
                {**SELF, "RoleArn": "{item.RoleArn}", "FeatureName": "{item.FeatureName}"},
                each="AssociatedRoles",
                fields=("AssociatedRoles",),
                already=("DBInstanceRoleAlreadyExists",),
            ),
            Call("modify_db_instance", {**SELF, "ApplyImmediately": True}, fields=MODIFIED),
        ),
        id="DBInstance.DBInstanceIdentifier",
        carried=CARRIED,
        hops=SNAPSHOT_CHAIN,
        ready=Until(
            path="DBInstanceStatus",
            good=("available", "storage-optimization"),
            bad=("failed", "restore-error", "incompatible-*", "inaccessible-encryption-credentials"),
            within=7200,
            every=15,
        ),
        taken=("DBInstanceAlreadyExists",),
        settles=10,
        retry=(  # groups and roles that were just made; an instance that is busy with the change before
            *("DBParameterGroupNotFound", "DBSubnetGroupNotFoundFault", "InvalidDBInstanceState"),
            *("InvalidParameterValue", "InvalidVPCNetworkStateFault"),
        ),
    ),
    undo=Undo(
        delete=Call("delete_db_instance", {**SELF, "SkipFinalSnapshot": True, "DeleteAutomatedBackups": True}),
        before=(
            Call(
                "modify_db_instance",
                {**SELF, "DeletionProtection": False, "ApplyImmediately": True},
                when="DeletionProtection",
            ),
        ),
        gone=NOT_THERE,
    ),
    human=Human(
        caveats=(
            "rows written after the snapshot stay behind until the switch",
            "storage warms up after a restore: the first reads are slow",
            "a static parameter that shows as pending-reboot takes effect at the next reboot",
            "a master password that RDS manages is made anew, in a new secret",
        ),
        gaps=("rows: rows cannot be looked into; one may hold a URL of the old account",),
        unproved="rows travel inside a snapshot: the chain of copies is shown",
    ),
)
