"""How a journal lies on disk: its schema, how it is opened and made, and what SQLite's refusals mean in a sentence.

What stands under a journal's name is always whole; an empty or cut-off file is never taken for a new one.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from resettle.errors import BadInput

APPLICATION = 0x52534C54  # "RSLT", in the header of the file
SCHEMA_VERSION = 1
_BUSY_SECONDS = 10.0

# `standing` is what an undo has not taken back: a text learned from a thing that is gone means nothing any more.
_HEADER = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA_VERSION};"
_SCHEMA = """
BEGIN;
CREATE TABLE setup (number INTEGER PRIMARY KEY, at TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
    region TEXT NOT NULL, plan_hash TEXT NOT NULL, version TEXT NOT NULL) STRICT;
CREATE TABLE command (number INTEGER PRIMARY KEY, at TEXT NOT NULL,
    argv TEXT NOT NULL CHECK (json_valid(argv))) STRICT;
CREATE TABLE event (number INTEGER PRIMARY KEY, at TEXT NOT NULL, command INTEGER REFERENCES command (number),
    step TEXT NOT NULL, what TEXT NOT NULL, text TEXT NOT NULL,
    detail TEXT NOT NULL CHECK (json_valid(detail))) STRICT;
CREATE INDEX event_of_step ON event (step, number);
CREATE INDEX event_undone ON event (step, number) WHERE what = 'undone';
CREATE INDEX event_of_sort ON event (what, number);
CREATE TABLE learned (number INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES event (number),
    side TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    facet TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE VIEW standing AS SELECT * FROM event AS e WHERE e.step = '' OR NOT EXISTS (
    SELECT 1 FROM event AS u WHERE u.step = e.step AND u.number > e.number AND u.what = 'undone');
"""
_TABLES = ("setup", "command", "event", "learned")
_APPEND_ONLY = "\n".join(
    f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'the journal only appends'); END;"
    for table in _TABLES
    for verb in ("UPDATE", "DELETE")
)

_REASONS = {  # https://www.sqlite.org/rescode.html, by primary code
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the file may not be written",
    sqlite3.SQLITE_PERM: "the file may not be opened",
    sqlite3.SQLITE_BUSY: "another process is writing to it",
    sqlite3.SQLITE_LOCKED: "another process is writing to it",
    sqlite3.SQLITE_CORRUPT: "the file is damaged or was cut off",
    sqlite3.SQLITE_NOTADB: "the file is not a journal of Resettle, or is damaged",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_IOERR: "the disk reported an error",
}
RESTORE = "remove it and its -wal file, and put back a copy, such as that in the newest manifest of the parking bucket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Which move a journal belongs to: the pair of accounts, the region, the plan followed now, the tool's version."""

    source: str
    target: str
    region: str
    plan_hash: str
    version: str


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Opens what exists (`mode` is SQLite's "ro" or "rw"), in autocommit: transactions are written out."""
    database = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=_BUSY_SECONDS,
    )
    database.execute("PRAGMA foreign_keys = ON")
    return database


@contextlib.contextmanager
def closed_on_failure(database: sqlite3.Connection) -> Iterator[None]:
    """A connection that could not be used is not left open."""
    try:
        yield
    except BaseException:
        database.close()
        raise


def set_durable(database: sqlite3.Connection, path: Path) -> None:
    """A commit returns only when it is on the disk (https://www.sqlite.org/pragma.html#pragma_synchronous)."""
    (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        because = "this file system cannot hold a write-ahead log"
        raise BadInput("opening the journal", str(path), because, "a directory on a local disk")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA fullfsync = ON")  # macOS: without it a flush may stop in the disk's cache
    database.execute("BEGIN IMMEDIATE")
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")  # tells now, not after a call to AWS, that it cannot
    database.execute("ROLLBACK")


def examine(database: sqlite3.Connection, path: Path) -> None:
    """A journal is put under its name only when it is whole, so an empty or cut-off file is never taken for a new one."""
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        because = _REASONS[sqlite3.SQLITE_NOTADB]
        raise BadInput("opening the journal", str(path), because, RESTORE)
    if version != SCHEMA_VERSION:
        because = f"its schema is version {version}, and this Resettle knows version {SCHEMA_VERSION}"
        raise BadInput("opening the journal", str(path), because, "the version of Resettle that began this move")
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise BadInput("opening the journal", str(path), _REASONS[sqlite3.SQLITE_CORRUPT], RESTORE)


def create(path: Path, setup: Setup) -> None:
    """Made under another name and renamed: what stands at `path` is always whole, whenever the process is killed."""
    for suffix in ("-wal", "-journal"):  # SQLite would replay these into the new file and so damage it
        remains = path.with_name(path.name + suffix)
        if remains.exists() and remains.stat().st_size:
            raise BadInput("opening the journal", str(path), f"it is gone, but its {remains.name} is there", RESTORE)
    fresh = _empty_beside(path)
    with contextlib.closing(connect(fresh, "rw")) as database:
        database.executescript(_HEADER + _SCHEMA + _APPEND_ONLY)
        insert_setup(database, setup)
        database.execute("COMMIT")
    _put_in_place(fresh, path)


def copy(database: sqlite3.Connection, path: Path) -> None:
    """A consistent copy, whole in one file, that replaces what stood at `path` only when it is complete."""
    fresh = _empty_beside(path)
    try:
        with contextlib.closing(connect(fresh, "rw")) as target:
            database.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # else the copy would need a -wal file beside it
        _put_in_place(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def insert_setup(database: sqlite3.Connection, setup: Setup) -> None:
    """One more row of setup; the newest counts, and the older ones tell which plans were followed before."""
    database.execute(
        "INSERT INTO setup (at, source, target, region, plan_hash, version) VALUES (?, ?, ?, ?, ?, ?)",
        (now(), setup.source, setup.target, setup.region, setup.plan_hash, setup.version),
    )


def _empty_beside(path: Path) -> Path:
    fresh = path.with_name(path.name + ".new")
    for name in (fresh.name, fresh.name + "-journal"):
        fresh.with_name(name).unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return fresh


def _put_in_place(fresh: Path, path: Path) -> None:
    fresh.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _primary(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def explain(error: sqlite3.Error | OSError) -> str:
    """Why SQLite or the system refused, in words of ours."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return _REASONS.get(_primary(error), f"SQLite answered {name}")


def advice(error: sqlite3.Error) -> str:
    """What to try, where there is something."""
    if _primary(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return RESTORE
    if _primary(error) == sqlite3.SQLITE_FULL:
        return "free some space and run the same command again"
    return ""


def now() -> str:
    """The time in UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
