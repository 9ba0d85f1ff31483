"""Makes queues: dead-letter targets exist before anything points at them, policies come last, messages after all."""

from __future__ import annotations

import json

from resettle_lab.seed.design import Queue, text
from resettle_lab.seed.making import Making


def make(making: Making, queues: tuple[Queue, ...]) -> None:
    """Make the queues; learned as `queue_url:` and `queue_arn:`."""
    sqs = making.client("sqs")
    for queue in queues:
        url = sqs.create_queue(QueueName=queue.name, Attributes=dict(queue.attributes), tags=dict(queue.tags))["QueueUrl"]
        making.learn("queue_url", queue.name, url)
        making.learn("queue_arn", queue.name, f"arn:aws:sqs:{making.region}:{making.account}:{queue.name}")
    for queue in queues:
        late = _late_attributes(making, queue)
        if late:
            sqs.set_queue_attributes(QueueUrl=making.values[f"queue_url:{queue.name}"], Attributes=late)


def _late_attributes(making: Making, queue: Queue) -> dict[str, str]:
    late = {}
    if queue.dead_letters:
        target = making.values[f"queue_arn:{queue.dead_letters}"]
        late["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": queue.tries})
    if queue.feeders:
        sources = [making.values[f"queue_arn:{name}"] for name in queue.feeders]
        late["RedriveAllowPolicy"] = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": sources})
    if queue.policy:
        late["Policy"] = text(making.fill(queue.policy))
    return late


def send(making: Making, queues: tuple[Queue, ...]) -> None:
    """Put the messages that wait, in batches of ten with an attribute each."""
    sqs = making.client("sqs")
    for queue in queues:
        url = making.values[f"queue_url:{queue.name}"]
        for start in range(0, len(queue.bodies), 10):
            batch = [
                {
                    "Id": f"m{number}",
                    "MessageBody": making.fill(body),
                    "MessageAttributes": {"number": {"DataType": "Number", "StringValue": str(number)}},
                    **({"MessageGroupId": "all"} if queue.name.endswith(".fifo") else {}),
                }
                for number, body in enumerate(queue.bodies[start : start + 10], start)
            ]
            sqs.send_message_batch(QueueUrl=url, Entries=batch)
