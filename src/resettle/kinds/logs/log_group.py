"""CloudWatch log group, without its events: those stay in the source."""

from resettle.kind import Call, Human, Kind, Make, Named, Read, Undo, strong, weak

NOT_THERE = ("ResourceNotFoundException",)
GROUP = {"logGroupName": "{self}"}
EXISTS = ("ResourceAlreadyExistsException",)

KIND = Kind(
    "AWS::Logs::LogGroup",
    "logs",
    read=Read(
        list=Call("describe_log_groups", each="logGroups[]"),
        one={"logGroupNamePrefix": "{self}"},
        tags=Call("list_tags_for_resource", {"resourceArn": "{logGroupArn}"}, at="tags", into="Tags"),
        drop={
            "creationTime": "read only",
            "dataProtectionStatus": "read only: data protection policies are things of their own",
            "inheritedProperties": "set on the account",
            "metricFilterCount": "read only: metric filters are things of their own",
            "retentionPolicyName": "set on the account",
            "storedBytes": "read only",
        },
        absent={
            "bearerTokenAuthenticationEnabled": False,
            "deletionProtectionEnabled": False,
            "logGroupClass": "STANDARD",
        },
        gone=NOT_THERE,
    ),
    name=Named(
        id="logGroupName",
        names={"arn": strong("logGroupArn"), "arn of streams": strong("arn"), "name": weak("logGroupName")},
        key=("logGroupName",),
        settled=("AWS::KMS::Key",),  # the key's own policy must admit the Logs service
    ),
    make=Make(
        calls=(
            # A service that logs makes its group by itself when it comes first (Lambda, RDS): then that one is configured.
            Call("create_log_group", already=EXISTS),
            Call("tag_log_group", {"logGroupName": "{self}", "tags": "{Tags}"}, fields=(), when="Tags"),
            Call("put_retention_policy", GROUP, fields=("retentionInDays",)),
            Call(
                "put_bearer_token_authentication",
                {"logGroupIdentifier": "{self}"},
                fields=("bearerTokenAuthenticationEnabled",),
                when="bearerTokenAuthenticationEnabled",
            ),
        ),
        # The key's policy may name this group: so the group comes first and the key is set when both stand.
        late=(Call("associate_kms_key", GROUP, fields=("kmsKeyId",)),),
        id="logGroupName",
        taken=EXISTS,
        settles=5,
        retry=("InvalidParameterException", "OperationAbortedException", "ServiceUnavailableException", *NOT_THERE),
    ),
    undo=Undo(
        delete=Call("delete_log_group", GROUP),
        before=(
            Call(
                "put_log_group_deletion_protection",
                {"logGroupIdentifier": "{self}", "deletionProtectionEnabled": False},
                fields=(),
                when="deletionProtectionEnabled",
                already=NOT_THERE,
            ),
        ),
        gone=NOT_THERE,
    ),
    human=Human(caveats=("the events logged so far stay in the source",)),
)
