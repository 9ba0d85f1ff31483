from pathlib import Path
from typing import Any

import pytest
from tests.support.engine import Move, denied

from resettle.execute.run import Runner
from resettle.model import Finding, Stage
from resettle.verify import Verdict, verify

GAP = "rows:AWS::RDS::DBInstance/orders"


@pytest.fixture
def move(tmp_path: Path) -> Move:
    move = Move(tmp_path)
    move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})
    move.source.logs_create_log_group({"logGroupName": "app"})
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": "hunter2"})
    move.source.things["db"]["orders"] = {"DBInstanceIdentifier": "orders", "DBInstanceClass": "db.t3.micro"}
    move.planned(GAP)
    for stage in (Stage.PARK, Stage.BUILD):
        assert not Runner(move.desk(), lambda *_: None).stage(stage).failed
    return move


def proved(move: Move, **more: Any) -> Verdict:
    return verify(move.desk(source=False, **more))


def only(verdict: Verdict) -> Finding:
    (finding,) = verdict.findings
    return finding


def test_a_whole_copy_is_proved_without_the_source(move: Move) -> None:
    before = len(move.source.calls)

    verdict = proved(move)

    assert verdict.findings == ()
    assert verdict.compared == 6
    assert len(move.source.calls) == before


def test_verify_sends_reads_only(move: Move) -> None:
    before = len(move.target.calls)

    proved(move)

    assert {name.split("_")[1] for name, _ in move.target.calls[before:]} <= {"describe", "list", "get"}


def test_what_does_not_stand_is_missing(move: Move) -> None:
    move.target.things["log"].clear()

    finding = only(proved(move))

    assert (finding.sort, finding.on) == ("missing", "AWS::Logs::LogGroup/app")


def test_what_differs_is_told_by_its_path(move: Move) -> None:
    next(iter(move.target.things["vpc"].values()))["EnableDnsSupport"] = True

    finding = only(proved(move))

    assert (finding.sort, finding.path) == ("different", "EnableDnsSupport")


def test_a_field_that_nobody_wanted_differs_too(move: Move) -> None:
    move.target.things["log"]["app"]["retentionInDays"] = 7

    assert only(proved(move)).path == "retentionInDays"


def test_a_secret_that_differs_is_told_without_either_value(move: Move) -> None:
    move.target.things["secret"]["db"]["SecretString"] = "hunter3"

    finding = only(proved(move))

    assert (finding.sort, finding.path) == ("different", "SecretString")
    assert "hunter" not in repr(finding)


def test_a_source_text_anywhere_in_the_target_is_a_leak(move: Move) -> None:
    vpc = next(iter(move.source.things["vpc"]))
    move.target.things["log"]["app"]["note"] = f"once {vpc}"

    finding = only(proved(move))

    assert (finding.sort, finding.on, finding.path) == ("leak", "AWS::Logs::LogGroup/app", "live.note")


def test_the_account_number_of_the_source_is_a_leak_also_in_a_secret(move: Move) -> None:
    move.target.things["secret"]["db"]["SecretString"] = f"in {move.source.id}"

    found = {(finding.sort, finding.path) for finding in proved(move).findings}

    assert ("leak", "spec.SecretString") in found


def test_our_own_tags_are_neither_a_difference_nor_a_leak(move: Move) -> None:
    (vpc,) = move.target.things["vpc"].values()

    assert vpc["Tags"]
    assert proved(move).findings == ()


def test_what_may_not_be_looked_at_is_unproved_and_not_equal(move: Move) -> None:
    move.target.before["logs_describe_log_groups"] = [denied()]

    found = {(finding.sort, finding.on) for finding in proved(move).findings}

    assert ("unproved", "denied:AWS::Logs::LogGroup") in found


def test_one_thing_that_may_not_be_looked_at_does_not_hide_the_others(move: Move) -> None:
    move.target.before["secretsmanager_get_secret_value"] = [denied()]

    verdict = proved(move)

    assert {finding.on for finding in verdict.findings} == {
        "denied:AWS::SecretsManager::Secret/db",
        "AWS::SecretsManager::Secret/db",
    }


def test_a_parked_value_that_cannot_be_read_leaves_the_thing_unproved(move: Move) -> None:
    move.target.things["object"].clear()

    finding = only(proved(move))

    assert (finding.sort, finding.on) == ("unproved", "AWS::SecretsManager::Secret/db")


def test_rows_are_shown_by_their_chain_and_called_unproved(move: Move) -> None:
    verdict = proved(move)

    assert [(finding.sort, finding.path) for finding in verdict.accepted] == [("unproved", GAP)]
    assert ("AWS::RDS::DBInstance/orders", "chain of copies: taken -> shared -> landed -> made") in verdict.tallies
