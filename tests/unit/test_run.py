from pathlib import Path

import pytest
from tests.support.engine import LOG, QUEUE, Move, failed, lost

from resettle.errors import Refused, StepFailed
from resettle.execute.run import Runner, inspector, source_operations, target_operations
from resettle.kind import Kind
from resettle.model import Stage


@pytest.fixture
def move(tmp_path: Path) -> Move:
    return Move(tmp_path)


def with_vpc(move: Move) -> None:
    move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})
    move.planned()


def test_a_lost_reply_is_asked_again_within_one_run(move: Move) -> None:
    with_vpc(move)
    move.target.after["ec2_create_vpc"] = [lost()]

    outcome = Runner(move.desk(), lambda *_: None).stage(Stage.PARK)
    built = Runner(move.desk(source=False), lambda *_: None).stage(Stage.BUILD)

    assert not outcome.failed
    assert not built.failed
    assert len(move.target.things["vpc"]) == 1


def test_build_runs_without_the_source(move: Move) -> None:
    with_vpc(move)
    desk = move.desk()
    Runner(desk, lambda *_: None).stage(Stage.PARK)
    before = len(move.source.calls)

    outcome = Runner(move.desk(source=False), lambda *_: None).stage(Stage.BUILD)

    assert not outcome.failed
    assert len(move.source.calls) == before


def test_a_second_run_does_nothing(move: Move) -> None:
    with_vpc(move)
    for stage in (Stage.PARK, Stage.BUILD):
        Runner(move.desk(), lambda *_: None).stage(stage)
    before = len(move.target.calls)

    outcomes = [Runner(move.desk(), lambda *_: None).stage(stage) for stage in (Stage.PARK, Stage.BUILD)]

    assert [outcome.done for outcome in outcomes] == [[], []]
    assert len(move.target.calls) == before


def test_build_does_not_begin_before_park_is_done(move: Move) -> None:
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": "x"})
    move.planned()

    with pytest.raises(StepFailed) as caught:
        Runner(move.desk(), lambda *_: None).stage(Stage.BUILD)

    assert caught.value.exit_code == 4


def test_a_failed_step_is_journalled_with_its_sentence_and_blocks_its_dependants(move: Move) -> None:
    with_group_of = move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    move.source.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": with_group_of})
    move.planned()
    Runner(move.desk(), lambda *_: None).stage(Stage.PARK)
    move.target.before["ec2_create_vpc"] = [failed("VpcLimitExceeded")]

    outcome = Runner(move.desk(), lambda *_: None).stage(Stage.BUILD)

    step = move.step("make", "VPC")
    assert list(outcome.failed) == [step.id]
    assert {item.ref.kind for item in outcome.blocked} == {"AWS::EC2::SecurityGroup"}
    assert "VpcLimitExceeded" in move.desk().journal.state(step.id).failed


def test_a_call_that_still_names_the_source_is_not_sent(move: Move) -> None:
    with_vpc(move)
    inspect = inspector(move.desk())
    vpc = next(iter(move.source.things["vpc"]))

    for value in (vpc, f"arn:aws:iam::{move.source.id}:role/x", {"deep": [f"x-{move.source.id}-y"]}):
        with pytest.raises(Refused) as caught:
            inspect("ec2:CreateSubnet", {"Anything": value})
        assert vpc not in str(caught.value).replace(f"AWS::EC2::VPC/{vpc}", "")

    inspect("ec2:CreateSubnet", {"VpcId": "vpc-of-the-target", "Body": vpc.encode()})


def test_the_target_may_be_sent_what_the_kinds_say_and_the_source_what_the_plan_lists(move: Move) -> None:
    move.source.things["db"]["orders"] = {"DBInstanceIdentifier": "orders", "DBInstanceClass": "db.t3.micro"}
    with_vpc(move)
    assert move.plan is not None

    target = {operation for operation, _ in target_operations(move.plan, move.registry, ())}
    source = source_operations(move.plan)

    assert {"ec2:CreateVpc", "ec2:ModifyVpcAttribute", "rds:CopyDBSnapshot", "s3:PutObject"} <= target
    assert not {"ec2:DeleteVpc", "rds:CreateDBSnapshot", "sqs:CreateQueue"} & target
    assert all(resource not in ("", "*") for _, resource in source)
    assert {operation for operation, _ in source_operations(move.plan, undo=True)} == {
        "rds:DeleteDBSnapshot",
        "rds:ModifyDBSnapshotAttribute",
        "kms:ScheduleKeyDeletion",
    }


KINDS: tuple[Kind, ...] = (LOG, QUEUE)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.short)
def test_equal_things_are_all_made_once_each(move: Move, kind: Kind) -> None:
    for at in range(5):
        if kind is LOG:
            move.source.logs_create_log_group({"logGroupName": f"app-{at}"})
        else:
            move.source.sqs_create_queue({"QueueName": f"app-{at}"})
    move.planned()

    for stage in (Stage.PARK, Stage.BUILD):
        assert not Runner(move.desk(), lambda *_: None).stage(stage).failed

    assert len(move.target.things["log" if kind is LOG else "queue"]) == 5
