"""Every kind there and back, in the lab: what its seeds make moves whole, a second run is quiet, abandoning clears all of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.move import Move

from resettle import kinds
from resettle.model import Side
from resettle_lab.lab import Lab, OwnedLab

AWS_OWN = "rds/DBParameterGroups/default."  # made by AWS with the first database of its family, and never gone again
FOLDER = Path(__file__).parents[1] / "kinds"


@dataclass(frozen=True, slots=True)
class Seeds:
    """The functions of one file, each of which fills an account, and the kinds that they answer for."""

    service: str
    functions: tuple[Callable[[Any], None], ...]
    types: frozenset[str]

    def fill(self, session: Any) -> None:
        for function in self.functions:
            function(session)


def _loaded(path: Path) -> Seeds:
    service = path.parent.name
    spec = importlib.util.spec_from_file_location(f"seeds_of_{service}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    functions = tuple(function for name, function in vars(module).items() if name.startswith("seed_"))
    return Seeds(service, functions, frozenset(module.TYPES))


SEEDS = tuple(_loaded(path) for path in sorted(FOLDER.glob("*/seeds.py")))


def _grouped(seeds: Seeds) -> Any:
    """The tests of one service share one walk, so one worker runs them."""
    return pytest.param(seeds, id=seeds.service, marks=pytest.mark.xdist_group(f"round-trip-{seeds.service}"))


@dataclass(frozen=True, slots=True)
class Walked:
    """A service's seeds, and the move of what they made."""

    seeds: Seeds
    move: Move


@contextmanager
def _walking(lab: OwnedLab) -> Iterator[Lab]:
    """A copy of the empty lab, to which this process's profiles lead meanwhile."""
    with lab.fork() as copy, pytest.MonkeyPatch.context() as patch:
        for name, text in copy.environment().items():
            if name.startswith("AWS_"):
                patch.setenv(name, text)
        yield copy


@pytest.fixture(scope="module", params=[_grouped(seeds) for seeds in SEEDS])
def walked(request: pytest.FixtureRequest, lab: OwnedLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    with _walking(lab) as copy:
        yield Walked(request.param, Move(copy, tmp_path_factory.mktemp("move"), request.param.fill))


@pytest.fixture
def move(walked: Walked) -> Move:
    return walked.move


def _changed(move: Move, side: Side) -> dict[str, str]:
    """What stands otherwise than before, but for keys that came and wait until they may go: nothing shortens that."""
    changed, kms = move.changed[side], move.session(side).client("kms")
    keys = [key["KeyId"] for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
    waiting = {f"kms/{key}" for key in keys if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"}
    return {name: how for name, how in changed.items() if not (how == "added" and name in waiting)}


def test_every_kind_has_a_seed() -> None:
    seeded = {type_ for seeds in SEEDS for type_ in seeds.types}

    assert seeded == {kind.type for kind in kinds.load()}


def test_the_seeds_of_a_service_make_every_kind_that_they_answer_for(walked: Walked) -> None:
    made = {item.ref.kind for item in walked.move.inventory.resources if not item.theirs}

    assert walked.seeds.types - made == set()


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
    left = _changed(move, Side.TARGET)

    assert {name: how for name, how in left.items() if not name.startswith(AWS_OWN)} == {}


def test_abandoning_leaves_the_source_as_it_was_but_for_waiting_keys(move: Move) -> None:
    assert _changed(move, Side.SOURCE) == {}
