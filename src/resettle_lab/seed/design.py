"""A workload as data: what stands in an account, with `@@kind:name@@` wherever AWS decides the text.

It promises to be plain values. It never calls AWS and draws no chance of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

PLACEHOLDER = re.compile(r"@@([A-Za-z0-9_]+(?::[A-Za-z0-9_/.-]+)?)@@")
ASSUME = "sts:AssumeRole"
Value = TypeVar("Value")
Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A subnet; `zone` is the letter of its zone in this account."""

    name: str
    cidr: str
    zone: str
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One permission of a group; `peer` is a CIDR or the name of a group in the same VPC."""

    peer: str
    low: int = -1
    high: int = -1
    protocol: str = "tcp"
    egress: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A security group; `open_egress` keeps the rule that AWS gives every new group."""

    name: str
    note: str
    rules: tuple[Rule, ...] = ()
    open_egress: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A VPC with what stands in it."""

    name: str
    cidr: str
    subnets: tuple[Subnet, ...]
    groups: tuple[Group, ...]
    hostnames: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """An IAM role; `attached` holds ARNs of managed policies, `inline` documents by name."""

    name: str
    trust: Params
    note: str = ""
    path: str = "/"
    attached: tuple[str, ...] = ()
    inline: Mapping[str, Params] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    hours: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedPolicy:
    """A customer managed policy."""

    name: str
    document: Params
    note: str = ""
    path: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A customer managed KMS key; `alias` without its prefix."""

    alias: str
    note: str
    statements: tuple[Params, ...] = ()
    rotates: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue; `dead_letters` names another queue, `feeders` the queues whose dead letters it takes."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: Params | None = None
    dead_letters: str | None = None
    tries: int = 5
    feeders: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One write to a key, in order; `content` None writes a delete marker."""

    key: str
    content: bytes | None
    more: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket; `settings` maps an S3 operation name to its parameters without the bucket."""

    name: str
    settings: tuple[tuple[str, Params], ...] = ()
    objects: tuple[Object, ...] = ()
    notification: Params | None = None
    large: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Lambda function; `code` maps file names to text, `grants` are AddPermission requests."""

    name: str
    role: str
    code: Mapping[str, str]
    settings: Params
    network: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    grants: tuple[Params, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An RDS instance, as CreateDBInstance takes it."""

    name: str
    settings: Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Everything that one workload holds."""

    name: str
    networks: tuple[Network, ...]
    roles: tuple[Role, ...]
    policies: tuple[ManagedPolicy, ...]
    keys: tuple[Key, ...]
    queues: tuple[Queue, ...]
    buckets: tuple[Bucket, ...]
    stored_secrets: tuple[Params, ...]
    parameters: tuple[Params, ...]
    functions: tuple[Function, ...]
    subnet_groups: tuple[Params, ...]
    parameter_groups: tuple[tuple[Params, Mapping[str, str]], ...]
    databases: tuple[Database, ...]
    log_groups: tuple[tuple[str, int | None, Mapping[str, str]], ...]
    secrets: tuple[str, ...]


def fill(value: Value, known: Mapping[str, str]) -> Value:
    """Replace each placeholder, also inside lists, mappings and keys; an unknown one is a KeyError that names it."""
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda match: known[match[1]], value)  # type: ignore[return-value]
    if isinstance(value, Mapping):
        return {fill(key, known): fill(item, known) for key, item in value.items()}  # type: ignore[return-value]
    if isinstance(value, list | tuple):
        return [fill(item, known) for item in value]  # type: ignore[return-value]
    return value


def allow(actions: str | list[str], resources: str | list[str], **more: Any) -> dict[str, Any]:
    """Write one Allow statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def document(*statements: Params) -> dict[str, Any]:
    """Write a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(service: str, **more: Any) -> dict[str, Any]:
    """Write the trust policy that lets one AWS service assume a role."""
    return document({"Effect": "Allow", "Principal": {"Service": service}, "Action": ASSUME, **more})


def text(value: Params) -> str:
    """Write JSON as a person would paste it into the console: not canonical."""
    return json.dumps(value, indent=1, ensure_ascii=False)
