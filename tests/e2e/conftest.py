"""The road of the example workload, walked once up to each of its stages; every test works on a copy by fork."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.road import Road
from tests.support.state import State, state

from resettle_lab.lab import Lab, OwnedLab
from resettle_lab.seed import mybrary


@dataclass(frozen=True, slots=True)
class Seeded:
    """A lab whose source holds the workload, with what seeded it."""

    lab: OwnedLab
    ledger: Path
    workload: mybrary.Workload
    source: State
    target: State


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    ledger = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    with Lab.start(ids=7) as lab:
        workload = mybrary.seed(lab.source, ledger=ledger)
        yield Seeded(lab, ledger, workload, state(lab.source), state(lab.target))


@pytest.fixture(scope="session")
def planned(seeded: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with seeded.lab.fork() as lab:
        road = Road(lab, tmp_path_factory.mktemp("planned"))
        road.init()
        road.plan()
        yield road


@pytest.fixture(scope="session")
def parked(planned: Road, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with planned.copy(tmp_path_factory.mktemp("parked")) as road:
        road.run("park", "--yes")
        yield road


@pytest.fixture(scope="session")
def moved(parked: Road, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with parked.copy(tmp_path_factory.mktemp("moved")) as road:
        road.move()
        yield road


@pytest.fixture
def after_plan(planned: Road, tmp_path: Path) -> Iterator[Road]:
    with planned.copy(tmp_path) as road:
        yield road


@pytest.fixture
def after_park(parked: Road, tmp_path: Path) -> Iterator[Road]:
    with parked.copy(tmp_path) as road:
        yield road


@pytest.fixture
def after_move(moved: Road, tmp_path: Path) -> Iterator[Road]:
    with moved.copy(tmp_path) as road:
        yield road
