"""Which calls make or configure a thing, with their parameters fitted to botocore's shapes; pure, sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from resettle import shapes, specs
from resettle.kind import Call, Kind
from resettle.model import Spec


@dataclass(frozen=True, slots=True)
class Request:
    """One call, ready to be sent."""

    service: str
    op: str
    params: dict[str, Any]
    already: tuple[str, ...] = ()


def create(kind: Kind, spec: Spec, fields: Iterable[str], context: Mapping[str, Any], step: str) -> Request:
    """The creating call: the early fields that its shape has, neutral values for those that wait, tags with our own."""
    call = kind.make.calls[0]
    service, wanted = specs.service_of(kind, call), set(fields)
    sent = {name: spec[name] for name in taken(kind, call) if name in wanted}
    sent |= {name: specs.fill(value, context) for name, value in kind.make.first.items() if name in spec and name not in wanted}
    tags = {**spec.get("Tags", {}), shapes.STEP_TAG: step}
    sent |= shapes.write_tags(service, call.op, tags, kind.make.tag_type)
    sent |= _sent(call, context)
    return Request(service, call.op, _fitted(service, call.op, sent), call.already)


def configure(
    kind: Kind, calls: Iterable[Call], spec: Spec, fields: Iterable[str], context: Mapping[str, Any]
) -> Iterator[Request]:
    """The requests of configuring calls: those whose fields the spec has, split or repeated as the kind says."""
    wanted = set(fields)
    for call in calls:
        if call.when and not specs.search(call.when, spec):
            continue
        service = specs.service_of(kind, call)
        if call.each:
            for item in spec.get(call.each, ()) if call.each in wanted else ():
                params = _sent(call, {**context, "item": item})
                yield Request(service, call.op, _fitted(service, call.op, params), call.already)
            continue
        mine = [name for name in taken(kind, call) if name in wanted and name in spec]
        if not mine and (call.fields is None or call.fields):
            continue
        if call.split:  # a thing just made has AWS's defaults: only what differs from them is sent
            mine = [name for name in mine if name not in kind.read.absent or spec[name] != kind.read.absent[name]]
        for group in [[name] for name in mine] if call.split else [mine]:
            for part in _chunks({name: spec[name] for name in group}, call.chunk):
                yield Request(service, call.op, _fitted(service, call.op, part | _sent(call, context)), call.already)


def _chunks(fields: dict[str, Any], size: int) -> Iterator[dict[str, Any]]:
    """The fields in parts that hold at most `size` items of each list; all at once where there is no limit."""
    longest = max((len(value) for value in fields.values() if isinstance(value, list)), default=0)
    if size and not longest:  # a call that is sent in parts adds: with nothing to add there is no call
        return
    for start in range(0, max(longest, 1), size or max(longest, 1)):
        yield {name: value[start : start + size] if size and isinstance(value, list) else value for name, value in fields.items()}


def taken(kind: Kind, call: Call) -> tuple[str, ...]:
    """The spec fields that a call takes: those that it names, else all of its shape that no earlier call of the kind took."""
    if call.fields is not None:
        return call.fields
    earlier: set[str] = set(kind.make.carried) | set(specs.late_fields(kind))
    for other, late in specs.calls_of(kind):
        if other is call:
            break
        if not late:
            earlier |= set(other.fields or ()) | (set() if other.fields is not None else set(_own(kind, other)))
    return tuple(name for name in _own(kind, call) if name not in earlier)


def _own(kind: Kind, call: Call) -> list[str]:
    spec = specs.fields(kind)
    return [name for name in shapes.members(specs.service_of(kind, call), call.op) if name in spec and name not in call.send]


def _sent(call: Call, context: Mapping[str, Any]) -> dict[str, Any]:
    filled = specs.fill(call.send, context)
    return dict(filled) if isinstance(filled, Mapping) else {}


def _fitted(service: str, op: str, params: Mapping[str, Any]) -> dict[str, Any]:
    shape = shapes.input_shape(service, op)
    fitted: dict[str, Any] = shapes.fit({name: value for name, value in params.items() if value is not None}, shape) or {}
    return fitted
