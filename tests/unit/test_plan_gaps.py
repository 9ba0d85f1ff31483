from pathlib import Path

import pytest
from tests.support.engine import SOURCE, Move, denied

from resettle.plan import step_id
from resettle.plan.make import Wishes, make_plan
from resettle.scan import Scope


@pytest.fixture
def move(tmp_path: Path) -> Move:
    return Move(tmp_path)


def names(move: Move) -> list[str]:
    return [gap.name for gap in move.planned().gaps]


def test_a_name_that_is_taken_in_the_target_is_a_gap(move: Move) -> None:
    for cloud in (move.source, move.target):
        cloud.logs_create_log_group({"logGroupName": "app"})

    assert names(move) == ["taken:AWS::Logs::LogGroup/app"]


def test_what_an_earlier_run_of_this_move_made_is_not_in_its_own_way(move: Move) -> None:
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": "x"})
    move.planned()
    tag = {"Key": "resettle:step", "Value": move.step("make", "Secret").id}
    move.target.secretsmanager_create_secret({"Name": "db", "SecretString": "x", "Tags": [tag]})

    plan = move.planned()

    assert plan.gaps == ()
    assert plan.baseline.get("AWS::SecretsManager::Secret", ()) == ()


def test_what_another_move_made_is_in_the_way(move: Move) -> None:
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": "x"})
    other = step_id("999988887777", move.scan().resources[0].ref, "make")
    tag = {"Key": "resettle:step", "Value": other}
    move.target.secretsmanager_create_secret({"Name": "db", "SecretString": "x", "Tags": [tag]})

    assert names(move) == ["taken:AWS::SecretsManager::Secret/db"]


def test_a_bucket_is_in_the_way_by_the_name_that_the_plan_gives(move: Move) -> None:
    move.source.s3_create_bucket({"Bucket": "mybrary-media"})
    move.target.s3_create_bucket({"Bucket": "mybrary-media"})
    assert names(move) == []

    move.target.s3_create_bucket({"Bucket": "mybrary-media-444455556666"})

    assert names(move) == ["taken:AWS::S3::Bucket/mybrary-media"]


def test_an_arn_of_something_that_nobody_found_is_a_gap(move: Move) -> None:
    arn = f"arn:aws:sns:ap-northeast-2:{SOURCE}:alerts"
    move.source.sqs_create_queue({"QueueName": "orders", "Attributes": {"Topic": arn, "Root": f"arn:aws:iam::{SOURCE}:root"}})

    assert names(move) == [f"dangling:{arn}"]


def test_an_id_that_nothing_answers_to_is_a_gap_and_a_prefix_list_of_aws_is_none(move: Move) -> None:
    stranger, everywhere = "sg-0123456789abcdef0", "pl-0123456789abcdef0"
    move.source.sqs_create_queue({"QueueName": "orders", "Attributes": {"Group": f"from {stranger}", "List": everywhere}})

    assert names(move) == [f"dangling:{stranger}"]


def test_what_lies_outside_the_scope_and_is_named_is_a_gap(move: Move) -> None:
    vpc = move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    tags = [{"Tags": [{"Key": "Project", "Value": "mybrary"}]}]
    move.source.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": vpc, "TagSpecifications": tags})
    inventory = move.scan(Scope(tags=(("Project", "mybrary"),)))
    plan = make_plan(inventory, [], [], move.registry, "444455556666", Wishes())

    assert [gap.name for gap in plan.gaps] == [f"outside:AWS::EC2::VPC/{vpc}"]


def test_a_side_that_may_not_be_read_is_a_gap_of_the_plan(move: Move) -> None:
    move.source.before["logs_describe_log_groups"] = [denied()]
    move.target.before["sqs_list_queues"] = [denied()]

    assert names(move) == ["denied:AWS::Logs::LogGroup", "denied:AWS::SQS::Queue"]


def test_only_gaps_that_there_are_can_be_accepted(move: Move) -> None:
    for cloud in (move.source, move.target):
        cloud.logs_create_log_group({"logGroupName": "app"})
        cloud.logs_create_log_group({"logGroupName": "web"})

    plan = move.planned("taken:AWS::Logs::LogGroup/app", "taken:AWS::Logs::LogGroup/other")

    assert plan.accepted == ("taken:AWS::Logs::LogGroup/app",)
    assert [gap.name for gap in plan.open_gaps()] == ["taken:AWS::Logs::LogGroup/web"]
