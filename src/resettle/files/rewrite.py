"""Plans and does the rewriting of files: what the address book knows changes, every other byte stays.

Planning writes nothing. Applying replaces a file whole or not at all, and only one that is still as it was when read.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from resettle.addresses import AddressBook, Edit
from resettle.errors import BadInput
from resettle.files import lookalike
from resettle.files.encoding import Decoded, Lines, decode, digest, is_binary
from resettle.files.formats import objection
from resettle.files.residue import Residue, residue_of
from resettle.files.walk import BESIDE, Found, Skipped, walk
from resettle.tokens import packed_texts

_LOCK_FILES = frozenset(
    {
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "poetry.lock",
        "pipfile.lock",
        "cargo.lock",
        "composer.lock",
        "gemfile.lock",
        "go.sum",
        "uv.lock",
        "gradle.lockfile",
        ".terraform.lock.hcl",
    }
)
_BUNDLE = re.compile(r"\.(?:min|bundle|chunk)\.(?:js|mjs|cjs|css)\Z|\.(?:js|css)\.map\Z", re.IGNORECASE)
_BUNDLED_SUFFIXES = frozenset({".js", ".mjs", ".cjs", ".css"})
_LONG_LINE = 5000
_LINE_START = re.compile(r"(?<=\n)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file that would change: its bytes before and after, and the edits between them."""

    path: Path
    before_digest: str
    after_digest: str
    edits: tuple[Edit, ...]
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)

    def diff(self) -> str:
        """A unified diff for a person to read: values that could be secrets are hidden on both sides, alike."""
        kept = {text for edit in self.edits for text in (edit.old, edit.new) if text}
        texts = [lookalike.veiled(_text(data), kept) for data in (self.before, self.after)]
        before, after = ([line for line in _LINE_START.split(text) if line] for text in texts)
        lines = difflib.unified_diff(before, after, f"a/{self.path}", f"b/{self.path}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewritePlan:
    """What rewriting would do: files that change, files that were left, and what will still name the old account."""

    files: tuple[FileChange, ...]
    skipped: tuple[Skipped, ...]
    residue: tuple[Residue, ...]


@dataclass(slots=True)
class _Draft:
    book: AddressBook
    done: Collection[str]
    files: list[FileChange] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    residue: list[Residue] = field(default_factory=list)

    def leave(self, path: Path, reason: str) -> None:
        self.skipped.append(Skipped(path=path, reason=reason))


def plan_rewrite(
    paths: Sequence[Path], book: AddressBook, *, done: Collection[str] = (), own: Collection[Path] = ()
) -> RewritePlan:
    """What rewriting the files below `paths` would change, leave and leave behind, in the order of their paths.

    `done`: digests of files that an earlier rewriting wrote; they are looked into but not changed again. `own`: files of
    resettle itself (a plan, an address list) that must go on naming the old account. BadInput for a path that does not
    exist. No content of a file is an error.
    """
    found, skipped = walk(paths, own)
    draft = _Draft(book=book, done=done, skipped=list(skipped))
    for file in found:
        _look_into(draft, file)
    return RewritePlan(files=tuple(draft.files), skipped=tuple(sorted(draft.skipped)), residue=tuple(sorted(draft.residue)))


def _look_into(draft: _Draft, file: Found) -> None:
    try:
        data = file.path.read_bytes()
    except OSError as error:
        draft.leave(file.path, f"cannot be read: {error.strerror}")
        return
    if is_binary(data):
        draft.leave(file.path, "binary")
        return
    decoded = decode(data)
    if decoded is None:
        _undecoded(draft, file.path, data)
        return
    generated = "" if file.named else _generated(file.path, decoded.text)
    if generated:
        _built(draft, file.path, decoded.text, generated)
    elif digest(data) in draft.done:
        draft.leave(file.path, "rewritten before (its digest is in the journal)")
        draft.residue += residue_of(file.path, decoded.text, draft.book, rewritten=True)
    else:
        _rewrite(draft, file.path, data, decoded)


def _undecoded(draft: _Draft, path: Path, data: bytes) -> None:
    """Says where a file of an unknown encoding names the old account as far as its ASCII shows it."""
    text = data.decode("latin-1")
    hits = draft.book.edits(text)
    reason = "the file is neither UTF-8 nor marked UTF-16, so it is left as it is"
    draft.leave(path, reason)
    if not hits:
        draft.residue.append(Residue(path=path, line=1, column=1, text="", reason=reason))
    draft.residue += _each(path, text, hits, reason)


def _generated(path: Path, text: str) -> str:
    """What made a file, if no person did: its bytes are sealed by digests or belong to a build."""
    if path.name.lower() in _LOCK_FILES:
        return "lock file"
    if _BUNDLE.search(path.name):
        return "minified bundle"
    longest = max((len(line) for line in text.split("\n")), default=0)
    return "minified bundle" if path.suffix.lower() in _BUNDLED_SUFFIXES and longest > _LONG_LINE else ""


def _built(draft: _Draft, path: Path, text: str, sort: str) -> None:
    hits = draft.book.edits(text)
    count = "nothing in it names" if not hits else f"{len(hits)} place{'s' * (len(hits) != 1)} in it name"
    draft.leave(path, f"{sort}: {count} the old account" + ("; rebuild it" if hits else ""))
    draft.residue += _each(path, text, hits, f"{sort}: rebuild it")


def _each(path: Path, text: str, hits: Sequence[Edit], reason: str) -> Iterator[Residue]:
    lines = Lines(text)
    packed = {run.start for run in packed_texts(text)}
    for hit in hits:
        line, column = lines.place(hit.start)
        old = lookalike.shown(hit.old) if hit.start in packed else hit.old
        yield Residue(path=path, line=line, column=column, text=old, reason=reason)


def _rewrite(draft: _Draft, path: Path, data: bytes, decoded: Decoded) -> None:
    edits = tuple(edit for edit in draft.book.edits(decoded.text) if edit.new is not None and edit.new != edit.old)
    if not edits:
        draft.residue += residue_of(path, decoded.text, draft.book)
        return
    text = applied(decoded.text, edits)
    left = _obstacle(path) or objection(path, decoded.text, text, edits)
    if left:
        draft.leave(path, f"not rewritten: {left}")
        draft.residue += residue_of(path, decoded.text, draft.book, left=f"not rewritten: {left}")
        return
    after = decoded.encode(text)
    draft.files.append(
        FileChange(path=path, before_digest=digest(data), after_digest=digest(after), edits=edits, before=data, after=after)
    )
    draft.residue += residue_of(path, text, draft.book, rewritten=True)


def applied(text: str, edits: Sequence[Edit]) -> str:
    """A text with edits that are in order and do not overlap; those without a successor change nothing."""
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += [text[at : edit.start], edit.old if edit.new is None else edit.new]
        at = edit.end
    return "".join([*parts, text[at:]])


def _obstacle(path: Path) -> str:
    if not os.access(path, os.W_OK):
        return "the file may not be written"
    return "" if os.access(path.parent, os.W_OK | os.X_OK) else "its folder may not be written"


def apply(plan: RewritePlan) -> list[str]:
    """Writes the files of a plan, each whole or not at all, and returns the digests of what was written.

    Every file is first compared with what was read: BadInput names one that changed since, and nothing is written. A
    caller that keeps digests notes every `after_digest` before it calls: one that was never written does no harm, and
    one that was written in a run that then crashed is known.
    """
    for change in plan.files:
        _check(change)
    return [_write(change) for change in plan.files]


def _check(change: FileChange) -> os.stat_result:
    try:
        status = change.path.lstat()
        unchanged = stat.S_ISREG(status.st_mode) and digest(change.path.read_bytes()) == change.before_digest
    except OSError as error:
        raise BadInput("rewriting", str(change.path), error.strerror or "it cannot be read") from error
    if not unchanged:
        raise BadInput("rewriting", str(change.path), "it changed since it was read", "the same command again")
    return status


def _write(change: FileChange) -> str:
    """Puts the new bytes beside the file, safe on the disk, and then in its place, with its mode and owner."""
    mode = _check(change)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{change.path.name[:100]}.", suffix=BESIDE, dir=change.path.parent)
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(change.after)
                file.flush()
                _dress(file.fileno(), mode)
                os.fsync(file.fileno())
            beside.replace(change.path)
        finally:
            beside.unlink(missing_ok=True)
        _sync_folder(change.path.parent)
    except OSError as error:
        raise BadInput("rewriting", str(change.path), error.strerror or "it cannot be written") from error
    return change.after_digest


def _dress(handle: int, status: os.stat_result) -> None:
    # Only root may give a file away; without that right the file is the writer's, as with any editor that saves so.
    own = os.fstat(handle)
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid) and os.geteuid() == 0:
        os.fchown(handle, status.st_uid, status.st_gid)
    os.fchmod(handle, stat.S_IMODE(status.st_mode))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _text(data: bytes) -> str:
    decoded = decode(data)
    return decoded.text if decoded else data.decode("latin-1")
