import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resettle.errors import BadInput
from resettle.journal import Journal, JournalFailed, StepState
from resettle.model import Ref, Side, Tally

FIRST, SECOND = "a1" * 32, "b2" * 32
MOVE = {
    "source": "111122223333",
    "target": "444455556666",
    "region": "ap-northeast-2",
    "plan_hash": FIRST,
    "version": "0.1.0",
}
QUEUE = Ref(Side.SOURCE, "ap-northeast-2", "AWS::SQS::Queue", "orders")


def opened(path: Path, **changes: str) -> Journal:
    return Journal.open(path, **{**MOVE, **changes})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Any:
    with opened(path) as journal:
        yield journal


def test_a_step_goes_from_intended_to_made_to_done(journal: Journal) -> None:
    states = [journal.state("s")]
    journal.intend("s", token="t-1", detail={"hop": "taken"})
    states.append(journal.state("s"))
    journal.made("s", "vpc-1", {(QUEUE, "arn"): "arn:1"}, {"call": 1})
    states.append(journal.state("s"))
    journal.done("s")
    states.append(journal.state("s"))

    assert states == [
        StepState(),
        StepState(intended=True, token="t-1", detail={"hop": "taken"}),
        StepState(intended=True, token="t-1", made="vpc-1", detail={"hop": "taken", "call": 1}),
        StepState(intended=True, token="t-1", made="vpc-1", done=True, detail={"hop": "taken", "call": 1}),
    ]


def test_a_failure_is_told_until_the_step_is_done(journal: Journal) -> None:
    journal.intend("s")
    journal.failed("s", "AWS was in no mood")
    failed = journal.state("s")
    journal.done("s")

    assert (failed.failed, failed.intended, failed.done) == ("AWS was in no mood", True, False)
    assert (journal.state("s").failed, journal.state("s").done) == ("", True)


def test_a_step_intended_anew_is_not_done_but_keeps_what_it_made(journal: Journal) -> None:
    journal.intend("s", token="t-1")
    journal.made("s", "db-1", {})
    journal.done("s")

    journal.intend("s", token="t-2")

    assert journal.state("s") == StepState(intended=True, token="t-2", made="db-1", done=False)


def test_an_undone_step_is_as_if_never_intended(journal: Journal) -> None:
    journal.intend("s", token="t", detail={"a": 1})
    journal.made("s", "q", {(QUEUE, "url"): "https://gone"})
    journal.tally("s", "target", Tally(count=1, bytes=2, digest="d"))
    journal.undone("s")

    assert journal.state("s") == StepState(undone=True)
    assert journal.learned() == {}
    assert journal.tallies() == {}


def test_a_step_made_again_after_an_undo_teaches_its_new_text(journal: Journal) -> None:
    journal.made("s", "q-1", {(QUEUE, "url"): "old", (QUEUE, "arn"): "old"})
    journal.undone("s")
    journal.intend("s")
    journal.made("s", "q-2", {(QUEUE, "url"): "new"})

    assert journal.learned() == {(QUEUE, "url"): "new"}
    assert journal.state("s").undone is False


def test_the_newest_text_of_a_facet_counts(journal: Journal) -> None:
    new = Ref(Side.NEW, "", "AWS::EC2::Subnet", "public")
    journal.made("s", "q", {(QUEUE, "url"): "first", (new, "id"): "subnet-1"})
    journal.done("s", {(QUEUE, "url"): "second"})

    assert journal.learned() == {(QUEUE, "url"): "second", (new, "id"): "subnet-1"}


def test_what_was_made_and_what_was_learned_stand_or_fall_together(path: Path) -> None:
    journal = opened(path)
    journal.intend("s")

    with pytest.raises(JournalFailed):
        journal.made("s", "q", {(QUEUE, "arn"): "arn:1", (QUEUE, "url"): None})  # type: ignore[dict-item]

    journal.close()
    with opened(path) as again:
        assert again.state("s").made is None
        assert again.learned() == {}


def test_tallies_files_and_notes_are_read_back(journal: Journal) -> None:
    journal.tally("s", "source", Tally(count=1, bytes=10, digest="x"))
    journal.tally("s", "source", Tally(count=2, bytes=20, digest="y"))
    journal.tally("s", "target", Tally(count=2, bytes=20, digest="y"))
    journal.file_written("a\udcff.env", "one")
    journal.file_written("a\udcff.env", "two")
    journal.note("stage_finished", {"stage": "park"})
    journal.note("stage_finished", {"stage": "build"})

    assert journal.tallies() == {
        ("s", "source"): Tally(count=2, bytes=20, digest="y"),
        ("s", "target"): Tally(count=2, bytes=20, digest="y"),
    }
    assert journal.files() == {"a\udcff.env": "two"}
    notes = journal.notes("stage_finished")
    assert [note["stage"] for note in notes] == ["park", "build"]
    assert all(note["at"].endswith("Z") and len(note["at"]) == len("2024-01-01T00:00:00.000Z") for note in notes)
    assert journal.state("s") == StepState()


def test_events_after_a_number_are_the_ones_not_yet_seen(journal: Journal) -> None:
    journal.intend("s", token="t")
    seen = journal.events()[-1].number
    journal.made("s", "q", {}, {"call": 1})
    journal.note("verified", {})

    fresh = journal.events(after=seen)

    assert [(event.step_id, event.what, event.text, event.detail) for event in fresh] == [
        ("s", "made", "q", {"call": 1}),
        ("", "verified", "", {}),
    ]


def test_every_invocation_is_remembered(path: Path) -> None:
    for argv in (["move", "--plan", "p\udcff.json"], ["verify"]):
        with opened(path) as journal:
            journal.command(argv)
            journal.note("began", {})

    with Journal.read(path) as journal:
        assert [argv for _, argv in journal.commands()] == [["move", "--plan", "p\udcff.json"], ["verify"]]


def test_a_reason_that_is_no_utf8_is_kept_readable(journal: Journal) -> None:
    journal.failed("s", "file a\udcff is odd")

    assert journal.state("s").failed == "file a\\udcff is odd"


@pytest.mark.parametrize(
    ("detail", "error"), [({"at": object()}, TypeError), ({"n": float("nan")}, ValueError), ({"b": b""}, TypeError)]
)
def test_a_detail_that_is_not_json_is_refused_and_nothing_is_written(
    journal: Journal, detail: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        journal.intend("s", detail=detail)

    journal.intend("t")
    assert set(journal.states()) == {"t"}


def test_a_step_event_needs_a_step_and_a_note_must_not_pass_for_one(journal: Journal) -> None:
    mistakes: list[Callable[[], object]] = [
        lambda: journal.intend(""),
        lambda: journal.note("done", {}),
        lambda: journal.note("file_written", {"path": "x"}),
    ]
    for wrong in mistakes:
        with pytest.raises(ValueError):
            wrong()

    assert journal.events() == []


@pytest.mark.parametrize("statement", ["UPDATE event SET what = 'done'", "DELETE FROM learned", "DELETE FROM setup"])
def test_the_file_itself_only_appends(journal: Journal, statement: str) -> None:
    journal.made("s", "q", {(QUEUE, "arn"): "arn:1"})

    with pytest.raises(sqlite3.IntegrityError):
        journal._database.execute(statement)


def test_nobody_else_can_read_the_journal(path: Path) -> None:
    with opened(path) as journal:
        journal.done("s")
        journal.backup(path.with_name("copy.db"))

        modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}

    assert {"journal.db", "journal.db-wal", "copy.db"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_a_full_disk_rolls_back_and_stops_every_later_write(path: Path) -> None:
    journal = opened(path)
    journal.intend("s")
    pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
    journal._database.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(JournalFailed) as caught:
        journal.made("s", "q", {(QUEUE, f"f{number}"): "x" * 500 for number in range(50)})
    journal._database.execute("PRAGMA max_page_count = 1000000")
    with pytest.raises(JournalFailed) as later:
        journal.done("s")

    assert "the disk is full" in str(caught.value) and "free some space" in str(caught.value)
    assert caught.value.exit_code == 4
    assert "nothing more is done" in str(later.value)
    assert journal.state("s") == StepState(intended=True)
    journal.close()
    with opened(path) as again:
        again.done("s")
        assert again.state("s").done and again.learned() == {}


def test_a_second_writer_is_told_apart_from_a_broken_disk(journal: Journal, path: Path) -> None:
    journal._database.execute("PRAGMA busy_timeout = 50")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(JournalFailed) as caught:
            journal.done("s")

    assert "another process is writing" in str(caught.value)


def test_an_interrupt_between_two_statements_leaves_the_journal_usable(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting:
        def __init__(self, database: sqlite3.Connection) -> None:
            self.database = database

        def executemany(self, *_: object) -> None:
            raise KeyboardInterrupt

        def __getattr__(self, name: str) -> Any:
            return getattr(self.database, name)

    real = journal._database
    monkeypatch.setattr(journal, "_database", Interrupting(real))
    with pytest.raises(KeyboardInterrupt):
        journal.made("s", "q", {(QUEUE, "arn"): "arn:1"})
    monkeypatch.setattr(journal, "_database", real)

    journal.done("t")
    assert set(journal.states()) == {"t"}


def test_a_reader_sees_what_the_writer_wrote_and_may_not_write(journal: Journal, path: Path) -> None:
    journal.intend("s")
    with Journal.read(path) as reader:
        journal.made("s", "q", {})

        assert reader.state("s").made == "q"
        with pytest.raises(JournalFailed) as caught:
            reader.done("s")

    assert "reading only" in str(caught.value)
    assert not journal.state("s").done


def test_reading_where_nothing_is_says_how_to_begin(path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        Journal.read(path)

    assert "resettle move" in str(caught.value)
    assert not path.exists()


def test_a_closed_journal_says_so(path: Path) -> None:
    journal = opened(path)
    journal.close()

    uses: list[Callable[[], object]] = [lambda: journal.done("s"), lambda: journal.states()]
    for use in uses:
        with pytest.raises(JournalFailed) as caught:
            use()
        assert "it was closed" in str(caught.value)


def test_a_backup_is_whole_in_one_file_and_goes_on_elsewhere(journal: Journal, path: Path, tmp_path: Path) -> None:
    journal.made("s", "q", {(QUEUE, "arn"): "arn:1"})
    (tmp_path / "elsewhere").mkdir()
    copy = tmp_path / "elsewhere" / "journal.db"
    copy.write_text("what stood there before")

    journal.backup(copy)
    journal.done("s")

    assert [entry.name for entry in copy.parent.iterdir()] == ["journal.db"]
    assert copy.read_bytes()[18:20] == b"\1\1"  # the header's "no write-ahead log": readable where nothing can be written
    with opened(copy) as other:
        assert other.state("s") == StepState(made="q")
        assert other.learned() == {(QUEUE, "arn"): "arn:1"}
        other.done("s")


def test_a_backup_that_fails_leaves_the_journal_and_the_older_copy_alone(journal: Journal, tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.mkdir()
    (target / "file").write_text("here")

    with pytest.raises(JournalFailed):
        journal.backup(target)
    with pytest.raises(JournalFailed):
        journal.backup(tmp_path / "nowhere" / "copy.db")

    journal.done("s")
    assert journal.state("s").done
    assert (target / "file").read_text() == "here"
    assert not list(tmp_path.glob("*.new"))


def test_sixteen_threads_lose_nothing(journal: Journal) -> None:
    def run(number: int) -> None:
        ref = Ref(Side.SOURCE, "", "AWS::IAM::Role", f"r{number}")
        journal.intend(f"s{number}", token=f"t{number}")
        journal.made(f"s{number}", f"id{number}", {(ref, "arn"): f"arn:{number}"})
        journal.done(f"s{number}")
        journal.state(f"s{number}")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(run, range(200)))

    assert len(journal.learned()) == 200
    assert journal.states() == {
        f"s{number}": StepState(intended=True, token=f"t{number}", made=f"id{number}", done=True) for number in range(200)
    }


def test_a_killed_process_has_kept_every_event_it_was_told_is_kept(path: Path) -> None:
    script = textwrap.dedent(f"""
        from pathlib import Path
        from resettle.journal import Journal
        from resettle.model import Ref, Side
        journal = Journal.open(Path({str(path)!r}), **{MOVE!r})
        for number in range(1_000_000):
            ref = Ref(Side.SOURCE, "", "AWS::IAM::Role", str(number))
            journal.made(f"s{{number}}", str(number), {{(ref, "arn"): "a", (ref, "id"): "i"}})
            print(number, flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    kept = [int(process.stdout.readline()) for _ in range(200)]
    os.kill(process.pid, signal.SIGKILL)
    kept += [int(line) for line in process.stdout.read().splitlines()]
    process.stdout.close()
    process.wait()

    with Journal.read(path) as reader:
        read = reader.states()
    with opened(path) as journal:
        states, learned = journal.states(), journal.learned()

    assert read == states
    assert len(states) - len(kept) in (0, 1)
    assert {f"s{number}" for number in kept} <= set(states)
    assert len(learned) == 2 * len(states)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from(["intend", "made", "done", "failed", "undone", "tally"]),
            st.text(max_size=5),
        ),
        max_size=30,
    )
)
def test_one_step_alone_and_all_steps_together_tell_the_same(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    with opened(path) as journal:
        for step, what, text in events:
            journal._append(step, what, text=text, detail={"n": text})
        before = journal.states()

    with opened(path) as journal:
        assert journal.states() == before
        assert {step: journal.state(step) for step in before} == before
        assert set(before) == {step for step, _, _ in events}
        assert len(journal.events()) == len(events)
