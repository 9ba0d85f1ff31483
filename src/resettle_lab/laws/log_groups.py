"""Law: what a log group keeps and which keys and retentions it takes; it stores no events of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws import _log_keys
from resettle_lab.world import World, aws_error

_CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")
# AWS page "PutRetentionPolicy".
_RETENTIONS = frozenset({1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653})


def install(world: World) -> None:
    """Checks key, class and retention, and keeps the class and the deletion protection."""
    from moto.logs.models import LogGroup
    from moto.logs.responses import LogsResponse

    world.patch(LogsResponse, "create_log_group", _created)
    world.patch(LogsResponse, "delete_log_group", _unprotected)
    world.patch(LogsResponse, "put_retention_policy", _retention_checked)
    world.patch(LogsResponse, "describe_log_groups", _by_pattern)
    world.patch(LogGroup, "to_describe_dict", _told)


def _created(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def create_log_group(response: Any) -> Any:
        asked = json.loads(response.body)
        name, kind = asked["logGroupName"], asked.get("logGroupClass", "STANDARD")
        if kind not in _CLASSES:
            raise aws_error("InvalidParameterException", f"Invalid log group class {kind}", 400)
        if asked.get("kmsKeyId") and name not in response.logs_backend.groups:
            _log_keys.check(asked["kmsKeyId"], group=name, account=response.current_account, region=response.region)
        reply = original(response)
        made = response.logs_backend.groups[name]
        made.lab_class = kind
        made.lab_protected = bool(asked.get("deletionProtectionEnabled"))
        return reply

    return create_log_group


def _unprotected(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def delete_log_group(response: Any) -> Any:
        group = response.logs_backend.groups.get(json.loads(response.body)["logGroupName"])
        if getattr(group, "lab_protected", False):
            raise aws_error("ValidationException", "The log group is protected against deletion.", 400)
        return original(response)

    return delete_log_group


def _retention_checked(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def put_retention_policy(response: Any) -> Any:
        days = json.loads(response.body).get("retentionInDays")
        if days not in _RETENTIONS:
            message = f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint"
            raise aws_error("InvalidParameterException", message, 400)
        return original(response)

    return put_retention_policy


def _by_pattern(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """moto ignores logGroupNamePattern."""

    def describe_log_groups(response: Any) -> Any:
        asked = json.loads(response.body)
        told = json.loads(original(response))
        pattern = asked.get("logGroupNamePattern", "").lower()
        told["logGroups"] = [one for one in told["logGroups"] if pattern in one["logGroupName"].lower()]
        return json.dumps(told)

    return describe_log_groups


def _told(original: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    def to_describe_dict(group: Any) -> dict[str, Any]:
        kept = {"logGroupClass": getattr(group, "lab_class", "STANDARD")}
        if getattr(group, "lab_protected", False):
            kept["deletionProtectionEnabled"] = True
        return {**original(group), **kept}

    return to_describe_dict


LAW = Law(
    name="log-groups",
    rule="A log group keeps its class and key; the key's policy must admit the region's log service; retention is one of a "
    "fixed list of days; a group is there once.",
    source="Amazon CloudWatch Logs API reference: CreateLogGroup, PutRetentionPolicy, DescribeLogGroups; User Guide: Encrypt "
    "log data in CloudWatch Logs using AWS Key Management Service",
    install=install,
)
