"""Turns the bytes of a file into text and back without losing one of them; never guesses an encoding."""

from __future__ import annotations

import codecs
import hashlib
import re
from bisect import bisect_right
from dataclasses import dataclass

_LOOK_AT = 8192
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A text, and what it takes to get its bytes back."""

    text: str
    encoding: str
    mark: bytes

    def encode(self, text: str) -> bytes:
        return self.mark + text.encode(self.encoding)


def digest(data: bytes) -> str:
    """The digest by which a file is known: SHA-256, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes) -> Decoded | None:
    """The text of UTF-8 (with or without a byte order mark) or of UTF-16 with one; None for everything else."""
    mark, encoding = next(((mark, encoding) for mark, encoding in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        return None
    decoded = Decoded(text=text, encoding=encoding, mark=mark)
    return decoded if "\0" not in text[:_LOOK_AT] and decoded.encode(text) == data else None


def is_binary(data: bytes) -> bool:
    """Whether there is a NUL byte at the start, where no UTF-16 mark explains it (git's own rule)."""
    return b"\0" in data[:_LOOK_AT] and decode(data) is None


class Lines:
    """Where the lines of a text begin: one look at the text, however many places are asked for."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]

    def place(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset, both counted from 1, columns in characters."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
