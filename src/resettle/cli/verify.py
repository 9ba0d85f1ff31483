"""`resettle verify`: proves that the copy is complete, equal and independent; it reads the target and writes to neither side."""

from __future__ import annotations

from pathlib import Path

import click

from resettle.cli.invocation import Invocation, Result, Verb
from resettle.cli.output import Output, counted
from resettle.cli.session import Session, pace
from resettle.model import Finding, Side
from resettle.verify import Verdict

_NOT_PROVED, _WAITING = 6, 7
_SORTS = {
    "missing": "Missing",
    "different": "Different",
    "leak": "Leaks",
    "unproved": "Unproved",
    "waiting": "Waiting for a person",
}
_PLURAL = {"leak": "leaks"}


@click.command(cls=Verb)
@click.option(
    "--plan",
    "plan",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan to compare with (default: the one that the move here follows).",
)
@click.pass_obj
def command(invocation: Invocation, plan: Path | None) -> Result:
    """Prove that the copy is complete, equal and independent of the source."""
    session = Session(invocation=invocation)
    verdict = _verdict(session, plan)
    counts = {_PLURAL.get(sort, sort): verdict.count(sort) for sort in _SORTS}
    _show(session.out, verdict, counts)
    code = _code(verdict)
    if not session.out.json:
        _show_end(session.out, code)
    return Result(code, {"compared": verdict.compared, **counts, "accepted": len(verdict.accepted)})


def _verdict(session: Session, given: Path | None) -> Verdict:
    from resettle.execute.desk import Desk
    from resettle.verify import verify

    plan = session.plan(given, followed=True)
    with session.journal(plan) as journal:
        target = session.account(Side.TARGET)
        session.out.say(f"Reading {session.called(Side.TARGET)} in {plan.region}")
        desk = Desk(
            plan=plan,
            registry=session.registry,
            target=target,
            journal=journal,
            carriers=session.carriers,
            book=plan.book(journal.learned()),
            seal_key=session.workspace.seal_key(),
            pace=pace(),
        )
        verdict = verify(desk)
        counts = {sort: verdict.count(sort) for sort in _SORTS}
        journal.note("verified", {"compared": verdict.compared, **counts})
    return verdict


def _code(verdict: Verdict) -> int:
    """0 proved; 6 something missing, different, leaking or unproved; 7 if all that is left waits for a person."""
    if any(finding.sort != "waiting" for finding in verdict.findings):
        return _NOT_PROVED
    return _WAITING if verdict.findings else 0


def _show(out: Output, verdict: Verdict, counts: dict[str, int]) -> None:
    for finding in verdict.findings:
        _event(out, finding, accepted=False)
    for finding in verdict.accepted:
        _event(out, finding, accepted=True)
    for sort, heading in _SORTS.items():
        found = [finding for finding in verdict.findings if finding.sort == sort]
        if found:
            out.title(out.bad(f"{heading}: {len(found)}"))
            out.columns([(finding.on, finding.path, finding.what) for finding in found])
    _show_tallies(out, verdict)
    _show_surfaces(out, verdict)
    if verdict.accepted:
        out.title(f"Not proved, and accepted in the plan: {len(verdict.accepted)}")
        out.columns([(finding.on, finding.what) for finding in verdict.accepted])
    out.title(f"Compared: {counted(verdict.compared, 'thing')}")
    out.columns(list(counts.items()), right=1)


def _show_tallies(out: Output, verdict: Verdict) -> None:
    for what, sentence in verdict.tallies:
        out.event(event="tally", on=what, what=sentence)
    if verdict.tallies:
        out.title(f"Contents: {len(verdict.tallies)}")
        out.columns(verdict.tallies)


def _show_surfaces(out: Output, verdict: Verdict) -> None:
    for surface in verdict.surfaces:
        out.event(event="surface", name=surface.name, looked=surface.looked, tied=surface.tied)
    out.title("Independence: what was looked into, and what still hangs on the source")
    out.columns([(surface.name, f"{surface.looked} looked into", f"{surface.tied or 'none'} tied") for surface in verdict.surfaces])


def _event(out: Output, finding: Finding, *, accepted: bool) -> None:
    out.event(event="finding", sort=finding.sort, on=finding.on, path=finding.path, what=finding.what, accepted=accepted)


def _show_end(out: Output, code: int) -> None:
    out.say()
    if code == 0:
        out.say(out.good("Proved: the copy is complete, equal, and names nothing of the source."))
    elif code == _WAITING:
        out.say("Proved, save for what waits for a person.")
    else:
        out.say(out.bad("Not proved."))
