"""Canonical values: one text for one meaning. Pure; paths are `A.B[].C` with `*` for every key of a map."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]
OUR_STATEMENTS = ("ResettleReads", "ResettleGrants")  # how the statement ids begin that a grant adds


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, no escapes; a value that JSON has no form for is an error."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def segments(path: str) -> tuple[str, ...]:
    """`A.B[].*` as ("A", "B", "[]", "*")."""
    parts: list[str] = []
    for part in path.split("."):
        name = part.removesuffix("[]")
        parts += [name] if name else []
        parts += ["[]"] * (part != name)
    return tuple(parts)


def places(value: Any, path: str) -> Iterator[tuple[Path, Any]]:
    """Every concrete place that a path means inside a value, with what stands there."""
    yield from _places(value, segments(path), ())


def _places(value: Any, rest: tuple[str, ...], here: Path) -> Iterator[tuple[Path, Any]]:
    if not rest:
        yield here, value
        return
    head, tail = rest[0], rest[1:]
    if head == "[]":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _places(item, tail, (*here, index))
    elif isinstance(value, Mapping):
        for key in sorted(value) if head == "*" else (head,):
            if key in value:
                yield from _places(value[key], tail, (*here, key))


def change(value: Any, path: str, to: Callable[[Any], Any]) -> Any:
    """A copy in which everything at the path went through `to`."""
    return _change(value, segments(path), to)


def _change(value: Any, rest: tuple[str, ...], to: Callable[[Any], Any]) -> Any:
    if not rest:
        return to(value)
    head, tail = rest[0], rest[1:]
    if head == "[]":
        return [_change(item, tail, to) for item in value] if isinstance(value, list) else value
    if not isinstance(value, Mapping):
        return value
    keys = set(value) if head == "*" else {head} & set(value)
    return {key: _change(item, tail, to) if key in keys else item for key, item in value.items()}


def put(value: Any, place: Path, item: Any) -> Any:
    """A copy with `item` at one concrete place."""
    if not place:
        return item
    head, tail = place[0], place[1:]
    if isinstance(head, int):
        return [put(old, tail, item) if index == head else old for index, old in enumerate(value)]
    return {**value, head: put(value.get(head, {}), tail, item)}


def sort_set(value: Any) -> Any:
    """A list without order: sorted by canonical text, duplicates gone; anything else as it is."""
    if not isinstance(value, list):
        return value
    return [json.loads(text) for text in sorted({canonical_json(item) for item in value})]


def with_sets(value: Any, paths: Iterable[str]) -> Any:
    """A copy in which the lists at these paths are sorted; inner paths first, so that outer texts are final."""
    for path in sorted(paths, key=lambda text: -len(segments(text))):
        value = change(value, path, sort_set)
    return value


def as_document(value: Any) -> Any:
    """A JSON text as what it says; a text that is no JSON, and anything else, as it is."""
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def canonical_policy(document: Any) -> Any:
    """A policy document in the form in which equal policies are equal: IAM treats a single string and a list of one alike and
    gives no meaning to the order of statements, actions, resources and principals (IAM User Guide, policy grammar)."""
    if not isinstance(document, Mapping) or "Statement" not in document:
        return document
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return {**document, "Statement": sort_set([_statement(item) for item in listed])}


def without_ours(document: Any) -> Any:
    """A policy document without the statements by which we admitted the target: they are a passing source write, not the source's
    own. What is left may have no statement at all."""
    if not isinstance(document, Mapping) or not isinstance(document.get("Statement"), list):
        return document
    kept = [item for item in document["Statement"] if not str(item.get("Sid", "")).startswith(OUR_STATEMENTS)]
    return {**document, "Statement": kept}


def _statement(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    result = dict(item)
    for key in ("Action", "NotAction", "Resource", "NotResource"):
        if key in result:
            result[key] = _listed(result[key])
    for key in ("Principal", "NotPrincipal"):
        if isinstance(result.get(key), Mapping):
            result[key] = {sort: _listed(names) for sort, names in result[key].items()}
    if isinstance(result.get("Condition"), Mapping):
        result["Condition"] = {
            test: {key: _listed(values) for key, values in keys.items()} for test, keys in result["Condition"].items()
        }
    return result


def _listed(value: Any) -> Any:
    return sort_set(value if isinstance(value, list) else [value])


def differences(wanted: Any, found: Any, here: str = "") -> list[str]:
    """The paths at which two canonical values differ, outermost difference first, never the values."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        result: list[str] = []
        for key in sorted({*wanted, *found}):
            below = f"{here}.{key}" if here else str(key)
            if key in wanted and key in found:
                result += differences(wanted[key], found[key], below)
            else:
                result.append(below)
        return result
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        result = []
        for index, (left, right) in enumerate(zip(wanted, found, strict=True)):
            result += differences(left, right, f"{here}[{index}]")
        return result
    return [] if wanted == found and type(wanted) is type(found) else [here or "."]
