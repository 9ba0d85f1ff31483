"""Law: AWS's own policies exist in every account, and trust and boundaries name what exists; it grants nobody anything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws._policy import parse, statements
from resettle_lab.laws._principals import first_unknown
from resettle_lab.world import World, aws_error


def install(world: World) -> None:
    """Gives AWS-managed policies their one id, and checks documents, trust and boundaries."""
    from moto.iam.models import AWSManagedPolicy, IAMBackend

    world.patch(AWSManagedPolicy, "from_data", _one_id)
    world.patch(IAMBackend, "delete_policy", _in_use)
    world.patch(IAMBackend, "create_role", _trusted)
    world.patch(IAMBackend, "update_assume_role_policy", _trust_changed)
    world.patch(IAMBackend, "put_role_permissions_boundary", _bounded)
    for method in ("put_role_policy", "create_policy", "create_policy_version"):
        world.patch(IAMBackend, method, _well_formed)


def _one_id(original: Any) -> Callable[..., Any]:
    def from_data(cls: type[Any], name: str, account_id: str, region_name: str, data: dict[str, Any]) -> Any:
        made = original(cls, name, account_id, region_name, data)
        made.id = "ANPA" + hashlib.sha256(made.arn.encode()).hexdigest()[:17].upper()
        return made

    return from_data


def _in_use(original: Callable[..., None]) -> Callable[..., None]:
    def delete_policy(backend: Any, policy_arn: str) -> None:
        policy = backend.managed_policies.get(policy_arn)
        if policy is not None and policy.attachment_count > 0:
            raise aws_error("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
        if policy is not None and len(policy.versions) > 1:
            raise aws_error("DeleteConflict", "This policy has more than one version.", 409)
        original(backend, policy_arn)

    return delete_policy


def _check_trust(document: str) -> None:
    """IAM pages "CreateRole", "UpdateAssumeRolePolicy": every AWS principal that a trust policy names must exist."""
    if not statements(document):
        raise aws_error("MalformedPolicyDocument", "This policy contains invalid Json", 400)
    unknown = first_unknown(document)
    if unknown is not None:
        raise aws_error("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{unknown}"', 400)


def _trusted(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_role(backend: Any, role_name: str, trust: str | None = None, *rest: Any, **named: Any) -> Any:
        document = named.pop("assume_role_policy_document", trust)
        boundary = rest[1] if len(rest) > 1 else named.get("permissions_boundary")
        _check_trust(document)
        _check_boundary(backend, boundary)
        if any(role.name.lower() == role_name.lower() for role in backend.get_roles()):
            raise aws_error("EntityAlreadyExists", f"Role with name {role_name} already exists.", 409)
        return original(backend, role_name, document, *rest, **named)

    return create_role


def _trust_changed(original: Callable[..., Any]) -> Callable[..., Any]:
    def update_assume_role_policy(backend: Any, role_name: str, assume_role_policy: str) -> Any:
        _check_trust(assume_role_policy)
        return original(backend, role_name, assume_role_policy)

    return update_assume_role_policy


def _check_boundary(backend: Any, arn: str | None) -> None:
    if not arn:
        return
    if arn not in backend.managed_policies:
        raise aws_error("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404)


def _bounded(original: Callable[..., Any]) -> Callable[..., Any]:
    def put_role_permissions_boundary(backend: Any, role_name: str, permissions_boundary: str) -> Any:
        _check_boundary(backend, permissions_boundary)
        return original(backend, role_name, permissions_boundary)

    return put_role_permissions_boundary


def _well_formed(original: Callable[..., Any]) -> Callable[..., Any]:
    """An identity policy names no principal."""

    def put(backend: Any, *arguments: Any, **named: Any) -> Any:
        for value in (*arguments, *named.values()):
            if isinstance(value, str) and any("Principal" in one for one in statements(parse(value))):
                raise aws_error("MalformedPolicyDocument", "Policy document should not specify a principal.", 400)
        return original(backend, *arguments, **named)

    return put


LAW = Law(
    name="iam-identities",
    rule="AWS-managed policies are attachable in every account under one ARN; principals of a trust policy and a permissions "
    "boundary must exist; an identity policy names no principal.",
    source="AWS IAM User Guide: AWS managed policies; API reference: CreateRole, UpdateAssumeRolePolicy, AttachRolePolicy, "
    "PutRolePermissionsBoundary, PutRolePolicy",
    install=install,
)
