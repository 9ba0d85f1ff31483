"""Law: GetAccountAuthorizationDetails shows each managed policy whole; users, groups and roles stay moto's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.world import World


def install(world: World) -> None:
    """Hands out managed policies by the names of AWS's shape, of which moto misses three."""
    from moto.iam.models import IAMBackend

    world.patch(IAMBackend, "get_account_authorization_details", _named)


def _named(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def get_account_authorization_details(backend: Any, policy_filter: list[str]) -> dict[str, Any]:
        told = original(backend, policy_filter)
        return told | {"managed_policies": [_detail(backend, policy) for policy in told["managed_policies"]]}

    return get_account_authorization_details


def _detail(backend: Any, policy: Any) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": policy.attachment_count,
        "PermissionsBoundaryUsageCount": _bounded_by(backend, policy.arn),
        "IsAttachable": policy.is_attachable,
        "Description": policy.description,
        "CreateDate": policy.create_date,
        "UpdateDate": policy.update_date,
        "PolicyVersionList": policy.policy_version_list,
    }


def _bounded_by(backend: Any, arn: str) -> int:
    return sum(role.permissions_boundary_arn == arn for role in backend.roles.values())


LAW = Law(
    name="iam-details",
    rule="GetAccountAuthorizationDetails gives each managed policy its name, its id and how many roles it bounds.",
    source="AWS IAM API reference: GetAccountAuthorizationDetails, ManagedPolicyDetail",
    install=install,
)
