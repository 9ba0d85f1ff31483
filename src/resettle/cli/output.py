"""How a verb speaks: aligned lines for people, one JSON object a line for programs; it never mixes the two."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import threading
from collections.abc import Iterable, Sequence
from typing import Any
from unicodedata import east_asian_width

import click

_NARROWEST = 40  # a terminal narrower than this is not wrapped to
_INDENT = "  "


class Output:
    """Standard output. With `json`, only `event` and `summary` are heard; else only the others."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.terminal = not json and sys.stdout.isatty()
        self._color = self.terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._lock = threading.Lock()

    def say(self, text: str = "", *, indent: int = 0) -> None:
        """A line or a paragraph; on a terminal it is wrapped to its width, with the indent kept."""
        for line in self._wrapped(text, _INDENT * indent):
            self._human(line)

    def title(self, text: str) -> None:
        """A heading, with a blank line before it."""
        self._human("")
        self._human(self.bold(text))

    def verbatim(self, text: str) -> None:
        """Text as it is: a diff, a policy."""
        if not self.json:
            self._put(text, end="" if text.endswith("\n") else "\n")

    def columns(self, rows: Iterable[Sequence[object]], heading: Sequence[str] = (), *, right: int = 0) -> None:
        """Rows under an optional heading, two blanks apart; the last `right` columns are numbers and stand flush right."""
        if self.json:
            return
        lines = [[str(cell) for cell in row] for row in rows]
        shown = [list(heading), *lines] if heading else lines
        if not shown:
            return
        widths = [max(width(row[index]) for row in shown) for index in range(len(shown[0]))]
        for number, row in enumerate(shown):
            text = self._row(row, widths, right)
            self._human(self.dim(text) if heading and number == 0 else text)

    def event(self, **fields: Any) -> None:
        """One JSON line."""
        if self.json:
            self._put(json.dumps(fields, ensure_ascii=False, sort_keys=False))

    def summary(self, verb: str, exit_code: int, fields: dict[str, Any]) -> None:
        """The last JSON line."""
        self.event(verb=verb, **fields, exit=exit_code)

    def bold(self, text: str) -> str:
        return click.style(text, bold=True) if self._color else text

    def dim(self, text: str) -> str:
        return click.style(text, dim=True) if self._color else text

    def good(self, text: str) -> str:
        return click.style(text, fg="green") if self._color else text

    def bad(self, text: str) -> str:
        return click.style(text, fg="red") if self._color else text

    def _row(self, row: Sequence[str], widths: Sequence[int], right: int) -> str:
        first_number = len(row) - right
        cells = []
        for index, (cell, wide) in enumerate(zip(row, widths, strict=True)):
            blanks = " " * (wide - width(cell))
            cells.append(blanks + cell if index >= first_number else cell + blanks)
        text = (_INDENT + _INDENT.join(cells)).rstrip()
        hanging = " " * (len(_INDENT) + sum(widths[:-1]) + len(_INDENT) * (len(widths) - 1))
        if not right and self.terminal and width(text) > self._columns() and len(hanging) < self._columns() * 2 // 3:
            return "\n".join(textwrap.wrap(text, self._columns(), subsequent_indent=hanging, **_KEEP))
        return text

    def _wrapped(self, text: str, indent: str) -> list[str]:
        if not self.terminal or "\x1b" in text or self._columns() < _NARROWEST:
            return [indent + text]
        return textwrap.wrap(text, self._columns(), initial_indent=indent, subsequent_indent=indent, **_KEEP) or [""]

    def _columns(self) -> int:
        return shutil.get_terminal_size().columns

    def _human(self, text: str) -> None:
        if not self.json:
            self._put(text)

    def _put(self, text: str, end: str = "\n") -> None:
        with self._lock:
            click.echo(text + end, nl=False, color=self._color or None)


_KEEP: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


def width(text: str) -> int:
    """How many cells of a terminal a text takes (Unicode Standard Annex 11)."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 gap`, `2 gaps`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def lasting(seconds: float) -> str:
    """A duration: `0.8 s`, `12 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
