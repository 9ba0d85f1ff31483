"""Takes everything back: undoes the source writes, deletes what the plan made in the target; touches nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from resettle import shapes, specs
from resettle.errors import CallFailed, ResettleError
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
    begun = [
        step for step in plan.steps if (state := states.get(step.id)) and (state.intended or state.made or state.done)
    ]
    return [step for step in reversed(begun) if step.action in (MAKE, GRANT) or step.action.startswith(HOP)]


def abandon(desk: Desk, report: Report) -> Abandoned:
    """Undoes in reverse order. One undo that fails does not stop the others; it can be run again."""
    result, hops, grants, making = Abandoned(), Hops(desk), Grants(desk), Making(desk)
    for step in steps_to_undo(desk.plan, desk.journal):
        report("start", step, "")
        try:
            if step.action == MAKE:
                _unmake(desk, making, step, result)
            elif step.action == GRANT:
                grants.undo(step)
            else:
                hops.undo(step)
                _remains(result, step, _hop_remains(desk, step))
        except ResettleError as error:
            result.failed[step.id] = error
            report("failed", step, str(error))
            continue
        _forget(desk, step)
        result.undone.append(step)
        report("done", step, "")
    return result


def _forget(desk: Desk, step: Step) -> None:
    """The step, and what else was done for the same thing, returns to not begun."""
    desk.journal.undone(step.id)
    if step.action == MAKE:
        for other in desk.plan.steps:
            if (
                other.ref == step.ref
                and other.action in ("configure", "copy", "park")
                and desk.journal.state(other.id).intended
            ):
                desk.journal.undone(other.id)


def _unmake(desk: Desk, making: Making, step: Step, result: Abandoned) -> None:
    kind, resource = desk.registry[step.ref.kind], desk.resource(step)
    if resource.theirs:
        _remains(result, step, "AWS's own thing stays; rules that were set on it stay as they are")
        return
    found = _found(desk, making, step, kind)
    if found is None:
        return
    if found.ref.id in desk.plan.baseline.get(kind.type, ()) and specs.step_of(kind, found.live) != step.id:
        _remains(result, step, "it stood in the target before the plan and was used: it stays as it is now")
        return
    context = {
        **found.spec,
        "self": found.ref.id,
        "account": desk.plan.target,
        "parent": found.ref.id.split("|")[0],
        **found.live,
    }
    if kind.undo.empties and kind.make.content is not None:
        desk.carriers[kind.make.content.carrier].empty(desk.target, found.ref.id)
    for call in (*kind.undo.before, *((kind.undo.delete,) if kind.undo.delete else ())):
        _send(desk, kind, call, found, context)
    _remains(result, step, kind.undo.remains)


def _found(desk: Desk, making: Making, step: Step, kind: Kind) -> Resource | None:
    made = desk.journal.state(step.id).made
    if made is not None:
        return desk.reader(desk.target).one(kind, made)
    spec = desk.wanted(step.ref, desk.draft(step.ref).early)
    return making.left_behind(step, kind, spec)


def _send(desk: Desk, kind: Kind, call: Call, found: Resource, context: dict[str, object]) -> None:
    if call.when and not specs.search(call.when, found.spec):
        return
    service = specs.service_of(kind, call)
    for item in found.spec.get(call.each, ()) if call.each else (None,):
        params = shapes.fit(specs.fill(call.send, {**context, "item": item}), shapes.input_shape(service, call.op))
        try:
            desk.target.call(service, call.op, **params)
        except CallFailed as error:
            if error.code not in (*kind.undo.gone, *call.already):
                raise


def _hop_remains(desk: Desk, step: Step) -> str:
    kind = desk.registry[step.ref.kind]
    return next((hop.remains for hop in kind.make.hops if HOP + hop.name == step.action), "")


def _remains(result: Abandoned, step: Step, what: str) -> None:
    if what:
        result.remains.append(f"{step.ref}: {what}")


def undo_operations(plan: Plan, registry: Registry, journal: Journal) -> frozenset[tuple[str, str]]:
    """What the target may be sent while abandoning: the deletes of what was made, and emptying."""
    found = {"s3:DeleteObject", "s3:DeleteObjects", "s3:AbortMultipartUpload"}
    for step in steps_to_undo(plan, journal):
        kind = registry[step.ref.kind]
        calls = [*kind.undo.before, kind.undo.delete] if step.action == MAKE else []
        calls += [hop.undo for hop in kind.make.hops if hop.on == "target" and HOP + hop.name == step.action]
        found |= {shapes.qualified(specs.service_of(kind, call), call.op) for call in calls if call}
    return frozenset((operation, "*") for operation in found)
