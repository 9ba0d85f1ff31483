"""Proves contents: counts and digests what can be, and calls a chain of copies a chain."""

from __future__ import annotations

from resettle.errors import ResettleError
from resettle.execute.desk import Desk
from resettle.model import Finding, Side, Tally
from resettle.plan import step_id
from resettle.plan.draft import Draft
from resettle.verify.resources import Standing


def prove_contents(desk: Desk, standing: Standing) -> tuple[list[Finding], list[tuple[str, str]]]:
    """For each thing with content: the target counted anew against what the source held, or its chain of copies."""
    findings: list[Finding] = []
    tallies: list[tuple[str, str]] = []
    for resource in desk.plan.inventory.resources:
        if resource.ref.side is Side.NEW:
            continue
        part = desk.draft(resource.ref)
        if part.kind.make.content is not None:
            found, sentence = _counted(desk, part, standing)
            findings += found
            tallies.append((str(resource.ref), sentence))
        if part.hops():
            tallies.append((str(resource.ref), "chain of copies: " + _chain(desk, part)))
        if part.kind.human.unproved and part.hops():
            gap = next((surface.partition(": ")[0] for surface in part.kind.human.gaps), "")
            findings.append(
                Finding(sort="unproved", on=str(resource.ref), path=f"{gap}:{resource.ref}", what=part.kind.human.unproved)
            )
    return findings, tallies


def _counted(desk: Desk, part: Draft, standing: Standing) -> tuple[list[Finding], str]:
    name = str(part.ref)
    content = part.kind.make.content
    wanted = desk.journal.tallies().get((step_id(desk.plan.source, part.ref, "copy"), "source"))
    found = standing.get((part.ref.kind, desk.successor_id(part.ref)))
    if content is None or wanted is None:
        return [Finding(sort="unproved", on=name, what="its content was never counted")], "not counted"
    if found is None:
        return [], "nothing to count: it is missing"
    try:
        has = desk.carriers[content.carrier].tally(desk.target, found.ref.id, found.live)
    except ResettleError as error:
        return [Finding(sort="unproved", on=name, what=str(error))], "could not be counted"
    if has != wanted:
        return [Finding(sort="different", on=name, path="content", what=_against(wanted, has))], _against(wanted, has)
    return [], f"{has.count} counted, {has.bytes} bytes, {_shown(has.digest)} on both sides"


def _shown(digest: str) -> str:
    """A digest in a line: what it covers, where it says so, and its first characters."""
    covers, _, text = digest.rpartition(":")
    return f"digest {text[:12]}" + (f" of {covers.replace('+', ', ')}" if covers else "")


def _against(wanted: Tally, has: Tally) -> str:
    return f"the source held {wanted.count} ({wanted.bytes} bytes), the target holds {has.count} ({has.bytes} bytes)"


def _chain(desk: Desk, part: Draft) -> str:
    """The hops by name, with whether each came to rest."""
    steps = []
    for hop in part.hops():
        if not hop.shared:
            state = desk.journal.state(step_id(desk.plan.source, part.ref, f"hop:{hop.name}"))
            steps.append(hop.name if state.done else f"{hop.name} (not done)")
    made = desk.journal.state(step_id(desk.plan.source, part.ref, "make"))
    return " -> ".join([*steps, "made" if made.done else "not made"])
