"""What a kind is made of, for the contract tests: its calls by their use, its live fields by name. Nothing is asked of AWS."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from tests.contract import expressions

from resettle import kinds, shapes, specs
from resettle.kind import Call, Hop, Kind, SetDiff

Use = Literal["read", "make", "take back"]


def modules() -> dict[str, ModuleType]:
    """Every module of a kind, by the kind's type."""
    found = {}
    for info in pkgutil.walk_packages(kinds.__path__, prefix=f"{kinds.__name__}."):
        if not info.ispkg:
            module = importlib.import_module(info.name)
            found[module.KIND.type] = module
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Part:
    """One call of a kind: where it stands there, the service it goes to, what it is for."""

    where: str
    service: str
    call: Call
    use: Use
    hop: Hop | None = None

    def __str__(self) -> str:
        return f"{self.where} {self.service}:{self.call.op}"

    @property
    def known(self) -> bool:
        return shapes.known(self.service, self.call.op)

    @property
    def takes(self) -> Mapping[str, Any]:
        return shapes.members(self.service, self.call.op)

    @property
    def required(self) -> list[str]:
        shape = shapes.input_shape(self.service, self.call.op)
        return list(shape.required_members) if shape is not None else []


def parts(kind: Kind) -> list[Part]:
    """Every call that the kind knows, whatever it is for."""
    return [*reading(kind), *making(kind), *_taking_back(kind), *_hopping(kind), *_granting(kind)]


def reading(kind: Kind) -> Iterator[Part]:
    read = kind.read
    named = [("list", read.list), ("one", read.one), ("tags", read.tags), *(("detail", call) for call in read.detail)]
    for where, call in named:
        if isinstance(call, Call):
            yield Part(where, specs.service_of(kind, call), call, "read")


def making(kind: Kind) -> Iterator[Part]:
    for call, late in specs.calls_of(kind):
        yield Part("late" if late else "calls", specs.service_of(kind, call), call, "make")
    for late_call in kind.make.late:
        if isinstance(late_call, SetDiff):
            yield Part("late", specs.service_of(kind, late_call.remove), late_call.remove, "make")


def _taking_back(kind: Kind) -> Iterator[Part]:
    for call in (*kind.undo.before, *((kind.undo.delete,) if kind.undo.delete else ())):
        yield Part("undo", specs.service_of(kind, call), call, "take back")


def _hopping(kind: Kind) -> Iterator[Part]:
    for hop in kind.make.hops:
        service = hop.service or kind.service
        yield Part(f"hop {hop.name}", hop.make.service or service, hop.make, "make", hop)
        if hop.look:
            yield Part(f"hop {hop.name}", hop.look.service or service, hop.look, "read", hop)
        if hop.undo:
            yield Part(f"hop {hop.name}", hop.undo.service or service, hop.undo, "take back", hop)


def _granting(kind: Kind) -> Iterator[Part]:
    if kind.grant:
        yield Part("grant", kind.service, kind.grant.read, "read")
        yield Part("grant", kind.service, kind.grant.write, "make")
        if kind.grant.delete:
            yield Part("grant", kind.service, kind.grant.delete, "take back")


def answer(part: Part) -> tuple[Any, list[str]]:
    """What a reading call's reply is cut to, and what it asks for in vain."""
    call = part.call
    if call.parse:  # JSON text, of which botocore knows nothing
        return None, []
    reply = shapes.output_shape(part.service, call.op)
    found, wrong = expressions.follow(call.each or call.at or "@", reply)
    return found, [f"{part}: {what}" for what in wrong]


@dataclass(slots=True)
class Live:
    """The fields of a live thing: `told` by AWS, and those with what `derive`, `item` and the parent add. `open`: there may be
    more, which nobody can know."""

    told: dict[str, Any]
    fields: dict[str, Any]
    open: bool
    wrong: list[str]


def live(kind: Kind, all_kinds: Mapping[str, Kind]) -> Live:
    """What stands in the kind's live things, by botocore's model."""
    read = kind.read
    result = Live({}, {}, False, [])
    if read.within:
        parent = live(all_kinds[read.within], all_kinds)
        result.fields |= {name: parent.fields.get(name) for name in read.inherit}
        if read.list is None:
            found, wrong = expressions.follow(read.each, parent.fields)
            result.wrong += [] if parent.open else wrong
            _add(result, expressions.element(found), "")
    for part in reading(kind):
        found, wrong = answer(part)
        result.wrong += wrong
        item = expressions.element(found) if part.where in ("list", "one") or part.call.batch else found
        _add(result, item, part.call.into)
    result.fields |= dict.fromkeys(read.item or {}) | dict.fromkeys(derived(kind))
    return result


def _add(result: Live, sort: Any, into: str) -> None:
    fields = {into: sort} if into else expressions.members(sort)
    if fields is None:
        result.open = True
    else:
        result.told |= fields
        result.fields |= fields


def derived(kind: Kind) -> set[str]:
    """Every text that the kind's `derive` has in its source: it may read or write a field of that name."""
    return set(re.findall(r"[\"'](\w+)[\"'\]]", inspect.getsource(kind.read.derive))) if kind.read.derive else set()


def over_live(kind: Kind) -> list[str]:
    """The kind's expressions over a live thing."""
    read, make = kind.read, kind.make
    found = [*read.rename.values(), *(facet.at for facet in kind.name.names.values()), kind.name.id, read.where]
    found += [make.theirs, make.ready.path if make.ready else "", read.tags if isinstance(read.tags, str) else ""]
    found += [call.when for call in read.detail]
    return [expression for expression in found if expression]


def everything(kind: Kind) -> list[str]:
    """All of the kind's JMESPath."""
    found = [*over_live(kind), kind.read.each, kind.make.id]
    for part in parts(kind):
        found += [part.call.at, part.call.when, part.call.each if part.use == "read" else ""]
    found += [hop.identity for hop in kind.make.hops] + [hop.ready.path for hop in kind.make.hops if hop.ready]
    return [expression for expression in found if expression]
