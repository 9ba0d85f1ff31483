"""The only truth for resuming: what was intended, made, done and learned, each durable on disk before the call returns.

It only ever appends, never guesses after a failed write, and never looks for secrets: callers keep them out.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from resettle.errors import BadInput, PlanMismatch, ResettleError
from resettle.journal_file import (
    Setup,
    advice,
    closed_on_failure,
    connect,
    copy,
    create,
    examine,
    explain,
    insert_setup,
    now,
    set_durable,
)
from resettle.model import Ref, Tally

Learned = Mapping[tuple[Ref, str], str]
_STEP_EVENTS = frozenset({"intend", "made", "done", "failed", "undone", "tally"})
_FILE = "file_written"


class JournalFailed(ResettleError):
    """The journal could not be written or read; nothing more may be done, since it could not be remembered."""

    exit_code = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """Where one step stands. `made` is the id on the target, or of the newest hop; `detail` merges those of its events.

    `failed` is the last failure, cleared by a later done. A new intend means that the step is not done (any more);
    an undo takes all of it back and leaves `undone`.
    """

    intended: bool = False
    token: str = ""
    made: str | None = None
    done: bool = False
    undone: bool = False
    failed: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row: `text` is the token of an intend, the identity of a made, the reason of a failed."""

    number: int
    at: str
    step_id: str
    what: str
    text: str
    detail: dict[str, Any]


class Journal:
    """One SQLite file behind one connection and one lock; every method may be called from any thread."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self._path, self._database = path, database
        self._lock = threading.Lock()
        self._command: int | None = None
        self._refusal = ""

    @classmethod
    def open(
        cls, path: Path, *, source: str, target: str, region: str, plan_hash: str, version: str, successor_of: str = ""
    ) -> Journal:
        """The journal at `path`, made if there is none; the caller holds the workspace's lock.

        Raises PlanMismatch for another move, or for another plan than the one followed so far, unless that is
        `successor_of`; BadInput for a file that is damaged, not ours, of another schema, or cannot be written.
        """
        wanted = Setup(source=source, target=target, region=region, plan_hash=plan_hash, version=version)
        try:
            if not path.exists():
                create(path, wanted)
            journal = cls(path, connect(path, "rw"))
            with closed_on_failure(journal._database):
                examine(journal._database, path)
                set_durable(journal._database, path)
                journal._admit(wanted, successor_of)
        except OSError as error:
            raise BadInput("opening the journal", str(path), explain(error)) from None
        except sqlite3.Error as error:
            raise BadInput("opening the journal", str(path), explain(error), advice(error)) from None
        return journal

    @classmethod
    def read(cls, path: Path) -> Journal:
        """The journal at `path` for reading only, also while another process writes; BadInput if it cannot be read."""
        try:
            if not path.exists():
                raise BadInput("reading the journal", str(path), "there is none yet", "`resettle move` to begin a move")
            journal = cls(path, connect(path, "ro"))
            with closed_on_failure(journal._database):
                examine(journal._database, path)
        except OSError as error:
            raise BadInput("reading the journal", str(path), explain(error)) from None
        except sqlite3.Error as error:
            raise BadInput("reading the journal", str(path), explain(error), advice(error)) from None
        journal._refusal = "it was opened for reading only"
        return journal

    def close(self) -> None:
        """Ends the connection; every later call raises JournalFailed."""
        with self._lock:
            self._refusal = self._refusal or "it was closed"
            self._database.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def command(self, argv: Sequence[str]) -> None:
        """Remembers one invocation; the events that follow belong to it."""
        text = _json(list(argv))
        with self._transaction():
            row = self._database.execute("INSERT INTO command (at, argv) VALUES (?, ?)", (now(), text))
            self._command = row.lastrowid

    def intend(self, step_id: str, *, token: str = "", detail: Mapping[str, Any] | None = None) -> None:
        """To be called before the first request of a step leaves; `token` is what AWS will know it by."""
        self._append(step_id, "intend", text=token, detail=detail)

    def made(self, step_id: str, identity: str, learned: Learned | None = None, detail: Mapping[str, Any] | None = None) -> None:
        """To be called as soon as the reply is there; the identity and what was learned stand or fall together."""
        self._append(step_id, "made", text=identity, detail=detail, learned=learned)

    def done(self, step_id: str, learned: Learned | None = None, detail: Mapping[str, Any] | None = None) -> None:
        """The step is ready and configured; clears its last failure."""
        self._append(step_id, "done", detail=detail, learned=learned)

    def failed(self, step_id: str, reason: str) -> None:
        """One sentence, for status; the step stays where it was."""
        self._append(step_id, "failed", text=reason)

    def undone(self, step_id: str) -> None:
        """An undo was carried out: the step is as if never intended, and what it taught is forgotten."""
        self._append(step_id, "undone")

    def tally(self, step_id: str, side: str, tally: Tally) -> None:
        """What a carrier counted on one side; the newest of a side stands."""
        detail = {"count": tally.count, "bytes": tally.bytes, "digest": tally.digest}
        self._append(step_id, "tally", text=side, detail=detail)

    def file_written(self, path: str, digest: str) -> None:
        """A file of the user's was rewritten and now has this digest."""
        self._append("", _FILE, detail={"path": path, "digest": digest})

    def note(self, what: str, detail: Mapping[str, Any]) -> None:
        """Something about the whole move (`stage_finished`, `manifest_written`, `verified`); its time is kept with it."""
        if what == _FILE:
            raise ValueError("a file is journalled by file_written")
        self._append("", what, detail=detail)

    def backup(self, path: Path) -> None:
        """A consistent copy at `path`, whole in one file, replacing what stood there only when it is complete."""
        try:
            with self._lock:
                copy(self._database, path)
        except (sqlite3.Error, OSError) as error:
            raise JournalFailed("copying the journal to", str(path), explain(error)) from None

    @property
    def setup(self) -> Setup:
        """The move that this journal belongs to, with the plan that is followed now."""
        rows = self._rows("SELECT source, target, region, plan_hash, version FROM setup ORDER BY number DESC LIMIT 1")
        source, target, region, plan_hash, version = rows[0]
        return Setup(source=source, target=target, region=region, plan_hash=plan_hash, version=version)

    def commands(self) -> list[tuple[str, list[str]]]:
        """Every invocation: its time and its arguments."""
        return [(at, json.loads(argv)) for at, argv in self._rows("SELECT at, argv FROM command ORDER BY number")]

    def state(self, step_id: str) -> StepState:
        """Where one step stands; a step never heard of is simply not intended."""
        rows = self._rows("SELECT what, text, detail FROM event WHERE step = ? ORDER BY number", (step_id,))
        state = StepState()
        for what, text, detail in rows:
            state = _after(state, what, text, json.loads(detail))
        return state

    def states(self) -> dict[str, StepState]:
        """Where every step stands of which anything was written, in the order in which they were first heard of."""
        states: dict[str, StepState] = {}
        for step, what, text, detail in self._rows("SELECT step, what, text, detail FROM event WHERE step <> '' ORDER BY number"):
            states[step] = _after(states.get(step, StepState()), what, text, json.loads(detail))
        return states

    def learned(self) -> dict[tuple[Ref, str], str]:
        """The newest text per wanted ref and facet, without what an undo has taken back."""
        rows = self._rows(
            "SELECT l.side, l.region, l.kind, l.id, l.facet, l.text FROM learned AS l"
            " JOIN standing AS s ON s.number = l.event ORDER BY l.number"
        )
        return {(Ref.decode([side, region, kind, id]), facet): text for side, region, kind, id, facet, text in rows}

    def tallies(self) -> dict[tuple[str, str], Tally]:
        """The newest tally per step and side."""
        rows = self._rows("SELECT step, text, detail FROM standing WHERE what = 'tally' ORDER BY number")
        return {(step, side): Tally(**json.loads(detail)) for step, side, detail in rows}

    def files(self) -> dict[str, str]:
        """The digest that each rewritten file had when it was last written."""
        rows = self._rows("SELECT detail FROM event WHERE what = ? AND step = '' ORDER BY number", (_FILE,))
        written = [json.loads(detail) for (detail,) in rows]
        return {entry["path"]: entry["digest"] for entry in written}

    def notes(self, what: str) -> list[dict[str, Any]]:
        """The details of these notes, oldest first, each with its time as `at`."""
        rows = self._rows("SELECT at, detail FROM event WHERE what = ? AND step = '' ORDER BY number", (what,))
        return [{**json.loads(detail), "at": at} for at, detail in rows]

    def events(self, after: int = 0) -> list[Event]:
        """Everything written since the event of that number, oldest first."""
        rows = self._rows("SELECT number, at, step, what, text, detail FROM event WHERE number > ? ORDER BY number", (after,))
        return [
            Event(number=number, at=at, step_id=step, what=what, text=text, detail=json.loads(detail))
            for number, at, step, what, text, detail in rows
        ]

    def _append(
        self,
        step_id: str,
        what: str,
        *,
        text: str = "",
        detail: Mapping[str, Any] | None = None,
        learned: Learned | None = None,
    ) -> None:
        """The only way by which an event gets into the file: it and what was learned, in one transaction."""
        if (what in _STEP_EVENTS) != bool(step_id):
            raise ValueError(f"{what!r} with the step id {step_id!r}: a step's events have one, notes have none")
        row = (now(), self._command, step_id, what, _clean(text), _json(dict(detail or {})))
        texts = [(*ref.encode(), facet, name) for (ref, facet), name in (learned or {}).items()]
        with self._transaction():
            event = self._database.execute(
                "INSERT INTO event (at, command, step, what, text, detail) VALUES (?, ?, ?, ?, ?, ?)", row
            ).lastrowid
            self._database.executemany(
                "INSERT INTO learned (event, side, region, kind, id, facet, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(event, *entry) for entry in texts],
            )

    def _admit(self, wanted: Setup, successor_of: str) -> None:
        found = self.setup
        if (found.source, found.target, found.region) != (wanted.source, wanted.target, wanted.region):
            raise PlanMismatch(
                "opening the journal",
                str(self._path),
                f"it belongs to the move from {found.source} to {found.target} in {found.region}, "
                f"not from {wanted.source} to {wanted.target} in {wanted.region}",
                "another directory (-C) for this move",
            )
        if found.plan_hash not in (wanted.plan_hash, successor_of or wanted.plan_hash):
            raise PlanMismatch(
                "opening the journal",
                str(self._path),
                f"it follows the plan {found.plan_hash[:12]}, not {wanted.plan_hash[:12]}",
                "the plan that it began with, or `resettle plan --amend` to make a successor of it",
            )
        if found != wanted:
            with self._transaction():
                insert_setup(self._database, wanted)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            if self._refusal:
                raise JournalFailed("writing to the journal", str(self._path), self._refusal)
            try:
                self._database.execute("BEGIN IMMEDIATE")
                yield
                self._database.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                self._refusal = f"{explain(error)} at an earlier write, so nothing more is done"
                raise JournalFailed("writing to the journal", str(self._path), explain(error), advice(error)) from None
            except BaseException:  # Ctrl-C between two statements must not leave a transaction open
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._database.in_transaction:
            with contextlib.suppress(sqlite3.Error):  # the first error is the one to tell
                self._database.execute("ROLLBACK")

    def _rows(self, query: str, values: Iterable[Any] = ()) -> list[Any]:
        try:
            with self._lock:
                return self._database.execute(query, tuple(values)).fetchall()
        except sqlite3.Error as error:
            because = self._refusal or explain(error)
            raise JournalFailed("reading the journal", str(self._path), because, advice(error)) from None


def _after(state: StepState, what: str, text: str, detail: dict[str, Any]) -> StepState:
    """The state after one more event; a tally does not move a step."""
    if what == "undone":
        return StepState(undone=True)
    if what == "tally":
        return state
    state = replace(state, detail={**state.detail, **detail})
    if what == "intend":
        return replace(state, intended=True, token=text, done=False, undone=False)
    if what == "made":
        return replace(state, made=text)
    if what == "done":
        return replace(state, done=True, failed="")
    return replace(state, failed=text)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))


def _clean(text: str) -> str:
    """Text that UTF-8 can hold: a reason may quote a file name that is not."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
