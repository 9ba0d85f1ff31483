"""Where a JMESPath expression leads in botocore's shapes, found without a value; what cannot be known is never called wrong.

A *sort* is a botocore shape, a map from names to sorts, `Many` of a sort, or None: unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath

Node = Mapping[str, Any]
INSIDE_FIRST = (
    "subexpression",
    "index_expression",
    "projection",
    "filter_projection",
    "value_projection",
    "flatten",
    "pipe",
)


@dataclass(frozen=True, slots=True)
class Many:
    """A list, as projections make it."""

    of: Any


def follow(expression: str, root: Any) -> tuple[Any, list[str]]:
    """The sort that the expression yields, and what it asks for that is not there."""
    wrong: list[str] = []
    found = _walk(jmespath.compile(expression).parsed, root, wrong)
    return found, [f"{expression}: {what}" for what in wrong]


def roots(expression: str) -> set[str]:
    """The top-level fields that the expression looks at."""
    return set(_roots(jmespath.compile(expression).parsed)) if expression else set()


def members(sort: Any) -> dict[str, Any] | None:
    """The fields that a structure has by name; None where that is unknown."""
    if isinstance(sort, Mapping):
        return dict(sort)
    if getattr(sort, "type_name", "") == "structure":
        return dict(sort.members) or None
    return None


def element(sort: Any) -> Any:
    """What a list is a list of; anything else is one item by itself."""
    if isinstance(sort, Many):
        return sort.of
    return sort.member if getattr(sort, "type_name", "") == "list" else sort


def _roots(node: Node) -> Iterator[str]:
    if node["type"] == "field":
        yield node["value"]
        return
    children = node["children"][:1] if node["type"] in INSIDE_FIRST else node["children"]
    for child in children:
        if isinstance(child, Mapping):
            yield from _roots(child)


def _walk(node: Node, sort: Any, wrong: list[str]) -> Any:
    walk = _WALKS.get(node["type"])
    return walk(node, sort, wrong) if walk else _each(node, sort, wrong)


def _each(node: Node, sort: Any, wrong: list[str]) -> None:
    """Functions, comparisons and the like: their parts are looked at, their value is unknown."""
    for child in node["children"]:
        if isinstance(child, Mapping) and child["type"] != "expref":
            _walk(child, sort, wrong)


def _field(node: Node, sort: Any, wrong: list[str]) -> Any:
    name, kind = node["value"], getattr(sort, "type_name", "")
    if kind == "map":
        return sort.value
    known = members(sort)
    if known is None:
        if isinstance(sort, Many) or kind not in ("", "structure"):
            wrong.append(f"{name} is asked of a {kind or 'list'}")
        return None
    if name not in known:
        wrong.append(f"there is no {name}")
    return known.get(name)


def _chain(node: Node, sort: Any, wrong: list[str]) -> Any:
    for child in node["children"]:
        sort = _walk(child, sort, wrong)
    return sort


def _item(node: Node, sort: Any, wrong: list[str]) -> Any:
    if sort is not None and not isinstance(sort, Many) and getattr(sort, "type_name", "") != "list":
        wrong.append("a list is looked for where there is none")
        return None
    return element(sort)


def _projection(node: Node, sort: Any, wrong: list[str]) -> Many:
    base = _walk(node["children"][0], sort, wrong)
    one = _item(node, base, wrong)
    for condition in node["children"][2:]:
        _walk(condition, one, wrong)
    return Many(_walk(node["children"][1], one, wrong))


def _values(node: Node, sort: Any, wrong: list[str]) -> Many:
    base = _walk(node["children"][0], sort, wrong)
    value = base.value if getattr(base, "type_name", "") == "map" else None
    return Many(_walk(node["children"][1], value, wrong))


def _flatten(node: Node, sort: Any, wrong: list[str]) -> Any:
    base = _walk(node["children"][0], sort, wrong)
    one = _item(node, base, wrong)
    inner = isinstance(one, Many) or getattr(one, "type_name", "") == "list"
    return None if base is None else Many(element(one) if inner else one)


def _fields(node: Node, sort: Any, wrong: list[str]) -> dict[str, Any]:
    return {pair["value"]: _walk(pair["children"][0], sort, wrong) for pair in node["children"]}


def _one_of(node: Node, sort: Any, wrong: list[str]) -> Any:
    return next((found for found in [_walk(child, sort, wrong) for child in node["children"]] if found is not None), None)


def _last(node: Node, sort: Any, wrong: list[str]) -> Any:
    return [_walk(child, sort, wrong) for child in node["children"]][-1]


def _function(node: Node, sort: Any, wrong: list[str]) -> Any:
    """Only what merges maps has a value that can be known."""
    _each(node, sort, wrong)
    if node["value"] != "merge":
        return None
    merged = [members(_walk(child, sort, [])) for child in node["children"]]
    return None if None in merged else {name: of for part in merged for name, of in (part or {}).items()}


def _same(node: Node, sort: Any, wrong: list[str]) -> Any:
    return sort


_WALKS: Mapping[str, Callable[[Node, Any, list[str]], Any]] = {
    "field": _field,
    "identity": _same,
    "current": _same,
    "slice": _same,
    "subexpression": _chain,
    "index_expression": _chain,
    "pipe": _chain,
    "index": _item,
    "projection": _projection,
    "filter_projection": _projection,
    "value_projection": _values,
    "flatten": _flatten,
    "multi_select_dict": _fields,
    "function_expression": _function,
    "or_expression": _one_of,
    "and_expression": _last,
}
