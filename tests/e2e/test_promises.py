"""The promises of the design, each shown on the whole road of the example workload."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.e2e.conftest import Seeded
from tests.support.road import REGION, SOURCE, TARGET, Road
from tests.support.state import difference, state

from resettle.plan import read
from resettle.reads import READS
from resettle_lab.checker import check
from resettle_lab.lab import Lab

pytestmark = pytest.mark.xdist_group("road")


def sent(lab: Lab, account: str) -> set[str]:
    return set(lab.calls().get(account, {}))


def judged(seeded: Seeded, road: Road) -> dict[str, list[str]]:
    report = check(seeded.ledger, road.lab.target, SOURCE, TARGET)
    return {
        "missing": [str(item) for item in report.missing],
        "different": [str(item) for item in report.different],
        "source strings": [str(item) for item in report.source_strings],
    }


CLEAN: dict[str, list[str]] = {"missing": [], "different": [], "source strings": []}


def test_a_move_verifies_and_the_independent_checker_agrees(seeded: Seeded, after_move: Road) -> None:
    verdict = after_move.json("verify")

    assert {name: verdict[name] for name in ("missing", "different", "leaks", "unproved")} == {
        "missing": 0, "different": 0, "leaks": 0, "unproved": 0,
    }  # fmt: skip
    assert judged(seeded, after_move) == CLEAN


def test_a_second_move_sends_only_reads(after_move: Road) -> None:
    after_move.lab.reset_calls()

    after_move.move()

    assert sent(after_move.lab, SOURCE) | sent(after_move.lab, TARGET) <= READS
    assert sent(after_move.lab, TARGET), "the calls were counted"


def test_verify_contacts_the_target_only_and_writes_nothing(after_move: Road) -> None:
    after_move.lab.reset_calls()

    after_move.run("verify")

    assert sent(after_move.lab, SOURCE) == set()
    assert sent(after_move.lab, TARGET) <= READS


def test_the_source_differs_exactly_by_the_listed_writes(seeded: Seeded, after_move: Road) -> None:
    plan = read((after_move.directory / "plan.json").read_text())
    listed = {(write.operation, write.resource) for write in plan.writes()}

    changed = difference(seeded.source, state(after_move.lab.source))

    snapshots = {name for name, how in changed.items() if name.startswith("rds/DBSnapshots/") and how == "added"}
    keys = {name for name, how in changed.items() if name.startswith("kms/") and how == "added"}
    granted = {name for name in changed if name.endswith("/get_bucket_policy") or (name.startswith("kms/") and name not in keys)}
    assert set(changed) == snapshots | keys | granted
    assert {name.rsplit("/", 1)[-1] for name in snapshots} == {
        resource for operation, resource in listed if operation in ("rds:CreateDBSnapshot", "rds:CopyDBSnapshot")
    }
    assert len(keys) == sum(operation == "kms:CreateKey" for operation, _ in listed)
    assert {name.split("/")[1] for name in granted} == {
        resource for operation, resource in listed if operation in ("s3:PutBucketPolicy", "kms:PutKeyPolicy")
    }


def test_the_guard_lets_nothing_but_listed_writes_reach_the_source(after_plan: Road) -> None:
    plan = read((after_plan.directory / "plan.json").read_text())
    after_plan.lab.reset_calls()

    after_plan.move()

    assert sent(after_plan.lab, SOURCE) - READS == {write.operation for write in plan.writes()}


def test_after_abandon_the_source_is_as_it_was_but_for_what_is_named(seeded: Seeded, after_move: Road) -> None:
    answer = after_move.run("abandon", "--account", TARGET)

    changed = difference(seeded.source, state(after_move.lab.source))
    waiting = {name for name in changed if name.startswith("kms/")}
    assert set(changed) == waiting
    assert all("PendingDeletion" in json.dumps(state(after_move.lab.source)[name]) for name in waiting)
    assert not waiting or "seven days" in answer.stdout
    left = difference(seeded.target, state(after_move.lab.target))
    assert [name for name in left if not name.startswith("kms/")] == []


def test_with_the_source_gone_after_park_the_same_state_is_reached(seeded: Seeded, after_park: Road) -> None:
    after_park.lab.vanish(SOURCE)
    after_park.lab.reset_calls()

    after_park.move()
    verdict = after_park.json("verify")

    assert verdict["missing"] + verdict["different"] + verdict["leaks"] + verdict["unproved"] == 0
    assert sent(after_park.lab, SOURCE) == set()
    called = (after_park.directory / ".resettle" / "calls.jsonl").read_text().splitlines()
    build = [json.loads(line) for line in called]
    assert judged(seeded, after_park) == CLEAN
    assert build[-1]["side"] == "target"


def test_another_machine_goes_on_after_park(seeded: Seeded, after_park: Road, tmp_path_factory: pytest.TempPathFactory) -> None:
    plan = read((after_park.directory / "plan.json").read_text())
    bucket = next(text for (ref, facet), text in plan.decided.items() if ref.side == "new" and facet == "name")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    after_park.lab.vanish(SOURCE)

    other = Road(after_park.lab, elsewhere)
    other.run("open", f"s3://{bucket}", "--profile", "lab-target", "--region", REGION)
    other.move()

    verdict = other.json("verify")
    assert verdict["missing"] + verdict["different"] + verdict["leaks"] + verdict["unproved"] == 0
    assert judged(seeded, other) == CLEAN


def forms(secret: str) -> set[bytes]:
    raw = secret.encode()
    texts = {
        raw,
        base64.b64encode(raw),
        base64.urlsafe_b64encode(raw),
        quote(secret, safe="").encode(),
        quote(secret).encode(),
    }
    texts |= {json.dumps(secret)[1:-1].encode(), base64.b64encode(raw).rstrip(b"=")}
    return texts


def test_no_secret_of_the_workload_lies_in_any_file_or_output(seeded: Seeded, after_plan: Road) -> None:
    printed = [
        after_plan.run(*words, exits=(0, 3)).stdout
        for words in (
            ("scan",),
            ("--json", "scan"),
            ("plan",),
            ("move", "--yes"),
            ("status",),
            ("--json", "status"),
            ("-v", "verify"),
        )
    ]
    files = [path for path in after_plan.directory.rglob("*") if path.is_file()]
    haystack = b"\n".join([*(text.encode() for text in printed), *(path.read_bytes() for path in files)])

    found = {secret[:4] for secret in seeded.workload.secrets for form in forms(secret) if form in haystack}

    assert len(seeded.workload.secrets) >= 5
    assert any(path.name == "journal.sqlite" for path in files)
    assert found == set()


def test_the_parked_values_lie_under_the_targets_key(seeded: Seeded, after_park: Road) -> None:
    plan = read((after_park.directory / "plan.json").read_text())
    bucket = next(text for (ref, facet), text in plan.decided.items() if ref.side == "new" and facet == "name")
    s3 = after_park.lab.target.client("s3")

    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="resettle-park/values/")["Contents"]]
    heads = [s3.head_object(Bucket=bucket, Key=key) for key in keys]

    assert heads
    assert {head["ServerSideEncryption"] for head in heads} == {"aws:kms"}
    assert all(f":{TARGET}:" in head["SSEKMSKeyId"] for head in heads)


def test_a_plan_of_the_same_source_is_the_same_to_the_byte(after_plan: Road) -> None:
    first = Path(after_plan.directory / "plan.json").read_bytes()

    after_plan.run("plan", "--out", str(after_plan.directory / "again.json"))

    assert (after_plan.directory / "again.json").read_bytes() == first
