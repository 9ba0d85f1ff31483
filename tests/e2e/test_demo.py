"""`resettle demo --json`, run once as a user would."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

NOT_BUILT = {1, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15}
VERIFIED = {2, 3}
PREPARED = {8}
ACCEPTED = ["rows:AWS::RDS::DBInstance/mybrary-book-db", "rows:AWS::RDS::DBInstance/mybrary-user-db"]
SOURCE_WRITES = {
    "kms:CreateKey": 1,
    "kms:PutKeyPolicy": 1,
    "rds:CopyDBSnapshot": 1,
    "rds:CreateDBSnapshot": 2,
    "rds:ModifyDBSnapshotAttribute": 2,
    "s3:PutBucketPolicy": 4,
}
CONFIG_RESIDUE = [
    ("config-repository/application.yml", 4, "private address: check"),
    ("config-repository/application.yml", 7, "encrypted: cannot be looked into"),
    ("config-repository/application.yml", 15, "private address: check"),
    ("config-repository/userservice-prod.yml", 7, "encrypted: cannot be looked into"),
]
# Values that GitHub alone knows, counted over the workflows of all four repositories.
GITHUB_SECRETS = {
    "AWS_ECR_ECS_ACCESS_KEY": 4,
    "AWS_ECR_ECS_SECRET_KEY": 4,
    "AWS_SNS_TOPIC_ARN": 1,
    "BOOK_CLIENT_URL": 1,
    "DOCS_SERVER_HOST": 3,
    "ECR_BOOK_SERVICE_REPOSITORY": 2,
    "ECR_NOTIFICATION_SERVICE_REPOSITORY": 2,
    "ECR_REGION": 4,
    "ECR_USER_SERVICE_REPOSITORY": 2,
    "GATEWAY_SERVER_HOST": 1,
    "OPEN_API_GIT_ACTIONS_ACCESS_KEY": 3,
    "OPEN_API_GIT_ACTIONS_SECRET_KEY": 3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What one run printed and left."""

    exit: int
    stdout: str
    stderr: str
    worked: float
    left: list[str]

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads(self.stdout))

    def numbers(self, state: str) -> set[int]:
        return {step["number"] for step in self.told["steps"] if step["state"] == state}

    def why(self, number: int) -> str:
        return next(str(step["why"]) for step in self.told["steps"] if step["number"] == number)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    temporary = tmp_path_factory.mktemp("demo")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(
        [sys.executable, "-m", "resettle", "demo", "--json"],
        env={**os.environ, "TMPDIR": str(temporary)},
        cwd=temporary,
        capture_output=True,
        text=True,
        timeout=300,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    left = [path.name for path in Path(temporary).iterdir()]
    return Demo(exit=ran.returncode, stdout=ran.stdout, stderr=ran.stderr, worked=worked, left=left)


def test_the_demo_prints_one_json_object_on_one_line(demo: Demo) -> None:
    lines = demo.stdout.splitlines()

    assert demo.stderr == ""
    assert len(lines) == 1
    assert demo.told["verb"] == "demo"
    assert "failed" not in demo.told


def test_the_demo_ends_with_six_while_a_step_is_not_built(demo: Demo) -> None:
    assert demo.numbers("not built yet")
    assert (demo.exit, demo.told["exit"]) == (6, 6)


def test_exactly_the_expected_steps_are_not_built_verified_and_prepared(demo: Demo) -> None:
    states = {state: demo.numbers(state) for state in ("not built yet", "verified", "prepared")}

    assert states == {"not built yet": NOT_BUILT, "verified": VERIFIED, "prepared": PREPARED}
    assert [step["number"] for step in demo.told["steps"]] == list(range(1, 16))


def test_each_step_that_is_not_built_names_what_is_missing(demo: Demo) -> None:
    named = {1: "InternetGateway", 5: "LayerVersion", 6: "ReplicationGroup", 9: "SNS Topic", 15: "CodeDeploy"}

    assert {number for number, kind in named.items() if kind in demo.why(number)} == set(named)
    assert all(step["why"] for step in demo.told["steps"])


def test_nothing_is_missing_different_leaking_or_unproved(demo: Demo) -> None:
    counts = {sort: demo.told[sort] for sort in ("missing", "different", "leaks", "unproved", "waiting")}

    assert counts == dict.fromkeys(counts, 0)
    assert demo.told["resources"] > 90


def test_only_the_gaps_that_the_demo_explains_are_accepted(demo: Demo) -> None:
    assert demo.told["accepted"] == ACCEPTED


def test_the_source_saw_only_the_writes_that_a_plan_lists(demo: Demo) -> None:
    assert demo.told["source_writes"] == SOURCE_WRITES


def test_what_the_config_repository_leaves_to_a_person_is_what_is_expected(demo: Demo) -> None:
    residue = [(left["path"], left["line"], left["reason"]) for left in demo.told["residue"]]

    assert [left for left in residue if left[0].startswith("config-repository/")] == CONFIG_RESIDUE


def test_every_secret_that_only_github_knows_is_named_wherever_a_workflow_needs_it(demo: Demo) -> None:
    reasons = [left["reason"] for left in demo.told["residue"]]

    named = Counter(reason.rpartition(" ")[2] for reason in reasons if reason.startswith("value is known to GitHub"))
    assert named == GITHUB_SECRETS


def test_the_demo_works_for_less_than_a_minute(demo: Demo) -> None:
    # Processor time, since the time on the clock depends on what else the machine does.
    assert 0 < demo.worked < 60


def test_the_demo_says_that_its_accounts_are_simulated(demo: Demo) -> None:
    assert demo.told["simulated"] is True


def test_the_demo_leaves_nothing_behind(demo: Demo) -> None:
    assert demo.left == []
