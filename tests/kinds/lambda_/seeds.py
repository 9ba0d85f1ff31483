"""Functions with every property that the lab's emulator keeps, and permissions of every form."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

TYPES = ("AWS::Lambda::Function", "AWS::Lambda::Permission")


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _code(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr(zipfile.ZipInfo("app.py", (2024, 3, 1, 9, 0, 0)), text)
    return buffer.getvalue()


def _role(session: Any, name: str) -> str:
    iam = session.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"])


def _function(session: Any, name: str, role: str, **more: Any) -> str:
    client = session.client("lambda")
    made = client.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.12",
        Handler="app.handler",
        Code={"ZipFile": _code(f"def handler(event, context):\n    return {name!r}\n")},
        **more,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    return str(made["FunctionArn"])


def _queue(session: Any, name: str) -> tuple[str, str]:
    sqs = session.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _network(session: Any) -> dict[str, list[str]]:
    ec2 = session.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.61.0.0/16")["Vpc"]["VpcId"]
    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.61.1.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="seed-function", Description="seed", VpcId=vpc)["GroupId"]
    return {"SubnetIds": [subnet], "SecurityGroupIds": [group]}


def seed_function(session: Any) -> None:
    """A bare function, and one with network, key, dead letters, secrets in its environment and a log group of its own."""
    bare = _function(session, "seed-bare", _role(session, "seed-bare-role"))
    role = _role(session, "seed-rich-role")
    url, arn = _queue(session, "seed-function-queue")
    key = session.client("kms").create_key(Description="seed function")["KeyMetadata"]["Arn"]
    allowed = (
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn},
        {"Effect": "Allow", "Action": ["ec2:*NetworkInterface*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key},
    )
    session.client("iam").put_role_policy(RoleName="seed-rich-role", PolicyName="work", PolicyDocument=_document(*allowed))
    session.client("logs").create_log_group(logGroupName="/seed/functions")
    _function(
        session,
        "seed-rich",
        role,
        Description="Everything in use",
        Timeout=29,
        MemorySize=1536,
        VpcConfig=_network(session),
        DeadLetterConfig={"TargetArn": arn},
        Environment={"Variables": {"QUEUE": url, "DB_PASSWORD": "seeded+pass/word=&%1", "NEXT": bare, "MODE": "fast"}},
        KMSKeyArn=key,
        TracingConfig={"Mode": "Active"},
        Architectures=["arm64"],
        EphemeralStorage={"Size": 1024},
        LoggingConfig={
            "LogFormat": "JSON",
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "WARN",
            "LogGroup": "/seed/functions",
        },
        Tags={"Project": "seed", "Owner": "someone"},
    )
    session.client("lambda").put_function_concurrency(FunctionName="seed-rich", ReservedConcurrentExecutions=7)


def seed_permission(session: Any) -> None:
    """Statements for a service, an account, a role, an organisation and an event source token; one id on two functions."""
    client = session.client("lambda")
    role = _role(session, "seed-permission-role")
    account = session.client("sts").get_caller_identity()["Account"]
    _url, arn = _queue(session, "seed-permission-queue")
    for name in ("seed-permitting", "seed-permitting-too"):
        _function(session, name, role)
        client.add_permission(
            FunctionName=name,
            StatementId="queue",
            Action="lambda:InvokeFunction",
            Principal="sqs.amazonaws.com",
            SourceArn=arn,
            SourceAccount=account,
        )
    more: dict[str, dict[str, str]] = {
        "account": {"Action": "lambda:GetFunction", "Principal": account},
        "role": {"Action": "lambda:InvokeFunction", "Principal": role},
        "public": {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "AWS_IAM"},
        "organisation": {"Action": "lambda:InvokeFunction", "Principal": "*", "PrincipalOrgID": "o-a1b2c3d4e5"},
        "token": {
            "Action": "lambda:InvokeFunction",
            "Principal": "alexa-appkit.amazon.com",
            "EventSourceToken": "amzn1.ask.skill.seed",
        },
    }
    for statement, fields in more.items():
        client.add_permission(FunctionName="seed-permitting", StatementId=statement, **fields)
