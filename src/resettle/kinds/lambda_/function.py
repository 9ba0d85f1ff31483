"""Lambda function by its unpublished version, with its code as found. Versions, aliases and triggers are things of their own."""

from resettle.kind import Call, Content, Human, Kind, Make, Named, Read, Undo, Until, strong, weak

NOT_THERE = ("ResourceNotFoundException",)
FUNCTION = {"FunctionName": "{self}"}
WHOLE = "merge(Configuration, {Code: Code, Concurrency: Concurrency, Tags: Tags, TagsError: TagsError})"
READ_ONLY = (
    "CodeSize",
    "ConfigSha256",
    "LastModified",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "RevisionId",
    "RuntimeVersionConfig",
    "StateReason",
    "StateReasonCode",
    "Version",
)

KIND = Kind(
    "AWS::Lambda::Function",
    "lambda",
    read=Read(
        list=Call("list_functions", each="Functions[].{FunctionName: FunctionName}"),
        item={"FunctionName": "{self}"},
        detail=(
            Call("get_function", {"FunctionName": "{FunctionName}"}, at=WHOLE),
            Call(
                "get_function_code_signing_config",
                {"FunctionName": "{FunctionName}"},
                at="{CodeSigningConfigArn: CodeSigningConfigArn}",
                when="PackageType=='Zip'",
            ),
            # GetFunction answers without tags where ListTags is denied: asked for itself, that is a gap
            Call("list_tags", {"Resource": "{FunctionArn}"}, at="{Tags: Tags}", when="TagsError"),
        ),
        tags="Tags",
        # What is switched off comes as nothing, as an empty list or as an empty text: all mean the same, and nothing is sent.
        rename={
            "CodeSigningConfigArn": "[CodeSigningConfigArn][?@] | [0]",
            "DeadLetterConfig": "[DeadLetterConfig][?TargetArn] | [0]",
            "Environment": "[Environment][?Variables] | [0]",
            "FileSystemConfigs": "FileSystemConfigs[0] && FileSystemConfigs",
            "ImageConfig": "ImageConfigResponse.ImageConfig",
            "Layers": "Layers[0] && Layers[].Arn",
            "ReservedConcurrentExecutions": "Concurrency.ReservedConcurrentExecutions",
            "SnapStart": "[SnapStart][?ApplyOn=='PublishedVersions'] | [0]",
            "VpcConfig": "[VpcConfig][?SubnetIds] | [0]",
        },
        drop={
            **dict.fromkeys(READ_ONLY, "read only"),
            "Code": "an address valid for ten minutes: the code is carried",
            "MasterArn": "belongs to Lambda@Edge",
            "SigningJobArn": "code is signed anew in the account that runs it",
            "SigningProfileVersionArn": "code is signed anew in the account that runs it",
            "TagsError": "the tags are then asked for by themselves",
        },
        sets=("Architectures", "VpcConfig.SecurityGroupIds", "VpcConfig.SubnetIds"),
        absent={
            "Architectures": ["x86_64"],
            "Description": "",
            "EphemeralStorage": {"Size": 512},
            "MemorySize": 128,
            "PackageType": "Zip",
            "Timeout": 3,
            "TracingConfig": {"Mode": "PassThrough"},
            "VpcConfig.Ipv6AllowedForDualStack": False,
        },
        opaque=("Environment.Variables.*",),
        blind={
            "Environment.Error": "its environment cannot be decrypted, and would be lost",
            "ImageConfigResponse.Error": "its image settings cannot be read, and would be lost",
        },
        gone=NOT_THERE,
    ),
    name=Named(
        id="FunctionName",
        names={"arn": strong("FunctionArn"), "name": weak("FunctionName")},
        key=("FunctionName",),
        refs={"LoggingConfig.LogGroup": "AWS::Logs::LogGroup"},
        after={"AWS::IAM::RolePolicy": "AWS::IAM::Role"},
        settled=("AWS::IAM::Role",),  # Lambda tries whether the role may reach the network and the dead-letter target
    ),
    make=Make(
        calls=(Call("create_function", {"Code": {"S3Bucket": "{park_bucket}", "S3Key": "{copied.key}"}}),),
        first={"Environment": {"Variables": {}}},
        late=(
            Call("put_function_concurrency", FUNCTION, fields=("ReservedConcurrentExecutions",)),
            # last: while its update is in progress, every other change is a conflict
            Call("update_function_configuration", FUNCTION, fields=("Environment",)),
        ),
        id="FunctionName",
        carried=("CodeSha256",),
        content=Content(carrier="code"),
        ready=Until(path="State", good=("Active", "Inactive"), bad=("Failed",), within=600, every=5),
        taken=("ResourceConflictException",),
        settles=10,
        # the role cannot be assumed yet, or may not yet reach the network or the key; an update is still in progress
        retry=("InvalidParameterValueException", "KMSAccessDeniedException", "ResourceConflictException"),
    ),
    undo=Undo(delete=Call("delete_function", FUNCTION), gone=NOT_THERE),
    human=Human(
        caveats=(
            "the code crosses byte for byte: what it names of the old account by itself, it goes on naming",
            "only the unpublished version moves; runtime version pins and recursion settings are not set again",
            "a new account may be allowed too few concurrent executions to reserve any: ask for the quota first",
        )
    ),
)
