"""Finds for each seeded thing its copy in the target, and turns source text into what it must read there.

Buckets are matched by name and keys, since a copy must have another name. It never guesses from a value that it judges.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resettle_lab.checker.item import Item, decoded, views

Items = dict[tuple[str, str], Item]


def buckets(wanted: Mapping[str, set[str]], found: Mapping[str, set[str]]) -> dict[str, str]:
    """Pair source bucket names with target ones, best first; each target bucket is taken once.

    A target bucket fits if its name contains the source's at a border, or if it holds the same keys.
    """
    offers = []
    for name, keys in wanted.items():
        for other, there in found.items():
            named = bool(re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", other))
            same = bool(keys) and keys == there
            if named or same:
                offers.append(((same and named, keys == there, named, len(name), -len(other)), name, other))
    pairs: dict[str, str] = {}
    for _, name, other in sorted(offers, reverse=True):
        if name not in pairs and other not in pairs.values():
            pairs[name] = other
    return pairs


@dataclass(frozen=True, slots=True)
class Translation:
    """Source text to target text, in one pass: longest first, only at borders, the account only where no digit adjoins."""

    pairs: Mapping[str, str]
    pattern: re.Pattern[str]
    sought: re.Pattern[str]

    def text(self, value: str) -> str:
        """Rewrite a text, also the text inside a string that is base64 as a whole."""
        inner = decoded(value)
        if inner and self.pattern.search(inner):
            return base64.b64encode(self.text(inner).encode()).decode()
        return self.pattern.sub(lambda match: self.pairs[match[0]], value)

    def value(self, value: Any) -> Any:
        """Rewrite every text in a value, also mapping keys."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def left(self, value: str) -> str | None:
        """Return the first source text that a target's text mentions, however it is wrapped."""
        for view in views(value):
            match = self.sought.search(view)
            if match:
                return match[0]
        return None


def translation(seeded: Items, found: Items, pairs: Mapping[str, str], source: str, target: str) -> Translation:
    """Learn the translation from the texts of matched things and the two account numbers."""
    learned = {source: target, **pairs}
    names = {source}
    for where, item in seeded.items():
        names |= set(item.texts.values())
        there = found.get(where)
        for facet, text in item.texts.items():
            if there and facet in there.texts and item.kind != "Bucket":
                learned[text] = there.texts[facet]
    # A text that is the same on both sides, as a host may be in a plain emulator, is no leak.
    sought = {name for name in names if learned.get(name) != name}
    return Translation(pairs=learned, pattern=_pattern(learned), sought=_pattern(sought))


def _pattern(names: Any) -> re.Pattern[str]:
    parts = [_bordered(name) for name in sorted(names, key=len, reverse=True)]
    return re.compile("|".join(parts) or r"(?!)")


def _bordered(name: str) -> str:
    if name.isdigit():
        return rf"(?<!\d){name}(?!\d)"
    return rf"(?<![A-Za-z0-9_-]){re.escape(name)}(?![A-Za-z0-9_-])"
