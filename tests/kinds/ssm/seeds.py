"""Parameters of every type, tier and key, whose values name other things."""

from __future__ import annotations

from typing import Any

TYPES = ("AWS::SSM::Parameter",)


def seed_parameter(session: Any) -> None:
    ssm, kms = session.client("ssm"), session.client("kms")
    queue = session.client("sqs").create_queue(QueueName="seed-parameter-queue")["QueueUrl"]
    ssm.put_parameter(
        Name="/seed/queue",
        Type="String",
        Value=queue,
        Description="Where to send",
        AllowedPattern="http.*",
        Tags=[{"Key": "Project", "Value": "seed"}],
    )
    ssm.put_parameter(Name="seed-list", Type="StringList", Value="one,two,three")
    ssm.put_parameter(Name="/seed/password", Type="SecureString", Value="seeded=secure&string/+%", Tier="Advanced")
    key = kms.create_key(Description="seed parameters")["KeyMetadata"]
    kms.create_alias(AliasName="alias/seed-parameters", TargetKeyId=key["KeyId"])
    ssm.put_parameter(Name="/seed/keyed/by-alias", Type="SecureString", Value="seeded a", KeyId="alias/seed-parameters")
    ssm.put_parameter(Name="/seed/keyed/by-arn", Type="SecureString", Value="seeded b", KeyId=key["Arn"])
    for number in range(11):  # more than one GetParameters call
        ssm.put_parameter(Name=f"/seed/many/{number}", Type="String", Value=f"value {number}")
