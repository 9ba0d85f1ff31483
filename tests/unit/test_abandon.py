import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.engine import BUCKET, KEY, LOG, SECRET, Move, denied, failed, lost, policy
from tests.unit.test_contents import Carrier

from resettle.errors import CallFailed, NameTaken
from resettle.execute.abandon import Abandoned, abandon, steps_to_undo, undo_operations
from resettle.execute.making import Making
from resettle.execute.run import Runner
from resettle.kind import Content
from resettle.model import Stage
from resettle.registry import Registry


@pytest.fixture
def move(tmp_path: Path) -> Move:
    return Move(tmp_path)


def run(move: Move) -> None:
    for stage in (Stage.PARK, Stage.BUILD):
        assert not Runner(move.desk(), lambda *_: None).stage(stage).failed


def take_back(move: Move) -> Abandoned:
    return abandon(move.desk(pace=1e-4), lambda *_: None)


def ours(move: Move) -> dict[str, list[str]]:
    return {sort: list(things) for sort, things in move.target.things.items() if things and sort != "object"}


def with_everything(move: Move) -> None:
    vpc = move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    move.source.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": vpc})
    move.source.logs_create_log_group({"logGroupName": "app"})
    move.source.sqs_create_queue({"QueueName": "orders"})
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": "hunter2"})
    move.source.things["db"]["orders"] = {"DBInstanceIdentifier": "orders", "DBInstanceClass": "db.t3.micro"}
    move.planned()


def test_everything_is_taken_back_on_both_sides(move: Move) -> None:
    with_everything(move)
    before = json.dumps(move.source.things, sort_keys=True)
    run(move)

    done = take_back(move)

    assert not done.failed
    assert ours(move) == {}
    assert json.dumps(move.source.things, sort_keys=True) == before
    assert any("seven days" in text for text in done.remains)
    assert steps_to_undo(move.desk().plan, move.desk().journal) == []


def test_what_is_made_last_goes_first(move: Move) -> None:
    with_everything(move)
    run(move)

    take_back(move)

    names = [name for name, _ in move.target.calls]
    assert names.index("ec2_delete_security_group") < names.index("ec2_delete_vpc")
    assert names.index("rds_delete_db_instance") < names.index("rds_delete_db_snapshot")


def test_what_the_plan_did_not_make_is_never_touched(move: Move) -> None:
    with_everything(move)
    move.target.logs_create_log_group({"logGroupName": "theirs"})
    move.target.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})
    run(move)
    theirs = {"log": ["theirs"], "vpc": [next(iter(move.target.things["vpc"]))]}

    take_back(move)

    assert ours(move) == theirs


def test_what_was_accepted_and_used_stays(move: Move) -> None:
    for cloud in (move.source, move.target):
        cloud.logs_create_log_group({"logGroupName": "app"})
    move.planned("taken:AWS::Logs::LogGroup/app")
    run(move)

    done = take_back(move)

    assert ours(move) == {"log": ["app"]}
    assert any("stood in the target before" in text for text in done.remains)


def test_a_name_that_was_taken_meanwhile_is_never_deleted(move: Move) -> None:
    move.source.logs_create_log_group({"logGroupName": "app"})
    move.planned()
    move.target.logs_create_log_group({"logGroupName": "app"})
    with pytest.raises(NameTaken):
        Making(move.desk()).make(move.step("make", "LogGroup"))

    take_back(move)

    assert ours(move) == {"log": ["app"]}


def test_what_a_lost_reply_left_is_taken_back_too(move: Move) -> None:
    move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})
    move.planned()
    move.target.after["ec2_create_vpc"] = [lost()]
    with pytest.raises(CallFailed):
        Making(move.desk()).make(move.step("make", "VPC"))

    take_back(move)

    assert ours(move) == {}


def test_what_may_not_be_looked_at_is_not_forgotten(move: Move) -> None:
    move.registry = Registry([SECRET, KEY, BUCKET])
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": "hunter2"})
    move.planned()
    run(move)
    move.target.before["secretsmanager_get_secret_value"] = [denied()] * 1000

    first = take_back(move)
    left = ours(move).get("secret")
    move.target.before.clear()
    second = take_back(move)

    assert move.step("make", "Secret").id in first.failed
    assert left == ["db"]
    assert not second.failed
    assert ours(move) == {}


def test_what_cannot_go_yet_is_tried_again_in_the_same_run(move: Move) -> None:
    with_everything(move)
    run(move)
    move.target.before["logs_delete_log_group"] = [failed("OperationAbortedException")] * 3

    assert not take_back(move).failed
    assert ours(move) == {}


def test_what_is_denied_is_not_waited_for(move: Move) -> None:
    with_everything(move)
    run(move)
    move.target.before["logs_delete_log_group"] = [denied()] * 1000

    assert list(take_back(move).failed) == [move.step("make", "LogGroup").id]
    assert len(move.target.sent("logs_delete_log_group")) < 5


def test_one_undo_that_fails_stops_no_other_and_is_tried_by_the_next_run(move: Move) -> None:
    with_everything(move)
    run(move)
    move.target.before["logs_delete_log_group"] = [failed("OperationAbortedException")] * 10000

    first = take_back(move)
    left = ours(move)
    move.target.before.clear()
    second = take_back(move)

    assert list(first.failed) == [move.step("make", "LogGroup").id]
    assert left == {"log": ["app"]}
    assert len(second.undone) == 1
    assert ours(move) == {}


def test_what_went_by_itself_counts_as_undone(move: Move) -> None:
    with_everything(move)
    run(move)
    move.target.things["log"].clear()

    assert not take_back(move).failed


def test_after_an_abandoned_move_the_same_plan_can_be_carried_out_anew(move: Move) -> None:
    with_everything(move)
    run(move)
    made = {sort: len(names) for sort, names in ours(move).items()}
    take_back(move)

    run(move)

    assert {sort: len(names) for sort, names in ours(move).items()} == made


def test_a_grant_is_taken_back_and_a_bucket_is_emptied_first(move: Move) -> None:
    emptied: list[str] = []

    class Emptying(Carrier):
        def empty(self, account: object, identity: str) -> None:
            emptied.append(identity)

    content = Content(carrier="objects", vessel=True, admits=("self",))
    bucket = replace(BUCKET, make=replace(BUCKET.make, content=content), undo=replace(BUCKET.undo, empties=True))
    move.registry = Registry([bucket, KEY])
    move.source.things["bucket"]["mybrary-media"] = {"Policy": policy("Theirs")}
    move.planned()
    carriers = {"objects": Emptying()}
    assert not Runner(move.desk(carriers=carriers), lambda *_: None).stage(Stage.PARK).failed
    granted = move.source.things["bucket"]["mybrary-media"]["Policy"]

    abandon(move.desk(carriers=carriers), lambda *_: None)

    assert "ResettleReadsBucket" in granted
    assert json.loads(move.source.things["bucket"]["mybrary-media"]["Policy"]) == json.loads(policy("Theirs"))
    assert "mybrary-media-444455556666" in emptied


def test_only_the_undoing_of_what_has_begun_is_permitted(move: Move) -> None:
    move.registry = Registry([LOG, KEY, BUCKET])
    move.source.logs_create_log_group({"logGroupName": "app"})
    move.planned()
    desk = move.desk()
    before = undo_operations(desk.plan, desk.registry, desk.journal)
    run(move)

    after = undo_operations(desk.plan, desk.registry, desk.journal)

    assert not any(operation.startswith("logs:") for operation, _ in before)
    assert ("logs:DeleteLogGroup", "*") in after
    assert not any(operation.startswith("ec2:") for operation, _ in after)
