"""Takes everything back: undoes the source writes, deletes what the plan made in the target; touches nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from resettle import shapes, specs
from resettle.errors import CallFailed, CredentialsGone, Denied, ResettleError
from resettle.execute.desk import Desk
from resettle.execute.grants import Grants
from resettle.execute.hops import Hops
from resettle.execute.making import Making
from resettle.journal import Journal
from resettle.kind import Call, Kind
from resettle.model import Resource, Step
from resettle.plan import Plan
from resettle.plan.steps import GRANT, HOP, MAKE
from resettle.registry import Registry

PATIENCE = 900.0  # seconds that deletes are tried again while nothing else goes: a database takes its time
AGAIN = 10.0  # seconds between two rounds
Report = Callable[[str, Step, str], None]


@dataclass(slots=True)
class Abandoned:
    """What was undone, what stays behind for a while and why, and what could not be undone."""

    undone: list[Step] = field(default_factory=list)
    remains: list[str] = field(default_factory=list)
    failed: dict[str, ResettleError] = field(default_factory=dict)


def steps_to_undo(plan: Plan, journal: Journal) -> list[Step]:
    """Every step that has begun and has something to take back, the last one first."""
    states = journal.states()
    begun = [step for step in plan.steps if (state := states.get(step.id)) and (state.intended or state.made or state.done)]
    return [step for step in reversed(begun) if step.action in (MAKE, GRANT) or step.action.startswith(HOP)]


def abandon(desk: Desk, report: Report) -> Abandoned:
    """Undoes in reverse order: first what holds things to one another is taken off all of them, then they go; what cannot go
    yet is tried again while anything else goes, or for a quarter of an hour. It can be run again."""
    result, undoing = Abandoned(), _Undoing(desk)
    waiting = steps_to_undo(desk.plan, desk.journal)
    for step in waiting:
        result.failed |= _tried(undoing.clear, step)
    until = time.monotonic() + PATIENCE * desk.pace
    while waiting:
        before = len(waiting)
        for step in list(waiting):
            report("start", step, "")
            failure = _tried(undoing.undo, step)
            if failure:
                result.failed |= failure
                continue
            result.failed.pop(step.id, None)
            _forget(desk, step)
            waiting.remove(step)
            result.undone.append(step)
            report("done", step, "")
        hopeless = not any(_may_pass(result.failed[step.id]) for step in waiting)
        if len(waiting) == before and (hopeless or time.monotonic() >= until):
            break
        time.sleep(AGAIN * desk.pace if waiting else 0.0)
    for step in waiting:
        report("failed", step, str(result.failed[step.id]))
    result.remains = undoing.remains
    return result


def _tried(undo: Callable[[Step], None], step: Step) -> dict[str, ResettleError]:
    try:
        undo(step)
    except CredentialsGone:
        raise
    except ResettleError as error:
        return {step.id: error}
    return {}


def _may_pass(error: ResettleError) -> bool:
    """Whether time alone may help: what AWS denies, and what is not AWS's to say, stays as it is."""
    return isinstance(error, CallFailed) and not isinstance(error, Denied)


def _forget(desk: Desk, step: Step) -> None:
    """The step, and what else was done for the same thing, returns to not begun."""
    desk.journal.undone(step.id)
    if step.action == MAKE:
        for other in desk.plan.steps:
            if other.ref == step.ref and other.action in ("configure", "copy", "park") and desk.journal.state(other.id).intended:
                desk.journal.undone(other.id)


class _Undoing:
    """Takes single steps back."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.hops, self.grants, self.making = desk, Hops(desk), Grants(desk), Making(desk)
        self.remains: list[str] = []

    def clear(self, step: Step) -> None:
        """Takes off a made thing what holds others to it: rules, attachments, protections."""
        if step.action != MAKE or not self._ours(step):
            return
        kind, found = self.desk.registry[step.ref.kind], self._found(step)
        for call in kind.undo.before if found else ():
            self._send(kind, call, found)

    def undo(self, step: Step) -> None:
        """Deletes what the step made, closes what it opened."""
        if step.action == GRANT:
            self.grants.undo(step)
        elif step.action == MAKE:
            self._unmake(step)
        else:
            self.hops.undo(step)
            kind = self.desk.registry[step.ref.kind]
            self._remains(step, next((hop.remains for hop in kind.make.hops if HOP + hop.name == step.action), ""))

    def _unmake(self, step: Step) -> None:
        kind, found = self.desk.registry[step.ref.kind], self._found(step)
        if self.desk.resource(step).theirs:
            self._remains(step, "AWS's own thing stays; rules that were set on it stay as they are")
        elif found is not None and not self._ours(step):
            self._remains(step, "it stood in the target before the plan and was used: it stays as it is now")
        elif found is not None:
            if kind.undo.empties and kind.make.content is not None:
                self.desk.carriers[kind.make.content.carrier].empty(self.desk.target, found.ref.id)
            if kind.undo.delete:
                self._send(kind, kind.undo.delete, found)
            self._remains(step, kind.undo.remains)

    def _ours(self, step: Step) -> bool:
        if self.desk.resource(step).theirs:
            return False
        kind, found = self.desk.registry[step.ref.kind], self._found(step)
        stood = found is not None and found.ref.id in self.desk.plan.baseline.get(kind.type, ())
        return not stood or (found is not None and specs.step_of(kind, found.live) == step.id)

    def _found(self, step: Step) -> Resource | None:
        kind, made = self.desk.registry[step.ref.kind], self.desk.journal.state(step.id).made
        if made is not None:
            return self.desk.reader(self.desk.target).one(kind, made)
        spec = self.desk.wanted(step.ref, self.desk.draft(step.ref).early)
        return self.making.left_behind(step, kind, spec)

    def _send(self, kind: Kind, call: Call, found: Resource | None) -> None:
        assert found is not None  # noqa: S101 - only what was found is undone
        known = {**found.live, **found.spec}
        if call.when and not specs.search(call.when, known):
            return
        words = {"self": found.ref.id, "account": self.desk.plan.target, "parent": found.ref.id.split("|")[0]}
        service = specs.service_of(kind, call)
        for item in known.get(call.each, ()) if call.each else (None,):
            params = shapes.fit(specs.fill(call.send, {**known, **words, "item": item}), shapes.input_shape(service, call.op))
            try:
                self.desk.target.call(service, call.op, **params)
            except CallFailed as error:
                if error.code not in (*kind.undo.gone, *call.already):
                    raise

    def _remains(self, step: Step, what: str) -> None:
        if what:
            self.remains.append(f"{step.ref}: {what}")


def undo_operations(plan: Plan, registry: Registry, journal: Journal) -> frozenset[tuple[str, str]]:
    """What the target may be sent while abandoning: the deletes of what was made, and emptying."""
    found = {"s3:DeleteObject", "s3:DeleteObjects", "s3:AbortMultipartUpload"}
    for step in steps_to_undo(plan, journal):
        kind = registry[step.ref.kind]
        calls = [*kind.undo.before, kind.undo.delete] if step.action == MAKE else []
        calls += [hop.undo for hop in kind.make.hops if hop.on == "target" and HOP + hop.name == step.action]
        found |= {shapes.qualified(specs.service_of(kind, call), call.op) for call in calls if call}
    return frozenset((operation, "*") for operation in found)
