"""S3 bucket with all its configurations. Its name is global, so the target's differs; its rules, logs and
notifications begin only after its objects came."""

from resettle.kind import Call, Content, Human, Kind, Make, Named, Read, Undo, distinct
from resettle.kinds.s3 import BUCKET, MANY, READERS, SETTINGS, written

SELF = {"Bucket": "{self}"}
LOGS = "log-delivery-write"
SUSPENDED = "VersioningConfiguration.Status=='Suspended'"


def put(name: str, *fields: str, op: str = "", when: str = "") -> Call:
    """The configuring call of one setting, whose spec fields are parameters of the call."""
    return Call(f"put_{op or 'bucket_' + name}", SELF, fields=fields, when=when)


KIND = Kind(
    "AWS::S3::Bucket",
    "s3",
    read=Read(
        list=Call("list_buckets", {"BucketRegion": "{region}"}, each="Buckets[].{Bucket: Name}"),
        item={"Bucket": "{self}"},
        detail=(
            *SETTINGS,
            *(Call(f"list_{op}s", BUCKET, at=f"{member}List", into=field) for member, field, op in MANY),
        ),
        tags=Call("get_bucket_tagging", BUCKET, at="TagSet", into="Tags", missing=("NoSuchTagSet",)),
        derive=written,
        rename={
            "CreateBucketConfiguration": ("Location.LocationConstraint && {LocationConstraint: Location.LocationConstraint}"),
            "LogsDelivered": f"ACL=='{LOGS}' && `true` || `null`",
            "ObjectLockEnabledForBucket": "ObjectLockConfiguration.ObjectLockEnabled && `true`",
            "Versioned": "VersioningConfiguration.Status && `true`",
            "LifecycleConfiguration": "Lifecycle.Rules && {Rules: Lifecycle.Rules}",
            "TransitionDefaultMinimumObjectSize": "Lifecycle.TransitionDefaultMinimumObjectSize",
        },
        drop={
            "Access": "told by the canned list that it equals",
            "Location": "told by CreateBucketConfiguration",
            "Lifecycle": "told by LifecycleConfiguration",
        },
        sets=(
            "LifecycleConfiguration.Rules",
            *(f"{field}" for _, field, _ in MANY),
            "InventoryConfigurations[].OptionalFields",
            *(
                f"NotificationConfiguration.{sort}Configurations{inner}"
                for sort in ("Topic", "Queue", "LambdaFunction")
                for inner in ("", "[].Events", "[].Filter.Key.FilterRules")
            ),
        ),
        absent={
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": False,
                "IgnorePublicAcls": False,
                "BlockPublicPolicy": False,
                "RestrictPublicBuckets": False,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},  # before April 2023
            "RequestPaymentConfiguration.Payer": "BucketOwner",
        },
        gone=("NoSuchBucket", "404"),
    ),
    name=Named(
        id="Bucket",
        names={"name": distinct("Bucket")},
        key=("Bucket",),
        refs={
            "Bucket": "AWS::S3::Bucket",
            "BucketLoggingStatus.LoggingEnabled.TargetBucket": "AWS::S3::Bucket",
            "ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault.KMSMasterKeyID": ("AWS::KMS::Alias"),
        },
        after={
            "AWS::Lambda::Permission": "AWS::Lambda::Function",
            "AWS::SQS::QueuePolicy": "AWS::SQS::Queue",
            "AWS::S3::BucketPolicy": "AWS::S3::Bucket",
        },
    ),
    make=Make(
        calls=(
            Call("create_bucket", fields=("Bucket", "CreateBucketConfiguration", "ObjectLockEnabledForBucket")),
            put("ownership_controls", "OwnershipControls"),
            # Early, because the policy of a log bucket waits for it, and the logging of others for that policy. It opens
            # nothing: until build there is neither a policy nor an access control list.
            put("", "PublicAccessBlockConfiguration", op="public_access_block"),
            Call("put_bucket_acl", {**SELF, "ACL": LOGS}, fields=("LogsDelivered",), when="LogsDelivered"),
            # Versions can be replayed only into an enabled bucket; a suspended one is suspended afterwards.
            Call(
                "put_bucket_versioning",
                {**SELF, "VersioningConfiguration": {"Status": "Enabled"}},
                fields=("Versioned",),
                when="Versioned",
            ),
            put("encryption", "ServerSideEncryptionConfiguration"),
            Call("put_bucket_tagging", {**SELF, "Tagging": {"TagSet": "{tag_list}"}}, fields=("Tags",), when="Tags"),
            put("cors", "CORSConfiguration"),
            put("request_payment", "RequestPaymentConfiguration", when="RequestPaymentConfiguration.Payer=='Requester'"),
            put("accelerate_configuration", "AccelerateConfiguration", when="AccelerateConfiguration.Status"),
        ),
        late=(
            put("versioning", "VersioningConfiguration", when=SUSPENDED),
            put("acl", "ACL", when=f"ACL!='{LOGS}'"),
            put("website", "WebsiteConfiguration"),
            put("lifecycle_configuration", "LifecycleConfiguration", "TransitionDefaultMinimumObjectSize"),
            put("", "ObjectLockConfiguration", op="object_lock_configuration", when="ObjectLockConfiguration.Rule"),
            put("logging", "BucketLoggingStatus", when="BucketLoggingStatus.LoggingEnabled"),
            *(
                Call(f"put_{op}", {**SELF, "Id": "{item.Id}", member: "{item}"}, each=field, fields=(field,))
                for member, field, op in MANY
            ),
            put("replication", "ReplicationConfiguration"),
            put("notification_configuration", "NotificationConfiguration", when="NotificationConfiguration"),
        ),
        id="Bucket",
        content=Content("objects", vessel=True, admits=("self", "ServerSideEncryptionConfiguration"), sync="delta"),
        taken=("BucketAlreadyExists", "BucketAlreadyOwnedByYou"),
        settles=5,
        # Configurations spread within seconds, and destinations are asked at once whether they let S3 in.
        retry=("NoSuchBucket", "OperationAborted", "InvalidArgument", "InvalidTargetBucketForLogging"),
    ),
    undo=Undo(
        delete=Call("delete_bucket", SELF),
        empties=True,
        gone=("NoSuchBucket",),
        remains="its name may stay taken for hours",
    ),
    human=Human(
        caveats=(
            "version ids and dates of objects do not follow; a lifecycle rule counts from the day of the copy",
            "access control lists of single objects, and grants of the bucket's to single users, do not follow",
            "MFA delete, attribute-based access control and metadata tables do not follow",
            "presigned URLs die with their bucket and signer",
        ),
    ),
    grant=READERS,
)
