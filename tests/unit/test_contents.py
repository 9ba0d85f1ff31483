import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.engine import BUCKET, KEY, LOG, SECRET, Move, denied, lost

from resettle.account import Account
from resettle.carriers import Copied, Job
from resettle.errors import BadInput, CallFailed, Denied, Drifted, StepFailed
from resettle.execute.contents import Contents
from resettle.execute.making import Making
from resettle.kind import Content
from resettle.model import Resource, Tally
from resettle.registry import Registry

EQUAL = Tally(count=2, bytes=10, digest="d")


class Carrier:
    """Copies as it is told, and remembers its jobs."""

    name = "objects"
    writes = frozenset({"s3:PutObject"})

    def __init__(self, *, target: Tally = EQUAL, then: Callable[[Job], None] = lambda job: None) -> None:
        self.jobs: list[Job] = []
        self.target, self.then = target, then

    def copy(self, job: Job) -> Copied:
        self.jobs.append(job)
        self.then(job)
        return Copied(source=EQUAL, target=self.target, facts={"key": "k"})

    def tally(self, account: Account, identity: str, live: object) -> Tally:
        return self.target

    def empty(self, account: Account, identity: str) -> None:
        raise AssertionError("nothing is emptied here")


@pytest.fixture
def move(tmp_path: Path) -> Move:
    log = replace(LOG, make=replace(LOG.make, content=Content(carrier="objects", options={"how": "well"})))
    return Move(tmp_path, Registry([log, SECRET, KEY, BUCKET]))


def with_secret(move: Move) -> None:
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": "hunter2"})
    move.planned()


def with_log(move: Move) -> None:
    move.source.logs_create_log_group({"logGroupName": "app"})
    move.source.things["log"]["app"]["retentionInDays"] = 7
    move.planned()


def everything_written_down(move: Move) -> str:
    events = [(event.what, event.text, event.detail) for event in move.desk().journal.events()]
    assert move.plan is not None
    return json.dumps([events, move.plan.encode(), repr(move.plan), repr(move.plan.inventory)])


def test_a_value_is_parked_as_found_and_stands_nowhere_else(move: Move) -> None:
    with_secret(move)

    Contents(move.desk()).park(move.step("park", "Secret"))

    (parked,) = move.target.things["object"].values()
    assert json.loads(parked["Body"]) == {'["SecretString"]': "hunter2"}
    assert "hunter2" not in everything_written_down(move)


def test_a_parked_value_is_what_the_target_is_made_with(move: Move) -> None:
    with_secret(move)
    Contents(move.desk()).park(move.step("park", "Secret"))

    Making(move.desk(source=False)).make(move.step("make", "Secret"))

    assert move.target.things["secret"]["db"]["SecretString"] == "hunter2"
    assert "hunter2" not in everything_written_down(move)


def test_a_parked_value_that_names_the_source_is_rewritten_at_the_call_only(move: Move) -> None:
    move.source.logs_create_log_group({"logGroupName": "app"})
    arn = move.source.things["log"]["app"]["arn"]
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": f"log to {arn}"})
    move.planned()
    Contents(move.desk(carriers={"objects": Carrier()})).copy(move.step("copy", "LogGroup"))
    Making(move.desk()).make(move.step("make", "LogGroup"))

    Contents(move.desk()).park(move.step("park", "Secret"))
    Making(move.desk()).make(move.step("make", "Secret"))

    (parked,) = move.target.things["object"].values()
    assert arn in parked["Body"].decode()
    assert move.target.things["secret"]["db"]["SecretString"] == f"log to {move.target.things['log']['app']['arn']}"
    assert move.step("make", "LogGroup").id in move.step("make", "Secret").needs


def test_a_value_that_changed_since_the_plan_is_not_parked(move: Move) -> None:
    with_secret(move)
    move.source.things["secret"]["db"]["SecretString"] = "hunter3"

    with pytest.raises(Drifted) as caught:
        Contents(move.desk()).park(move.step("park", "Secret"))

    assert "SecretString" in str(caught.value)
    assert "hunter" not in str(caught.value)
    assert move.target.things["object"] == {}


def test_a_field_that_was_not_there_at_plan_time_is_a_change_too(move: Move) -> None:
    move.source.logs_create_log_group({"logGroupName": "app"})
    move.planned()
    move.source.things["log"]["app"]["retentionInDays"] = 7

    with pytest.raises(Drifted):
        Contents(move.desk(carriers={"objects": Carrier()})).copy(move.step("copy", "LogGroup"))


def test_what_is_learned_meanwhile_is_no_change_of_the_source(move: Move) -> None:
    move.source.logs_create_log_group({"logGroupName": "app"})
    arn = move.source.things["log"]["app"]["arn"]
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": f"log to {arn} and more"})
    move.planned()
    desk = move.desk()
    desk.book.learn(move.ref("LogGroup"), "arn", f"{arn} and more")

    Contents(desk).park(move.step("park", "Secret"))

    assert len(move.target.things["object"]) == 1


def test_a_thing_that_went_is_drift_and_one_that_may_not_be_read_is_not(move: Move) -> None:
    with_secret(move)
    step = move.step("park", "Secret")
    move.source.before["secretsmanager_get_secret_value"] = [denied()]
    with pytest.raises(Denied):
        Contents(move.desk()).park(step)

    move.source.things["secret"].clear()

    with pytest.raises(Drifted) as caught:
        Contents(move.desk()).park(step)
    assert "gone" in str(caught.value)


def test_nothing_is_parked_without_the_source(move: Move) -> None:
    with_secret(move)

    with pytest.raises(BadInput):
        Contents(move.desk(source=False)).park(move.step("park", "Secret"))


def test_content_is_counted_on_both_sides_and_what_came_of_it_is_told_to_the_making(move: Move) -> None:
    with_log(move)
    carrier = Carrier()
    step = move.step("copy", "LogGroup")

    Contents(move.desk(carriers={"objects": carrier})).copy(step)

    journal, desk = move.desk().journal, move.desk()
    assert journal.tallies() == {(step.id, "source"): EQUAL, (step.id, "target"): EQUAL}
    assert desk.context(desk.registry[step.ref.kind], step.ref, step)["copied"] == {"key": "k"}
    assert carrier.jobs[0].options == {"how": "well"}
    assert carrier.jobs[0].source_id == "app"
    assert carrier.jobs[0].target_id == ""


def test_sides_that_differ_fail_the_step(move: Move) -> None:
    with_log(move)
    carrier = Carrier(target=Tally(count=1, bytes=5, digest="e"))
    step = move.step("copy", "LogGroup")

    with pytest.raises(StepFailed):
        Contents(move.desk(carriers={"objects": carrier})).copy(step)

    assert not move.desk().journal.state(step.id).done


def test_a_copy_that_was_cut_off_goes_on_from_what_it_saved(move: Move) -> None:
    with_log(move)

    def cut(job: Job) -> None:
        job.save({"after": "k5"})
        raise lost()

    step = move.step("copy", "LogGroup")
    with pytest.raises(CallFailed):
        Contents(move.desk(carriers={"objects": Carrier(then=cut)})).copy(step)
    carrier = Carrier()

    Contents(move.desk(carriers={"objects": carrier})).copy(step)

    assert carrier.jobs[0].cursor == {"after": "k5"}
    assert move.desk().journal.state(step.id).done


def test_a_resource_that_was_read_is_not_kept_in_the_plan(move: Move) -> None:
    with_secret(move)

    seen = Contents(move.desk()).unchanged(move.ref("Secret"))

    assert isinstance(seen, Resource)
    assert seen.spec["SecretString"] == "hunter2"
    assert move.plan is not None
    assert all(not item.live for item in move.plan.inventory.resources)
