"""Compares every resource with what the plan wanted, and searches what describe says for any name of the source."""

from __future__ import annotations

from collections.abc import Mapping

from resettle import canon, shapes
from resettle.errors import CallFailed, Undecided, Unresolved
from resettle.execute.desk import Desk
from resettle.model import Finding, Resource, Side

Standing = Mapping[tuple[str, str], Resource]


def compare(desk: Desk, standing: Standing) -> list[Finding]:
    """Missing, different and leak findings; the paths, never the values. A thing that the source never had (the parking
    bucket) is compared where its spec says something."""
    findings: list[Finding] = []
    for resource in desk.plan.inventory.resources:
        found = standing.get((resource.ref.kind, desk.successor_id(resource.ref)))
        if found is None:
            findings.append(Finding(sort="missing", on=str(resource.ref), what="it does not stand in the target"))
            continue
        findings += _differences(desk, resource, found)
        findings += _leaks(desk, resource, found)
    return findings


def _differences(desk: Desk, resource: Resource, found: Resource) -> list[Finding]:
    try:
        wanted = desk.wanted(resource.ref, frozenset(resource.spec))
    except (Unresolved, Undecided, CallFailed) as error:
        return [Finding(sort="unproved", on=str(resource.ref), what=str(error))]
    has = found.spec
    if resource.ref.side is Side.NEW or resource.theirs:
        has = {name: value for name, value in has.items() if name in wanted}
    return [
        Finding(sort="different", on=str(resource.ref), path=path, what="the target differs from what was wanted")
        for path in canon.differences(wanted, has)
    ]


def _leaks(desk: Desk, resource: Resource, found: Resource) -> list[Finding]:
    live = {name: value for name, value in found.live.items() if name not in ("Tags", "TagList", "tags")}
    live["Tags"] = shapes.read_tags(found.spec.get("Tags") or {})
    return [
        Finding(
            sort="leak",
            on=str(resource.ref),
            path=".".join(str(part) for part in leak.path),
            what=f"the target names {leak.owner} of the source by its {leak.facet}",
        )
        for leak in desk.book.leaks({"spec": found.spec, "live": live})
    ]
