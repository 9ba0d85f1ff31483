"""Finds each place of a text that still names the old account, or may, once everything known has been rewritten.

It changes nothing, and shows of a value that could be a secret no more than its first six characters.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from resettle.addresses import AddressBook, Edit
from resettle.files import lookalike
from resettle.files.encoding import Lines
from resettle.files.lookalike import Hit
from resettle.tokens import packed_texts

_YAML = frozenset({".yml", ".yaml"})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Residue:
    """One place that a person has to look at; line and column count from 1."""

    path: Path
    line: int
    column: int
    text: str
    reason: str


@dataclass(slots=True)
class _Spans:
    """Spans that never overlap: the first to claim a place keeps it."""

    starts: list[int] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)

    def take(self, hits: Iterable[Hit]) -> None:
        for hit in hits:
            at = bisect_left(self.starts, hit.start)
            around = self.hits[max(at - 1, 0) : at + 1]
            if not any(hit.start < other.end and other.start < hit.end for other in around):
                self.starts.insert(at, hit.start)
                self.hits.insert(at, hit)


def residue_of(path: Path, text: str, book: AddressBook, *, rewritten: bool = False, left: str = "") -> tuple[Residue, ...]:
    """What still names the old account in a text, in the order of the text.

    `rewritten`: the text is known to come out of a rewriting, so what has a successor is a successor itself. `left`:
    why the file is not rewritten, which is the reason of every place that could have been.
    """
    spans = _Spans()
    edits = book.edits(text)
    for hits in (
        lookalike.ciphers(text),
        _claimed(text, (edit for edit in edits if edit.owner.kind != "account"), rewritten, left),
        _spoken_for(text, book),
        _of_an_account(text, book, left),
        _claimed(text, (edit for edit in edits if edit.owner.kind == "account"), rewritten, left),
        _unclaimed(path, text, book),
    ):
        spans.take(hits)
    lines = Lines(text)
    places = ((hit, *lines.place(hit.start)) for hit in spans.hits if hit.reason)
    return tuple(Residue(path=path, line=line, column=column, text=hit.text, reason=hit.reason) for hit, line, column in places)


def is_workflow(path: Path) -> bool:
    """Whether GitHub runs a file: it lies in a `.github` folder (GitHub: Workflow syntax)."""
    return ".github" in path.absolute().parts and path.suffix in _YAML


def _claimed(text: str, edits: Iterable[Edit], rewritten: bool, left: str) -> Iterator[Hit]:
    packed = {run.start for run in packed_texts(text)}
    for edit in edits:
        # An empty reason: the place is spoken for, and nothing is left to say of it.
        reason = edit.reason if edit.new is None else "" if rewritten else left
        yield Hit(edit.start, edit.end, lookalike.shown(edit.old) if edit.start in packed else edit.old, reason)


def _spoken_for(text: str, book: AddressBook) -> Iterator[Hit]:
    """Every text that the book knows, as claimed or as a successor: it is none that the plan forgot."""
    # A bare account number speaks for nothing: it stands in the ARNs of things that were forgotten, too.
    for start, end in book.known(text):
        yield Hit(start, end, "", "")


def _of_an_account(text: str, book: AddressBook, left: str) -> Iterator[Hit]:
    """ARNs, URLs and hosts with an account number, of things that the plan does not move.

    Where the two accounts are not known, every account may be the old one.
    """
    source, target = book.source_account, book.target_account
    for hit in lookalike.account_addresses(text):
        if hit.account == source:
            yield replace(hit, reason=left or f"names account {source}: {hit.reason} that is not in the plan")
        elif hit.account == target:
            yield replace(hit, reason=f"{hit.reason} that is not in the plan: only its account number is the new one")
        elif not target:
            yield replace(hit, reason=f"{hit.reason} of account {hit.account} for which no address is given")


def _unclaimed(path: Path, text: str, book: AddressBook) -> Iterator[Hit]:
    yield from lookalike.access_keys(text)
    if path.suffix in _YAML:
        yield from lookalike.github_names(text, workflow=is_workflow(path))
    yield from lookalike.unmistakable(text)
    for run in packed_texts(text):
        inside = _Spans()
        inside.take(_spoken_for(run.text, book))
        inside.take(lookalike.unmistakable(run.text))
        reasons = [hit.reason for hit in inside.hits if hit.reason]
        if reasons:
            yield Hit(run.start, run.end, lookalike.shown(text[run.start : run.end]), f"inside base64: {reasons[0]}")
