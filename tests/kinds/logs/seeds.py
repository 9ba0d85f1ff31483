"""Log groups: bare, kept for a while with tags, of the infrequent class, and encrypted with a key that names it."""

from __future__ import annotations

import json
from typing import Any

TYPES = ("AWS::Logs::LogGroup",)


def seed_log_group(session: Any) -> None:
    logs = session.client("logs")
    logs.create_log_group(logGroupName="/seed/bare")
    logs.create_log_group(logGroupName="/seed/bare/deeper", tags={"Project": "seed", "Owner": "someone"})
    logs.put_retention_policy(logGroupName="/seed/bare/deeper", retentionInDays=30)
    logs.create_log_group(logGroupName="/seed/infrequent", logGroupClass="INFREQUENT_ACCESS")


def seed_encrypted_log_group(session: Any) -> None:
    """The key's policy admits the Logs service for this group alone, so each names the other."""
    logs, kms = session.client("logs"), session.client("kms")
    account = session.client("sts").get_caller_identity()["Account"]
    region = logs.meta.region_name
    group = f"arn:aws:logs:{region}:{account}:log-group:/seed/encrypted"
    root = {
        "Sid": "Root",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    service = {
        "Sid": "Logs",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root, service]})
    key = kms.create_key(Description="seed logs", Policy=policy)["KeyMetadata"]["Arn"]
    logs.create_log_group(logGroupName="/seed/encrypted", kmsKeyId=key)
