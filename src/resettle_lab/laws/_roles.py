"""Says what an IAM role of the lab may do by its own policies, and who may assume it; it changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from resettle_lab.laws._policy import Caller, Request, decide, service, statements


def role_of(arn: str, account: str) -> Any | None:
    """The role of `account` with this ARN."""
    from moto.iam.models import iam_backends

    roles = iam_backends[account]["aws"].roles.values()
    return next((role for role in roles if role.arn == arn), None)


def assumable(role: Any, by: str) -> bool:
    """Whether the role's trust policy lets the service `by` assume it."""
    trust = _everywhere(role.assume_role_policy_document)
    request = Request(action="sts:AssumeRole", resource="*", context={"aws:sourceaccount": role.account_id})
    return decide(trust, service(by, account=role.account_id), request) == "Allow"


def may(role: Any, action: str, resource: str) -> bool:
    """Whether the role's inline and attached policies allow an action on a resource."""
    caller = Caller(account=role.account_id, arn=role.arn)
    request = Request(action=action, resource=resource)
    verdicts = {decide(_for_anyone(document), caller, request) for document in _documents(role)}
    return "Allow" in verdicts and "Deny" not in verdicts


def _documents(role: Any) -> list[str]:
    attached = [
        version.document
        for policy in role.managed_policies.values()
        for version in policy.versions
        if version.version_id == policy.default_version_id
    ]
    return [_text(one) for one in (*role.policies.values(), *attached)]


def _text(document: Any) -> str:
    return json.dumps(document) if isinstance(document, Mapping) else str(document)


def _everywhere(document: Any) -> dict[str, Any]:
    """A trust policy is about its role, so it has no Resource."""
    return {"Statement": [{**one, "Resource": "*"} for one in statements(_text(document))]}


def _for_anyone(document: str) -> dict[str, Any]:
    """An identity policy is about its holder, so it has no Principal."""
    return {"Statement": [{**one, "Principal": "*"} for one in statements(document)]}
