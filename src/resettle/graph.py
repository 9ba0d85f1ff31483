"""A directed graph of steps: cycles told by their path, an order, what stands in the way; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from resettle.errors import BadInput
from resettle.model import Stage, Step

ORDER = (Stage.PARK, Stage.BUILD, Stage.SYNC, Stage.SWITCH, Stage.RETIRE)


def staged(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Every step in the earliest stage that something which needs it runs in. What park needs, for one, is made in park."""
    by_id = {step.id: step for step in steps}
    waiting = list(by_id.values())
    while waiting:
        step = waiting.pop()
        for need in step.needs:
            needed = by_id[need]
            if ORDER.index(needed.stage) > ORDER.index(step.stage):
                by_id[need] = replace(needed, stage=step.stage)
                waiting.append(by_id[need])
    return tuple(by_id.values())


def loosened(steps: Iterable[Step], soft: Collection[tuple[str, str]]) -> tuple[Step, ...]:
    """The steps without those soft needs that close a circle; a soft need is (step, need), wanted but not indispensable."""
    by_id = {step.id: step for step in steps}
    while True:
        try:
            TopologicalSorter({step.id: step.needs for step in by_id.values()}).prepare()
        except CycleError as error:
            path = list(error.args[1])  # each is needed by the one after it
            circle = [(later, earlier) for earlier, later in pairwise(path)]
            loose = next((pair for pair in circle if pair in soft), None)
            if loose is None:
                return tuple(by_id.values())
            step = by_id[loose[0]]
            by_id[step.id] = replace(step, needs=tuple(need for need in step.needs if need != loose[1]))
            continue
        return tuple(by_id.values())


def ordered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps in an order that respects every need, equal ones by stage and name. Raises BadInput with the path of a cycle."""
    by_id = {step.id: step for step in steps}
    sorter = TopologicalSorter({step.id: step.needs for step in by_id.values()})
    try:
        sorter.prepare()
    except CycleError as error:
        path = " -> ".join(str(by_id[identity]) for identity in error.args[1])
        raise BadInput(
            "planning", "the steps", f"they need each other in a circle: {path}", "exclude one of them, and report this"
        ) from None
    result: list[Step] = []
    while sorter.is_active():
        ready = sorted(
            (by_id[identity] for identity in sorter.get_ready()),
            key=lambda step: (ORDER.index(step.stage), step.ref, step.action),
        )
        result += ready
        sorter.done(*(step.id for step in ready))
    return tuple(result)


def dependants(steps: Iterable[Step]) -> dict[str, set[str]]:
    """For each step, the steps that need it directly."""
    found: dict[str, set[str]] = {}
    for step in steps:
        for need in step.needs:
            found.setdefault(need, set()).add(step.id)
    return found
