"""The working directory `.resettle/`: private to its owner, held by one command at a time, home of the seal's key.

Files are replaced whole or not at all; nothing here is ever remade in silence when it was damaged.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from resettle.errors import BadInput, Busy

DIRECTORY = ".resettle"
SEAL_KEY = "seal.key"
_LOCK = "lock"
_SEAL_BYTES = 32
_PRIVATE_DIRECTORY = 0o700
_PRIVATE_FILE = 0o600
_ADVICE = {
    errno.ENOSPC: "free some space and run the same command again",
    errno.EDQUOT: "free some space and run the same command again",
    errno.EACCES: "give yourself the permission to write there, or choose another directory with -C",
    errno.EPERM: "give yourself the permission to write there, or choose another directory with -C",
    errno.EROFS: "choose another directory with -C",
}


class Workspace:
    """One `.resettle/`, open to its owner only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def open(cls, root: Path, *, create: bool) -> Workspace:
        """The working directory beside `resettle.toml`, made if asked; what others could read is closed to them.

        BadInput where there is none, where something else stands in its place, or where it cannot be written.
        """
        directory = root / DIRECTORY
        try:
            if create:
                _make(directory)
            if not directory.exists():
                raise BadInput("opening", str(directory), "there is no such directory", "`resettle init`, or -C DIR")
            if not directory.is_dir():
                raise BadInput("opening", str(directory), "it is not a directory", "another name for what stands there")
            _tighten(directory)
        except OSError as error:
            raise _refusal("opening", directory, error) from None
        if not os.access(directory, os.W_OK | os.X_OK):
            raise _refusal("opening", directory, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
        return cls(directory)

    def path(self, name: str) -> Path:
        """Where the file of that name lies; a name, never a path."""
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise ValueError(f"{name!r} is not the name of a file")
        return self.directory / name

    @contextlib.contextmanager
    def lock(self, command: str) -> Iterator[None]:
        """Holds the directory while the block runs; Busy, naming the holder, while another command does.

        The kernel lets go of it however the process ends (flock(2)); the file stays, since removing it would let
        two commands hold two files of one name.
        """
        path = self.path(_LOCK)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, _PRIVATE_FILE)
        except OSError as error:
            raise _refusal("locking", path, error) from None
        try:
            _take(handle, path)
            _write_holder(handle, path, f"{os.getpid()} {' '.join(command.split())}\n")
            yield
            with contextlib.suppress(OSError):  # only a courtesy: the next holder overwrites it
                os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def seal_key(self) -> bytes:
        """The key of the HMAC that seals opaque values: made once, never remade, since seals must stay comparable."""
        path = self.path(SEAL_KEY)
        try:
            if not path.exists():
                _place_once(path, secrets.token_bytes(_SEAL_BYTES))
            key = path.read_bytes()
        except OSError as error:
            raise _refusal("reading", path, error) from None
        if len(key) != _SEAL_BYTES:
            because = f"the key has {len(key)} bytes instead of {_SEAL_BYTES}"
            raise BadInput("reading", str(path), because, "put back the key; with a new one, scan and plan anew")
        return key


def write_text_atomic(path: Path, text: str) -> None:
    """Replaces the file by this text, whole and on the disk, or leaves it as it was; a new file is its owner's only.

    The mode of an existing file is kept and a symbolic link is followed. BadInput says why it could not be written.
    """
    content = text.encode("utf-8")
    place = Path(os.path.realpath(path))
    try:
        mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else _PRIVATE_FILE
        with _temporary(place, content, mode) as temporary:
            temporary.replace(place)
        _sync_directory(place.parent)
    except OSError as error:
        raise _refusal("writing", path, error) from None


def _make(directory: Path) -> None:
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=_PRIVATE_DIRECTORY)
    ignore = directory / ".gitignore"
    if directory.is_dir() and not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")  # the seal's key must not slip into a repository


def _tighten(directory: Path) -> None:
    if stat.S_IMODE(directory.stat().st_mode) & 0o077:
        directory.chmod(_PRIVATE_DIRECTORY)
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mode & 0o077:
                Path(entry.path).chmod(_PRIVATE_FILE)


def _take(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _busy(handle, path) from None
    except OSError as error:
        raise _refusal("locking", path, error) from None


def _busy(handle: int, path: Path) -> Busy:
    try:
        pid, _, command = os.pread(handle, 4096, 0).decode("utf-8", "replace").strip().partition(" ")
    except OSError:
        pid, command = "", ""
    holder = f"`{command}` (process {pid}) is at work here" if pid and command else "another command is at work here"
    return Busy("locking", str(path.parent), holder, "wait until it has ended, or stop it")


def _write_holder(handle: int, path: Path, text: str) -> None:
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, text.encode("utf-8", "backslashreplace"), 0)
    except OSError as error:
        raise _refusal("locking", path, error) from None


def _place_once(path: Path, content: bytes) -> None:
    """A link, unlike a rename, fails where the file already is: of two that race, the first one's key stays."""
    with _temporary(path, content, _PRIVATE_FILE) as temporary, contextlib.suppress(FileExistsError):
        path.hardlink_to(temporary)
    _sync_directory(path.parent)


@contextlib.contextmanager
def _temporary(place: Path, content: bytes, mode: int) -> Iterator[Path]:
    """A file beside `place` with this content on the disk, gone afterwards unless it was renamed."""
    handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(handle, mode)
            os.fsync(handle)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refusal(doing: str, path: Path, error: OSError) -> BadInput:
    because = error.strerror or type(error).__name__
    return BadInput(doing, str(path), because[:1].lower() + because[1:], _ADVICE.get(error.errno or 0, ""))
