"""Queues of every sort with all attributes in use, dead-letter queues in a circle of names, and queue policies."""

from __future__ import annotations

import json
from typing import Any

TYPES = ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy")


def _queue(session: Any, name: str, tags: dict[str, str] | None = None, **attributes: str) -> tuple[str, str]:
    """A queue's URL and ARN."""
    sqs = session.client("sqs")
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes, tags=tags or {})["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def seed_queue(session: Any) -> None:
    """A queue and its dead-letter queue, which names it in turn; a queue that takes every other's dead letters."""
    sqs = session.client("sqs")
    dead, dead_arn = _queue(session, "seed-dead-letters", MessageRetentionPeriod="1209600")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 5})
    _, work_arn = _queue(
        session,
        "seed-work",
        {"Project": "seed", "empty": ""},
        DelaySeconds="7",
        MaximumMessageSize="65536",
        MessageRetentionPeriod="86400",
        ReceiveMessageWaitTimeSeconds="20",
        VisibilityTimeout="90",
        RedrivePolicy=redrive,
        SqsManagedSseEnabled="false",
    )
    _, other_arn = _queue(session, "seed-other", RedrivePolicy=redrive)
    allow = {"redrivePermission": "byQueue", "sourceQueueArns": [work_arn, other_arn]}
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(allow)})
    closed, _ = _queue(session, "seed-closed")
    sqs.set_queue_attributes(QueueUrl=closed, Attributes={"RedriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"})})


def seed_fifo_queue(session: Any) -> None:
    """Queues that keep order: throughput by message group, deduplication by content, dead letters in order."""
    _, dead = _queue(session, "seed-dead.fifo", FifoQueue="true")
    _queue(
        session,
        "seed-ordered.fifo",
        FifoQueue="true",
        ContentBasedDeduplication="true",
        DeduplicationScope="messageGroup",
        FifoThroughputLimit="perMessageGroupId",
        RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2}),
    )


def seed_encrypted_queue(session: Any) -> None:
    """A key by its ARN, by its alias, by its id, and AWS's own."""
    kms = session.client("kms")
    key = kms.create_key(Description="seed queues")["KeyMetadata"]
    kms.create_alias(AliasName="alias/seed-queues", TargetKeyId=key["KeyId"])
    _queue(session, "seed-by-arn", KmsMasterKeyId=key["Arn"], KmsDataKeyReusePeriodSeconds="600")
    _queue(session, "seed-by-alias", KmsMasterKeyId="alias/seed-queues")
    _queue(session, "seed-by-id", KmsMasterKeyId=key["KeyId"])
    _queue(session, "seed-under-aws-own", KmsMasterKeyId="alias/aws/sqs")


def seed_queue_policy(session: Any) -> None:
    """A policy that names its own queue, another queue, a role and the account; one that opens a queue to a service."""
    sqs, iam = session.client("sqs"), session.client("iam")
    account = session.client("sts").get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="seed-queue-user", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    url, arn = _queue(session, "seed-opened")
    _, other = _queue(session, "seed-neighbour")
    users = {"Effect": "Allow", "Principal": {"AWS": [role, f"arn:aws:iam::{account}:root"]}, "Action": "sqs:*", "Resource": arn}
    secure = {
        "Sid": "Secure",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": [arn],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    topic = {
        "Sid": "Neighbours",
        "Effect": "Allow",
        "Principal": {"Service": "sqs.amazonaws.com"},
        "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"],
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": other}, "StringEquals": {"aws:SourceAccount": account}},
    }
    policy = {"Version": "2012-10-17", "Id": "seeded", "Statement": [users, secure, topic]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
