"""Keys of every use: rotating, disabled, for signing, for codes; a policy that names a role; aliases."""

from __future__ import annotations

import json
from typing import Any

TYPES = ("AWS::KMS::Key", "AWS::KMS::Alias")


def _role(session: Any, name: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = session.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    return arn


def seed_key(session: Any) -> None:
    """A rotating key that a role and a service may use, a disabled one, one with nothing said."""
    kms = session.client("kms")
    account = session.client("sts").get_caller_identity()["Account"]
    users = [_role(session, "seed-key-user"), _role(session, "seed-key-reader")]
    root = {
        "Sid": "Root",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    using = {
        "Sid": "Use",
        "Effect": "Allow",
        "Principal": {"AWS": users},
        "Action": ["kms:Encrypt", "kms:Decrypt"],
        "Resource": "*",
    }
    service = {
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{session.region_name}.amazonaws.com"},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{session.region_name}:{account}:*"}},
    }
    rich = kms.create_key(
        Description="Seeded: rotating",
        Policy=json.dumps({"Version": "2012-10-17", "Id": "seeded", "Statement": [root, using, service]}),
        Tags=[{"TagKey": "Project", "TagValue": "seed"}, {"TagKey": "empty", "TagValue": ""}],
    )["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=rich, RotationPeriodInDays=180)
    disabled = kms.create_key(Description="Seeded: disabled")["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=disabled)
    kms.disable_key(KeyId=disabled)
    kms.create_key()


def seed_asymmetric_key(session: Any) -> None:
    """Keys that sign, that encrypt with a public half, that make codes: their material stays behind."""
    kms = session.client("kms")
    kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY", Description="Seeded: signs")
    kms.create_key(KeySpec="RSA_4096", KeyUsage="ENCRYPT_DECRYPT")
    kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC", Tags=[{"TagKey": "a", "TagValue": "b"}])


def seed_alias(session: Any) -> None:
    """Two aliases of one key, one of another, and one with a path in its name; a key about to go, with an alias of its own."""
    kms = session.client("kms")
    one, other, going = (
        kms.create_key(Description=f"Seeded: {what}")["KeyMetadata"]["KeyId"] for what in ("one", "other", "going")
    )
    kms.create_alias(AliasName="alias/seed-one", TargetKeyId=one)
    kms.create_alias(AliasName="alias/seed-one-too", TargetKeyId=one)
    kms.create_alias(AliasName="alias/seed/path/other", TargetKeyId=other)
    kms.schedule_key_deletion(KeyId=going, PendingWindowInDays=7)
