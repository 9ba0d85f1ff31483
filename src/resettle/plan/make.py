"""From an inventory to a plan: the passes in order, each pure; nothing here calls AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resettle import graph, specs
from resettle.addresses import AddressBook
from resettle.adjust import Adjusted, buckets, parking, ranges, theirs
from resettle.inventory import Inventory
from resettle.model import Gap, Resource, Side
from resettle.plan import Plan
from resettle.plan.draft import Draft, draft
from resettle.plan.gaps import from_baseline, from_ids, from_mentions
from resettle.plan.steps import Steps
from resettle.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person decided: the bucket name template, accepted gaps, limits that the executor is told."""

    bucket: str = "{name}-{target_account}"
    accepted: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def make_plan(
    inventory: Inventory, standing: list[Resource], more: list[Gap], registry: Registry, target: str, wishes: Wishes
) -> Plan:
    """The plan for an inventory. `standing` is what the target holds now, `more` the gaps of that look."""
    source = inventory.account
    wanted = Adjusted(inventory=inventory)
    wanted = theirs.prune(wanted, registry, _book(wanted, source, target))
    wanted = buckets.rename(wanted, wishes.bucket, source, target)
    wanted = ranges.keep(wanted)
    wanted = parking.without_live(parking.add(wanted, source, target))
    book = _book(wanted, source, target)
    drafts = [draft(resource, registry, book) for resource in wanted.inventory.resources]
    drafting = Steps(drafts, registry, source, inventory.region)
    steps = graph.ordered(graph.staged(graph.loosened(drafting.all(), drafting.soft)))
    made = {step.id for step in steps}
    standing = [item for item in standing if specs.step_of(registry[item.ref.kind], item.live) not in made]
    found = [*inventory.gaps, *more, *from_mentions(drafts, wanted.inventory), *from_ids(drafts, book)]
    found += from_baseline(drafts, standing, registry, wanted.decided)
    return Plan(
        source=source,
        target=target,
        region=inventory.region,
        inventory=wanted.inventory,
        steps=steps,
        decided=dict(wanted.decided),
        gaps=tuple(sorted(set(found))),
        accepted=tuple(sorted(set(wishes.accepted) & {gap.name for gap in found})),
        reasons=wanted.reasons,
        caveats=_caveats(drafts),
        baseline=_baseline(standing),
        settings=dict(wishes.settings),
    )


def _book(wanted: Adjusted, source: str, target: str) -> AddressBook:
    return AddressBook(wanted.inventory.claims(), source_account=source, target_account=target, learned=wanted.decided)


def _caveats(drafts: list[Draft]) -> tuple[str, ...]:
    """What a person must know, once a kind, with how many things it concerns."""
    counted: dict[str, int] = {}
    for item in drafts:
        if item.ref.side is Side.SOURCE and not item.resource.theirs:
            for caveat in item.kind.human.caveats:
                text = f"{item.kind.type}: {caveat}"
                counted[text] = counted.get(text, 0) + 1
    return tuple(f"{text} ({count})" for text, count in sorted(counted.items()))


def _baseline(standing: list[Resource]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for resource in standing:
        found.setdefault(resource.ref.kind, []).append(resource.ref.id)
    return {kind: tuple(sorted(ids)) for kind, ids in sorted(found.items())}
