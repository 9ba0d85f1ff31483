"""Mybrary as the first milestone moves it: networks, identity, queues and texts. Plain data; it calls nothing."""

from __future__ import annotations

import base64
import random
import string
from typing import Any

from resettle_lab.seed.design import (
    Group,
    Key,
    ManagedPolicy,
    Network,
    Queue,
    Role,
    Rule,
    Subnet,
    allow,
    document,
    trust,
)

VPC = "mybrary-vpc"
ANYWHERE = "0.0.0.0/0"
OFFICE = "198.51.100.7/32"
PROJECT = {"Project": "mybrary"}
AWS = "arn:aws:iam::aws:policy/"
PARAMETERS = "arn:aws:ssm:@@region@@:@@account@@:parameter/mybrary/prod/*"
LAMBDA_BASIC = AWS + "service-role/AWSLambdaBasicExecutionRole"
LAMBDA_VPC = AWS + "service-role/AWSLambdaVPCAccessExecutionRole"

SUBNETS = (
    ("public-nat", "10.0.0.0/24", "a"),
    ("public-gateway", "10.0.1.0/24", "a"),
    ("config", "10.0.3.0/24", "a"),
    ("eureka", "10.0.4.0/24", "a"),
    ("public-docs", "10.0.2.0/24", "a"),
    ("public-lb", "10.0.5.0/24", "b"),
    ("user-service", "10.0.6.0/24", "a"),
    ("user-db-a", "10.0.7.0/24", "a"),
    ("user-db-b", "10.0.8.0/24", "b"),
    ("user-redis", "10.0.9.0/24", "a"),
    ("book-service-a", "10.0.10.0/24", "a"),
    ("book-db-a", "10.0.11.0/24", "a"),
    ("book-db-b", "10.0.12.0/24", "b"),
    ("book-redis", "10.0.13.0/24", "a"),
    ("notification-service", "10.0.14.0/24", "a"),
    ("book-recognition", "10.0.15.0/24", "a"),
)
SERVICES = ("user-service", "book-service", "notification-service")
PRIVATE = ("config-server", "eureka-server", *SERVICES, "book-recognition")


def _from(port: int, *peers: str, note: str = "") -> tuple[Rule, ...]:
    return tuple(Rule(peer=peer, low=port, note=note) for peer in peers)


def _service(name: str) -> Group:
    rules = _from(8080, "internal-alb") + _from(8080, "config-server", note="bus refresh")
    return Group(name=name, note=f"Tasks of {name}", rules=rules)


GROUPS = (
    Group(name="alb", note="Internet-facing balancer", rules=_from(80, ANYWHERE) + _from(443, ANYWHERE)),
    Group(
        name="gateway",
        note="Spring Cloud Gateway",
        rules=(
            *_from(8080, "alb"),
            Rule(peer="internal-alb", low=80, egress=True, note="to the services"),
            Rule(peer="config-server", low=8888, egress=True),
            Rule(peer="eureka-server", low=8761, egress=True),
            Rule(peer=ANYWHERE, low=443, egress=True, note="ECR and STS"),
        ),
        open_egress=False,
    ),
    Group(name="internal-alb", note="Balancer between gateway and services", rules=_from(80, "gateway")),
    Group(
        name="config-server",
        note="Config server and RabbitMQ",
        rules=_from(8888, *SERVICES, "gateway") + _from(5672, *SERVICES, note="RabbitMQ bus"),
    ),
    Group(name="eureka-server", note="Service registry", rules=_from(8761, *SERVICES, "gateway")),
    *(_service(name) for name in SERVICES),
    Group(
        name="user-db",
        note="User database",
        rules=_from(3306, "user-service") + _from(3306, "10.0.6.0/24", note="tasks by subnet, 2023"),
        open_egress=False,
    ),
    Group(name="book-db", note="Book database", rules=_from(3306, "book-service", "book-recognition"), open_egress=False),
    Group(name="user-redis", note="User cache", rules=(Rule(peer="user-redis", low=16379), *_from(6379, "user-service"))),
    Group(name="book-redis", note="Book cache", rules=_from(6379, "book-service")),
    Group(
        name="docs-server",
        note="Swagger UI",
        rules=_from(80, ANYWHERE) + _from(443, ANYWHERE) + _from(22, OFFICE, note="SSH from the office"),
    ),
    Group(
        name="nat-instance",
        note="NAT for the private subnets",
        rules=(
            *(Rule(peer=name, protocol="-1") for name in PRIVATE),
            Rule(peer="10.0.0.0/16", low=-1, protocol="icmp", note="path MTU"),
        ),
    ),
    Group(name="book-recognition", note="Recognition function"),
)

NETWORK = Network(
    name=VPC,
    cidr="10.0.0.0/16",
    subnets=tuple(Subnet(name=name, cidr=cidr, zone=zone, public=name.startswith("public")) for name, cidr, zone in SUBNETS),
    groups=GROUPS,
)

CODEDEPLOY = AWS + "AWSCodeDeployRoleForECS"
ROLES = (
    Role(
        name="ecsTaskExecutionRole",
        trust=trust("ecs-tasks.amazonaws.com"),
        attached=(
            AWS + "service-role/AmazonECSTaskExecutionRolePolicy",
            "@@policy_arn:mybrary-secrets-read@@",
            "@@policy_arn:mybrary-bucket-access@@",
        ),
        tags=PROJECT,
    ),
    Role(name="ecsCodeDeployRole", trust=trust("codedeploy.amazonaws.com"), attached=(CODEDEPLOY,), tags=PROJECT),
    Role(
        name="book-recognition",
        trust=trust("lambda.amazonaws.com"),
        note="Reads covers from mybrary-book-covers and writes what it saw",
        attached=(LAMBDA_VPC, "@@policy_arn:mybrary-bucket-access@@"),
        inline={
            "use-key": document(allow(["kms:Decrypt", "kms:GenerateDataKey"], "@@key_arn:mybrary@@")),
            "tell-followers": document(allow("sqs:SendMessage", "@@queue_arn:mybrary-follow-queue@@")),
        },
        tags=PROJECT,
    ),
    Role(
        name="profile-image-resize",
        trust=trust("lambda.amazonaws.com"),
        attached=(LAMBDA_BASIC,),
        inline={
            "images": document(
                allow("s3:GetObject", "arn:aws:s3:::mybrary-book-covers/*"),
                allow("s3:PutObject", "arn:aws:s3:::mybrary-user-service/profile/*"),
            )
        },
        tags=PROJECT,
    ),
    Role(
        name="follow-mailer",
        trust=trust("lambda.amazonaws.com"),
        attached=(LAMBDA_BASIC, "@@policy_arn:mybrary-queue-access@@"),
        tags=PROJECT,
    ),
    Role(
        name="night-saver",
        trust=trust("lambda.amazonaws.com"),
        path="/operations/",
        attached=(LAMBDA_BASIC, "@@policy_arn:mybrary-night-saver@@"),
        tags=PROJECT,
    ),
    Role(
        name="config-server",
        trust=trust("ec2.amazonaws.com"),
        inline={"read-parameters": document(allow("ssm:GetParameter*", PARAMETERS))},
        tags=PROJECT,
        hours=4,
    ),
    Role(
        name="gateway-server",
        trust=trust("ec2.amazonaws.com"),
        attached=(AWS + "AmazonEC2ContainerRegistryReadOnly",),
        inline={
            "read-own-parameters": document(
                allow("ssm:GetParameter", PARAMETERS, Condition={"StringEquals": {"aws:SourceVpc": f"@@vpc_id:{VPC}@@"}})
            )
        },
        tags=PROJECT,
    ),
    Role(
        name="rds-monitoring",
        trust=trust("monitoring.rds.amazonaws.com", Condition={"StringEquals": {"aws:SourceAccount": "@@account@@"}}),
        attached=(AWS + "service-role/AmazonRDSEnhancedMonitoringRole",),
        tags=PROJECT,
    ),
    Role(
        name="vpc-flow-logs",
        trust=trust("vpc-flow-logs.amazonaws.com"),
        inline={
            "write": document(
                allow(
                    ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                    "arn:aws:logs:@@region@@:@@account@@:log-group:/aws/vpc/mybrary-flow-logs:*",
                )
            )
        },
        tags=PROJECT,
    ),
)

POLICIES = (
    ManagedPolicy(
        name="mybrary-bucket-access",
        note="Objects of the services",
        document=document(
            allow(
                ["s3:GetObject", "s3:PutObject"],
                ["arn:aws:s3:::mybrary-user-service/*", "arn:aws:s3:::mybrary-recognition-input/*"],
                Sid="Objects",
            ),
            allow("s3:ListBucket", ["arn:aws:s3:::mybrary-user-service", "arn:aws:s3:::mybrary-book-covers"], Sid="List"),
        ),
    ),
    ManagedPolicy(
        name="mybrary-queue-access",
        document=document(
            allow(
                ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                ["@@queue_arn:mybrary-follow-queue@@", "@@queue_arn:mybrary-follow-dlq@@"],
            )
        ),
    ),
    ManagedPolicy(
        name="mybrary-secrets-read",
        path="/mybrary/",
        document=document(
            allow(
                "secretsmanager:GetSecretValue",
                "arn:aws:secretsmanager:@@region@@:@@account@@:secret:mybrary/prod/*",
            ),
            allow("kms:Decrypt", "@@key_arn:mybrary@@"),
            allow("ssm:GetParameters", PARAMETERS),
        ),
    ),
    ManagedPolicy(
        name="mybrary-night-saver",
        document=document(
            allow(
                ["rds:StopDBInstance", "rds:StartDBInstance"],
                [
                    "arn:aws:rds:@@region@@:@@account@@:db:mybrary-user-db",
                    "arn:aws:rds:@@region@@:@@account@@:db:mybrary-book-db",
                ],
            ),
            allow("rds:DescribeDBInstances", "*"),
        ),
    ),
)

KEYS = (
    Key(
        alias="mybrary",
        note="Mybrary data",
        statements=(
            allow(
                ["kms:Decrypt", "kms:GenerateDataKey"],
                "*",
                Sid="Functions and tasks",
                Principal={"AWS": ["@@role_arn:book-recognition@@", "@@role_arn:ecsTaskExecutionRole@@"]},
            ),
            allow(
                "kms:Decrypt",
                "*",
                Sid="Through Secrets Manager only",
                Principal={"AWS": "@@role_arn:config-server@@"},
                Condition={
                    "StringEquals": {
                        "kms:ViaService": "secretsmanager.@@region@@.amazonaws.com",
                        "kms:CallerAccount": "@@account@@",
                    }
                },
            ),
        ),
    ),
)

QUEUES = (
    Queue(
        name="mybrary-follow-dlq",
        attributes={"MessageRetentionPeriod": "1209600"},
        tags=PROJECT,
        feeders=("mybrary-follow-queue",),
        bodies=tuple(f'{{"follower": {900 + number}, "reason": "주소 없음"}}' for number in range(3)),
    ),
    Queue(
        name="mybrary-follow-queue",
        attributes={
            "VisibilityTimeout": "60",
            "MessageRetentionPeriod": "345600",
            "MaximumMessageSize": "262144",
            "ReceiveMessageWaitTimeSeconds": "20",
            "DelaySeconds": "0",
        },
        tags=PROJECT | {"Service": "user-service"},
        policy=document(
            {
                "Sid": "functions",
                "Effect": "Allow",
                "Principal": {"AWS": ["@@role_arn:book-recognition@@", "@@role_arn:ecsTaskExecutionRole@@"]},
                "Action": "sqs:SendMessage",
                "Resource": "@@queue_arn:mybrary-follow-queue@@",
            },
            {
                "Sid": "mailer",
                "Effect": "Allow",
                "Principal": {"AWS": "@@role_arn:follow-mailer@@"},
                "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"],
                "Resource": "@@queue_arn:mybrary-follow-queue@@",
                "Condition": {"StringEquals": {"aws:SourceAccount": "@@account@@"}},
            },
        ),
        dead_letters="mybrary-follow-dlq",
        bodies=tuple(f'{{"follower": {number}, "followee": {number * 7 % 50}, "메모": "팔로우"}}' for number in range(25)),
    ),
)

LOG_GROUPS = (
    *((f"/ecs/{name}ServiceFamily", 14, PROJECT) for name in ("user", "book", "notification")),
    *((f"/aws/lambda/{name}", 14, PROJECT) for name in ("book-recognition", "profile-image-resize", "night-saver")),
    ("/aws/lambda/follow-mailer", None, {}),
    ("/aws/vpc/mybrary-flow-logs", 30, PROJECT),
)


def password(rng: random.Random, size: int = 24) -> str:
    """Draw a password that RDS accepts: no slash, quote, at sign or blank."""
    return "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(size))


def texts(plain: dict[str, str]) -> tuple[tuple[dict[str, Any], ...], tuple[dict[str, Any], ...]]:
    """Write stored secrets and parameters around the drawn secrets, whose names are those of `plain`."""
    tags = [{"Key": "Project", "Value": "mybrary"}]
    user = (
        '{"engine": "mysql", "host": "@@db_host:mybrary-user-db@@", "port": 3306, '
        f'"dbname": "userdb", "username": "mybrary", "password": "{plain["user_db"]}"}}'
    )
    stored = (
        {"Name": "mybrary/prod/user-db", "SecretString": user, "KmsKeyId": "alias/mybrary", "Tags": tags},
        {"Name": "mybrary/prod/jwt", "SecretString": plain["jwt"], "Description": "Signs sessions", "Tags": tags},
    )
    client = '{"coversUrl": "https://mybrary-book-covers.s3.amazonaws.com/covers/", "version": 3}'
    root = "/mybrary/prod/"
    parameters = (
        _text(root + "profile-bucket", "mybrary-user-service"),
        _text(root + "profile-base-url", "https://mybrary-user-service.s3.@@region@@.amazonaws.com/profile/"),
        _text(root + "follow-queue-url", "@@queue_url:mybrary-follow-queue@@"),
        _text(root + "user-db-url", "jdbc:mysql://@@db_host:mybrary-user-db@@:3306/userdb?serverTimezone=Asia/Seoul"),
        _text(root + "client-config", base64.b64encode(client.encode()).decode()),
        {"Name": root + "locales", "Type": "StringList", "Value": "ko-KR,en-US", "Description": "지원 언어"},
        {
            "Name": root + "book-db-password",
            "Type": "SecureString",
            "Value": plain["book_db"],
            "KeyId": "alias/mybrary",
        },
        {"Name": root + "redis-auth-token", "Type": "SecureString", "Value": plain["redis"]},
        {
            "Name": root + "rabbitmq-uri",
            "Type": "SecureString",
            "Value": f"amqp://mybrary:{plain['rabbit']}@10.0.3.105:5672/",
            "Tags": tags,
        },
    )
    return stored, parameters


def _text(name: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Type": "String", "Value": value, "Tags": [{"Key": "Project", "Value": "mybrary"}]}
