"""Law: AWS's own policies exist in every account, and trust and boundaries name what exists; it grants nobody anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws._policy import parse, statements
from resettle_lab.laws._principals import first_unknown
from resettle_lab.world import World, aws_error

_PREFIX = "arn:aws:iam::aws:policy"


def install(world: World) -> None:
    """Brings in AWS-managed policies when they are named, and checks documents, trust and boundaries."""
    from moto.iam.models import IAMBackend

    _catalogue()  # parsed once, before any fork
    for method in ("attach_role_policy", "attach_user_policy", "attach_group_policy"):
        world.patch(IAMBackend, method, _first_argument)
    for method in ("get_policy", "get_policy_version", "list_policy_versions"):
        world.patch(IAMBackend, method, _first_argument)
    world.patch(IAMBackend, "list_entities_for_policy", _first_argument)
    world.patch(IAMBackend, "list_policies", _every_one)
    world.patch(IAMBackend, "create_role", _trusted)
    world.patch(IAMBackend, "update_assume_role_policy", _trust_changed)
    world.patch(IAMBackend, "put_role_permissions_boundary", _bounded)
    for method in ("put_role_policy", "create_policy", "create_policy_version"):
        world.patch(IAMBackend, method, _well_formed)


@cache
def _catalogue() -> dict[str, tuple[str, dict[str, Any]]]:
    """AWS-managed policies by ARN, as the emulator ships them."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    return {f"{_PREFIX}{one['Path']}{name}": (name, one) for name, one in json.loads(aws_managed_policies_data).items()}


def bring_in(backend: Any, arn: str) -> None:
    """Makes one AWS-managed policy known to an account; its id is the same in every account."""
    from moto.iam.models import AWSManagedPolicy

    if arn in backend.managed_policies or arn not in _catalogue():
        return
    name, data = _catalogue()[arn]
    made = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
    made.id = "ANPA" + hashlib.sha256(arn.encode()).hexdigest()[:17].upper()
    backend.managed_policies[arn] = made
    backend.aws_managed_policies.append(made)


def _first_argument(original: Callable[..., Any]) -> Callable[..., Any]:
    def known(backend: Any, policy_arn: str, *arguments: Any, **named: Any) -> Any:
        bring_in(backend, policy_arn)
        return original(backend, policy_arn, *arguments, **named)

    return known


def _every_one(original: Callable[..., Any]) -> Callable[..., Any]:
    def list_policies(
        backend: Any, marker: str | None, max_items: int, only_attached: bool, path_prefix: str, scope: str
    ) -> Any:
        if scope != "Local" and not only_attached:
            for arn in _catalogue():
                bring_in(backend, arn)
        return original(backend, marker, max_items, only_attached, path_prefix, scope)

    return list_policies


def _check_trust(document: str) -> None:
    """IAM pages "CreateRole", "UpdateAssumeRolePolicy": every AWS principal that a trust policy names must exist."""
    unknown = first_unknown(document)
    if unknown is not None:
        raise aws_error("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{unknown}"', 400)


def _trusted(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_role(backend: Any, **named: Any) -> Any:
        _check_trust(named["assume_role_policy_document"])
        _check_boundary(backend, named.get("permissions_boundary"))
        return original(backend, **named)

    return create_role


def _trust_changed(original: Callable[..., Any]) -> Callable[..., Any]:
    def update_assume_role_policy(backend: Any, role_name: str, assume_role_policy: str) -> Any:
        _check_trust(assume_role_policy)
        return original(backend, role_name, assume_role_policy)

    return update_assume_role_policy


def _check_boundary(backend: Any, arn: str | None) -> None:
    if not arn:
        return
    bring_in(backend, arn)
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
