"""Decides what a resource policy says about a caller, an action and a resource; it never looks at identity policies.

Callers of the lab are administrators of their own account, so the identity half of every decision is granted; what is
judged is the resource half. AWS pages: "Policy evaluation logic", "Cross-account policy evaluation logic", "IAM JSON
policy elements".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

Verdict = Literal["Allow", "Deny"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: an IAM identity of one account, or an AWS service acting for a resource."""

    account: str
    arn: str
    session: str = ""
    service: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Every text by which a policy may name this caller, the wildcard aside."""
        if self.service:
            return frozenset({self.service})
        root = f"arn:aws:iam::{self.account}:root"
        return frozenset({self.account, root, self.arn, self.session} - {""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked: `service:Action` on one ARN, with the condition keys that are known (lower case)."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def caller_of(response: Any) -> Caller:
    """The identity behind a moto response object; a key that moto does not know is its account's root."""
    account = str(response.current_account)
    return identity(account, str(response.access_key))


def identity(account: str, access_key: str) -> Caller:
    """The role or user of `account` that holds this access key."""
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    role = sts_backends[account]["aws"].get_assumed_role_from_access_key(access_key)
    if role is not None:
        return Caller(account=account, arn=role.role_arn, session=role.arn)
    for user in iam_backends[account]["aws"].users.values():
        if any(key.access_key_id == access_key for key in user.access_keys):
            return Caller(account=account, arn=user.arn)
    return Caller(account=account, arn=f"arn:aws:iam::{account}:root")


def service(name: str, *, account: str = "") -> Caller:
    """An AWS service principal such as `s3.amazonaws.com`, acting for a resource of `account`."""
    return Caller(account=account, arn="", service=name)


def parse(document: str | bytes | Mapping[str, Any] | None) -> dict[str, Any]:
    """The policy document as a mapping; no document and text that is no JSON object say nothing."""
    if not document:
        return {}
    if isinstance(document, Mapping):
        return dict(document)
    return _parsed(document if isinstance(document, str) else document.decode())


@lru_cache(maxsize=512)
def _parsed(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def statements(document: str | bytes | Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The statements of a policy, always as a list."""
    return [one for one in _listed(parse(document).get("Statement")) if isinstance(one, dict)]


def decide(document: str | bytes | Mapping[str, Any] | None, caller: Caller, request: Request) -> Verdict:
    """What this policy alone says: an explicit Deny wins over any Allow; None means that it is silent."""
    verdict: Verdict = None
    for statement in statements(document):
        effect = statement.get("Effect")
        if not _applies(statement, caller, request, unknown=effect == "Deny"):
            continue
        if effect == "Deny":
            return "Deny"
        verdict = "Allow"
    return verdict


def _applies(statement: Mapping[str, Any], caller: Caller, request: Request, *, unknown: bool) -> bool:
    return (
        names_caller(statement, caller)
        and _names(statement, "Action", request.action, fold=True)
        and _names(statement, "Resource", request.resource, fold=False)
        and _conditions_hold(statement.get("Condition") or {}, _context(caller, request), unknown=unknown)
    )


def names_caller(statement: Mapping[str, Any], caller: Caller) -> bool:
    """Whether the statement's Principal (or NotPrincipal) covers this caller."""
    if "NotPrincipal" in statement:
        return not _principal_covers(statement["NotPrincipal"], caller)
    return _principal_covers(statement.get("Principal"), caller)


def _principal_covers(principal: Any, caller: Caller) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    named = [str(one) for one in _listed(principal.get("Service" if caller.service else "AWS"))]
    return "*" in named or not caller.names.isdisjoint(named)


def _names(statement: Mapping[str, Any], element: str, value: str, *, fold: bool) -> bool:
    if f"Not{element}" in statement:
        return not any(matches(one, value, fold=fold) for one in _listed(statement[f"Not{element}"]))
    return any(matches(one, value, fold=fold) for one in _listed(statement.get(element)))


def matches(pattern: Any, value: str, *, fold: bool = False) -> bool:
    """Whether a policy pattern with `*` and `?` covers the value."""
    return _compiled(str(pattern), fold).fullmatch(value) is not None


@lru_cache(maxsize=2048)
def _compiled(pattern: str, fold: bool) -> re.Pattern[str]:
    text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(text, re.DOTALL | (re.IGNORECASE if fold else 0))


def _context(caller: Caller, request: Request) -> dict[str, str]:
    known = {"aws:securetransport": "true", **request.context}
    if caller.service:
        known["aws:principalisawsservice"] = "true"
        known["aws:principalservicename"] = caller.service
    else:
        known["aws:principalaccount"] = caller.account
        known["aws:principalarn"] = caller.arn
        known["aws:principalisawsservice"] = "false"
    return known


def _conditions_hold(conditions: Mapping[str, Any], context: Mapping[str, str], *, unknown: bool) -> bool:
    for operator, keys in conditions.items():
        for key, wanted in keys.items():
            if not _condition_holds(str(operator), context.get(str(key).lower()), _listed(wanted), unknown=unknown):
                return False
    return True


def _condition_holds(operator: str, actual: str | None, wanted: Iterable[Any], *, unknown: bool) -> bool:
    """One operator on one key; `unknown` answers for operators not modelled, so that doubt never widens access."""
    values = [str(one).lower() if isinstance(one, bool) else str(one) for one in wanted]
    name = operator.split(":")[-1]
    if name == "Null":
        return (actual is None) == (values[0].lower() == "true")
    if name.endswith("IfExists"):
        if actual is None:
            return True
        name = name.removesuffix("IfExists")
    negated = "Not" in name
    test = _OPERATORS.get(name.replace("Not", ""))
    if test is None:
        return unknown
    if actual is None:
        return negated
    return any(test(one, actual) for one in values) != negated


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, actual: wanted == actual,
    "StringEqualsIgnoreCase": lambda wanted, actual: wanted.lower() == actual.lower(),
    "StringLike": matches,
    "ArnEquals": matches,
    "ArnLike": matches,
    "Bool": lambda wanted, actual: wanted.lower() == actual.lower(),
}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
