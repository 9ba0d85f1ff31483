"""Law: S3 accepts a notification only if its destination exists and lets S3 in; it delivers nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws._policy import Request, decide, service
from resettle_lab.world import World, aws_error


def install(world: World) -> None:
    """Checks each destination when the configuration is put."""
    from moto.s3.models import S3Backend

    world.patch(S3Backend, "put_bucket_notification_configuration", _validated)


def _validated(original: Callable[..., None]) -> Callable[..., None]:
    def put(backend: Any, bucket_name: str, notification_config: dict[str, Any]) -> None:
        bucket = backend.get_bucket(bucket_name)
        for kind, element, admits in _DESTINATIONS:
            for one in (notification_config or {}).get(kind) or []:
                if not admits(bucket, one[element]):
                    message = "Unable to validate the following destination configurations"
                    raise aws_error("InvalidArgument", message, 400, argument_name=one[element], argument_value="not reachable")
        original(backend, bucket_name, notification_config)

    return put


def _may_use(bucket: Any, policy: Any, action: str, resource: str) -> bool:
    context = {"aws:sourcearn": bucket.arn, "aws:sourceaccount": bucket.account_id}
    request = Request(action=action, resource=resource, context=context)
    return decide(policy, service("s3.amazonaws.com"), request) == "Allow"


def _queue_admits(bucket: Any, arn: str) -> bool:
    from moto.sqs.models import sqs_backends

    queue = sqs_backends[_account(arn)][bucket.region_name].queues.get(arn.split(":")[-1])
    # A FIFO queue is no destination (AWS page "Event notification types and destinations").
    if queue is None or queue.fifo_queue or queue.queue_arn != arn:
        return False
    return _may_use(bucket, queue.policy, "sqs:SendMessage", arn)


def _topic_admits(bucket: Any, arn: str) -> bool:
    from moto.sns.models import sns_backends

    topic = sns_backends[_account(arn)][bucket.region_name].topics.get(arn)
    if topic is None:
        return False
    return _may_use(bucket, topic.policy, "sns:Publish", arn)


def _function_admits(bucket: Any, arn: str) -> bool:
    from moto.awslambda.models import lambda_backends

    name, _, qualifier = arn.split(":function:", 1)[-1].partition(":")
    versions = lambda_backends[_account(arn)][bucket.region_name]._lambdas._functions.get(name)
    if versions is None:
        return False
    function = versions["latest"]
    if qualifier and qualifier in versions["alias"]:
        function = versions["alias"][qualifier]
    document = {"Statement": function.policy.statements}
    return _may_use(bucket, document, "lambda:InvokeFunction", arn)


def _account(arn: str) -> str:
    return arn.split(":")[4]


_DESTINATIONS = (
    ("QueueConfiguration", "Queue", _queue_admits),
    ("TopicConfiguration", "Topic", _topic_admits),
    ("CloudFunctionConfiguration", "CloudFunction", _function_admits),
)

LAW = Law(
    name="bucket-notifications",
    rule="PutBucketNotificationConfiguration is refused with InvalidArgument unless every destination exists in the "
    "bucket's region and its policy admits s3.amazonaws.com for this bucket.",
    source="Amazon S3 User Guide: Granting permissions to publish event notification messages to a destination",
    install=install,
)
