"""What the checker compares: things with a natural key, and properties in the words of AWS's describe calls.

It promises plain values; what is expected and what is found have the same shape. It knows nothing of the product.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

OURS = "resettle:"
PARKED = "resettle-park"


@dataclass(slots=True, kw_only=True)
class Item:
    """One resource: `texts` are the names that AWS chose for it, by facet."""

    kind: str
    key: str
    properties: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong; values of secret properties are never in it."""

    kind: str
    key: str
    property: str = ""
    expected: str = ""
    found: str = ""


def tags(listed: Any, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Read tags from a list or mapping, without those of AWS and of the mover."""
    pairs = listed.items() if isinstance(listed, Mapping) else ((tag[key], tag[value]) for tag in listed or ())
    return {name: text for name, text in pairs if not name.startswith((OURS, "aws:"))}


def parsed(document: Any) -> Any:
    """Parse a policy document that may be text already parsed by botocore, or absent."""
    return json.loads(document) if isinstance(document, str) else document


def canonical(value: Any) -> Any:
    """Make equal meanings equal: lists lose order, one-element lists are their element, scalars are text."""
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = sorted((canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return items[0] if len(items) == 1 else items
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)


def holds(sent: Any, got: Any) -> bool:
    """Tell whether all that was sent stands in what was got, which may say more."""
    if isinstance(sent, Mapping):
        return isinstance(got, Mapping) and all(key in got and holds(item, got[key]) for key, item in sent.items())
    if isinstance(sent, list | tuple):
        rest = list(got) if isinstance(got, list | tuple) else []
        if len(rest) != len(sent):
            return False
        for item in sent:
            match = next((other for other in rest if holds(item, other)), None)
            if match is None:
                return False
            rest.remove(match)
        return True
    return bool(canonical(sent) == canonical(got))


def decoded(text: str) -> str | None:
    """Return the text that a whole base64 string hides, if it is printable and long enough to be meant."""
    if len(text) < 16 or len(text) % 4 or not text.isascii():
        return None
    try:
        inner = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return inner if inner.isprintable() or "\n" in inner else None


def views(text: str) -> tuple[str, ...]:
    """Return a text as it may be read: plain, URL-decoded, out of base64."""
    inner = decoded(text)
    return tuple(dict.fromkeys((text, unquote(text), *((inner,) if inner else ()))))
