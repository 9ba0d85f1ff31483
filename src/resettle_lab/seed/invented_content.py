"""Buckets, functions and databases of a drawn workload, as data. It calls nothing and draws only from the given chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from resettle_lab.seed.design import Bucket, Database, Function, Network, Object, Params, allow, document
from resettle_lab.seed.mybrary_content import CLOSED, OPEN_TO_POLICY, public_read

WORDS = ("files", "media", "assets", "export", "ledger", "photos", "intake", "reports")
ENGINES = (
    ("mysql", "8.4.3", "mysql8.4", 3306),
    ("postgres", "16.4", "postgres16", 5432),
    ("mariadb", "10.11.9", "mariadb10.11", 3306),
)
PARAMETERS = {
    "mysql": {"time_zone": "Asia/Seoul", "slow_query_log": "1"},
    "mariadb": {"time_zone": "UTC", "long_query_time": "2"},
    "postgres": {"log_min_duration_statement": "500", "timezone": "Asia/Seoul"},
}
KINDS = ("text/plain", "application/json", "image/png", "application/octet-stream")
Settings = tuple[str, Params]
# Deletes in a bucket whose versioning is suspended leave null markers on AWS, which the emulator does not write.
SUSPENDED: Settings = ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}})


def make_buckets(rng: random.Random, project: str, key: str, function: str, queue: str) -> tuple[Bucket, ...]:
    """Describe 2 to 6 buckets; the second's name begins with the first's, and the first tells a function and a queue."""
    count = rng.randint(2, 6)
    first = f"{project}-{rng.choice(WORDS)}-{rng.randrange(100, 999)}"
    names = [first, f"{first}-{rng.choice(('archive', 'eu', '2', 'logs'))}"]
    names += [f"{project}-{word}-{rng.randrange(100, 999)}" for word in rng.sample(WORDS, count - 2)]
    objects = _share(rng, rng.randint(5, 60), count)
    settings = [_settings(rng, name, key) for name in names]
    return tuple(
        Bucket(
            name=name,
            settings=settings[number],
            objects=_objects(rng, objects[number], marked=SUSPENDED not in settings[number]),
            notification=_notification(rng, function, queue) if number == 0 else None,
        )
        for number, name in enumerate(names)
    )


def _share(rng: random.Random, total: int, parts: int) -> list[int]:
    counts = [0] * parts
    for _ in range(total):
        counts[rng.randrange(parts)] += 1
    return counts


def _settings(rng: random.Random, name: str, key: str) -> tuple[Settings, ...]:
    cors = {
        "AllowedOrigins": [f"https://{name[:6]}.example"],
        "AllowedMethods": ["GET"],
        "MaxAgeSeconds": rng.randrange(9000),
    }
    expiry = {
        "ID": "expire",
        "Status": "Enabled",
        "Filter": {"Prefix": "tmp/"},
        "Expiration": {"Days": rng.randrange(1, 400)},
    }
    own = allow("s3:ListBucket", f"arn:aws:s3:::{name}", Sid="own", Principal={"AWS": "arn:aws:iam::@@account@@:root"})
    public = document(*public_read(name, "open/")["Statement"], own)
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": f"@@key_arn:{key}@@"}
    sealed = {"ApplyServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": rng.random() < 0.5}
    choices: list[tuple[float, tuple[Settings, ...]]] = [
        (
            0.4,
            (("put_bucket_versioning", {"VersioningConfiguration": {"Status": rng.choice(("Enabled", "Suspended"))}}),),
        ),
        (0.4, (("put_bucket_cors", {"CORSConfiguration": {"CORSRules": [cors]}}),)),
        (0.4, (("put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": [expiry]}}),)),
        (0.5, (("put_bucket_tagging", {"Tagging": {"TagSet": [{"Key": "Owner", "Value": rng.choice(WORDS)}]}}),)),
        (0.3, (("put_bucket_website", {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}}),)),
        (0.3, (("put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": [sealed]}}),)),
        (
            0.4,
            (
                ("put_public_access_block", {"PublicAccessBlockConfiguration": OPEN_TO_POLICY}),
                ("put_bucket_policy", {"Policy": public}),
            ),
        ),
        (
            0.2,
            (
                (
                    "put_bucket_ownership_controls",
                    {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
                ),
            ),
        ),
    ]
    drawn = [settings for chance, settings in choices if rng.random() < chance]
    flat = tuple(setting for settings in drawn for setting in settings)
    return flat or (("put_public_access_block", {"PublicAccessBlockConfiguration": CLOSED}),)


def _objects(rng: random.Random, count: int, *, marked: bool) -> tuple[Object, ...]:
    objects: list[Object] = []
    for number in range(count):
        more: dict[str, Any] = {"ContentType": rng.choice(KINDS)}
        if rng.random() < 0.4:
            more["Metadata"] = {"number": str(number), "origin": "seed"}
        if rng.random() < 0.3:
            more["Tagging"] = f"class={rng.randrange(3)}"
        content: bytes | None = rng.randbytes(rng.randrange(0, 400))
        if number and rng.random() < 0.15:
            # Written again, or deleted, after it stood: versions where the bucket keeps them.
            again = rng.choice(objects)
            objects.append(Object(key=again.key, content=rng.choice((None, content)) if marked else content, more=more))
            continue
        folder = rng.choice(("", "open/", "tmp/", "a b/", "깊은/folder/"))
        objects.append(Object(key=f"{folder}{rng.choice(WORDS)}-{number}", content=content, more=more))
    return tuple(Object(key=item.key, content=item.content, more=item.more if item.content is not None else {}) for item in objects)


def _notification(rng: random.Random, function: str, queue: str) -> Params | None:
    chance = rng.random()
    to_function = {"Id": "f", "LambdaFunctionArn": f"@@function_arn:{function}@@", "Events": ["s3:ObjectCreated:*"]}
    to_queue = {"Id": "q", "QueueArn": f"@@queue_arn:{queue}@@", "Events": ["s3:ObjectRemoved:*"]}
    if chance < 0.3:
        return {"LambdaFunctionConfigurations": [to_function]}
    if chance < 0.6:
        return {"QueueConfigurations": [to_queue]}
    if chance < 0.8:
        return {"LambdaFunctionConfigurations": [to_function], "QueueConfigurations": [to_queue]}
    return None


def functions(
    rng: random.Random, network: Network, names: list[str], roles: list[str], environment: Mapping[str, str]
) -> tuple[Function, ...]:
    """Describe the functions; the first admits S3, each has a part of the environment."""
    made = []
    for number, (name, role) in enumerate(zip(names, roles, strict=True)):
        keys = [key for key in environment if number == 0 or rng.random() < 0.5]
        settings: dict[str, Any] = {
            "Runtime": rng.choice(("python3.12", "python3.13", "nodejs22.x")),
            "Handler": "handler.handler",
            "Timeout": rng.randrange(3, 900),
            "MemorySize": rng.choice((128, 256, 1024)),
            "Description": f"{name} {rng.randrange(1000)}",
        }
        if keys:
            settings["Environment"] = {"Variables": {key: environment[key] for key in keys}}
        subnets = tuple(f"{network.name}/{subnet.name}" for subnet in rng.sample(network.subnets, 2))
        groups = (f"{network.name}/{rng.choice(network.groups).name}",)
        made.append(
            Function(
                name=name,
                role=role,
                code={"handler.py": f"def handler(event, context):\n    return {rng.randrange(10**9)}\n"},
                settings=settings,
                network=(subnets, groups) if rng.random() < 0.5 else None,
                grants=(_grant(),) if number == 0 else (),
            )
        )
    return tuple(made)


def _grant() -> dict[str, str]:
    return {
        "StatementId": "events",
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceAccount": "@@account@@",
    }


Groups = tuple[Params, ...]
ParameterGroups = tuple[tuple[Params, Mapping[str, str]], ...]


def databases(
    rng: random.Random, project: str, network: Network, key: str, secret: Callable[[], str]
) -> tuple[Groups, ParameterGroups, tuple[Database, ...]]:
    """Describe a subnet group, a parameter group an engine, and 1 to 3 instances under various keys."""
    two = [f"@@subnet_id:{network.name}/{subnet.name}@@" for subnet in network.subnets[:2]]
    subnet_group = {
        "DBSubnetGroupName": f"{project}-subnets",
        "DBSubnetGroupDescription": "two zones",
        "SubnetIds": two,
    }
    groups: dict[str, tuple[Params, Mapping[str, str]]] = {}
    made = []
    for number in range(rng.randint(1, 3)):
        engine, version, family, port = rng.choice(ENGINES)
        group = f"{project}-{engine}"
        request = {"DBParameterGroupName": group, "DBParameterGroupFamily": family, "Description": f"{engine} settings"}
        own = rng.random() < 0.7
        if own:
            groups[group] = (request, PARAMETERS[engine])
        encryption = rng.choice(({"StorageEncrypted": False}, {"StorageEncrypted": True}, {"KmsKeyId": f"@@key_arn:{key}@@"}))
        settings = {
            "Engine": engine,
            "EngineVersion": version,
            "DBInstanceClass": rng.choice(("db.t3.micro", "db.t4g.small", "db.m6g.large")),
            "AllocatedStorage": rng.randrange(20, 200),
            "StorageType": "gp3",
            "MasterUsername": rng.choice(("owner", "operator", "master")),
            "MasterUserPassword": secret(),
            "Port": port + rng.choice((0, 0, 1000)),
            "DBName": rng.choice(("app", "shop", "core")),
            "BackupRetentionPeriod": rng.randrange(0, 14),
            "DeletionProtection": rng.random() < 0.5,
            "AutoMinorVersionUpgrade": rng.random() < 0.5,
            "DBSubnetGroupName": f"{project}-subnets",
            "VpcSecurityGroupIds": [f"@@group_id:{network.name}/{rng.choice(network.groups).name}@@"],
            **({"DBParameterGroupName": group} if own else {}),
            **({"StorageEncrypted": True} if "KmsKeyId" in encryption else {}),
            **encryption,
        }
        made.append(Database(name=f"{project}-{rng.choice(('db', 'store', 'data'))}-{number}", settings=settings))
    return (subnet_group,), tuple(groups.values()), tuple(made)
