"""A move walked in this process, from a seeded lab to a cleared target, with what each part of the way left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.support.details import details
from tests.support.likeness import unlike
from tests.support.state import State, difference, state

from resettle import kinds, scan, verify
from resettle.account import Account
from resettle.calllog import CallLog
from resettle.carriers import Carrier
from resettle.carriers.code import Code
from resettle.carriers.objects import Objects
from resettle.execute.abandon import Abandoned, abandon, undo_operations
from resettle.execute.desk import Desk
from resettle.execute.run import Runner, inspector, source_operations, target_operations
from resettle.inventory import Inventory
from resettle.journal import Journal
from resettle.model import Side, Stage, Step
from resettle.plan import Plan, read, write
from resettle.plan.make import Wishes, make_plan
from resettle.read import Reader
from resettle_lab.lab import Lab

SEAL_KEY = b"k" * 32
PACE = 0.01
CARRIERS: Mapping[str, Carrier] = {"objects": Objects(), "code": Code()}


def account(lab: Lab, side: Side) -> Account:
    """One side of a lab as the product reaches it; the environment must name the lab's profiles."""
    number = lab.source_account if side is Side.SOURCE else lab.target_account
    return Account(side, profile=f"lab-{side.value}", region=lab.region, expected=number, log=CallLog())


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of park and build failed at, and what the lab counted while it ran, by account."""

    failed: dict[str, str]
    calls: dict[str, dict[str, int]]


class Move:
    """The way of one lab, whose profiles the environment names, once its source was filled. Each part walks those before it
    first, once."""

    def __init__(self, lab: Lab, folder: Path, fill: Callable[[Any], None]) -> None:
        self.lab, self.registry = lab, kinds.load()
        self.source, self.target = account(lab, Side.SOURCE), account(lab, Side.TARGET)
        self._empty = set(_told(lab.source))
        fill(lab.source)
        self._seeded = {name: thing for name, thing in _told(lab.source).items() if name not in self._empty}
        self._journal = folder / "journal.sqlite"
        self._before = {side: state(self.session(side)) for side in (Side.SOURCE, Side.TARGET)}

    @cached_property
    def inventory(self) -> Inventory:
        return scan.scan(self.source, self.registry, scan.Scope(), SEAL_KEY)

    @cached_property
    def plan(self) -> Plan:
        """The plan, once through its text, as a run reads it."""
        standing, gaps = scan.look(Reader(self.target, self.registry), self.registry)
        return read(write(make_plan(self.inventory, standing, gaps, self.registry, self.target.id, Wishes())))

    @cached_property
    def first_run(self) -> Ran:
        return self._run()

    @cached_property
    def second_run(self) -> Ran:
        """The same command again, with the journal that the first run wrote."""
        assert not self.first_run.failed, self.first_run.failed
        return self._run()

    @cached_property
    def unlike(self) -> dict[str, list[str]]:
        """Where plain boto3 tells of a seeded thing and of its successor otherwise than by name."""
        assert not self.first_run.failed, self.first_run.failed
        with self.journal() as journal:
            book = self.plan.book(journal.learned())
        names = {self.source.id: self.target.id}
        for resource in self.plan.inventory.resources:
            for name in resource.names:
                names[name.text] = book.successor(resource.ref, name.facet) or name.text
        return unlike(self._seeded, _told(self.lab.target), names)

    @cached_property
    def verdict(self) -> verify.Verdict:
        assert not self.second_run.failed, self.second_run.failed
        assert self.unlike is not None  # looked at before anything is taken back
        with self.journal() as journal:
            return verify.verify(self.desk(journal))

    @cached_property
    def abandoned(self) -> Abandoned:
        assert self.verdict.compared
        with self.journal() as journal:
            desk = self.desk(journal, self.source)
            self.target.inspect(None)
            self.target.permit(undo_operations(self.plan, self.registry, journal))
            self.source.permit(source_operations(self.plan, undo=True))
            return abandon(desk, lambda what, step, why: None)

    @cached_property
    def changed(self) -> dict[Side, dict[str, str]]:
        """What stands otherwise after all was abandoned than before the move, on each side, as plain boto3 sees it."""
        assert not self.abandoned.failed, self.abandoned.failed
        return {side: difference(before, state(self.session(side))) for side, before in self._before.items()}

    def session(self, side: Side) -> Any:
        """Plain boto3 on that side."""
        return self.lab.source if side is Side.SOURCE else self.lab.target

    def journal(self) -> Journal:
        plan = self.plan
        return Journal.open(
            self._journal, source=plan.source, target=plan.target, region=plan.region, plan_hash=plan.hash(), version="0"
        )

    def desk(self, journal: Journal, source: Account | None = None) -> Desk:
        return Desk(
            plan=self.plan,
            registry=self.registry,
            target=self.target,
            journal=journal,
            carriers=CARRIERS,
            book=self.plan.book(journal.learned()),
            source=source,
            seal_key=SEAL_KEY,
            pace=PACE,
        )

    def _run(self) -> Ran:
        """Park with the source, build without it."""
        plan, failed = self.plan, {}

        def report(what: str, step: Step, why: str) -> None:
            if what == "failed":
                failed[str(step)] = why

        self.lab.reset_calls()
        with self.journal() as journal:
            self.target.permit(target_operations(plan, self.registry, CARRIERS.values()))
            self.target.inspect(None)
            self.source.permit(source_operations(plan))
            Runner(self.desk(journal, self.source), report).stage(Stage.PARK)
            if not failed:
                self.source.permit(frozenset())
                desk = self.desk(journal)
                self.target.inspect(inspector(desk))
                Runner(desk, report).stage(Stage.BUILD)
        return Ran(failed, self.lab.calls())


def _told(session: Any) -> State:
    return {**state(session), **details(session)}
