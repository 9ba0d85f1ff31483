"""Makes IAM roles and policies, and the KMS keys whose policies name those roles.

Roles stand first and bare: key policies need their principals, and the roles' own policies need the keys' ARNs.
"""

from __future__ import annotations

from resettle_lab.seed.design import Key, ManagedPolicy, Role, allow, document, text
from resettle_lab.seed.making import Making, tag_list


def make_roles(making: Making, roles: tuple[Role, ...]) -> None:
    """Make the roles without any policy; learned as `role_arn:`."""
    iam = making.client("iam")
    for role in roles:
        made = iam.create_role(
            RoleName=role.name,
            Path=role.path,
            AssumeRolePolicyDocument=text(making.fill(role.trust)),
            Description=making.fill(role.note),
            MaxSessionDuration=role.hours * 3600,
            Tags=tag_list(role.tags),
        )
        making.learn("role_arn", role.name, made["Role"]["Arn"])


def make_keys(making: Making, keys: tuple[Key, ...]) -> None:
    """Make the keys with alias, policy and rotation; learned as `key_id:` and `key_arn:`."""
    kms = making.client("kms")
    for key in keys:
        root = allow("kms:*", "*", Sid="Account", Principal={"AWS": f"arn:aws:iam::{making.account}:root"})
        policy = document(root, *making.fill(list(key.statements)))
        made = kms.create_key(
            Description=key.note,
            KeyUsage="ENCRYPT_DECRYPT",
            KeySpec="SYMMETRIC_DEFAULT",
            Policy=text(policy),
            Tags=[{"TagKey": "Name", "TagValue": key.alias}],
        )
        making.learn("key_id", key.alias, made["KeyMetadata"]["KeyId"])
        making.learn("key_arn", key.alias, made["KeyMetadata"]["Arn"])
        kms.create_alias(AliasName=f"alias/{key.alias}", TargetKeyId=made["KeyMetadata"]["KeyId"])
        if key.rotates:
            kms.enable_key_rotation(KeyId=made["KeyMetadata"]["KeyId"])


def make_policies(making: Making, policies: tuple[ManagedPolicy, ...], roles: tuple[Role, ...]) -> None:
    """Make the managed policies (`policy_arn:`), then attach and inline those of each role."""
    iam = making.client("iam")
    for policy in policies:
        made = iam.create_policy(
            PolicyName=policy.name,
            Path=policy.path,
            Description=policy.note,
            PolicyDocument=text(making.fill(policy.document)),
        )
        making.learn("policy_arn", policy.name, made["Policy"]["Arn"])
    for role in roles:
        for arn in role.attached:
            iam.attach_role_policy(RoleName=role.name, PolicyArn=making.fill(arn))
        for name, content in role.inline.items():
            iam.put_role_policy(RoleName=role.name, PolicyName=name, PolicyDocument=text(making.fill(content)))
