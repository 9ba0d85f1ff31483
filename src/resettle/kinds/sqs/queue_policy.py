"""Queue policy: the one policy of a queue, as CloudFormation has it a thing of its own."""

from resettle.kind import Call, Kind, Make, Named, Read, Undo
from resettle.kinds.sqs.queue import NOT_THERE

KIND = Kind(
    "AWS::SQS::QueuePolicy",
    "sqs",
    read=Read(
        within="AWS::SQS::Queue",
        each="Raw.Policy && {Policy: Raw.Policy} || `null`",
        inherit=("QueueUrl",),
        json=("Policy",),
        gone=NOT_THERE,
    ),
    name=Named(id="", settled=("AWS::SQS::Queue",)),  # one queue's attributes are set by one call at a time
    make=Make(
        calls=(
            Call(
                "set_queue_attributes",
                {"Attributes": {"Policy": "{Policy}"}},
                fields=("QueueUrl", "Policy"),
            ),
        ),
    ),
    undo=Undo(
        delete=Call("set_queue_attributes", {"QueueUrl": "{self}", "Attributes": {"Policy": ""}}),
        gone=NOT_THERE,
    ),
)
