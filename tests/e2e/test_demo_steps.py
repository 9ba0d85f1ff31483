from __future__ import annotations

import json
from pathlib import Path

from resettle_lab.demo_steps import (
    MADE_BY,
    NOT_BUILT,
    PREPARED,
    STEPS,
    VERIFIED,
    Facts,
    Fault,
    Judged,
    Leftover,
    judge,
    seeded,
)

DATABASES = {"AWS::RDS::DBInstance": 2, "AWS::RDS::DBSubnetGroup": 2, "AWS::RDS::DBParameterGroup": 1}
SERVICE_FILE = "config-repository/userservice-prod.yml"


def step(number: int, facts: Facts) -> Judged:
    return next(judged for judged in judge(facts) if judged.step.number == number)


def test_a_step_whose_kinds_all_moved_and_were_proved_is_verified() -> None:
    judged = step(2, Facts(seeded=DATABASES, moved=DATABASES, proved=True))

    assert judged.state == VERIFIED
    assert judged.why == "2 RDS DBInstance, 2 RDS DBSubnetGroup, 1 RDS DBParameterGroup"


def test_a_step_is_not_built_while_the_workload_lacks_one_of_its_kinds() -> None:
    fewer = {kind: count for kind, count in DATABASES.items() if kind != "AWS::RDS::DBSubnetGroup"}

    judged = step(2, Facts(seeded=fewer, moved=fewer, proved=True))

    assert judged.state == NOT_BUILT
    assert "DBSubnetGroup" in judged.why


def test_a_step_is_not_built_while_a_seeded_kind_does_not_move() -> None:
    moved = {kind: count for kind, count in DATABASES.items() if kind != "AWS::RDS::DBInstance"}

    judged = step(2, Facts(seeded=DATABASES, moved=moved, proved=True))

    assert judged.state == NOT_BUILT
    assert judged.why == "nothing moved RDS DBInstance"


def test_a_step_with_a_fault_in_one_of_its_kinds_is_only_prepared() -> None:
    fault = Fault(sort="different", kind="AWS::RDS::DBInstance", on="AWS::RDS::DBInstance/user-db")

    judged = step(2, Facts(seeded=DATABASES, moved=DATABASES, proved=True, faults=(fault,)))

    assert judged.state == PREPARED
    assert judged.why == "1 different"


def test_a_fault_in_the_kind_of_another_step_does_not_count() -> None:
    fault = Fault(sort="missing", kind="AWS::SQS::Queue", on="AWS::SQS::Queue/follow")

    judged = step(2, Facts(seeded=DATABASES, moved=DATABASES, proved=True, faults=(fault,)))

    assert judged.state == VERIFIED


def test_a_fault_that_belongs_to_no_kind_keeps_every_step_from_being_verified() -> None:
    fault = Fault(sort="leak", kind="", on="GetPolicyVersion")

    judged = step(2, Facts(seeded=DATABASES, moved=DATABASES, proved=True, faults=(fault,)))

    assert judged.state == PREPARED


def test_nothing_is_verified_by_a_run_that_ended_before_the_proof() -> None:
    judged = step(2, Facts(seeded=DATABASES, moved=DATABASES, proved=False))

    assert judged.state == PREPARED


def test_a_step_of_files_waits_for_what_the_residue_names() -> None:
    left = Leftover(path=SERVICE_FILE, line=7, reason="encrypted: cannot be looked into")

    judged = step(8, Facts(seeded={}, moved={}, proved=True, rewritten={SERVICE_FILE: True}, leftovers=(left,)))

    assert judged.state == PREPARED
    assert "encrypted: cannot be looked into" in judged.why


def test_residue_in_the_files_of_another_step_does_not_count() -> None:
    left = Leftover(path="user-service/.github/workflows/deploy.yml", line=7, reason="a secret of GitHub")

    judged = step(8, Facts(seeded={}, moved={}, proved=True, rewritten={SERVICE_FILE: True}, leftovers=(left,)))

    assert judged.state == VERIFIED
    assert judged.why == "1 file"


def test_a_rewritten_file_that_no_longer_parses_is_named() -> None:
    judged = step(8, Facts(seeded={}, moved={}, proved=True, rewritten={SERVICE_FILE: False}))

    assert judged.state == PREPARED
    assert judged.why == f"{SERVICE_FILE} no longer parses"


def test_the_network_is_not_built_while_subnets_keep_their_layout() -> None:
    network = dict.fromkeys(STEPS[0].kinds, 1)

    kept = step(1, Facts(seeded=network, moved=network, proved=True, layout="keep"))
    merged = step(1, Facts(seeded=network, moved=network, proved=True, layout="by-domain"))

    assert (kept.state, merged.state) == (NOT_BUILT, VERIFIED)


def test_every_kind_of_every_step_can_be_seen_in_a_ledger() -> None:
    seen = {*MADE_BY.values(), "AWS::SQS::QueuePolicy"}

    assert [
        kind for judged in judge(Facts(seeded={}, moved={}, proved=False)) for kind in judged.step.kinds if kind not in seen
    ] == []


def test_the_steps_are_the_fifteen_in_order() -> None:
    assert [one.number for one in STEPS] == list(range(1, 16))


def test_a_ledger_says_how_many_of_each_kind_it_made(tmp_path: Path) -> None:
    calls = [
        ("ec2", "CreateSubnet", {}),
        ("ec2", "CreateSubnet", {}),
        ("sqs", "SetQueueAttributes", {"Attributes": {"Policy": "{}"}}),
        ("sqs", "SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}),
        ("sts", "GetCallerIdentity", {}),
    ]
    lines = [
        json.dumps({"service": service, "operation": operation, "params": params, "reply": {}})
        for service, operation, params in calls
    ]
    (tmp_path / "ledger").write_text("\n".join(lines) + "\n")

    assert seeded(tmp_path / "ledger") == {"AWS::EC2::Subnet": 2, "AWS::SQS::QueuePolicy": 1}
