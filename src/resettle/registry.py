"""The kinds by name; a value handed down to whoever needs kinds, filled by the command line alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from resettle.kind import Kind


class Registry:
    """All kinds that are known, in the order of their names; children come after their parents in `ordered`."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = {kind.type: kind for kind in sorted(kinds, key=lambda kind: kind.type)}

    def __getitem__(self, type_: str) -> Kind:
        return self._kinds[type_]

    def __contains__(self, type_: object) -> bool:
        return type_ in self._kinds

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    def __len__(self) -> int:
        return len(self._kinds)

    def children(self, type_: str) -> list[Kind]:
        return [kind for kind in self if kind.read.within == type_]

    def roots(self) -> list[Kind]:
        return [kind for kind in self if not kind.read.within]
