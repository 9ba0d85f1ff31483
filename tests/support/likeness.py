"""Whether two raw states tell of equal things: no kind judges here, only what plain boto3 said and which name became which."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.support.state import State

# What AWS gives anew on each side, and the letters of zones, which differ between accounts.
ITS_OWN = {
    "AssociationId", "AvailabilityZone", "SubnetAvailabilityZone", "CreateDate", "CreatedDate", "CreationDate", "creationTime",
    "CreatedTimestamp", "InstanceCreateTime", "NextRotationDate", "CurrentKeyMaterialId", "DefaultVersionId", "RoleId", "SecretVersionsToStages",
    "Version", "VersionId", "code",
}  # fmt: skip
ELSEWHERE = re.compile(r"^rds/DBSnapshots/|^s3/[^/]+/objects$")  # content has tests of its own


def unlike(source: State, target: State, names: Mapping[str, str]) -> dict[str, list[str]]:
    """The fields in which a thing of the source and its successor differ once `names` are put into the source's words."""
    pattern = re.compile("|".join(re.escape(text) for text in sorted(names, key=len, reverse=True)))

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {pattern.sub(lambda match: names[match[0]], key): renamed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [renamed(item) for item in value]
        return pattern.sub(lambda match: names[match[0]], value) if isinstance(value, str) else value

    found: dict[str, list[str]] = {}
    for name, thing in renamed(source).items():
        if ELSEWHERE.match(name) or thing.get("KeyState") == "PendingDeletion":
            continue
        fields = ["it is missing"] if name not in target else _fields(_plain(thing), _plain(target[name]))
        if fields:
            found[name] = fields
    return found


def _fields(wanted: dict[str, Any], has: dict[str, Any]) -> list[str]:
    different = sorted(name for name in wanted.keys() | has.keys() if wanted.get(name) != has.get(name))
    return [f"{name}: {wanted.get(name)} became {has.get(name)}" for name in different]


def _plain(value: Any) -> Any:
    """Documents parsed, order and a list of one undone, nothing and no taken alike: AWS writes a meaning in many ways."""
    if isinstance(value, str) and value.startswith('{"'):
        return _plain(json.loads(value))
    if isinstance(value, dict):
        kept = {name: _plain(item) for name, item in value.items() if name not in ITS_OWN and name != "resettle:step"}
        return {name: item for name, item in kept.items() if item not in (None, False, "", [], {})}
    if isinstance(value, list):
        kept_items = [_plain(item) for item in value if not _stays_out(item)]
        ordered = sorted(kept_items, key=lambda item: json.dumps(item, sort_keys=True, default=str))
        return ordered[0] if len(ordered) == 1 else ordered
    return value


def _stays_out(item: Any) -> bool:
    """Our own tag, and a policy's versions that are not in force: those do not move."""
    return isinstance(item, dict) and (
        "resettle:step" in (item.get("Key"), item.get("TagKey")) or item.get("IsDefaultVersion") is False
    )
