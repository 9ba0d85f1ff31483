"""Runs the stages of a plan: the steps that are not done, then the manifest; build never contacts the source."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from resettle import shapes, specs
from resettle.calllog import REPLY_LOST
from resettle.errors import CallFailed, ResettleError, StepFailed
from resettle.execute.contents import Contents
from resettle.execute.coordinator import Coordinator, Outcome
from resettle.execute.desk import Desk
from resettle.execute.grants import Grants
from resettle.execute.hops import Hops
from resettle.execute.making import Making
from resettle.kind import Kind, SetDiff
from resettle.model import Stage, Step
from resettle.plan import Plan, write
from resettle.plan.steps import CONFIGURE, COPY, GRANT, HOP, MAKE, PARK
from resettle.registry import Registry

LOST_REPLIES = 5  # how often one step bears that its reply is lost
MANIFEST = "resettle-park/manifest"
Report = Callable[[str, Step, str], None]  # "start" | "done" | "failed" | "waiting", the step, a sentence


class Runner:
    """Performs steps by their action and reports each."""

    def __init__(self, desk: Desk, report: Report) -> None:
        self.desk, self.report = desk, report
        self._lost: dict[str, int] = {}
        making, contents, hops = Making(desk), Contents(desk), Hops(desk)
        self._hops, self._contents, self._grants = hops, contents, Grants(desk)
        self._actions: dict[str, Callable[[Step], float | None]] = {
            MAKE: making.make,
            CONFIGURE: making.configure,
            COPY: contents.copy,
            PARK: contents.park,
            GRANT: self._granted,
        }

    def stage(self, stage: Stage, workers: int = 8) -> Outcome:
        """Runs what is not done of a stage. Steps of earlier stages count as done only if the journal says so."""
        states = self.desk.journal.states()
        done = {identity for identity, state in states.items() if state.done}
        steps = [step for step in self.desk.plan.steps if step.stage is stage]
        earlier = {step.id for step in self.desk.plan.steps} - {step.id for step in steps}
        missing = [need for step in steps for need in step.needs if need in earlier and need not in done]
        if missing and any(step.id not in done for step in steps):
            step = self.desk.plan.by_id()[missing[0]]
            raise StepFailed(
                f"starting {stage.value}", "", f"{step} of an earlier stage is not done", "run the earlier stage first"
            )
        outcome = Coordinator(steps, done, self._perform, workers).run()
        if outcome.done:
            self.desk.journal.note("stage", {"stage": stage.value, "left": len(outcome.failed) + len(outcome.blocked)})
        return outcome

    def _perform(self, step: Step) -> float | None:
        self.report("start", step, "")
        try:
            again = self._attempt(step)
        except ResettleError as error:
            self.desk.journal.failed(step.id, str(error))
            self.report("failed", step, str(error))
            raise
        self.report("waiting" if again is not None else "done", step, "")
        return again

    def _attempt(self, step: Step) -> float | None:
        """One try. A reply that was lost may hide a call that took effect: the step is asked again and finds what it made."""
        try:
            return self._action(step)(step)
        except CallFailed as error:
            lost = self._lost.get(step.id, 0) + 1
            if error.code != REPLY_LOST or lost > LOST_REPLIES:
                raise
            self._lost[step.id] = lost
            return 1.0 * self.desk.pace

    def _action(self, step: Step) -> Callable[[Step], float | None]:
        if not step.action.startswith(HOP):
            return self._actions[step.action]
        return self._first_hop if self._is_first(step) else self._hops.hop

    def _granted(self, step: Step) -> float | None:
        if not self.desk.journal.state(step.id).intended:
            self._contents.unchanged(step.ref)
        return self._grants.grant(step)

    def _is_first(self, step: Step) -> bool:
        """The first hop of a thing's own: the source is read again before it is written."""
        own = [hop for hop in self.desk.draft(step.ref).hops() if not hop.shared] if step.ref.side == "source" else []
        return bool(own) and step.action == HOP + own[0].name

    def _first_hop(self, step: Step) -> float | None:
        if self.desk.journal.state(step.id).made is None:
            self._contents.unchanged(step.ref)
        return self._hops.hop(step)


def keep_manifest(desk: Desk) -> None:
    """Writes plan and journal into the parking bucket, so that another machine can go on."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "journal.sqlite"
        desk.journal.backup(copy)
        for name, body in (("plan.json", write(desk.plan).encode()), ("journal.sqlite", copy.read_bytes())):
            desk.target.call("s3", "put_object", Bucket=desk.parking(), Key=f"{MANIFEST}/{name}", Body=body)


def inspector(desk: Desk) -> Callable[[str, dict[str, Any]], None]:
    """What build lets through to the target, whatever client would send it: nothing that still names the source."""
    return desk.refuse_leaks


def target_operations(plan: Plan, registry: Registry, carriers: Iterable[Any]) -> frozenset[tuple[str, str]]:
    """What the target may be sent: the making, configuring and hop calls of the plan's kinds, and what carriers write."""
    found = {"s3:PutObject"} | {operation for carrier in carriers for operation in carrier.writes}
    for type_ in {step.ref.kind for step in plan.steps}:
        kind = registry[type_]
        for service, op in _operations(kind):
            found.add(shapes.qualified(service, op))
    return frozenset((operation, "*") for operation in found)


def _operations(kind: Kind) -> Iterable[tuple[str, str]]:
    for call, _late in specs.calls_of(kind):
        yield specs.service_of(kind, call), call.op
    for late in kind.make.late:
        if isinstance(late, SetDiff):
            yield specs.service_of(kind, late.remove), late.remove.op
    if kind.make.summon:
        yield specs.service_of(kind, kind.make.summon), kind.make.summon.op
    for hop in kind.make.hops:
        if hop.on == "target":
            yield hop.make.service or hop.service or kind.service, hop.make.op


def source_operations(plan: Plan, *, undo: bool = False) -> frozenset[tuple[str, str]]:
    """The source writes that the plan lists, each for its one resource; with `undo` their undoings instead."""
    pairs = set()
    for write_ in plan.writes():
        for operation in write_.undo.split("|") if undo else [write_.operation]:
            if operation:
                pairs.add((operation, write_.resource))
    return frozenset(pairs)
