"""SQS queue. Messages are received from no live queue: they are drained at the switch, after the freeze."""

from typing import Any

from resettle.kind import Call, Human, Kind, Make, Named, Read, Undo, strong, weak

NOT_THERE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
SETTABLE = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)
REDRIVE = ("RedrivePolicy", "RedriveAllowPolicy")


def named(live: dict[str, Any]) -> dict[str, Any]:
    """A queue's URL ends in its name (SQS Developer Guide, "Queue URLs")."""
    return {"QueueName": live["QueueUrl"].rsplit("/", 1)[-1]}


KIND = Kind(
    "AWS::SQS::Queue",
    "sqs",
    read=Read(
        list=Call("list_queues", each="QueueUrls[].{QueueUrl: @}"),
        item={"QueueUrl": "{self}"},
        detail=(Call("get_queue_attributes", {"QueueUrl": "{QueueUrl}", "AttributeNames": ["All"]}, at="{Raw: Attributes}"),),
        tags=Call("list_queue_tags", {"QueueUrl": "{QueueUrl}"}, at="Tags", into="Tags"),
        derive=named,
        rename={
            "Attributes": "Raw.{" + ", ".join(f"{name}: {name}" for name in SETTABLE) + "}",
            "RedrivePolicy": "Raw.RedrivePolicy",
            "RedriveAllowPolicy": "Raw.RedriveAllowPolicy",
        },
        json=REDRIVE,
        sets=("RedriveAllowPolicy.sourceQueueArns",),
        gone=NOT_THERE,
    ),
    name=Named(
        id="QueueUrl",
        names={"url": strong("QueueUrl"), "arn": strong("Raw.QueueArn"), "name": weak("QueueName")},
        key=("QueueName",),
        refs={"Attributes.KmsMasterKeyId": "AWS::KMS::Alias"},
    ),
    make=Make(
        calls=(Call("create_queue"),),
        late=(
            Call(
                "set_queue_attributes",
                {"QueueUrl": "{self}", "Attributes": {name: f"{{{name}}}" for name in REDRIVE}},
                fields=REDRIVE,
            ),
        ),
        id="QueueUrl",
        settles=2,
        retry=("AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"),
    ),
    undo=Undo(
        delete=Call("delete_queue", {"QueueUrl": "{self}"}),
        gone=NOT_THERE,
        remains="the name can be used again after 60 seconds",
    ),
    human=Human(caveats=("messages stay in the source until the switch, and arrive only then",)),
)
