import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.engine import BUCKET, KEY, TARGET, Move, lost, policy

from resettle.errors import CallFailed
from resettle.execute.grants import Grants
from resettle.kind import Content
from resettle.model import Step
from resettle.registry import Registry

OURS = "ResettleReadsBucket"


@pytest.fixture
def move(tmp_path: Path) -> Move:
    content = Content(carrier="objects", vessel=True, admits=("self",))
    bucket = replace(BUCKET, make=replace(BUCKET.make, content=content))
    move = Move(tmp_path, Registry([bucket, KEY]))
    move.source.s3_create_bucket({"Bucket": "mybrary-media"})
    return move


@pytest.fixture
def step(move: Move) -> Step:
    move.planned()
    return move.step("grant", "Bucket")


def document(move: Move) -> Any:
    text = move.source.things["bucket"]["mybrary-media"].get("Policy")
    return None if text is None else json.loads(text)


def sids(move: Move) -> list[str]:
    return [statement["Sid"] for statement in (document(move) or {"Statement": []})["Statement"]]


def write(move: Move, *names: str) -> str:
    move.source.things["bucket"]["mybrary-media"]["Policy"] = policy(*names)
    return policy(*names)


def grant(move: Move, step: Step) -> None:
    Grants(move.desk()).grant(step)


def undo(move: Move, step: Step) -> None:
    Grants(move.desk()).undo(step)
    move.desk().journal.undone(step.id)


def test_our_statements_are_added_and_the_others_stay(move: Move, step: Step) -> None:
    write(move, "Theirs")

    grant(move, step)

    assert sids(move) == ["Theirs", OURS]
    assert document(move)["Statement"][1]["Principal"] == {"AWS": TARGET}


@pytest.mark.parametrize("names", [(), ("Theirs",), ("One", "Two")])
def test_an_undo_leaves_what_stood_before_and_again_the_same(move: Move, step: Step, names: tuple[str, ...]) -> None:
    text = write(move, *names) if names else None
    grant(move, step)

    for _ in range(2):
        undo(move, step)

    assert document(move) == (None if text is None else json.loads(text))


def test_granting_twice_writes_once(move: Move, step: Step) -> None:
    grant(move, step)
    grant(move, step)

    assert len(move.source.sent("s3_put_bucket_policy")) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("death", ["intend", "done"])
def test_a_grant_killed_at_any_event_forgets_nothing_of_what_stood_before(
    move: Move, step: Step, monkeypatch: pytest.MonkeyPatch, when: str, death: str
) -> None:
    write(move, "Theirs")
    journal = move.desk().journal
    append = journal._append

    def dying(step_id: str, what: str, **more: Any) -> None:
        if what != death or when == "after":
            append(step_id, what, **more)
        if what == death:
            raise KeyboardInterrupt

    monkeypatch.setattr(journal, "_append", dying)
    with pytest.raises(KeyboardInterrupt):
        grant(move, step)
    monkeypatch.setattr(journal, "_append", append)

    grant(move, step)
    granted = sids(move)
    undo(move, step)

    assert granted == ["Theirs", OURS]
    assert document(move) == json.loads(policy("Theirs"))


def test_a_grant_whose_reply_was_lost_is_not_taken_for_what_stood_before(move: Move, step: Step) -> None:
    move.source.after["s3_put_bucket_policy"] = [lost()]
    with pytest.raises(CallFailed):
        grant(move, step)

    grant(move, step)
    undo(move, step)

    assert document(move) is None


def test_what_somebody_added_meanwhile_survives_the_undo(move: Move, step: Step) -> None:
    write(move, "Theirs")
    grant(move, step)
    write(move, "Theirs", OURS, "Newer")

    undo(move, step)

    assert sids(move) == ["Theirs", "Newer"]


def test_what_somebody_added_where_nothing_stood_survives_the_undo(move: Move, step: Step) -> None:
    grant(move, step)
    write(move, OURS, "Newer")

    undo(move, step)

    assert sids(move) == ["Newer"]


def test_what_somebody_took_away_meanwhile_is_not_put_back(move: Move, step: Step) -> None:
    write(move, "Theirs", "Dropped")
    grant(move, step)
    write(move, "Theirs", OURS)

    undo(move, step)

    assert sids(move) == ["Theirs"]


def test_a_document_that_somebody_deleted_meanwhile_stays_deleted(move: Move, step: Step) -> None:
    write(move, "Theirs")
    grant(move, step)
    del move.source.things["bucket"]["mybrary-media"]["Policy"]

    undo(move, step)

    assert document(move) is None


def test_our_statements_of_an_earlier_move_are_replaced_and_go_with_the_undo(move: Move, step: Step) -> None:
    write(move, "Theirs", OURS)

    grant(move, step)
    granted = document(move)["Statement"]
    undo(move, step)

    assert [statement["Sid"] for statement in granted] == ["Theirs", OURS]
    assert granted[1]["Principal"] == {"AWS": TARGET}
    assert sids(move) == ["Theirs"]


def test_an_undo_before_anything_was_written_changes_nothing(move: Move, step: Step) -> None:
    write(move, "Theirs")
    move.source.before["s3_put_bucket_policy"] = [lost()]
    with pytest.raises(CallFailed):
        grant(move, step)
    calls = len(move.source.sent("s3_put_bucket_policy"))

    undo(move, step)

    assert sids(move) == ["Theirs"]
    assert len(move.source.sent("s3_put_bucket_policy")) == calls


def test_a_thing_that_is_gone_needs_no_undo(move: Move, step: Step) -> None:
    grant(move, step)
    del move.source.things["bucket"]["mybrary-media"]

    undo(move, step)

    assert "mybrary-media" not in move.source.things["bucket"]
