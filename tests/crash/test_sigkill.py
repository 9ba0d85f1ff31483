"""SIGKILL right before and right after every event of the journal: the same end state, nothing made twice.

One road is walked by a chain of processes, each killed one event further than the one before; two chains, two moments.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.road import SOURCE, TARGET, Road
from tests.support.state import state

from resettle_lab.checker import check
from resettle_lab.lab import Lab
from resettle_lab.seed import mybrary


def made(road: Road) -> Counter[str]:
    """How many things of each sort stand in the target; what AWS or we name anew each time counts by its sort alone."""
    return Counter(
        name.split("/")[0] + ("/" + name.split("/")[1] if name.startswith("rds") else "") for name in state(road.lab.target)
    )


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Road, Path]]:
    ledger = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    with Lab.start(ids=3) as lab:
        mybrary.seed(lab.source, ledger=ledger)
        road = Road(lab, tmp_path_factory.mktemp("road"))
        road.init()
        road.plan()
        yield road, ledger


@pytest.mark.parametrize(
    "when",
    [pytest.param(when, marks=pytest.mark.xdist_group(f"sigkill-{when}")) for when in ("before", "after")],
)
def test_killed_at_every_event_the_same_state_is_reached(
    when: str, planned: tuple[Road, Path], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    road, ledger = planned
    with road.copy(tmp_path_factory.mktemp("calm")) as calm:
        calm.move()
        wanted = made(calm)

    with road.copy(tmp_path) as killed:
        answer = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("runner.py")), when, str(tmp_path), "move", "--yes"],
            env=killed.environment(), capture_output=True, text=True, timeout=1800, check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr[-3000:]
        told = json.loads(answer.stdout.splitlines()[-1])
        print(f"SIGKILL {when} each of {told['events']} events: {told['kills']} kills, {told['seconds']} s")
        verdict = killed.json("verify", exits=(0, 6))
        report = check(ledger, killed.lab.target, SOURCE, TARGET)

        assert told["exit"] == 0, (tmp_path / "output.txt").read_text()[-3000:]
        assert told["kills"] >= 0.9 * told["events"] > 100
        assert made(killed) == wanted
        assert [verdict[name] for name in ("missing", "different", "leaks", "unproved")] == [0, 0, 0, 0]
        assert (list(report.missing), list(report.different), list(report.source_strings)) == ([], [], [])
