"""Secrets: a text that names other things, one under a customer key with a policy, bytes, and one without a value."""

from __future__ import annotations

import json
from typing import Any

TYPES = ("AWS::SecretsManager::Secret",)


def seed_secret(session: Any) -> None:
    manager, kms = session.client("secretsmanager"), session.client("kms")
    queue = session.client("sqs").create_queue(QueueName="seed-secret-queue")["QueueUrl"]
    value = {"host": "db.internal", "password": "seeded&secret=/+%word", "queue": queue}
    manager.create_secret(
        Name="seed/service/database",
        Description="Seeded",
        SecretString=json.dumps(value),
        Tags=[{"Key": "Project", "Value": "seed"}],
    )
    manager.create_secret(Name="seed-plain", SecretString="not json: seeded plain text")
    key = kms.create_key(Description="seed secrets")["KeyMetadata"]["Arn"]
    account = session.client("sts").get_caller_identity()["Account"]
    manager.create_secret(Name="seed-keyed", SecretString="seeded under a key", KmsKeyId=key)
    reading = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [reading]})
    manager.put_resource_policy(SecretId="seed-keyed", ResourcePolicy=policy)


def seed_binary_secret(session: Any) -> None:
    """Bytes that are no text in any encoding, and bytes that look like base64."""
    manager = session.client("secretsmanager")
    manager.create_secret(Name="seed-bytes", SecretBinary=bytes(range(256)))
    manager.create_secret(Name="seed-base64-look", SecretBinary=b"c2VlZGVkIHRleHQ=")


def seed_empty_secret(session: Any) -> None:
    session.client("secretsmanager").create_secret(Name="seed-empty")
