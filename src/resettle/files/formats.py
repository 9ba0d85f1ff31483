"""Reads a file as what it claims to be, to prove that rewriting changed nothing but the values that it meant to change.

It never writes, never builds objects out of tags, and never expands entities or aliases.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath
from typing import Any
from xml.parsers import expat

import yaml

from resettle.addresses import Edit
from resettle.tokens import plain


@dataclass(frozen=True, slots=True)
class Leaf:
    """One element of a file's structure: what sort it is, and its text once quotes and escapes are undone."""

    sort: str
    text: str = ""


Reader = Callable[[str], list[Leaf]]
_YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)\Z")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([\w.-]+)\s*=[ \t]*(.*)\Z", re.DOTALL)
_ENV_VALUE = re.compile(r"""'([^']*)'(.*)\Z|"((?:[^"\\]|\\.)*)"(.*)\Z|((?:[^\s#'"]|(?<=\S)[#'"])*)(.*)\Z""", re.DOTALL)
_PROPERTY = re.compile(r"((?:[^\\=: \t\f]|\\.)*)[ \t\f]*(?:[=:][ \t\f]*)?(.*)\Z", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)


def leaves(path: PurePath, text: str) -> list[Leaf] | None:
    """The elements of a YAML, JSON, TOML, XML, .env or .properties file in their order; None if it does not parse."""
    reader = _reader(path)
    if reader is None:
        return None
    try:
        return reader(text)
    except (ValueError, yaml.YAMLError, expat.ExpatError, RecursionError):
        return None


def objection(path: PurePath, before: str, after: str, edits: Sequence[Edit]) -> str:
    """Why `after` is no faithful rewriting of `before` ("" if it is); a file that never parsed is not judged."""
    old = leaves(path, before)
    if old is None:
        return ""
    new = leaves(path, after)
    if new is None:
        return "it would no longer parse"
    if len(old) != len(new) or any(one.sort != other.sort for one, other in zip(old, new, strict=True)):
        return "its structure would change"
    changed = [(one.text, other.text) for one, other in zip(old, new, strict=True) if one != other]
    if any(not _explained(one, other, edits) for one, other in changed):
        return "a value would change that was not meant to"
    return ""


def _explained(before: str, after: str, edits: Sequence[Edit]) -> bool:
    plain_before, plain_after = plain(before), plain(after)
    return any(
        (edit.old in before and edit.new in after) or (plain(edit.old) in plain_before and plain(edit.new) in plain_after)
        for edit in edits
        if edit.new is not None
    )


def _reader(path: PurePath) -> Reader | None:
    name = path.name.lower()
    if name == ".env" or name.startswith(".env.") or name.endswith(".env"):
        return _env
    return _READERS.get(path.suffix.lower())


def _yaml(text: str) -> list[Leaf]:
    """The stream of events: anchors, aliases and tags as written, and each scalar with the type it resolves to."""
    loader = _YAML_LOADER(text)
    found: list[Leaf] = []
    try:
        while loader.check_event():
            found.append(_yaml_leaf(loader, loader.get_event()))
    finally:
        loader.dispose()
    return found


def _yaml_leaf(loader: Any, event: Any) -> Leaf:
    sort = type(event).__name__
    marks = [sort, str(getattr(event, "anchor", None)), str(getattr(event, "tag", None))]
    if not isinstance(event, yaml.ScalarEvent):
        return Leaf(" ".join(marks))
    tag = event.tag or loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    # 012345670123 is octal to YAML 1.1, and to the reader of an account number it is another number.
    decimal = tag.endswith(":int") and _DECIMAL.match(event.value) is not None
    return Leaf(" ".join([*marks, tag, str(event.style), str(decimal)]), event.value)


def _json(text: str) -> list[Leaf]:
    return list(_flat(json.loads(text, object_pairs_hook=_Pairs, parse_int=_Number, parse_float=_Number)))


def _toml(text: str) -> list[Leaf]:
    return list(_flat(tomllib.loads(text)))


class _Pairs(list[tuple[str, Any]]):
    """A JSON object whose order and whose double keys are kept."""


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def _flat(value: Any) -> Iterator[Leaf]:
    sort = type(value).__name__
    if isinstance(value, _Pairs | dict):
        yield Leaf("{")
        for key, item in value if isinstance(value, _Pairs) else value.items():
            yield Leaf("key", key)
            yield from _flat(item)
        yield Leaf("}")
    elif isinstance(value, list):
        yield Leaf("[")
        for item in value:
            yield from _flat(item)
        yield Leaf("]")
    else:
        yield Leaf(sort, str(value))


def _env(text: str) -> list[Leaf]:
    found: list[Leaf] = []
    for line in re.split(r"\r\n|\n|\r", text):
        assignment = _ASSIGNMENT.match(line)
        if assignment is None or line.lstrip().startswith("#"):
            found.append(Leaf("other", line))
            continue
        found += [Leaf("key", assignment[1]), *_env_value(assignment[2])]
    return found


def _env_value(raw: str) -> list[Leaf]:
    value = _ENV_VALUE.match(raw)
    if value is None:
        return [Leaf("raw", raw)]
    for sort, group in (("single", 1), ("double", 3), ("bare", 5)):
        if value[group] is not None:
            tail = value[group + 1]
            return [Leaf(sort, value[group]), Leaf("tail" if tail.strip() else "end", tail)]
    return [Leaf("raw", raw)]


def _properties(text: str) -> list[Leaf]:
    """Logical lines of key and value, by the rules of java.util.Properties.load."""
    found: list[Leaf] = []
    pending = ""
    for line in re.split(r"\r\n|\n|\r", text):
        stripped = line.lstrip(" \t\f")
        if not pending and (not stripped or stripped[0] in "#!"):
            found.append(Leaf("other", stripped))
            continue
        pending += stripped
        if (len(pending) - len(pending.rstrip("\\"))) % 2:
            pending = pending[:-1]
            continue
        found += _property(pending)
        pending = ""
    return found + (_property(pending) if pending else [])


def _property(line: str) -> list[Leaf]:
    parts = _PROPERTY.match(line)
    if parts is None:
        return [Leaf("raw", line)]
    return [Leaf("key", _unescaped(parts[1])), Leaf("value", _unescaped(parts[2]))]


def _unescaped(text: str) -> str:
    plain = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
    return _ESCAPE.sub(lambda hit: chr(int(hit[1], 16)) if hit[1] else plain.get(hit[2], hit[2]), text)


def _xml(text: str) -> list[Leaf]:
    """Elements, attributes in their order, text, comments and instructions; entities stay as they are named."""
    found: list[Leaf] = []
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.buffer_text = True

    def start(name: str, attributes: Sequence[str]) -> None:
        found.append(Leaf("<", name))
        found.extend(Leaf("attribute", item) for item in attributes)

    # expat's stub calls the ordered list a dict.
    handlers: dict[str, Any] = {
        "StartElementHandler": start,
        "EndElementHandler": lambda name: found.append(Leaf(">", name)),
        "CharacterDataHandler": lambda data: found.append(Leaf("text", data)),
        "CommentHandler": lambda data: found.append(Leaf("comment", data)),
        "ProcessingInstructionHandler": lambda target, data: found.append(Leaf("instruction", f"{target} {data}")),
        # Setting this handler keeps expat from expanding the entities of the document's own DTD.
        "DefaultHandler": lambda data: found.append(Leaf("markup", data)),
    }
    for name, handler in handlers.items():
        setattr(parser, name, handler)
    parser.Parse(text, True)
    return list(_joined(found))


def _joined(found: Sequence[Leaf]) -> Iterator[Leaf]:
    """Neighbouring runs of text and markup as one: expat cuts them where its buffer ends."""
    for sort, group in groupby(found, key=lambda leaf: leaf.sort):
        if sort in ("text", "markup"):
            yield Leaf(sort, "".join(leaf.text for leaf in group))
        else:
            yield from group


_READERS: dict[str, Reader] = {
    ".yml": _yaml,
    ".yaml": _yaml,
    ".json": _json,
    ".toml": _toml,
    ".xml": _xml,
    ".plist": _xml,
    ".properties": _properties,
}
