"""TOML as a person wrote it: where a key stands, and how an array grows without losing a comment.

It never judges what the text means: `settings` parses it, and proves by parsing again that an edit did what was meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r'|(?P<string>"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}" + r'|"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*')"
    r"|(?P<newline>\n)"
    r"|(?P<blank>[ \t\r]+)"
    r"|(?P<mark>[\[\]{}=,])"
    r"|(?P<bare>[^\s\#\"'\[\]{}=,]+)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_INSIGNIFICANT = frozenset({"comment", "newline", "blank"})
_INDENT = "    "

Token = re.Match[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A table's header (`value` is empty) or a key with its value; `path` is the full one; offsets are into the text."""

    path: tuple[str, ...]
    start: int
    end: int
    value: tuple[Token, ...] = ()


def quote(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def statements(text: str) -> Iterator[Statement]:
    """What a valid text states, in order; of a text that is no TOML it yields something, and raises nothing."""
    table: tuple[str, ...] = ()
    for line in _logical_lines(text):
        tokens = _significant(line)
        if not tokens:
            continue
        start, end = tokens[0].start(), line[-1].end()
        if tokens[0].group() == "[":
            table = _path(token for token in tokens if token.lastgroup != "mark")
            yield Statement(path=table, start=start, end=end)
        else:
            equals = next((number for number, token in enumerate(line) if token.group() == "="), len(line))
            path = table + _path(_significant(line[:equals]))
            yield Statement(path=path, start=start, end=end, value=tuple(line[equals + 1 :]))


def line_of(text: str, *path: str) -> int:
    """The number of the line that first states something at or below this path; 0 if none does."""
    for statement in statements(text):
        if statement.path[: len(path)] == path:
            return text.count("\n", 0, statement.start) + 1
    return 0


def extend_array(text: str, table: str, key: str, additions: Sequence[str]) -> str | None:
    """The text with these strings at the end of the array; table and key are made if need be.

    None where they are written in a way that is better edited by hand, such as an inline table.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    found = {statement.path: statement for statement in statements(text)}
    lines = "".join(f"{_INDENT}{quote(addition)},{newline}" for addition in additions)
    if (table, key) in found:
        return _grown(text, found[table, key], additions, lines, newline)
    array = f"{key} = [{newline}{lines}]{newline}"
    if (table,) in found:
        header = found[(table,)]
        if header.value:
            return None
        break_before = "" if text[: header.end].endswith("\n") else newline
        return text[: header.end] + break_before + array + text[header.end :]
    if any(path[0] == table for path in found):
        return None
    break_before = "" if not text or text.endswith("\n") else newline
    gap = newline if text else ""
    return f"{text}{break_before}{gap}[{table}]{newline}{array}"


def _grown(text: str, statement: Statement, additions: Sequence[str], lines: str, newline: str) -> str | None:
    tokens = _significant(statement.value)
    if len(tokens) < 2 or tokens[0].group() != "[" or tokens[-1].group() != "]":
        return None
    last, closing = tokens[-2], tokens[-1]
    is_empty, has_comma = last is tokens[0], last.group() == ","
    before, after = text[: last.end()], text[last.end() :]
    line_start = text.rfind("\n", 0, closing.start()) + 1
    if line_start >= last.end():  # the bracket closes on a line of its own
        comma = "" if is_empty or has_comma else ","
        return before + comma + text[last.end() : line_start] + lines + text[line_start:]
    if is_empty:
        return before + newline + lines + text[closing.start() :]
    return before + (" " if has_comma else ", ") + ", ".join(map(quote, additions)) + after


def _logical_lines(text: str) -> Iterator[list[Token]]:
    """The tokens up to each line end that is outside all brackets."""
    line: list[Token] = []
    depth = 0
    for token in _TOKEN.finditer(text):
        line.append(token)
        if token.lastgroup == "mark":
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.group(), 0)
        elif token.lastgroup == "newline" and depth <= 0:
            yield line
            line, depth = [], 0
    if line:
        yield line


def _significant(tokens: Sequence[Token]) -> list[Token]:
    return [token for token in tokens if token.lastgroup not in _INSIGNIFICANT]


def _path(tokens: Iterator[Token] | Sequence[Token]) -> tuple[str, ...]:
    text = "".join(token.group().strip("\"'") if token.lastgroup == "string" else token.group() for token in tokens)
    return tuple(text.split("."))
