"""Mybrary's buckets, functions and databases as data; the bytes of its objects are drawn from a given chance."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import quote

from resettle_lab.seed.design import Bucket, Database, Function, Object, Params, allow, document

OPEN_TO_POLICY = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": False,
}
CLOSED = dict.fromkeys(OPEN_TO_POLICY, True)
TAGS = [{"Key": "Project", "Value": "mybrary"}, {"Key": "Owner", "Value": "책 나눔 팀"}]
LARGE = 6 * 1024**2
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


def public_read(bucket: str, prefix: str) -> dict[str, Any]:
    """Write the policy that lets anybody read below a prefix."""
    return document(
        allow("s3:GetObject", f"arn:aws:s3:::{bucket}/{prefix}*", Sid="PublicRead", Principal="*"),
    )


def image(rng: random.Random, size: int = 120) -> bytes:
    """Draw a small image: a valid header and bytes of its own."""
    return PIXEL + rng.randbytes(size)


def buckets(rng: random.Random) -> tuple[Bucket, ...]:
    """Describe the four buckets; between them every setting of a bucket stands somewhere."""
    return (_user_service(rng), _swagger_ui(), _book_covers(rng), _recognition_input(rng))


def _user_service(rng: random.Random) -> Bucket:
    name = "mybrary-user-service"
    cors = {
        "AllowedOrigins": ["https://www.mybrary.example", "http://localhost:3000"],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3000,
    }
    return Bucket(
        name=name,
        settings=(
            ("put_bucket_ownership_controls", {"OwnershipControls": _owner("BucketOwnerPreferred")}),
            ("put_public_access_block", {"PublicAccessBlockConfiguration": OPEN_TO_POLICY}),
            ("put_bucket_policy", {"Policy": public_read(name, "profile/")}),
            ("put_bucket_cors", {"CORSConfiguration": {"CORSRules": [cors]}}),
            ("put_bucket_tagging", {"Tagging": {"TagSet": TAGS}}),
        ),
        objects=tuple(_profile(rng, number) for number in range(300)),
    )


def _owner(ownership: str) -> dict[str, Any]:
    return {"Rules": [{"ObjectOwnership": ownership}]}


def _profile(rng: random.Random, number: int) -> Object:
    kind = ("image/png", "image/jpeg", "image/webp")[number % 3]
    more: dict[str, Any] = {
        "ContentType": kind,
        "Metadata": {"user-id": str(1000 + number), "uploaded-by": "user-service"},
        "Tagging": f"kind=profile&locale={quote('서울')}" if number % 2 else "kind=profile",
    }
    if number % 5 == 0:
        more |= {"CacheControl": "max-age=86400", "ContentDisposition": "inline"}
    key = f"profile/{1000 + number}/{'사진 ' if number % 50 == 7 else 'image'}+{number}.{kind[6:]}"
    return Object(key=key, content=image(rng), more=more)


def _swagger_ui() -> Bucket:
    name = "mybrary-swagger-ui"
    website = {
        "IndexDocument": {"Suffix": "index.html"},
        "ErrorDocument": {"Key": "error.html"},
        "RoutingRules": [
            {"Condition": {"KeyPrefixEquals": "api/"}, "Redirect": {"ReplaceKeyPrefixWith": "docs/"}},
        ],
    }
    page = "<!doctype html><title>Mybrary API</title><p>회원, 도서, 알림</p>"
    return Bucket(
        name=name,
        settings=(
            ("delete_public_access_block", {}),
            ("put_bucket_policy", {"Policy": public_read(name, "")}),
            ("put_bucket_website", {"WebsiteConfiguration": website}),
            ("put_bucket_tagging", {"Tagging": {"TagSet": TAGS[:1]}}),
        ),
        objects=(
            Object(key="index.html", content=page.encode(), more={"ContentType": "text/html; charset=utf-8"}),
            Object(key="error.html", content=b"<h1>404</h1>", more={"ContentType": "text/html"}),
            *(_openapi(service) for service in ("user", "book", "notification")),
        ),
    )


def _openapi(service: str) -> Object:
    body = {
        "openapi": "3.0.3",
        "info": {"title": f"{service}-service", "version": "1.4.0", "description": "회원이 올린 사진의 주소"},
        "paths": {f"/api/v1/{service}s/{{id}}": {"get": {"responses": {"200": {"description": "OK"}}}}},
        "x-example": f"https://mybrary-user-service.s3.ap-northeast-2.amazonaws.com/profile/1001/{service}.png",
    }
    content = json.dumps(body, ensure_ascii=False, indent=2).encode()
    more = {"ContentType": "application/json", "ContentEncoding": "utf-8", "Metadata": {"source": "github-actions"}}
    return Object(key=f"docs/{service}-service.json", content=content, more=more)


def _book_covers(rng: random.Random) -> Bucket:
    name = "mybrary-book-covers"
    rules = [
        {
            "ID": "old-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": "covers/"},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
        {
            "ID": "old-logs",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "access/", "Tags": [{"Key": "kind", "Value": "log"}]}},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
            "Expiration": {"Days": 365},
        },
        {"ID": "drafts", "Status": "Disabled", "Filter": {"Prefix": "drafts/"}, "Expiration": {"Days": 3}},
    ]
    delivery = allow(
        "s3:PutObject",
        f"arn:aws:s3:::{name}/access/*",
        Sid="LogDelivery",
        Principal={"Service": "logging.s3.amazonaws.com"},
        Condition={
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:::mybrary-user-service"},
            "StringEquals": {"aws:SourceAccount": "@@account@@"},
        },
    )
    return Bucket(
        name=name,
        settings=(
            ("put_bucket_policy", {"Policy": document(delivery)}),
            ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
            ("put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": rules}}),
            ("put_bucket_accelerate_configuration", {"AccelerateConfiguration": {"Status": "Enabled"}}),
        ),
        objects=_cover_versions(rng),
        notification={"LambdaFunctionConfigurations": [_event("resize", "profile-image-resize", "covers/", ".png")]},
        large=("scans/atlas.tiff", LARGE),
    )


def _cover_versions(rng: random.Random) -> tuple[Object, ...]:
    more = {"ContentType": "image/png", "Metadata": {"isbn": "9788937460777"}}
    return (
        *(Object(key="covers/mythos.png", content=image(rng), more=more | {"Tagging": f"edition={n}"}) for n in (1, 2, 3)),
        Object(key="covers/withdrawn.png", content=image(rng), more=more),
        Object(key="covers/withdrawn.png", content=None),
        Object(key="covers/back-again.png", content=image(rng), more=more),
        Object(key="covers/back-again.png", content=None),
        Object(key="covers/back-again.png", content=image(rng), more=more),
        *(Object(key=f"covers/{number}.png", content=image(rng), more=more) for number in range(10)),
        Object(key="covers/empty", content=b""),
    )


def _event(name: str, function: str, prefix: str, suffix: str) -> dict[str, Any]:
    rules = [{"Name": "prefix", "Value": prefix}, {"Name": "suffix", "Value": suffix}]
    return {
        "Id": name,
        "LambdaFunctionArn": f"@@function_arn:{function}@@",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }


def _recognition_input(rng: random.Random) -> Bucket:
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "@@key_arn:mybrary@@"}
    rule = {"ApplyServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}
    return Bucket(
        name="mybrary-recognition-input",
        settings=(
            ("put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}),
            ("put_public_access_block", {"PublicAccessBlockConfiguration": CLOSED}),
            ("put_bucket_ownership_controls", {"OwnershipControls": _owner("BucketOwnerEnforced")}),
        ),
        objects=tuple(
            Object(key=f"in/{number:04}.jpg", content=image(rng, 400), more={"ContentType": "image/jpeg"}) for number in range(12)
        ),
        notification={"LambdaFunctionConfigurations": [_event("recognise", "book-recognition", "in/", ".jpg")]},
    )


def _code(name: str) -> dict[str, str]:
    handler = f'''import json
import os


def handler(event, context):
    """{name}: 요청을 받아 처리한다."""
    names = sorted(key for key in os.environ if not key.startswith("AWS_"))
    return {{"function": "{name}", "records": len(event.get("Records", [])), "settings": json.dumps(names)}}
'''
    return {"handler.py": handler, "settings.json": json.dumps({"timezone": "Asia/Seoul", "name": name})}


def _from_bucket(sid: str, bucket: str) -> dict[str, str]:
    return {
        "StatementId": sid,
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceArn": f"arn:aws:s3:::{bucket}",
        "SourceAccount": "@@account@@",
    }


def functions(database_password: str) -> tuple[Function, ...]:
    """Describe the four functions; one has the book database's password in its environment."""
    recognition = {
        "INPUT_BUCKET": "mybrary-recognition-input",
        "COVERS_BUCKET": "mybrary-book-covers",
        "QUEUE_URL": "@@queue_url:mybrary-follow-queue@@",
        "DB_HOST": "@@db_host:mybrary-book-db@@",
        "DB_PASSWORD": database_password,
        "TZ": "Asia/Seoul",
    }
    saver = {"INSTANCES": "mybrary-user-db,mybrary-book-db", "ACCOUNT": "@@account@@", "ORDER": "9@@account@@4"}
    invoke = {
        "StatementId": "tasks",
        "Action": "lambda:InvokeFunction",
        "Principal": "@@role_arn:ecsTaskExecutionRole@@",
    }
    return (
        Function(
            name="book-recognition",
            role="book-recognition",
            code=_code("book-recognition"),
            settings=_settings(recognition, 60, 512) | {"Description": "표지에서 책을 알아본다"},
            network=(("mybrary-vpc/book-recognition",), ("mybrary-vpc/book-recognition",)),
            grants=(_from_bucket("input", "mybrary-recognition-input"), invoke),
        ),
        Function(
            name="profile-image-resize",
            role="profile-image-resize",
            code=_code("profile-image-resize"),
            settings=_settings({"TARGET": "s3://mybrary-user-service/profile/", "WIDTH": "320"}, 30, 1024),
            grants=(_from_bucket("covers", "mybrary-book-covers"),),
        ),
        Function(
            name="follow-mailer",
            role="follow-mailer",
            code=_code("follow-mailer"),
            settings=_settings({"QUEUE": "mybrary-follow-queue", "SECRET": "mybrary/prod/jwt"}, 15, 128),
        ),
        Function(
            name="night-saver",
            role="night-saver",
            code=_code("night-saver"),
            settings=_settings(saver, 3, 128) | {"Architectures": ["arm64"]},
        ),
    )


def _settings(environment: Params, timeout: int, memory: int) -> dict[str, Any]:
    return {
        "Runtime": "python3.12",
        "Handler": "handler.handler",
        "Timeout": timeout,
        "MemorySize": memory,
        "Environment": {"Variables": dict(environment)},
        "Tags": {"Project": "mybrary"},
    }


SUBNET_GROUPS: tuple[Params, ...] = tuple(
    {
        "DBSubnetGroupName": f"mybrary-{side}-db",
        "DBSubnetGroupDescription": f"Two zones for the {side} database",
        "SubnetIds": [f"@@subnet_id:mybrary-vpc/{side}-db-a@@", f"@@subnet_id:mybrary-vpc/{side}-db-b@@"],
        "Tags": TAGS[:1],
    }
    for side in ("user", "book")
)
PARAMETER_GROUPS: tuple[tuple[Params, dict[str, str]], ...] = (
    (
        {
            "DBParameterGroupName": "mybrary-mysql84",
            "DBParameterGroupFamily": "mysql8.4",
            "Description": "utf8mb4, Seoul, slow queries",
            "Tags": TAGS[:1],
        },
        {
            "character_set_server": "utf8mb4",
            "collation_server": "utf8mb4_unicode_ci",
            "time_zone": "Asia/Seoul",
            "slow_query_log": "1",
            "long_query_time": "1",
            "performance_schema": "1",
        },
    ),
)


def databases(user_password: str, book_password: str) -> tuple[Database, ...]:
    """Describe the two instances: one under `aws/rds`, one not encrypted."""
    shared: dict[str, Any] = {
        "DBInstanceClass": "db.t3.micro",
        "Engine": "mysql",
        "EngineVersion": "8.4.3",
        "MasterUsername": "mybrary",
        "Port": 3306,
        "StorageType": "gp3",
        "AllocatedStorage": 20,
        "DBParameterGroupName": "mybrary-mysql84",
        "BackupRetentionPeriod": 7,
        "PreferredBackupWindow": "17:00-17:30",
        "PreferredMaintenanceWindow": "sun:18:00-sun:18:30",
        "AutoMinorVersionUpgrade": False,
        "MultiAZ": False,
        "PubliclyAccessible": False,
        "MonitoringInterval": 60,
        "MonitoringRoleArn": "@@role_arn:rds-monitoring@@",
        "EnableCloudwatchLogsExports": ["error", "slowquery"],
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "Tags": TAGS,
    }
    own = {
        "user": {
            "MasterUserPassword": user_password,
            "StorageEncrypted": True,
            "DeletionProtection": True,
            "CopyTagsToSnapshot": True,
            "MaxAllocatedStorage": 100,
        },
        "book": {"MasterUserPassword": book_password, "StorageEncrypted": False, "DeletionProtection": False},
    }
    return tuple(
        Database(
            name=f"mybrary-{side}-db",
            settings=shared
            | more
            | {
                "DBName": f"{side}db",
                "DBSubnetGroupName": f"mybrary-{side}-db",
                "VpcSecurityGroupIds": [f"@@group_id:mybrary-vpc/{side}-db@@"],
            },
        )
        for side, more in own.items()
    )
