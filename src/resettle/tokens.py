"""Finds known texts inside other text at borders: plain, escaped, URL-encoded or in base64.

It promises a cost that does not grow with the number of known texts; it knows no account and never changes a text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

Shape = Literal["arn", "arn-of-id", "url", "id", "host", "address", "bucket", "name", "range", "done"]

_PUNCTUATION = "2[0-9A-Fa-f]|3[A-Fa-f]|40|5[B-Fb-f]|60|7[B-Eb-e]"
_RUN = re.compile(r"[A-Za-z0-9]+")
_PERCENT = re.compile(rf"%((?:25)*)({_PUNCTUATION})")
_ESCAPE = re.compile(rf"\\+(?:u00({_PUNCTUATION})|([^A-Za-z0-9\s\\]))")
_ESCAPED_SPACE = re.compile(rf"u00(?:{_PUNCTUATION})|u[0-9A-Fa-f]{{4}}|[nrtbf]")
_DISGUISED = re.compile(rf"{_PERCENT.pattern}|{_ESCAPE.pattern}")

_UUID = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_ID = rf"(?:[a-z]+-(?:[0-9a-f]{{8}}|[0-9a-f]{{17}})|{_UUID}|mrk-[0-9a-f]{{32}})"
_WHOLE_ID = re.compile(_ID)
_ENDS_IN_ID = re.compile(rf".*[:/]{_ID}", re.DOTALL)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_HOST = re.compile(r"[A-Za-z0-9_*-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9-]*")

# Which neighbours mean that a longer name goes on. '/' and ':' end a name everywhere but in a range.
_LEFT: dict[Shape, str] = {"host": "-_", "address": ".", "bucket": "-_.", "name": "-_.", "range": "-_./"}
_RIGHT: dict[Shape, str] = {
    "arn": "-_.",
    "url": "-_.",
    "host": "-_.",
    "address": ".",
    "bucket": "-_.",
    "name": "-_.",
    "range": "-_./",
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html and WebsiteEndpoints.html
_S3_AFTER = re.compile(r"\.s3(?![A-Za-z0-9])", re.IGNORECASE)
_S3_BEFORE = re.compile(
    r"(?:arn:aws[a-z-]*:s3:::|s3[an]?://|(?<![A-Za-z0-9.-])s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?(?::[0-9]+)?/"
    r"|/s3/(?:buckets|object)/)$",
    re.IGNORECASE,
)
_ADDRESSED_BEFORE = re.compile(r"(?:arn:aws[a-z-]*:|[a-z]://)\S*$", re.IGNORECASE)
_SPAN_AHEAD = re.compile(r"\s?-\s?[0-9]{1,3}(?![0-9])")
_SPAN_BEHIND = re.compile(r"(?<![0-9])[0-9]{1,3}\s?-\s?$")
_LOOK_BACK = 256
_WITHIN = 1024
_TOKEN_ENDS = re.compile(r"[\s\"'<>(){}\[\],;`|\\]")

# Words that people give to buckets and mean other things by; shorter ones are doubtful anyway.
_SHORT = 8
_COMMON = """
    accounts activity analytics application applications archives articles artifacts attachments bootstrap
    branches business calendar campaign certificates changelog checkout comments commerce compliance components
    configuration contents customer customers dashboard database databases datalake datasets deployment
    deployments development discovery documentation documents download downloads employee environment examples
    external features feedback firmware frontend functions generated graphics homepage incoming infrastructure
    installer integration internal inventory invoices journals kubernetes libraries location manifest marketing
    messages metadata migration mobile-app monitoring notebook notification notifications original originals
    outgoing packages partners payments pictures pipeline platform playground policies portfolio previews
    processed production products profiles projects public-assets publications published pull-requests
    recordings registry releases reporting repositories repository requests resource resources responses
    schedule schedules security services sessions settings snapshot snapshots software standard statistics
    streaming students swagger-ui system-logs templates temporary terraform terraform-state thumbnails tracking
    training transactions transfer translations user-data usercontent userdata versions warehouse webhooks
    webserver websites workflow workspace
"""

_COMMON_WORDS = frozenset(_COMMON.split())

_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/])(?:(?:[A-Za-z0-9+/]{76}\r?\n)+[A-Za-z0-9+/]{2,76}|(?:[A-Za-z0-9+/]{64}\r?\n)+[A-Za-z0-9+/]{2,64}"
    r"|[A-Za-z0-9+/]{14,})={0,2}(?![A-Za-z0-9+/=])"
)


def separator(text: str, at: int) -> tuple[str, int]:
    """The punctuation that stands at `at`, undone of %3A, \\u002d and \\/, and where what follows it begins."""
    found = _PERCENT.match(text, at) if text[at] == "%" else _ESCAPE.match(text, at) if text[at] == "\\" else None
    if found is None:
        return text[at], at + 1
    return _undone(found), found.end()


def _undone(found: re.Match[str]) -> str:
    """The character that a match of `_PERCENT` or `_ESCAPE` stands for: a code is in the first group that is hex."""
    if found[0][0] == "%":
        return chr(int(found[2], 16))
    escaped: str = found[found.re.groups]
    return escaped if escaped else chr(int(found[found.re.groups - 1], 16))


def plain(text: str) -> str:
    """`text` with its escaped and URL-encoded punctuation undone."""
    if "%" not in text and "\\" not in text:
        return text
    return _DISGUISED.sub(_undone, text)


def dressed(new: str, old: str) -> str:
    """`new` written as `old` was: URL-encoded as many times, or with the same characters escaped."""
    percent = list(_PERCENT.finditer(old))
    if percent:
        encoded = quote(new, safe=_PERCENT.sub("", old))
        for _ in range(max(len(found[1]) // 2 for found in percent)):
            encoded = encoded.replace("%", "%25")
        return encoded
    forms = {_undone(found): found[0] for found in _ESCAPE.finditer(old)}
    return "".join(forms.get(character, character) for character in new) if forms else new


def shape_of(text: str) -> Shape:
    """What an unmistakable text is, which decides what may stand beside it."""
    if text.startswith("arn:"):
        return "arn-of-id" if _ENDS_IN_ID.fullmatch(text) else "arn"
    if _URL.match(text):
        return "url"
    if _WHOLE_ID.fullmatch(text):
        return "id"
    if _ADDRESS.fullmatch(text):
        return "address"
    return "host" if _HOST.fullmatch(text) else "name"


def same(known: str, seen: str, shape: Shape) -> bool:
    """Whether two texts are one: case counts, except in a DNS name (RFC 4343), also where it stands in a URL."""
    if known == seen:
        return True
    if shape == "url":
        return _lowered_authority(known) == _lowered_authority(seen)
    return shape == "host" and known.lower() == seen.lower()


def _lowered_authority(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme.lower()}{mark}{authority.lower()}{slash}{path}"


def bordered(shape: Shape, text: str, start: int, end: int, before: str) -> bool:
    """Whether the text between `start` and `end` is not a part of a longer name; `before` is the character before it."""
    return _ends_left(shape, text, start, before) and _ends_right(shape, text, start, end)


def _ends_left(shape: Shape, text: str, start: int, before: str) -> bool:
    if not before or not _is_word(text[start]):
        return True
    if _is_word(before):
        return False
    if before not in _LEFT.get(shape, ""):
        return True
    earlier = text[start - 2] if start > 1 else ""
    if before == ".":
        return not _is_word(earlier)
    return before == "-" and earlier == ":"  # ${BUCKET:-photos}: a default, not a longer name


def _ends_right(shape: Shape, text: str, start: int, end: int) -> bool:
    if end == len(text) or not _is_word(text[end - 1]):
        return True
    if shape == "bucket" and _S3_AFTER.match(text, end):
        return True
    after, beyond = separator(text, end)
    if after not in _RIGHT.get(shape, ""):
        return True
    return after == "." and not (beyond < len(text) and _is_word(text[beyond]))


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def is_bucket_address(text: str, start: int, end: int) -> bool:
    """Whether a name stands where only a bucket can: in an S3 ARN, an s3:// URL, or a host or path of S3."""
    return _S3_AFTER.match(text, end) is not None or _S3_BEFORE.search(_lead(text, start)) is not None


def is_addressed(text: str, start: int) -> bool:
    """Whether a name stands in an ARN or a URL."""
    return _ADDRESSED_BEFORE.search(_lead(text, start)) is not None


def is_hosted_bucket(text: str, end: int) -> bool:
    """Whether a name is the first label of a host of S3, where case does not count."""
    return _S3_AFTER.match(text, end) is not None


def in_address_range(text: str, start: int, end: int) -> bool:
    """Whether an address is one end of a span such as 10.0.0.5-10.0.0.9."""
    ahead, behind = text[end : end + 8], text[max(0, start - 8) : start]
    return _SPAN_AHEAD.match(ahead) is not None or _SPAN_BEHIND.search(behind) is not None


def is_common(name: str) -> bool:
    """Whether a name is too short or too plain a word to be unmistakable in running text."""
    return len(name) < _SHORT or name.lower() in _COMMON_WORDS


def _lead(text: str, start: int) -> str:
    return plain(text[max(0, start - _LOOK_BACK) : start])


def surrounding(text: str, start: int, end: int) -> str:
    """The whole token around a hit, up to white space, quotes or brackets; cut where it is longer than any ARN."""
    ahead = text[max(0, start - _WITHIN) : start]
    left = max((found.end() for found in _TOKEN_ENDS.finditer(ahead)), default=0)
    right = _TOKEN_ENDS.search(text, end, end + _WITHIN)
    return ahead[left:] + text[start : right.start() if right else end + _WITHIN]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A run of base64 that holds printable text, and how it was wrapped."""

    start: int
    end: int
    text: str
    width: int
    newline: str

    def packed(self, text: str) -> str:
        """`text` in base64, wrapped as this run was."""
        encoded = base64.b64encode(text.encode()).decode()
        if not self.width:
            return encoded
        return self.newline.join(encoded[at : at + self.width] for at in range(0, len(encoded), self.width))


def packed_texts(text: str) -> Iterator[Packed]:
    """Every run of at least 16 characters that is clean base64 of printable UTF-8."""
    for found in _BASE64.finditer(text):
        head, newline, _ = found[0].partition("\n")
        newline = ("\r" if head.endswith("\r") else "") + newline
        unpacked = _unpacked("".join(found[0].split()))
        if unpacked is not None:
            width = len(head.rstrip("\r")) if newline else 0
            yield Packed(start=found.start(), end=found.end(), text=unpacked, width=width, newline=newline)


def _unpacked(run: str) -> str | None:
    if len(run) < 16 or len(run) % 4:
        return None
    try:
        content = base64.b64decode(run, validate=True)
        text = content.decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    # A run that would not come back as it was (stray bits before the padding) is not text that somebody encoded.
    clean = "".join(text.split()).isprintable() and base64.b64encode(content).decode() == run
    return text if clean else None


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A known text found in another."""

    start: int
    end: int
    known: str


Fits = Callable[[tuple[str, ...], str, int, int, str], str | None]


class Lexicon:
    """Known texts as a tree of words and punctuation, so that a search costs what the text costs, however many are known."""

    def __init__(self) -> None:
        self._root = _Node()
        self._leading = ""
        self._starts = _RUN

    def add(self, text: str) -> None:
        """Know `text` from now on; a reader in another thread sees it whole or not at all."""
        node = self._root
        for atom in _atoms(text):
            node = node.children.setdefault(atom, _Node())
        if text not in node.texts:
            node.texts = (*node.texts, text)
        if not _is_word(text[0]) and text[0] not in self._leading:
            self._leading += text[0]
            self._starts = re.compile(rf"[A-Za-z0-9]+|[{re.escape(self._leading)}]")

    def spans(self, text: str, fits: Fits) -> Iterator[Span]:
        """Left to right, never overlapping, the longest known text that `fits` accepts at each place."""
        done, known = 0, self._root.children
        for run in self._starts.finditer(text):
            start = run.start()
            if start < done or (run[0].lower() not in known and (not start or text[start - 1] not in "%\\")):
                continue
            for begin, before in _beginnings(text, start, run.end()):
                span = self._longest(text, begin, before, fits)
                if span is not None:
                    yield span
                    done = span.end
                    break

    def _longest(self, text: str, start: int, before: str, fits: Fits) -> Span | None:
        node, at, best = self._root, start, None
        while at < len(text):
            run = _RUN.match(text, at)
            atom, at = (run[0].lower(), run.end()) if run else separator(text, at)
            child = node.children.get(atom)
            if child is None:
                break
            node = child
            known = fits(node.texts, text, start, at, before) if node.texts else None
            best = best if known is None else Span(start, at, known)
        return best


def _atoms(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        run = _RUN.match(text, at)
        atom, at = (run[0].lower(), run.end()) if run else separator(text, at)
        yield atom


def _beginnings(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Where a name may begin in a run of letters and digits, with the character before it: %2Fphotos and \\nphotos hide one."""
    yield start, text[start - 1] if start else ""
    mark = text[start - 1] if start else ""
    if mark == "%":
        encoded = _PERCENT.match(text, start - 1)
        if encoded and encoded.end() < end:
            yield encoded.end(), _undone(encoded)
    elif mark == "\\":
        escaped = _ESCAPED_SPACE.match(text, start)
        if escaped and escaped.end() < end:
            code = escaped[0][1:]
            yield escaped.end(), chr(int(code, 16)) if code else " "
