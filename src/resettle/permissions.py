"""The least-privilege policies of both sides, derived from what the kinds call; pure, and it never widens to a wildcard action.

Operation and IAM action mostly bear one name; where they do not, the tables below follow the "API operations" tables of
the Service Authorization Reference (https://docs.aws.amazon.com/service-authorization/latest/reference/).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from resettle import shapes, specs
from resettle.kind import Call, Kind, SetDiff
from resettle.registry import Registry

Policy = dict[str, Any]

LARGEST = 6144  # characters of a managed policy, blanks not counted (IAM User Guide, IAM and AWS STS quotas)
_ALWAYS = ("sts:GetCallerIdentity", "iam:ListAccountAliases", "resourcegroupstaggingapi:GetResources")
_PREFIXES = {"resourcegroupstaggingapi": "tag", "elbv2": "elasticloadbalancing", "efs": "elasticfilesystem"}
_S3: Mapping[str, tuple[str, ...]] = {
    "ListBuckets": ("ListAllMyBuckets",),
    "HeadBucket": ("ListBucket",),
    "ListObjectsV2": ("ListBucket",),
    "ListObjectVersions": ("ListBucketVersions",),
    "ListMultipartUploads": ("ListBucketMultipartUploads",),
    "ListParts": ("ListMultipartUploadParts",),
    "GetBucketAccelerateConfiguration": ("GetAccelerateConfiguration",),
    "PutBucketAccelerateConfiguration": ("PutAccelerateConfiguration",),
    "GetBucketCors": ("GetBucketCORS",),
    "PutBucketCors": ("PutBucketCORS",),
    "DeleteBucketCors": ("PutBucketCORS",),
    "GetBucketEncryption": ("GetEncryptionConfiguration",),
    "PutBucketEncryption": ("PutEncryptionConfiguration",),
    "DeleteBucketEncryption": ("PutEncryptionConfiguration",),
    "GetBucketLifecycleConfiguration": ("GetLifecycleConfiguration",),
    "PutBucketLifecycleConfiguration": ("PutLifecycleConfiguration",),
    "DeleteBucketLifecycle": ("PutLifecycleConfiguration",),
    "GetBucketNotificationConfiguration": ("GetBucketNotification",),
    "PutBucketNotificationConfiguration": ("PutBucketNotification",),
    "DeleteBucketOwnershipControls": ("PutBucketOwnershipControls",),
    "GetBucketReplication": ("GetReplicationConfiguration",),
    "PutBucketReplication": ("PutReplicationConfiguration",),
    "DeleteBucketReplication": ("PutReplicationConfiguration",),
    "DeleteBucketTagging": ("PutBucketTagging",),
    "GetPublicAccessBlock": ("GetBucketPublicAccessBlock",),
    "PutPublicAccessBlock": ("PutBucketPublicAccessBlock",),
    "DeletePublicAccessBlock": ("PutBucketPublicAccessBlock",),
    "GetObjectLockConfiguration": ("GetBucketObjectLockConfiguration",),
    "PutObjectLockConfiguration": ("PutBucketObjectLockConfiguration",),
    "ListBucketAnalyticsConfigurations": ("GetAnalyticsConfiguration",),
    "PutBucketAnalyticsConfiguration": ("PutAnalyticsConfiguration",),
    "ListBucketIntelligentTieringConfigurations": ("GetIntelligentTieringConfiguration",),
    "PutBucketIntelligentTieringConfiguration": ("PutIntelligentTieringConfiguration",),
    "ListBucketInventoryConfigurations": ("GetInventoryConfiguration",),
    "PutBucketInventoryConfiguration": ("PutInventoryConfiguration",),
    "ListBucketMetricsConfigurations": ("GetMetricsConfiguration",),
    "PutBucketMetricsConfiguration": ("PutMetricsConfiguration",),
    "GetObject": ("GetObject", "GetObjectVersion"),
    "HeadObject": ("GetObject", "GetObjectVersion"),
    "GetObjectTagging": ("GetObjectTagging", "GetObjectVersionTagging"),
    "CreateMultipartUpload": ("PutObject", "PutObjectTagging"),
    "CompleteMultipartUpload": ("PutObject",),
    "UploadPart": ("PutObject",),
    "UploadPartCopy": ("PutObject", "GetObject", "GetObjectVersion"),
    "CopyObject": (
        *("PutObject", "PutObjectTagging"),
        *("GetObject", "GetObjectVersion", "GetObjectTagging", "GetObjectVersionTagging"),
    ),
    "DeleteObject": ("DeleteObject", "DeleteObjectVersion"),
    "DeleteObjects": ("DeleteObject", "DeleteObjectVersion"),
}
_LAMBDA: Mapping[str, tuple[str, ...]] = {
    "GetLayerVersionByArn": ("GetLayerVersion",),
    "Invoke": ("InvokeFunction",),
}
_OTHERWISE = {"s3": _S3, "lambda": _LAMBDA}
_TAGGING = {
    "ec2": "ec2:CreateTags",
    "kms": "kms:TagResource",
    "lambda": "lambda:TagResource",
    "logs": "logs:TagResource",
    "rds": "rds:AddTagsToResource",
    "secretsmanager": "secretsmanager:TagResource",
    "sqs": "sqs:TagQueue",
    "ssm": "ssm:AddTagsToResource",
    "iam:CreateRole": "iam:TagRole",
    "iam:CreatePolicy": "iam:TagPolicy",
    "iam:CreateInstanceProfile": "iam:TagInstanceProfile",
}
_USES_KEY = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")
_GIVES_KEY = (*_USES_KEY, "kms:CreateGrant", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo")
# What AWS checks besides the action itself: "Dependent actions" of the same reference, and the page named.
_BESIDES: Mapping[str, tuple[str, ...]] = {
    "s3:PutObject": _USES_KEY,  # S3 User Guide, Protecting data with SSE-KMS: permissions
    "s3:GetObject": ("kms:Decrypt",),
    "s3:CopyObject": _USES_KEY,
    "secretsmanager:GetSecretValue": ("kms:Decrypt",),  # Secrets Manager User Guide, Secret encryption and decryption
    "secretsmanager:CreateSecret": _USES_KEY,
    "secretsmanager:PutSecretValue": _USES_KEY,
    "ssm:GetParameter": ("kms:Decrypt",),  # Systems Manager User Guide, KMS encryption for SecureString parameters
    "ssm:GetParameters": ("kms:Decrypt",),
    "ssm:PutParameter": ("kms:Encrypt", "kms:GenerateDataKey"),
    "lambda:GetFunctionConfiguration": ("kms:Decrypt",),  # Lambda Developer Guide, Securing environment variables
    "lambda:GetFunction": ("kms:Decrypt",),
    "lambda:CreateFunction": (
        *("kms:CreateGrant", "kms:Decrypt", "kms:Encrypt"),
        *("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),  # Giving functions access to a VPC
    ),
    "rds:CopyDBSnapshot": _GIVES_KEY,  # RDS User Guide, Sharing encrypted snapshots
    "rds:RestoreDBInstanceFromDBSnapshot": _GIVES_KEY,
    "rds:CreateDBInstance": _GIVES_KEY,
}
# Which services are handed a role by these operations (IAM User Guide, Granting permissions to pass a role).
_PASSES = {
    "lambda:CreateFunction": "lambda.amazonaws.com",
    "lambda:UpdateFunctionConfiguration": "lambda.amazonaws.com",
    "rds:CreateDBInstance": "monitoring.rds.amazonaws.com",
    "rds:ModifyDBInstance": "monitoring.rds.amazonaws.com",
    "rds:RestoreDBInstanceFromDBSnapshot": "monitoring.rds.amazonaws.com",
}
# Services that make a role of their own when they are first used (RDS User Guide, Using service-linked roles).
_OWN_ROLES = {
    "rds:CreateDBInstance": "rds.amazonaws.com",
    "rds:RestoreDBInstanceFromDBSnapshot": "rds.amazonaws.com",
}
# What carriers read, by the name that kinds call them.
_CARRIED: Mapping[str, tuple[str, ...]] = {
    "objects": (
        *("s3:ListObjectVersions", "s3:HeadObject", "s3:GetObject", "s3:GetObjectTagging"),
        *("s3:GetObjectRetention", "s3:GetObjectLegalHold", "s3:ListMultipartUploads"),
    ),
    "code": ("lambda:GetFunction",),
}


def source_policies(registry: Registry) -> list[Policy]:
    """What the source's identity needs: the reads of every kind and carrier, and the source writes that kinds declare."""
    writes = set(_source_writes(registry))
    return _documents({"Reads": _actions(_reads(registry)), "DeclaredWrites": _actions(writes) | _tags(writes)}, ())


def target_policies(registry: Registry, carriers: Iterable[str]) -> list[Policy]:
    """What the target's identity needs: reads, what makes things, what takes them back. `carriers`: what carriers write."""
    makes = {"s3:PutObject", *carriers, *_makes(registry)}
    groups = {
        "Reads": _actions({*_reads(registry), "s3:GetObject"}),
        "Makes": _actions(makes) | _tags(makes),
        "TakesBack": _actions(_undoes(registry)),
    }
    more = []
    if passed := sorted({service for operation, service in _PASSES.items() if operation in makes}):
        condition = {"StringEquals": {"iam:PassedToService": passed}}
        more.append(_statement("PassesRoles", ["iam:PassRole"], "arn:aws:iam::*:role/*", condition))
    if own := sorted({service for operation, service in _OWN_ROLES.items() if operation in makes}):
        condition = {"StringEquals": {"iam:AWSServiceName": own}}
        place = "arn:aws:iam::*:role/aws-service-role/*"
        more.append(_statement("ServicesOwnRoles", ["iam:CreateServiceLinkedRole"], place, condition))
    return _documents(groups, more)


def actions_of(operation: str) -> tuple[str, ...]:
    """The IAM actions that authorize a "service:Operation" of botocore."""
    service, _, name = operation.partition(":")
    names = _OTHERWISE.get(service, {}).get(name, (name,))
    return tuple(f"{_PREFIXES.get(service, service)}:{action}" for action in names)


def _actions(operations: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for operation in operations:
        found.update(actions_of(operation), _BESIDES.get(operation, ()))
    return found


def _tags(operations: Iterable[str]) -> set[str]:
    """A call that makes a thing with tags on it needs the tagging action as well."""
    return {
        _TAGGING.get(operation) or _TAGGING[operation.partition(":")[0]]
        for operation in operations
        if operation in _TAGGING or (operation.partition(":")[0] in _TAGGING and _takes_tags(operation))
    }


def _takes_tags(operation: str) -> bool:
    service, _, name = operation.partition(":")
    shape = shapes.service_model(service).operation_model(name).input_shape
    return shape is not None and any(tags in shape.members for tags in ("Tags", "tags", "TagSpecifications"))


def _qualified(kind: Kind, call: Call, service: str = "") -> str:
    return shapes.qualified(call.service or service or kind.service, call.op)


def _reads(registry: Registry) -> Iterator[str]:
    yield from _ALWAYS
    for kind in registry:
        read = kind.read
        calls = [read.list, *read.detail, read.one, read.tags, kind.grant.read if kind.grant else None]
        yield from (_qualified(kind, call) for call in calls if isinstance(call, Call))
        yield from (_qualified(kind, hop.look, hop.service) for hop in kind.make.hops if hop.look)
        if kind.make.content:
            yield from _CARRIED.get(kind.make.content.carrier, ())


def _source_writes(registry: Registry) -> Iterator[str]:
    for kind in registry:
        if kind.grant:
            yield _qualified(kind, kind.grant.write)
            if kind.grant.delete:
                yield _qualified(kind, kind.grant.delete)
        for hop in kind.make.hops:
            if hop.on == "source":
                yield from (_qualified(kind, call, hop.service) for call in (hop.make, hop.undo) if call)


def _makes(registry: Registry) -> Iterator[str]:
    for kind in registry:
        for call, _late in specs.calls_of(kind):
            yield _qualified(kind, call)
        yield from (_qualified(kind, late.remove) for late in kind.make.late if isinstance(late, SetDiff))
        if kind.make.summon:
            yield _qualified(kind, kind.make.summon)
        yield from (_qualified(kind, hop.make, hop.service) for hop in kind.make.hops if hop.on == "target")


def _undoes(registry: Registry) -> Iterator[str]:
    yield from ("s3:DeleteObjects", "s3:AbortMultipartUpload")
    for kind in registry:
        for call in (*kind.undo.before, kind.undo.delete):
            if call:
                yield _qualified(kind, call)
        yield from (_qualified(kind, hop.undo, hop.service) for hop in kind.make.hops if hop.on == "target" and hop.undo)


def _documents(groups: Mapping[str, set[str]], more: Iterable[Policy]) -> list[Policy]:
    """As few documents as their largest size allows; no action stands twice."""
    statements, seen = [], set[str]()
    for sid, actions in groups.items():
        fresh = sorted(actions - seen)
        seen |= actions
        statements += [_statement(f"{sid}{service.title()}", names, "*") for service, names in _by_service(fresh)]
    documents: list[Policy] = []
    for statement in [*statements, *more]:
        wider = _document([*documents[-1]["Statement"], statement]) if documents else _document([statement])
        if documents and _length(wider) <= LARGEST:
            documents[-1] = wider
        else:
            documents.append(_document([statement]))
    return documents


def _by_service(actions: Iterable[str]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for action in actions:
        found.setdefault(action.partition(":")[0], []).append(action)
    return sorted(found.items())


def _statement(sid: str, actions: list[str], resource: str, condition: Mapping[str, Any] | None = None) -> Policy:
    statement: Policy = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return {**statement, "Condition": dict(condition)} if condition else statement


def _document(statements: list[Policy]) -> Policy:
    return {"Version": "2012-10-17", "Statement": statements}


def _length(document: Policy) -> int:
    return len(json.dumps(document, separators=(",", ":")))
