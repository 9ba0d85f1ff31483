"""Finds the files below the given paths that may be rewritten, and says of every other one why it is left.

It opens no file but those that hold ignore rules, follows no symbolic link below a given path, and leaves nothing out
silently.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from resettle.errors import BadInput

BESIDE = ".resettle-new"
_OWN = {".git": "git's own", ".resettle": "resettle's own"}
LARGEST = 8 * 1024 * 1024
_VENDORED = frozenset({"node_modules", "vendor", ".venv", "dist", "build", ".terraform", "target"})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Skipped:
    """A file, or a folder with all that is in it, that was left alone, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Found:
    """A regular file to look into; `named` if the user gave its own path."""

    path: Path
    named: bool


@dataclass(frozen=True, slots=True)
class _Rules:
    """The ignore rules that stand in one folder."""

    folder: Path
    spec: GitIgnoreSpec

    def verdict(self, path: Path, is_folder: bool) -> bool | None:
        relative = path.relative_to(self.folder).as_posix() + ("/" if is_folder else "")
        return self.spec.check_file(relative).include


@dataclass(slots=True)
class _Walk:
    own: frozenset[Path]
    found: dict[Path, Found] = field(default_factory=dict)
    skipped: dict[Path, Skipped] = field(default_factory=dict)

    def skip(self, real: Path, path: Path, reason: str) -> None:
        self.skipped.setdefault(real, Skipped(path=path, reason=reason))


def walk(paths: Sequence[Path], own: Collection[Path] = ()) -> tuple[tuple[Found, ...], tuple[Skipped, ...]]:
    """The files below `paths`, each once, and what was left; sorted by path.

    A path that the user names is done even where git ignores it, but never one of `own`. BadInput for a path that does
    not exist or cannot be looked at.
    """
    state = _Walk(own=frozenset(path.resolve() for path in own))
    folders: list[tuple[Path, Path]] = []
    for path in paths:
        mode = _mode(path)
        real = _real(path)
        if stat.S_ISDIR(_mode(real)):
            folders.append((path, real))
        elif stat.S_ISLNK(mode):
            state.skip(real.parent / path.name, path, "symbolic link: name the file that it points to")
        else:
            _offer(state, real, path, named=True)
    for path, real in folders:
        for entry, real_entry, reason in _below(path, real):
            if reason:
                state.skip(real_entry, entry, reason)
            else:
                _offer(state, real_entry, entry, named=False)
    skipped = (left for real, left in state.skipped.items() if real not in state.found)
    return tuple(sorted(state.found.values())), tuple(sorted(skipped))


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except (OSError, ValueError) as error:
        because = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise BadInput("looking for files to rewrite in", str(path), because, "a path that exists") from error


def _real(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        because = (error.strerror if isinstance(error, OSError) else None) or "the symbolic link leads to itself"
        raise BadInput("looking for files to rewrite in", str(path), because, "a path that exists") from error


def _offer(state: _Walk, real: Path, path: Path, *, named: bool) -> None:
    """Takes a path that is no folder and no link, if it is a regular file of a size that can be looked into."""
    status = real.lstat()
    if real in state.own or real.name == "resettle.toml":
        state.skip(real, path, "resettle's own")
    elif not stat.S_ISREG(status.st_mode):
        state.skip(real, path, "not a regular file")
    elif status.st_size > LARGEST:
        state.skip(real, path, f"larger than {LARGEST // 1024 // 1024} MiB")
    else:
        state.found.setdefault(real, Found(path=path, named=named))


def _below(top: Path, real_top: Path) -> Iterator[tuple[Path, Path, str]]:
    """Every file below a folder, with the reason if it is left; a folder that is left comes as one entry."""
    stack = [(top, real_top, _rules_above(real_top))]
    while stack:
        folder, real, above = stack.pop()
        try:
            names = sorted(os.listdir(real))  # noqa: PTH208 - names alone are wanted: they are joined to two folders
        except OSError as error:
            yield folder, real, error.strerror or "cannot be read"
            continue
        # A repository inside this one has its own rules, as for git.
        rules = (*(() if ".git" in names else above), *_rules_in(real))
        for name in names:
            path, real_path = folder / name, real / name
            is_folder, reason = _judge(real_path, rules)
            if is_folder and not reason:
                stack.append((path, real_path, rules))
            else:
                yield path, real_path, reason


def _judge(path: Path, rules: Sequence[_Rules]) -> tuple[bool, str]:
    """Whether this is a folder, and why it is left ("" if it is not)."""
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        return False, error.strerror or "cannot be read"
    if stat.S_ISLNK(mode):
        return False, "symbolic link: not followed"
    is_folder = stat.S_ISDIR(mode)
    if path.name in _OWN:
        return is_folder, _OWN[path.name]
    if path.name.startswith(".") and path.name.endswith(BESIDE):
        return is_folder, "left by a rewriting that was interrupted: delete it"
    if is_folder and path.name in _VENDORED:
        return is_folder, "vendored or built: change its source and build it again"
    return is_folder, "ignored by git" if _ignored(path, is_folder, rules) else ""


def _ignored(path: Path, is_folder: bool, rules: Sequence[_Rules]) -> bool:
    """git's rule: the nearest file that says anything decides (https://git-scm.com/docs/gitignore)."""
    verdicts = (rule.verdict(path, is_folder) for rule in reversed(rules))
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _rules_above(top: Path) -> tuple[_Rules, ...]:
    """The rules of the repository around a folder; none if they ignore the folder itself, for it was asked for."""
    chain = [top, *top.parents]
    root = next((index for index, folder in enumerate(chain) if (folder / ".git").exists()), None)
    if root is None:
        return ()
    rules: tuple[_Rules, ...] = ()
    for folder in reversed(chain[: root + 1]):
        if _ignored_within(folder, rules):
            return ()
        if folder != top:
            rules = (*rules, *_rules_in(folder))
    return rules


def _ignored_within(folder: Path, rules: Sequence[_Rules]) -> bool:
    return bool(rules) and _ignored(folder, True, rules)


def _rules_in(folder: Path) -> tuple[_Rules, ...]:
    """The rules that begin to hold in a folder: of its own exclude file if it is a repository, then of .gitignore."""
    sources = (_git_folder(folder) / "info" / "exclude", folder / ".gitignore")
    specs = ((_Rules(folder, _spec(lines))) for source in sources if (lines := _lines(source)))
    return tuple(specs)


def _git_folder(folder: Path) -> Path:
    """Where a repository keeps its own things: `.git`, or what that file points to (work trees, submodules)."""
    own = folder / ".git"
    if own.is_file():
        pointed = [line[8:].strip() for line in _lines(own) if line.startswith("gitdir: ")]
        own = folder / pointed[0] if pointed else own
    common = _lines(own / "commondir")
    return own / common[0].strip() if common else own


def _lines(path: Path) -> list[str]:
    # A file of rules that is not there, or not ours to read, holds no rule: git itself goes on without it.
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return []
        return path.read_bytes().decode("utf-8-sig", "surrogateescape").splitlines()
    except OSError:
        return []


def _spec(lines: Iterable[str]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines([line for line in lines if _is_pattern(line)])


def _is_pattern(line: str) -> bool:
    # git passes over a line that is no pattern, so that one bad line does not cost the others.
    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True
