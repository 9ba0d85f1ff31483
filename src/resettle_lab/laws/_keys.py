"""Finds a KMS key by any of its names, makes AWS-managed keys on demand, and says who may use a key; it never encrypts.

AWS pages: "Key policies in AWS KMS", "Allowing users in other accounts to use a KMS key", "AWS managed keys".
"""

from __future__ import annotations

import json
import re
from typing import Any

from resettle_lab.laws._policy import Caller, Request, decide

_ARN = re.compile(r"arn:aws:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<kind>key|alias)/(?P<name>.+)")
_PURPOSES = {
    "acm": "my ACM private keys",
    "backup": "my backup data",
    "ebs": "my EBS volumes",
    "elasticfilesystem": "my EFS filesystems",
    "lambda": "my Lambda environment variables",
    "rds": "my RDS database volumes",
    "s3": "my S3 objects",
    "secretsmanager": "my Secrets Manager secret data",
    "sns": "my SNS data",
    "sqs": "my SQS data",
    "ssm": "my SSM secure strings",
}


def owner(key: str) -> str | None:
    """The account that a key ARN or alias ARN names, or None for a bare id or alias."""
    match = _ARN.fullmatch(key)
    return match["account"] if match else None


def find(key: str, *, account: str, region: str) -> Any | None:
    """The moto key behind an id, alias or ARN as seen from `account`; a bare name never leaves the caller's account."""
    from moto.kms.models import kms_backends

    match = _ARN.fullmatch(key)
    if match is not None:
        if match["region"] != region:
            return None
        account = match["account"]
        key = match["name"] if match["kind"] == "key" else f"alias/{match['name']}"
    backend = kms_backends[account][region]
    if key.startswith("alias/"):
        return _by_alias(backend, key)
    return backend.keys.get(key)


def _by_alias(backend: Any, alias: str) -> Any | None:
    key = next((one for one in backend.keys.values() if alias in one.aliases), None)
    if key is None and alias.startswith("alias/aws/"):
        return managed(alias.removeprefix("alias/aws/"), account=backend.account_id, region=backend.region_name)
    return key


def managed(service: str, *, account: str, region: str) -> Any:
    """The AWS-managed key `aws/<service>` of the account, made when first asked for; its policy can never be put."""
    from moto.kms.models import kms_backends

    backend = kms_backends[account][region]
    alias = f"alias/aws/{service}"
    for key in backend.keys.values():
        if alias in key.aliases:
            return key
    purpose = _PURPOSES.get(service, f"my {service} data")
    description = f"Default key that protects {purpose} when no other key is defined"
    policy = _managed_policy(service, account=account, region=region)
    key = backend.create_key(policy, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", description, None)
    key.key_manager = "AWS"
    key.key_rotation_status = True
    backend.create_alias(key.id, alias)
    return key


def _managed_policy(service: str, *, account: str, region: str) -> str:
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"]
    read = ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"]
    through = {"kms:ViaService": f"{service}.{region}.amazonaws.com", "kms:CallerAccount": account}
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Id": f"auto-{service}-1",
            "Statement": [
                {
                    "Sid": f"Allow access through {service} for all principals in the account",
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": use,
                    "Resource": "*",
                    "Condition": {"StringEquals": through},
                },
                {
                    "Sid": "Allow direct access to key metadata to the account",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                    "Action": read,
                    "Resource": "*",
                },
            ],
        }
    )


def may(caller: Caller, key: Any, action: str, *, via: str = "") -> bool:
    """Whether the key's policy or a grant lets the caller do `kms:<action>`, directly or through the service `via`."""
    context = {"kms:calleraccount": caller.account}
    if via:
        context["kms:viaservice"] = f"{via}.{key.region}.amazonaws.com"
        context["kms:grantisforawsresource"] = "true"
    request = Request(action=f"kms:{action}", resource=key.arn, context=context)
    verdict = decide(key.policy, caller, request)
    if verdict == "Deny":
        return False
    return verdict == "Allow" or any(_granted(grant, caller, action) for grant in key.grants.values())


def _granted(grant: Any, caller: Caller, action: str) -> bool:
    return grant.grantee_principal in caller.names and action in grant.operations
