"""Where a string stands in a value, and what a value hides: paths, seals, JSON inside strings. It changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

Path = tuple[str | int, ...]
Places = Mapping[tuple[str, ...], str]


def is_sealed(value: Any) -> bool:
    """Whether a value stands for an opaque one; an ordinary mapping may have a key of that name among others."""
    return isinstance(value, Mapping) and "sealed" in value and value.keys() <= {"sealed", "mentions", "unknown"}


def is_number(value: Any) -> bool:
    """Whether a value is a whole number; True is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def may_hide(text: str, path: Path, places: Places) -> bool:
    """Whether `text` is JSON in which escapes, or places that only its structure shows, may hide a mention."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return False
    deeper = any(len(pattern) > len(path) and stands_at(pattern[: len(path)], path) for pattern in places)
    return ("\\" in text or deeper) and parsed(text) is not None


def parsed(text: str) -> Any:
    """What JSON `text` holds, or None where it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def places_of(weak: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Patterns such as "Attributes[].Name" and "Tags.*", in steps, with the kind that each names."""
    return {_steps(pattern): kind for pattern, kind in weak.items()}


@lru_cache(maxsize=4096)
def _steps(pattern: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^.\[\]]+|\[[^\]]*\]", pattern))


def stands_at(pattern: tuple[str, ...], path: Path) -> bool:
    """Whether a path, from the root of the value, is one that the pattern means."""
    return len(pattern) == len(path) and all(map(_step_fits, pattern, path))


def _step_fits(step: str, part: str | int) -> bool:
    if isinstance(part, int):
        return step in ("[]", "[*]", f"[{part}]")
    return step in ("*", part)


def without_new_duplicates(before: Iterable[Any], after: list[Any]) -> list[Any]:
    """`after` without the items that only rewriting made equal to an earlier one."""
    before = list(before)
    if before == after:
        return after
    first: dict[str, Any] = {}
    kept = []
    for old, new in zip(before, after, strict=True):
        if first.setdefault(_fingerprint(new), old) == old:
            kept.append(new)
    return kept


def _fingerprint(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def dotted(path: Path) -> str:
    """A path as a person reads it."""
    return ".".join(map(str, path)) or "the value itself"
