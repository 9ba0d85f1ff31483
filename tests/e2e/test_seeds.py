"""Workloads that share nothing with the example but the kinds: they move and verify without a change to the product."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.road import SOURCE, TARGET, Road

from resettle_lab.checker import check
from resettle_lab.lab import Lab
from resettle_lab.seed import mybrary


@pytest.mark.parametrize("number", range(1, 21))
def test_a_reseeded_workload_moves_and_verifies(number: int, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    with Lab.start(ids=number) as lab:
        mybrary.seed(lab.source, seed=number, ledger=ledger)
        directory = tmp_path / "move"
        directory.mkdir()
        road = Road(lab, directory)
        road.init()
        road.plan()

        road.move()
        verdict = road.json("verify")
        report = check(ledger, lab.target, SOURCE, TARGET)

    assert [verdict[name] for name in ("missing", "different", "leaks", "unproved")] == [0, 0, 0, 0]
    assert (list(report.missing), list(report.different), list(report.source_strings)) == ([], [], [])
