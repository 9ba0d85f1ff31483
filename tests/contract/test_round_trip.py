"""Every kind there and back, in the lab: what its seeds make moves whole, a second run is quiet, abandoning clears all of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.support.move import Move, account

from resettle import kinds
from resettle.model import Side
from resettle.read import Reader
from resettle.scan import look
from resettle_lab.lab import Lab, OwnedLab

AWS_OWN = "rds/DBParameterGroups/default."  # made by AWS with the first database of its family, and never gone again
FOLDER = Path(__file__).parents[1] / "kinds"


@dataclass(frozen=True, slots=True)
class Seed:
    """A function that fills an account, and the kinds that its file answers for."""

    service: str
    name: str
    fill: Callable[[Any], None]
    types: tuple[str, ...]


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"seeds_of_{path.parent.name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _seeds() -> Iterator[Seed]:
    for path in sorted(FOLDER.glob("*/seeds.py")):
        module = _loaded(path)
        for name in vars(module):
            if name.startswith("seed_"):
                yield Seed(path.parent.name, name.removeprefix("seed_"), getattr(module, name), module.TYPES)


SEEDS = tuple(_seeds())


def _grouped(seed: Seed) -> Any:
    """The tests of one seed share one walk, so one worker runs them."""
    name = f"{seed.service}-{seed.name}"
    return pytest.param(seed, id=name, marks=pytest.mark.xdist_group(f"round-trip-{name}"))


@contextmanager
def _walking(lab: OwnedLab) -> Iterator[Lab]:
    """A copy of the empty lab, to which this process's profiles lead meanwhile."""
    with lab.fork() as copy, pytest.MonkeyPatch.context() as patch:
        for name, text in copy.environment().items():
            if name.startswith("AWS_"):
                patch.setenv(name, text)
        yield copy


@pytest.fixture(scope="module", params=[_grouped(seed) for seed in SEEDS])
def move(request: pytest.FixtureRequest, lab: OwnedLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Move]:
    with _walking(lab) as copy:
        yield Move(copy, tmp_path_factory.mktemp("move"), request.param.fill)


def _pending(move: Move, side: Side) -> set[str]:
    """Keys that wait until they may go, by their names in the raw state: nothing shortens that."""
    kms = move.session(side).client("kms")
    keys = [key["KeyId"] for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
    return {f"kms/{key}" for key in keys if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"}


def test_every_kind_has_a_seed() -> None:
    seeded = {type_ for seed in SEEDS for type_ in seed.types}

    assert seeded == {kind.type for kind in kinds.load()}


@pytest.mark.parametrize("service", sorted({seed.service for seed in SEEDS}))
def test_the_seeds_of_a_service_make_every_kind_that_they_answer_for(service: str, lab: OwnedLab) -> None:
    seeds = [seed for seed in SEEDS if seed.service == service]

    with _walking(lab) as copy:
        for seed in seeds:
            seed.fill(copy.source)
        found, _gaps = look(Reader(account(copy, Side.SOURCE), kinds.load()), [kinds.load()[type_] for type_ in seeds[0].types])

    assert {item.ref.kind for item in found if not item.theirs} == set(seeds[0].types)


def test_the_plan_has_no_gap_but_what_nobody_can_look_into(move: Move) -> None:
    gaps = [gap.name for gap in move.plan.gaps]

    assert [name for name in gaps if not name.startswith("rows:")] == []


def test_the_target_holds_what_the_plan_wanted_and_names_nothing_of_the_source(move: Move) -> None:
    ran = move.first_run

    found = move.verdict.findings

    assert ran.failed == {}
    assert [finding for finding in found if finding.sort != "unproved"] == []
    assert [finding for finding in found if not finding.path.startswith("rows:")] == []


def test_plain_boto3_tells_of_each_successor_what_it_told_of_the_seeded_thing_but_for_names(move: Move) -> None:
    assert move.unlike == {}


def test_a_second_run_with_the_same_journal_sends_nothing(move: Move) -> None:
    ran = move.second_run

    assert (ran.failed, ran.calls) == ({}, {})


def test_abandoning_clears_the_target_of_everything_but_waiting_keys_and_aws_own(move: Move) -> None:
    left = set(move.changed[Side.TARGET]) - _pending(move, Side.TARGET)

    assert {name for name in left if not name.startswith(AWS_OWN)} == set()


def test_abandoning_leaves_the_source_as_it_was_but_for_waiting_keys(move: Move) -> None:
    changed = set(move.changed[Side.SOURCE]) - _pending(move, Side.SOURCE)

    assert changed == set()
