"""Law: what AddPermission writes into a function's policy; it never decides an invocation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.world import World, aws_error

_CONDITIONS = {"EventSourceToken": "lambda:EventSourceToken", "FunctionUrlAuthType": "lambda:FunctionUrlAuthType"}


def install(world: World) -> None:
    """Refuses a statement id twice and writes principals and conditions as Lambda does."""
    from moto.awslambda.models import LambdaBackend

    world.patch(LambdaBackend, "add_permission", _added)


def _added(original: Callable[..., Any]) -> Callable[..., Any]:
    def add_permission(backend: Any, function_name: str, qualifier: str, raw: str) -> Any:
        asked = json.loads(raw)
        function = backend.get_function(function_name, qualifier)
        if any(one.get("Sid") == asked["StatementId"] for one in function.policy.statements):
            message = f"The statement id ({asked['StatementId']}) provided already exists. Please provide a new statement id."
            raise aws_error("ResourceConflictException", message, 409)
        plain = {name: value for name, value in asked.items() if name not in _CONDITIONS}
        statement = original(backend, function_name, qualifier, json.dumps(plain))
        statement["Principal"] = _principal(asked["Principal"])
        _add_conditions(statement, asked)
        return statement

    return add_permission


def _principal(asked: str) -> Any:
    if asked == "*":
        return "*"
    if asked.endswith((".amazonaws.com", ".amazon.com")):
        return {"Service": asked}
    if re.fullmatch(r"\d{12}", asked):
        return {"AWS": f"arn:aws:iam::{asked}:root"}
    return {"AWS": asked}


def _add_conditions(statement: dict[str, Any], asked: dict[str, Any]) -> None:
    for name, key in _CONDITIONS.items():
        if name in asked:
            statement.setdefault("Condition", {}).setdefault("StringEquals", {})[key] = asked[name]


LAW = Law(
    name="lambda-permissions",
    rule="A statement id stands once in a function's policy (ResourceConflictException); an account principal becomes its root "
    "ARN, and tokens and URL auth types become conditions.",
    source="AWS Lambda API reference: AddPermission; AWS Lambda Developer Guide: Working with resource-based IAM policies",
    install=install,
)
