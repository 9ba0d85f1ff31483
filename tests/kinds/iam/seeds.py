"""Roles and policies with every property in use, and names that go round in circles."""

from __future__ import annotations

import json
from typing import Any

TYPES = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _trust(**principal: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}


def seed_role(session: Any) -> None:
    """A role that another may assume, and that one with a boundary, attachments and a condition on the account."""
    iam = session.client("iam")
    account = session.client("sts").get_caller_identity()["Account"]
    bare = iam.create_role(RoleName="seed-bare", AssumeRolePolicyDocument=_document(_trust(Service="ec2.amazonaws.com")))
    policy = iam.create_policy(PolicyName="seed-boundary", PolicyDocument=_document(_allow("s3:*", "*")))
    rich = iam.create_role(
        Path="/seed/roles/",
        RoleName="seed-rich",
        Description="Assumed by seed-bare",
        MaxSessionDuration=7200,
        PermissionsBoundary=policy["Policy"]["Arn"],
        AssumeRolePolicyDocument=_document(
            _trust(AWS=bare["Role"]["Arn"]),
            {**_trust(Service="sqs.amazonaws.com"), "Condition": {"StringEquals": {"aws:SourceAccount": account}}},
        ),
        Tags=[{"Key": "Project", "Value": "seed"}, {"Key": "Owner", "Value": "someone"}],
    )
    iam.attach_role_policy(RoleName="seed-rich", PolicyArn=policy["Policy"]["Arn"])
    iam.update_assume_role_policy(
        RoleName="seed-bare",
        PolicyDocument=_document(_trust(Service="ec2.amazonaws.com"), _trust(AWS=rich["Role"]["Arn"])),
    )


def seed_managed_policy(session: Any) -> None:
    """A policy whose second version is in force, that names the role to which it is attached, a queue and a key."""
    iam = session.client("iam")
    role = iam.create_role(RoleName="seed-holder", AssumeRolePolicyDocument=_document(_trust(Service="ecs-tasks.amazonaws.com")))
    queue = session.client("sqs").create_queue(QueueName="seed-policy-queue")["QueueUrl"]
    attributes = session.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    key = session.client("kms").create_key(Description="seed")["KeyMetadata"]["Arn"]
    made = iam.create_policy(
        PolicyName="seed-managed",
        Path="/seed/",
        Description="What seed-holder may",
        PolicyDocument=_document(_allow("s3:*", "*")),
        Tags=[{"Key": "Project", "Value": "seed"}],
    )["Policy"]
    iam.create_policy_version(
        PolicyArn=made["Arn"],
        SetAsDefault=True,
        PolicyDocument=_document(
            _allow(["sqs:SendMessage", "sqs:ReceiveMessage"], attributes["QueueArn"]),
            _allow("kms:Decrypt", [key]),
            _allow("iam:PassRole", role["Role"]["Arn"]),
        ),
    )
    iam.attach_role_policy(RoleName="seed-holder", PolicyArn=made["Arn"])


def seed_role_policy(session: Any) -> None:
    """Two inline policies of one role, one of which names a queue, and one of the same name on another role."""
    iam = session.client("iam")
    queue = session.client("sqs").create_queue(QueueName="seed-inline-queue")["QueueUrl"]
    attributes = session.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    for name in ("seed-inline-a", "seed-inline-b"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(_trust(Service="ec2.amazonaws.com")))
        iam.put_role_policy(
            RoleName=name,
            PolicyName="send",
            PolicyDocument=_document(_allow("sqs:SendMessage", attributes["QueueArn"])),
        )
    condition = {"StringLike": {"aws:RequestedRegion": ["ap-*", "us-east-1"]}}
    iam.put_role_policy(
        RoleName="seed-inline-a",
        PolicyName="look",
        PolicyDocument=_document(_allow(["s3:Get*", "s3:List*"], "*", Condition=condition)),
    )
