"""Says whether the principals that a policy names exist; it changes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from resettle_lab.laws._policy import parse, statements

_ARN = re.compile(r"arn:aws:(?P<service>iam|sts)::(?P<account>\d{12}):(?P<thing>.+)")


def first_unknown(document: str | bytes | Mapping[str, Any] | None) -> str | None:
    """The first AWS principal of the policy that does not exist, or None.

    Account numbers and account roots are taken on trust: AWS knows accounts that the lab does not. IAM pages "AWS JSON
    policy elements: Principal" and each service's "Invalid principal in policy" error.
    """
    for statement in statements(parse(document)):
        for element in ("Principal", "NotPrincipal"):
            unknown = next((one for one in _named(statement.get(element)) if not exists(one)), None)
            if unknown is not None:
                return unknown
    return None


def _named(principal: Any) -> list[str]:
    if not isinstance(principal, Mapping):
        return []
    value = principal.get("AWS", [])
    return [str(one) for one in (value if isinstance(value, list) else [value])]


def exists(principal: str) -> bool:
    """Whether one AWS principal (account, root, user, role or role session) can stand in a policy."""
    if principal == "*" or re.fullmatch(r"\d{12}", principal):
        return True
    match = _ARN.fullmatch(principal)
    if match is None:
        return False
    thing = match["thing"]
    if match["service"] == "sts":
        return _session_exists(match["account"], thing)
    return thing == "root" or _identity_exists(match["account"], principal, thing)


def _identity_exists(account: str, arn: str, thing: str) -> bool:
    from moto.iam.models import iam_backends

    backend = iam_backends[account]["aws"]
    if thing.startswith("role/"):
        return any(role.arn == arn for role in backend.roles.values()) or _is_session_role(account, arn)
    if thing.startswith("user/"):
        return any(user.arn == arn for user in backend.users.values())
    return False


def _is_session_role(account: str, arn: str) -> bool:
    """The lab's own callers are sessions of roles that nobody created."""
    from moto.sts.models import sts_backends

    return any(role.role_arn == arn for role in sts_backends[account]["aws"].assumed_roles)


def _session_exists(account: str, thing: str) -> bool:
    if thing.startswith("federated-user/"):
        return True
    parts = thing.split("/")
    if parts[0] != "assumed-role" or len(parts) != 3:
        return False
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    if parts[1] in {role.name for role in iam_backends[account]["aws"].roles.values()}:
        return True
    return any(role.role_arn.split("/")[-1] == parts[1] for role in sts_backends[account]["aws"].assumed_roles)
