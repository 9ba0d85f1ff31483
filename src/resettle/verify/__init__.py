"""Proves the copy: resources, leaks, contents, independence; sends reads to the target only and contacts the source never."""

from __future__ import annotations

from dataclasses import dataclass

from resettle import scan
from resettle.execute.desk import Desk
from resettle.model import Finding, Resource
from resettle.read import Reader
from resettle.verify.contents import prove_contents
from resettle.verify.independence import Surface, surfaces, tied_snapshots
from resettle.verify.resources import compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verify found. `accepted` are unproved things that a person accepted in the plan; `tallies` are sentences."""

    findings: tuple[Finding, ...]
    compared: int
    tallies: tuple[tuple[str, str], ...] = ()
    accepted: tuple[Finding, ...] = ()
    surfaces: tuple[Surface, ...] = ()

    def count(self, sort: str) -> int:
        return sum(finding.sort == sort for finding in self.findings)


def verify(desk: Desk) -> Verdict:
    """Compares the target, as the same kinds read it now, with what the plan wanted."""
    kinds = sorted({resource.ref.kind for resource in desk.plan.inventory.resources})
    reader = Reader(desk.target, desk.registry)
    found, gaps = scan.look(reader, [desk.registry[type_] for type_ in kinds])
    standing: dict[tuple[str, str], Resource] = {(item.ref.kind, item.ref.id): item for item in found}
    findings = [Finding(sort="unproved", on=gap.name, what=gap.what) for gap in gaps]
    findings += compare(desk, standing)
    contents, tallies = prove_contents(desk, standing)
    findings += contents
    snapshots, tied = tied_snapshots(desk)
    findings += tied
    accepted = tuple(finding for finding in findings if finding.sort == "unproved" and finding.path in desk.plan.accepted)
    return Verdict(
        findings=tuple(finding for finding in findings if finding not in accepted),
        compared=len(desk.plan.inventory.resources),
        tallies=tuple(tallies),
        accepted=accepted,
        surfaces=surfaces(desk.plan.inventory.by_ref, findings, snapshots, len(tied)),
    )
