"""`resettle status`: says how far the move is, from the journal and the plan beside it; it contacts no account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from resettle import workspace
from resettle.addresses import AddressBook
from resettle.cli.invocation import Invocation, Result, Verb
from resettle.cli.output import Output, counted
from resettle.cli.session import JOURNAL, MANIFEST_NOTE, Session, load_plan
from resettle.errors import PlanMismatch
from resettle.journal import Journal, StepState
from resettle.model import Side, Stage
from resettle.plan import Plan

_NOTES = ("stage", MANIFEST_NOTE, "verified", "abandoned")
_NEWEST = 10


@click.command(cls=Verb)
@click.option(
    "--plan",
    "plan",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan (default: the one that the move here follows).",
)
@click.option("--addresses", is_flag=True, help="Print every old name with its new one, as one JSON object.")
@click.pass_obj
def command(invocation: Invocation, plan: Path | None, addresses: bool) -> Result:
    """Say how far the move is, from the journal alone; also while another command runs."""
    session = Session(invocation=invocation)
    with Journal.read(session.root / workspace.DIRECTORY / JOURNAL) as journal:
        followed = load_plan(session.plan_path(plan, followed=True))
        if followed.hash() != journal.setup.plan_hash:
            raise PlanMismatch(
                "reading",
                str(session.plan_path(plan, followed=True)),
                f"the journal follows the plan {journal.setup.plan_hash[:12]}, not {followed.hash()[:12]}",
                "--plan with that one",
            )
        if addresses:
            return _addresses(session.out, followed, journal)
        return _status(session.out, followed, journal)


def known_addresses(plan: Plan, book: AddressBook) -> dict[str, str]:
    """Old texts and their successors: the account number, and every strong or distinct name that has one by now."""
    pairs = {plan.source: plan.target}
    for claim in plan.inventory.claims():
        if claim.owner.side is Side.SOURCE and claim.strength in ("strong", "distinct"):
            new = book.successor(claim.owner, claim.facet)
            if new and new != claim.text:
                pairs[claim.text] = new
    return dict(sorted(pairs.items()))


def _addresses(out: Output, plan: Plan, journal: Journal) -> Result:
    pairs = known_addresses(plan, plan.book(journal.learned()))
    out.verbatim(json.dumps(pairs, indent=1, ensure_ascii=False))
    return Result(0, {"addresses": pairs})


def _status(out: Output, plan: Plan, journal: Journal) -> Result:
    states, setup = journal.states(), journal.setup
    counts = {stage: _counts(plan, states, stage) for stage in (Stage.PARK, Stage.BUILD)}
    out.say(out.bold(f"Move: {setup.source} to {setup.target} in {setup.region}") + f" (plan {setup.plan_hash[:12]})")
    out.say()
    heading = tuple(next(iter(counts.values())))
    out.columns([(stage.value, *row.values()) for stage, row in counts.items()], ("stage", *heading), right=len(heading))
    for stage, row in counts.items():
        out.event(event="stage", stage=stage.value, **row)
    _show_steps(out, plan, states)
    learned = known_addresses(plan, plan.book(journal.learned()))
    out.title(f"Learned: {counted(len(learned), 'address', 'addresses')} (resettle status --addresses)")
    _show_notes(out, journal)
    _show_commands(out, journal)
    totals = {name: sum(row[name] for row in counts.values()) for name in heading}
    return Result(0, {"source": setup.source, "target": setup.target, "plan": setup.plan_hash, **totals})


def _counts(plan: Plan, states: dict[str, StepState], stage: Stage) -> dict[str, int]:
    """Each step of a stage stands in one column: done, failed, begun but neither, or not begun."""
    row = {"steps": 0, "done": 0, "begun": 0, "failed": 0, "left": 0}
    for step in plan.steps:
        if step.stage is stage:
            row["steps"] += 1
            row[_standing(states.get(step.id, StepState()))] += 1
    return row


def _standing(state: StepState) -> str:
    if state.done:
        return "done"
    if state.failed:
        return "failed"
    return "begun" if state.intended else "left"


def _show_steps(out: Output, plan: Plan, states: dict[str, StepState]) -> None:
    standing = {step: _standing(states.get(step.id, StepState())) for step in plan.steps}
    begun = [step for step, where in standing.items() if where == "begun"]
    failed = [step for step, where in standing.items() if where == "failed"]
    for step in begun:
        out.event(event="begun", step=step.id, action=step.action, ref=str(step.ref), stage=step.stage.value)
    for step in failed:
        why = states[step.id].failed
        out.event(event="failed", step=step.id, action=step.action, ref=str(step.ref), stage=step.stage.value, why=why)
    if begun:
        out.title(f"Begun: {len(begun)}")
        out.columns([(step.action, step.ref) for step in begun])
    if failed:
        out.title(out.bad(f"Failed: {len(failed)}"))
        for step in failed:
            out.say(str(step), indent=1)
            out.say(states[step.id].failed, indent=2)


def _show_notes(out: Output, journal: Journal) -> None:
    notes = sorted(((note.pop("at"), what, note) for what in _NOTES for note in journal.notes(what)), key=_time)
    for at, what, detail in notes:
        out.event(event="note", at=at, what=what, detail=detail)
    if notes:
        out.title("Notes")
        out.columns([(_moment(at), what, _told(detail)) for at, what, detail in notes[-_NEWEST:]])


def _show_commands(out: Output, journal: Journal) -> None:
    commands = journal.commands()
    for at, arguments in commands:
        out.event(event="command", at=at, arguments=arguments)
    out.title(f"Commands: {len(commands)}")
    out.columns([(_moment(at), " ".join(arguments)) for at, arguments in commands[-_NEWEST:]])


def _time(note: tuple[str, str, dict[str, Any]]) -> str:
    return note[0]


def _moment(at: str) -> str:
    return at[:19].replace("T", " ") + " UTC"


def _told(detail: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in detail.items())
