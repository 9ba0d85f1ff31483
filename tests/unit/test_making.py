import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.engine import BUCKET, GROUP, KEY, VPC, Move, expired, failed, lost

from resettle.errors import CallFailed, CredentialsGone, NameTaken, StepFailed, Unresolved
from resettle.execute.making import Making
from resettle.model import Step
from resettle.registry import Registry


@pytest.fixture
def move(tmp_path: Path) -> Move:
    return Move(tmp_path)


def with_vpc(move: Move) -> Step:
    move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})
    move.planned()
    return move.step("make", "VPC")


def with_log(move: Move, **fields: Any) -> Step:
    move.source.logs_create_log_group({"logGroupName": "app"})
    move.source.things["log"]["app"] |= fields
    move.planned()
    return move.step("make", "LogGroup")


def with_group(move: Move, *ports: int) -> tuple[Step, Step]:
    vpc = move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    group = move.source.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": vpc})["GroupId"]
    move.source.ec2_authorize_security_group_ingress({"GroupId": group, "IpPermissions": rules(*ports)})
    move.planned()
    finish(move, move.step("make", "VPC"))
    return move.step("make", "SecurityGroup"), move.step("configure", "SecurityGroup")


def rules(*ports: int) -> list[dict[str, Any]]:
    return [{"FromPort": port, "IpProtocol": "tcp", "ToPort": port} for port in ports]


def finish(move: Move, step: Step) -> None:
    """As a new process would: performs the step until it asks for no more time."""
    making = Making(move.desk())
    perform = making.configure if step.action == "configure" else making.make
    for _ in range(50):
        if perform(step) is None:
            return
    raise AssertionError(f"{step} never comes to an end")


def test_a_made_thing_is_learned_by_all_its_names(move: Move) -> None:
    step = with_log(move)
    finish(move, step)

    learned = move.desk().journal.learned()

    assert learned[step.ref, "id"] == "app"
    assert "444455556666" in learned[step.ref, "arn"]
    assert move.desk().journal.state(step.id).done


@pytest.mark.parametrize("death", ["intend", "made", "done"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("sort", ["vpc", "log"])
def test_a_run_killed_at_any_event_goes_on_and_makes_nothing_twice(
    move: Move, monkeypatch: pytest.MonkeyPatch, death: str, when: str, sort: str
) -> None:
    step = with_vpc(move) if sort == "vpc" else with_log(move, retentionInDays=7)
    journal = move.desk().journal
    append = journal._append

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

    assert len(move.target.things[sort]) == 1
    assert journal.state(step.id).done


@pytest.mark.parametrize("sort", ["vpc", "log"])
def test_what_a_lost_reply_left_is_found_and_not_made_again(move: Move, sort: str) -> None:
    step = with_vpc(move) if sort == "vpc" else with_log(move)
    create = "ec2_create_vpc" if sort == "vpc" else "logs_create_log_group"
    move.target.after[create] = [lost()]
    with pytest.raises(CallFailed):
        finish(move, step)

    finish(move, step)

    assert len(move.target.sent(create)) == 1
    assert len(move.target.things[sort]) == 1


def test_what_a_lost_reply_left_is_waited_for_until_it_would_be_seen(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    step = with_vpc(move)
    move.target.after["ec2_create_vpc"] = [lost()]
    with pytest.raises(CallFailed):
        finish(move, step)
    hidden = dict(move.target.things["vpc"])
    move.target.things["vpc"].clear()
    looks = iter(range(10))

    def sleep(seconds: float) -> None:
        if next(looks) == 0:
            move.target.things["vpc"].update(hidden)

    monkeypatch.setattr(time, "sleep", sleep)
    finish(move, step)

    assert len(move.target.sent("ec2_create_vpc")) == 1


def test_a_name_that_came_to_be_taken_fails_now_and_again_and_is_never_adopted(move: Move) -> None:
    step = with_log(move)
    move.target.logs_create_log_group({"logGroupName": "app"})

    for _ in range(2):
        with pytest.raises(NameTaken):
            finish(move, step)

    assert move.desk().journal.state(step.id).made is None


def test_a_name_that_was_freed_can_be_made_by_the_same_command(move: Move) -> None:
    step = with_log(move)
    move.target.logs_create_log_group({"logGroupName": "app"})
    with pytest.raises(NameTaken):
        finish(move, step)
    move.target.logs_delete_log_group({"logGroupName": "app"})

    finish(move, step)

    assert move.desk().journal.state(step.id).done


def test_an_accepted_thing_is_used_and_not_made(move: Move) -> None:
    for cloud in (move.source, move.target):
        cloud.logs_create_log_group({"logGroupName": "app"})
    move.planned("taken:AWS::Logs::LogGroup/app")

    finish(move, move.step("make", "LogGroup"))

    assert move.target.sent("logs_create_log_group") == []


def test_an_accepted_thing_that_differs_is_not_used(move: Move) -> None:
    for cloud, attributes in ((move.source, {"DelaySeconds": "5"}), (move.target, {"DelaySeconds": "0"})):
        cloud.sqs_create_queue({"QueueName": "orders", "Attributes": attributes})
    move.planned("taken:AWS::SQS::Queue/" + next(iter(move.source.things["queue"])))

    with pytest.raises(NameTaken) as caught:
        finish(move, move.step("make", "Queue"))

    assert "Attributes.DelaySeconds" in str(caught.value)


def test_where_a_create_would_not_tell_the_name_is_looked_for_first(move: Move) -> None:
    move.source.sqs_create_queue({"QueueName": "orders"})
    move.planned()
    move.target.sqs_create_queue({"QueueName": "orders"})

    with pytest.raises(NameTaken):
        finish(move, move.step("make", "Queue"))

    assert move.target.sent("sqs_create_queue") == []


def test_what_another_step_made_is_not_adopted_although_its_name_is_the_same(move: Move) -> None:
    kind = replace(GROUP, make=replace(GROUP.make, taken=(), theirs="", theirs_by=()))
    move.registry = Registry([kind, VPC, KEY, BUCKET])
    step, _ = with_group(move, 22)
    move.desk().journal.intend(step.id)
    (vpc,) = move.target.things["vpc"]
    tags = [{"Tags": [{"Key": "resettle:step", "Value": "of-another"}]}]
    move.target.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": vpc, "TagSpecifications": tags})

    finish(move, step)

    assert len(move.target.things["sg"]) == 2


def test_not_yet_is_borne_and_costs_no_search(move: Move) -> None:
    step = with_log(move)
    move.target.before["logs_create_log_group"] = [failed("OperationAbortedException")] * 3
    making = Making(move.desk())

    answers = [making.make(step) for _ in range(4)]

    assert [answer is None for answer in answers] == [False, False, False, True]
    assert len(move.target.sent("logs_describe_log_groups")) == 2  # the search of the plan, and whether it is there


def test_not_yet_is_borne_by_the_configuring_calls_too(move: Move) -> None:
    step = with_log(move, retentionInDays=7)
    move.target.before["logs_put_retention_policy"] = [failed("OperationAbortedException")]

    finish(move, step)

    assert move.target.things["log"]["app"]["retentionInDays"] == 7
    assert len(move.target.sent("logs_create_log_group")) == 1


def test_any_other_refusal_is_a_failure_at_once(move: Move) -> None:
    step = with_log(move)
    move.target.before["logs_create_log_group"] = [failed("LimitExceededException")]

    with pytest.raises(CallFailed):
        Making(move.desk()).make(step)


def test_a_busy_thing_is_configured_when_it_is_ready_and_once(move: Move) -> None:
    step = with_vpc(move)
    making = Making(move.desk())
    move.target.then["ec2_create_vpc"] = lambda: next(iter(move.target.things["vpc"].values())).update(State="pending")

    first = making.make(step)
    sent_while_busy = move.target.sent("ec2_modify_vpc_attribute")
    next(iter(move.target.things["vpc"].values()))["State"] = "available"
    second = making.make(step)

    assert first is not None
    assert sent_while_busy == []
    assert second is None
    assert len(move.target.sent("ec2_modify_vpc_attribute")) == 1


def test_a_thing_that_its_configuring_made_busy_is_waited_for_and_not_configured_again(move: Move) -> None:
    step = with_vpc(move)
    making = Making(move.desk())

    def busy() -> None:
        next(iter(move.target.things["vpc"].values()))["State"] = "pending"

    move.target.then["ec2_modify_vpc_attribute"] = busy
    first = making.make(step)
    next(iter(move.target.things["vpc"].values()))["State"] = "available"
    second = making.make(step)

    assert (first is None, second) == (False, None)
    assert len(move.target.sent("ec2_modify_vpc_attribute")) == 1


def test_a_thing_that_rests_in_a_bad_state_fails(move: Move) -> None:
    step = with_vpc(move)
    move.target.then["ec2_create_vpc"] = lambda: next(iter(move.target.things["vpc"].values())).update(State="failed")

    with pytest.raises(StepFailed) as caught:
        finish(move, step)

    assert "failed" in str(caught.value)


def test_waiting_for_sight_is_not_charged_for_waiting_before_it(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    step = with_log(move)
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    move.target.before["logs_create_log_group"] = [failed("OperationAbortedException")]
    making = Making(move.desk(pace=1.0))
    making.make(step)
    now[0] = 100.0
    move.target.then["logs_create_log_group"] = lambda: move.target.things["log"].clear()

    assert making.make(step) is not None


def test_expired_credentials_lose_nothing(move: Move) -> None:
    step = with_vpc(move)
    move.target.before["ec2_modify_vpc_attribute"] = [expired()]
    with pytest.raises(CredentialsGone):
        finish(move, step)

    finish(move, step)

    assert len(move.target.sent("ec2_create_vpc")) == 1


def test_a_thing_is_not_made_while_something_it_names_has_no_successor(move: Move) -> None:
    vpc = move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    move.source.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": vpc})
    move.planned()

    with pytest.raises(Unresolved):
        finish(move, move.step("make", "SecurityGroup"))

    assert move.target.sent("ec2_create_security_group") == []


def test_a_set_is_levelled_by_what_differs_alone(move: Move) -> None:
    make, configure = with_group(move, 22, 80)
    finish(move, make)
    (group,) = move.target.things["sg"]
    move.target.ec2_authorize_security_group_ingress({"GroupId": group, "IpPermissions": rules(22, 443)})

    finish(move, configure)

    assert move.target.things["sg"][group]["IpPermissions"] == rules(22, 80)
    assert move.target.sent("ec2_revoke_security_group_ingress")[0]["IpPermissions"] == rules(443)
    assert move.target.sent("ec2_authorize_security_group_ingress")[-1]["IpPermissions"] == rules(80)


def test_a_rule_that_somebody_added_meanwhile_does_not_swallow_the_others(move: Move) -> None:
    make, configure = with_group(move, 22, 80, 443)
    finish(move, make)
    (group,) = move.target.things["sg"]

    def add() -> None:
        move.target.ec2_authorize_security_group_ingress({"GroupId": group, "IpPermissions": rules(80)})

    move.target.then["ec2_describe_security_groups"] = add

    finish(move, configure)

    ports = sorted(rule["FromPort"] for rule in move.target.things["sg"][group]["IpPermissions"])
    assert ports == [22, 80, 443]


def test_aws_own_thing_is_mapped_and_levelled_and_never_made(move: Move) -> None:
    vpc = move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    group = move.source.ec2_create_security_group({"GroupName": "default", "Description": "d", "VpcId": vpc})["GroupId"]
    move.source.ec2_authorize_security_group_ingress({"GroupId": group, "IpPermissions": rules(22)})
    move.planned()
    finish(move, move.step("make", "VPC"))
    for place in ("vpc-elsewhere", *move.target.things["vpc"]):
        move.target.ec2_create_security_group({"GroupName": "default", "Description": "d", "VpcId": place})
    elsewhere, ours = move.target.things["sg"]

    finish(move, move.step("make", "SecurityGroup"))
    finish(move, move.step("configure", "SecurityGroup"))

    assert move.target.sent("ec2_create_security_group") == []
    assert move.target.things["sg"][ours]["IpPermissions"] == rules(22)
    assert move.target.things["sg"][elsewhere]["IpPermissions"] == []


def test_a_first_value_is_replaced_when_both_ends_stand(move: Move) -> None:
    group = move.source.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": "v"})["GroupId"]
    text = f'{{"Statement": [{{"Sid": "T", "Resource": "{group}"}}]}}'
    move.source.kms_create_key({"Policy": text})
    move.planned()
    finish(move, move.step("make", "Key"))
    neutral = next(iter(move.target.things["key"].values()))["Policy"]
    finish(move, move.step("make", "SecurityGroup"))
    finish(move, move.step("configure", "Key"))

    (made,) = move.target.things["sg"]
    assert neutral == '{"Statement":[],"Version":"2012-10-17"}'
    assert made in next(iter(move.target.things["key"].values()))["Policy"]
