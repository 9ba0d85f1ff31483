"""From a live thing to its canonical spec, names and identity, by what its kind says; pure, no call to AWS."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from resettle import canon, shapes
from resettle.kind import Call, Kind, SetDiff
from resettle.model import Name, Spec

MISSING: Any = object()
_TEMPLATE = re.compile(r"\{([A-Za-z_][\w.]*)\}")


@functools.cache
def _compiled(expression: str) -> Any:
    import jmespath

    return jmespath.compile(expression)


def search(expression: str, value: Any) -> Any:
    """JMESPath, compiled once."""
    return _compiled(expression).search(value)


def fill(template: Any, context: Mapping[str, Any]) -> Any:
    """A template with its `{words}` filled in; a part that is one word takes the value as it is; a part whose word is not in
    the context is left out (MISSING at the top)."""
    if isinstance(template, str):
        return _fill_text(template, context)
    if isinstance(template, Mapping):
        filled = {key: fill(item, context) for key, item in template.items()}
        return {key: item for key, item in filled.items() if item is not MISSING}
    if isinstance(template, list | tuple):
        return [item for item in (fill(part, context) for part in template) if item is not MISSING]
    return template


def words(template: Any) -> set[str]:
    """The words that a template uses, by their first part."""
    if isinstance(template, str):
        return {word.split(".")[0] for word in _TEMPLATE.findall(template)}
    parts: Any = template.values() if isinstance(template, Mapping) else template if isinstance(template, list | tuple) else ()
    return {word for part in parts for word in words(part)}


def _fill_text(template: str, context: Mapping[str, Any]) -> Any:
    whole = _TEMPLATE.fullmatch(template)
    if whole:
        return _word(whole[1], context)
    words = {word: _word(word, context) for word in _TEMPLATE.findall(template)}
    if any(value is MISSING for value in words.values()):
        return MISSING
    return _TEMPLATE.sub(lambda match: str(words[match[1]]), template)


def _word(word: str, context: Mapping[str, Any]) -> Any:
    if word in context:
        return context[word]
    value: Any = context
    for part in word.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return MISSING
        value = value[part]
    return value


def service_of(kind: Kind, call: Call) -> str:
    return call.service or kind.service


def calls_of(kind: Kind) -> Iterator[tuple[Call, bool]]:
    """Every call that sends spec fields, with whether it is late."""
    for call in kind.make.calls:
        yield call, False
    for late in kind.make.late:
        if isinstance(late, SetDiff):
            yield late.add, True
        else:
            yield late, True


def _fields(kind: Kind) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for call, _late in calls_of(kind):
        shape = shapes.members(service_of(kind, call), call.op)
        for name in call.fields if call.fields is not None else shape:
            if name not in call.send:
                result.setdefault(name, shape.get(name))
        if call.each:
            result.setdefault(call.each, None)
    for late in kind.make.late:
        if isinstance(late, SetDiff):
            result[late.field] = shapes.members(service_of(kind, late.add), late.add.op).get(late.field)
    for name in (*kind.make.carried, *(path.split(".")[0].removesuffix("[]") for path in kind.read.opaque)):
        result.setdefault(name, None)
    dropped = set(kind.read.drop) - set(kind.read.rename)
    for name in ("TagSpecifications", "Tags", "tags", "ClientToken", "ClientRequestToken", "DryRun", *dropped):
        result.pop(name, None)
    return result


_computed: dict[int, tuple[Kind, dict[str, Any]]] = {}  # a kind holds maps and has no hash: kept by identity, with the kind itself


def fields(kind: Kind) -> dict[str, Any]:
    """The fields of the kind's spec, each with the botocore shape that it is cut to (None: taken as it is)."""
    if id(kind) not in _computed:
        _computed[id(kind)] = (kind, _fields(kind))
    return _computed[id(kind)][1]


def spec_of(kind: Kind, live: Mapping[str, Any]) -> Spec:
    """Everything that the calls which make the thing take, canonical. Opaque values are still as found: seal them before
    they are kept."""
    read = kind.read
    spec: Spec = {}
    for name, shape in fields(kind).items():
        value = search(read.rename[name], live) if name in read.rename else live.get(name)
        if value is not None and name not in read.volatile:
            spec[name] = shapes.cut(value, shape) if not isinstance(value, str) else value
    for path in read.json:
        spec = canon.change(spec, path, lambda text: canon.without_ours(canon.canonical_policy(canon.as_document(text))))
    if read.tags:
        raw = live.get("Tags") if isinstance(read.tags, Call) else search(read.tags, live)
        spec["Tags"] = shapes.read_tags(raw or ())
    for path, value in read.absent.items():
        spec = _default(spec, path, value)
    return canonical_spec(kind, spec)


def step_of(kind: Kind, live: Mapping[str, Any]) -> str:
    """The id of the step that made a thing, as its tags say; "" where they say nothing of us."""
    if isinstance(kind.read.tags, Call):
        return shapes.step_tag(live.get("Tags"))
    return shapes.step_tag(search(kind.read.tags, live)) if kind.read.tags else ""


def canonical_spec(kind: Kind, spec: Spec) -> Spec:
    """Unordered lists sorted and without duplicates: to be done again after every rewriting."""
    result: Spec = canon.with_sets(spec, kind.read.sets)
    for path in kind.read.json:
        result = canon.change(result, path, canon.canonical_policy)
    return result


def emptied(document: Any) -> bool:
    """Whether a policy document says nothing."""
    return isinstance(document, Mapping) and document.get("Statement") == []


def _default(spec: Spec, path: str, value: Any) -> Spec:
    parts = canon.segments(path)
    holder: Any = spec
    for part in parts[:-1]:
        holder = holder.get(part) if isinstance(holder, Mapping) else None
    if not isinstance(holder, Mapping) or parts[-1] in holder:
        return spec
    result: Spec = canon.put(spec, parts, value)
    return result


def names_of(kind: Kind, live: Mapping[str, Any]) -> tuple[Name, ...]:
    """Every text that means the thing, by facet; an expression may yield several texts of one facet."""
    found = []
    for facet, place in kind.name.names.items():
        value = search(place.at, live)
        for index, text in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(text, str) and text:
                found.append(Name(facet if index == 0 else f"{facet}.{index}", text, place.strength))
    return tuple(found)


def identity_of(kind: Kind, live: Mapping[str, Any], parent: str = "") -> str:
    """The thing's id on its side: a child's begins with its parent's, divided by `|`."""
    own = str(search(kind.name.id, live)) if kind.name.id else ""
    return "|".join(part for part in (parent, own) if part)


def late_fields(kind: Kind) -> frozenset[str]:
    """The fields that wait until both ends exist, whatever they hold."""
    found: set[str] = set()
    for late in kind.make.late:
        if isinstance(late, SetDiff):
            found.add(late.field)
        elif late.fields is not None:
            found.update(late.fields)
    return frozenset(found - set(kind.make.first))
