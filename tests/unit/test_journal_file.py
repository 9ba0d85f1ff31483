import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from resettle import journal_file
from resettle.errors import BadInput, PlanMismatch
from resettle.journal import Journal
from resettle.model import Ref, Side

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


def test_the_move_of_another_pair_or_region_is_refused(path: Path) -> None:
    opened(path).close()

    for change in ({"source": "777788889999"}, {"target": "777788889999"}, {"region": "eu-west-1"}):
        with pytest.raises(PlanMismatch) as caught:
            opened(path, **change)
        assert next(iter(change.values())) in str(caught.value)
        assert caught.value.exit_code == 2


def test_another_plan_is_refused_and_both_are_named_by_twelve_characters(path: Path) -> None:
    opened(path).close()

    with pytest.raises(PlanMismatch) as caught:
        opened(path, plan_hash=SECOND)

    assert FIRST[:12] in str(caught.value) and SECOND[:12] in str(caught.value)
    assert FIRST[:13] not in str(caught.value) and SECOND[:13] not in str(caught.value)


def test_a_successor_plan_goes_on_and_its_predecessor_does_not(path: Path) -> None:
    with opened(path) as journal:
        journal.done("s")

    with opened(path, plan_hash=SECOND, successor_of=FIRST) as amended:
        assert amended.state("s").done
        assert amended.setup.plan_hash == SECOND
    opened(path, plan_hash=SECOND, successor_of=FIRST).close()
    opened(path, plan_hash=SECOND).close()
    with pytest.raises(PlanMismatch):
        opened(path)


def test_the_successor_of_some_other_plan_is_refused(path: Path) -> None:
    opened(path).close()

    with pytest.raises(PlanMismatch):
        opened(path, plan_hash=SECOND, successor_of="c3" * 32)


def test_a_newer_tool_goes_on_and_is_remembered(path: Path) -> None:
    opened(path).close()

    with opened(path, version="0.2.0") as journal:
        assert journal.setup.version == "0.2.0"


@pytest.mark.parametrize("eighths", range(8))
def test_a_file_cut_off_is_never_opened_nor_taken_for_a_new_one(path: Path, eighths: int) -> None:
    with opened(path) as journal:
        for number in range(300):
            journal.made(f"s{number}", "q", {(QUEUE, f"f{number}"): "x" * 200})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * eighths // 8])

    attempts: list[Callable[[], object]] = [lambda: opened(path), lambda: Journal.read(path)]
    for attempt in attempts:
        with pytest.raises(BadInput) as caught:
            attempt()
        assert "manifest" in caught.value.try_this


def test_a_page_overwritten_is_noticed_when_the_file_is_opened(path: Path) -> None:
    with opened(path) as journal:
        for number in range(300):
            journal.made(f"s{number}", "q", {(QUEUE, f"f{number}"): "x" * 200})
    content = bytearray(path.read_bytes())
    last = len(content) - 4096
    content[last:] = b"\xa5" * 4096
    path.write_bytes(content)

    with pytest.raises(BadInput) as caught:
        opened(path)

    assert "damaged" in str(caught.value)


def test_a_log_left_without_its_journal_is_not_replayed_into_a_new_one(path: Path) -> None:
    journal = opened(path)
    journal.done("s")
    log = Path(f"{path}-wal").read_bytes()
    journal.close()
    path.unlink()
    Path(f"{path}-wal").write_bytes(log)

    with pytest.raises(BadInput) as caught:
        opened(path)

    assert "journal.db-wal" in str(caught.value)
    assert not path.exists()


def test_what_a_crash_while_making_the_journal_left_is_swept_away(path: Path) -> None:
    Path(f"{path}.new").write_bytes(b"half of it")
    Path(f"{path}.new-journal").write_bytes(b"half of it")

    with opened(path) as journal:
        journal.done("s")

    assert not Path(f"{path}.new").exists() and not Path(f"{path}.new-journal").exists()


def test_a_database_that_is_not_ours_is_refused(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE t (a)")
        other.commit()

    with pytest.raises(BadInput) as caught:
        opened(path)

    assert "not a journal of Resettle" in str(caught.value)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_text("to do: buy milk\n" * 100)

    with pytest.raises(BadInput) as caught:
        opened(path)

    assert "not a journal of Resettle" in str(caught.value)


def test_another_schema_is_refused_by_its_number(path: Path) -> None:
    opened(path).close()
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 7")

    with pytest.raises(BadInput) as caught:
        opened(path)

    assert "version 7" in str(caught.value) and "version 1" in str(caught.value)


def test_a_directory_or_a_missing_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    for place in (tmp_path / "folder", tmp_path / "nowhere" / "journal.db"):
        with pytest.raises(BadInput) as caught:
            opened(place)
        assert "\n" not in str(caught.value) and str(place) in str(caught.value)


def test_a_journal_that_cannot_be_written_is_told_when_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(path).close()
    monkeypatch.setattr("resettle.journal.connect", lambda place, _: journal_file.connect(place, "ro"))

    with pytest.raises(BadInput) as caught:
        opened(path)

    assert "may not be written" in str(caught.value)
