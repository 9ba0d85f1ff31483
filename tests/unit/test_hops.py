import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.engine import SOURCE, TARGET, Move, expired, failed, lost

from resettle.errors import CallFailed, CredentialsGone, Drifted, StepFailed
from resettle.execute.hops import Hops
from resettle.execute.run import Runner
from resettle.model import Stage, Step
from resettle.plan import hop_name

CHAIN = ("hop:taken", "hop:movekey", "hop:shared", "hop:landed")
MAKES = {
    "hop:taken": "rds_create_db_snapshot",
    "hop:movekey": "kms_create_key",
    "hop:shared": "rds_modify_db_snapshot_attribute",
    "hop:landed": "rds_copy_db_snapshot",
}


@pytest.fixture
def move(tmp_path: Path) -> Move:
    move = Move(tmp_path)
    move.source.things["db"]["orders"] = {"DBInstanceIdentifier": "orders", "DBInstanceClass": "db.t3.micro"}
    move.planned()
    return move


def finish(move: Move, step: Step) -> None:
    """As a new process would: performs the hop until it is at rest."""
    hops = Hops(move.desk())
    for _ in range(50):
        again = hops.hop(step)
        if again is None:
            return
        time.sleep(again)
    raise AssertionError(f"{step} never comes to rest")


def before(move: Move, action: str) -> None:
    for name in CHAIN[: CHAIN.index(action)]:
        finish(move, move.step(name, "DBInstance"))


def standing(move: Move) -> tuple[int, int, int]:
    return len(move.source.things["snapshot"]), len(move.source.things["key"]), len(move.target.things["snapshot"])


def test_rows_go_over_every_hop_and_rest_in_the_target(move: Move) -> None:
    for action in CHAIN:
        finish(move, move.step(action, "DBInstance"))

    taken = hop_name(move.step("hop:taken", "DBInstance").id)
    copied = move.target.sent("rds_copy_db_snapshot")[0]

    assert move.source.things["snapshot"][taken]["Shared"] == [TARGET]
    assert copied["SourceDBSnapshotIdentifier"] == f"arn:aws:rds:ap-northeast-2:{SOURCE}:snapshot:{taken}"
    assert standing(move) == (1, 1, 1)


@pytest.mark.parametrize("action", CHAIN)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("death", ["intend", "made", "done"])
def test_a_hop_killed_at_any_event_goes_on_and_makes_nothing_twice(
    move: Move, monkeypatch: pytest.MonkeyPatch, action: str, when: str, death: str
) -> None:
    before(move, action)
    step, journal = move.step(action, "DBInstance"), move.desk().journal
    append: Callable[..., None] = journal._append

    def dying(step_id: str, what: str, **more: Any) -> None:
        if what != death or when == "after":
            append(step_id, what, **more)
        if what == death:
            raise KeyboardInterrupt

    monkeypatch.setattr(journal, "_append", dying)
    with pytest.raises(KeyboardInterrupt):
        finish(move, step)
    monkeypatch.setattr(journal, "_append", append)

    finish(move, step)

    assert journal.state(step.id).done
    assert max(standing(move)) == 1
    assert all(shared["Shared"] in ([], [TARGET], [TARGET, TARGET]) for shared in move.source.things["snapshot"].values())


@pytest.mark.parametrize("action", CHAIN)
def test_a_hop_whose_reply_was_lost_is_found_again(move: Move, action: str) -> None:
    before(move, action)
    cloud = move.target if action == "hop:landed" else move.source
    cloud.after[MAKES[action]] = [lost()]
    step = move.step(action, "DBInstance")
    with pytest.raises(CallFailed):
        finish(move, step)

    finish(move, step)

    assert max(standing(move)) == 1
    assert move.desk().journal.state(step.id).made not in (None, "None")


def test_a_key_that_the_list_does_not_show_yet_is_not_made_twice(move: Move) -> None:
    before(move, "hop:movekey")
    step = move.step("hop:movekey", "DBInstance")
    move.source.after["kms_create_key"] = [lost()]
    with pytest.raises(CallFailed):
        finish(move, step)
    hidden = dict(move.source.things["key"])
    move.source.things["key"].clear()
    hops = Hops(move.desk(pace=1.0))

    first = hops.hop(step)
    move.source.things["key"].update(hidden)
    second = hops.hop(step)

    assert (first is None, second) == (False, None)
    assert len(move.source.sent("kms_create_key")) == 1


def test_a_hop_is_not_left_before_it_is_at_rest(move: Move) -> None:
    step = move.step("hop:taken", "DBInstance")
    move.source.then["rds_create_db_snapshot"] = lambda: next(iter(move.source.things["snapshot"].values())).update(
        Status="creating"
    )
    hops = Hops(move.desk())

    first = hops.hop(step)
    done = move.desk().journal.state(step.id).done
    next(iter(move.source.things["snapshot"].values()))["Status"] = "available"

    assert first is not None
    assert not done
    assert hops.hop(step) is None
    assert len(move.source.sent("rds_create_db_snapshot")) == 1


def test_a_hop_that_rests_in_a_bad_state_fails(move: Move) -> None:
    move.source.then["rds_create_db_snapshot"] = lambda: next(iter(move.source.things["snapshot"].values())).update(Status="failed")

    with pytest.raises(StepFailed):
        finish(move, move.step("hop:taken", "DBInstance"))


def test_credentials_that_expire_on_the_way_cost_no_hop(move: Move) -> None:
    before(move, "hop:landed")
    step = move.step("hop:landed", "DBInstance")
    move.target.before["rds_copy_db_snapshot"] = [expired()]
    with pytest.raises(CredentialsGone):
        finish(move, step)

    finish(move, step)

    assert standing(move) == (1, 1, 1)


def test_the_source_is_read_again_before_it_is_written(move: Move) -> None:
    move.source.things["db"]["orders"]["DBInstanceClass"] = "db.m5.large"

    outcome = Runner(move.desk(), lambda *_: None).stage(Stage.PARK)

    failures = list(outcome.failed.values())
    assert [type(error) for error in failures] == [Drifted]
    assert "DBInstanceClass" in str(failures[0])
    assert "large" not in str(failures[0])
    assert move.source.sent("rds_create_db_snapshot") == []
    assert move.target.sent("rds_copy_db_snapshot") == []


@pytest.mark.parametrize("action", CHAIN)
def test_an_undone_hop_leaves_nothing_and_can_be_undone_again(move: Move, action: str) -> None:
    before(move, action)
    step = move.step(action, "DBInstance")
    untouched = standing(move)
    finish(move, step)

    for _ in range(2):
        Hops(move.desk()).undo(step)
        move.desk().journal.undone(step.id)

    assert standing(move) == untouched
    assert all(snapshot["Shared"] == [] for snapshot in move.source.things["snapshot"].values()) or action == "hop:landed"


def test_the_undo_of_what_aws_gave_an_id_is_permitted_for_that_id_alone(move: Move) -> None:
    before(move, "hop:shared")
    (key,) = move.source.things["key"].values()

    Hops(move.desk()).undo(move.step("hop:movekey", "DBInstance"))

    assert move.source.permissions == [frozenset({("kms:ScheduleKeyDeletion", key["Arn"])})]


def test_what_was_never_written_down_is_found_for_its_undo_by_our_tag(move: Move) -> None:
    before(move, "hop:movekey")
    step = move.step("hop:movekey", "DBInstance")
    move.source.after["kms_create_key"] = [lost()]
    with pytest.raises(CallFailed):
        finish(move, step)
    stranger = move.source.kms_create_key({"Policy": "{}"})["KeyMetadata"]["KeyId"]

    Hops(move.desk()).undo(step)

    assert list(move.source.things["key"]) == [stranger]


def test_an_undo_that_is_refused_is_told(move: Move) -> None:
    finish(move, move.step("hop:taken", "DBInstance"))
    move.source.before["rds_delete_db_snapshot"] = [failed("InvalidDBSnapshotState")]

    with pytest.raises(CallFailed):
        Hops(move.desk()).undo(move.step("hop:taken", "DBInstance"))
