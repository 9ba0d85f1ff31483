"""The nouns that every layer shares: frozen values without behaviour beyond their text form; nothing here calls AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Spec = dict[str, Any]
Strength = Literal["strong", "distinct", "weak", "extent"]


class Side(StrEnum):
    """Where a thing stands; NEW is a thing that the source never had."""

    SOURCE = "source"
    TARGET = "target"
    NEW = "new"


class Stage(StrEnum):
    """When a step runs; calls to the source exist in every stage but build."""

    PARK = "park"
    BUILD = "build"
    SYNC = "sync"
    SWITCH = "switch"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """The identity of one thing: side, region ("" where the kind is global), CloudFormation name, id on that side."""

    side: Side
    region: str
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}" if self.side is not Side.NEW else f"new:{self.kind}/{self.id}"

    def encode(self) -> list[str]:
        return [self.side.value, self.region, self.kind, self.id]

    @classmethod
    def decode(cls, parts: list[str]) -> Ref:
        side, region, kind, identity = parts
        return cls(Side(side), region, kind, identity)


@dataclass(frozen=True, slots=True)
class Name:
    """One text that means a thing, by the facet of the thing that it is."""

    facet: str
    text: str
    strength: Strength


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing found.

    `spec` is everything that the calls which make it take, canonical; opaque values in it are sealed. `live` is what
    describe said and stays in memory: it is never stored. `names` are the texts that mean it.
    """

    ref: Ref
    spec: Spec = field(repr=False)
    names: tuple[Name, ...] = ()
    theirs: bool = False  # AWS makes this one itself in every account: it is mapped and configured, not made
    live: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Something we could not see, cannot move, or did not prove; `name` is what a person writes to accept it."""

    name: str
    what: str = field(compare=False)
    advice: str = field(compare=False, default="")
    on: str = field(compare=False, default="")


@dataclass(frozen=True, slots=True, order=True)
class SourceWrite:
    """A write to the source that the plan lists: operation, the resource it names, and how it is undone."""

    operation: str
    resource: str
    why: str
    undo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One idempotent action on one resource. `id` = hash(source account, ref, action); `digest` covers its content."""

    id: str
    action: str
    ref: Ref
    stage: Stage
    needs: tuple[str, ...] = ()
    digest: str = ""
    writes: tuple[SourceWrite, ...] = ()

    def __str__(self) -> str:
        return f"{self.action} {self.ref}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a carrier counted and digested on one side."""

    count: int
    bytes: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What verify found wrong: the resource, the path inside it, and a sentence without values."""

    sort: Literal["missing", "different", "leak", "unproved", "waiting"]
    on: str
    path: str = ""
    what: str = ""
