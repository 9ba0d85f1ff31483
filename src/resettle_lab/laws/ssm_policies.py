"""Law: which policies a parameter takes and how it tells them; it lets none of them come due."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.world import World, aws_error

_ATTRIBUTES = {
    "Expiration": {"Timestamp"},
    "ExpirationNotification": {"Before", "Unit"},
    "NoChangeNotification": {"After", "Unit"},
}
_MOST = 10


def install(world: World) -> None:
    """Checks policies when they are put, and tells each as text, type and status."""
    from moto.ssm.models import Parameter, SimpleSystemManagerBackend

    world.patch(SimpleSystemManagerBackend, "put_parameter", _checked)
    world.patch(Parameter, "response_object", _told)


def _checked(original: Callable[..., Any]) -> Callable[..., Any]:
    def put_parameter(backend: Any, name: str, *given: Any, **named: Any) -> Any:
        text = named.get("policies")
        if text:
            held = backend._parameters.get(name)
            asked = named.get("tier") or (held[-1].tier if held else None)
            _check(_parsed(text), asked)
        return original(backend, name, *given, **named)

    return put_parameter


def _parsed(text: str) -> list[dict[str, Any]]:
    """The policies of a request; an empty one among them is how all are taken away."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise aws_error("InvalidPolicyTypeException", "The policies must be a JSON array of policy objects.", 400)
    return [one for one in value if one]


def _check(policies: list[dict[str, Any]], tier: str | None) -> None:
    if policies and tier in (None, "Standard"):
        raise aws_error("ValidationException", "Parameter policies are available only for advanced parameters.", 400)
    if len(policies) > _MOST:
        raise aws_error("PoliciesLimitExceededException", "A parameter takes at most ten policies.", 400)
    for policy in policies:
        wanted = _ATTRIBUTES.get(policy.get("Type", ""))
        if wanted is None:
            raise aws_error("InvalidPolicyTypeException", f"The policy type {policy.get('Type')} is not supported.", 400)
        if set(policy.get("Attributes", {})) != wanted:
            message = f"The attributes of a policy of type {policy['Type']} are {', '.join(sorted(wanted))}."
            raise aws_error("InvalidPolicyAttributeException", message, 400)
    if Counter(policy["Type"] for policy in policies)["Expiration"] > 1:
        raise aws_error("IncompatiblePolicyException", "A parameter takes one Expiration policy.", 400)


def _told(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def response_object(parameter: Any, *given: Any, **named: Any) -> dict[str, Any]:
        told = original(parameter, *given, **named)
        told.pop("Policies", None)
        held = [one for one in json.loads(parameter.policies or "[]") if one]
        return told | {"Policies": [_inline(one) for one in held]} if held else told

    return response_object


def _inline(policy: dict[str, Any]) -> dict[str, str]:
    text = json.dumps(policy, separators=(",", ":"))
    return {"PolicyText": text, "PolicyType": policy["Type"], "PolicyStatus": "Pending"}


LAW = Law(
    name="ssm-policies",
    rule="An advanced parameter takes up to ten policies of three types, one Expiration among them, and tells each as its JSON "
    "text, its type and whether it has come due.",
    source="AWS Systems Manager API reference: PutParameter (Policies), ParameterInlinePolicy; User Guide: Assigning parameter "
    "policies in Parameter Store",
    install=install,
)
