"""`resettle abandon`: lists what this move has made, and takes it back once the account number was typed; nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from resettle.cli.consent import typed_number
from resettle.cli.invocation import Invocation, Result, Verb
from resettle.cli.output import counted
from resettle.cli.session import Session, pace
from resettle.cli.trouble import as_fields, sentence_of, warn
from resettle.execute.abandon import Abandoned, Report, abandon, steps_to_undo, undo_operations
from resettle.execute.desk import Desk
from resettle.execute.run import source_operations
from resettle.journal import Journal
from resettle.model import Side, Step
from resettle.plan import Plan
from resettle.plan.steps import MAKE

_FAILED = 4


@click.command(cls=Verb)
@click.option(
    "--plan",
    "plan",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan (default: the one that the move here follows).",
)
@click.option("--account", metavar="NUMBER", help="The number of the target account, instead of typing it.")
@click.pass_obj
def command(invocation: Invocation, plan: Path | None, account: str | None) -> Result:
    """Take everything back that this move has made."""
    session, factor = Session(invocation=invocation), pace()
    followed = session.plan(plan, followed=True)
    with session.journal(followed) as journal:
        steps = steps_to_undo(followed, journal)
        if not steps:
            session.out.say("Nothing to take back: no step has begun.")
            return Result(0, {"undone": 0, "failed": 0})
        target = session.account(Side.TARGET)
        source = session.account(Side.SOURCE) if any(step.writes for step in steps) else None
        _list(session, followed, steps)
        typed_number(session.out, followed.target, account, "all of this is taken back")
        target.permit(undo_operations(followed, session.registry, journal))
        if source is not None:
            source.permit(source_operations(followed, undo=True))
        desk = Desk(
            plan=followed,
            registry=session.registry,
            target=target,
            journal=journal,
            carriers=session.carriers,
            book=followed.book(journal.learned()),
            source=source,
            seal_key=session.workspace.seal_key(),
            pace=factor,
        )
        done = abandon(desk, _reporter(session))
        return _ended(session, followed, journal, done)


def _list(session: Session, plan: Plan, steps: Sequence[Step]) -> None:
    """What will be undone, the source's part first, and what stays."""
    out = session.out
    found = plan.inventory.by_ref
    own = {step.id for step in steps if step.ref in found and found[step.ref].theirs}
    ours = [step for step in steps if step.writes]
    theirs = [step for step in steps if not step.writes and step.id not in own]
    for step in steps:
        if step.id not in own:
            out.event(event="to_undo", step=step.id, action=step.action, ref=str(step.ref))
    if ours:
        out.title(f"To undo in the source, {session.called(Side.SOURCE)}: {len(ours)}")
        out.columns([(w.undo.replace("|", " or "), w.resource, s.ref) for s in ours for w in s.writes])
    if theirs:
        out.title(f"To delete in the target, {session.called(Side.TARGET)}: {len(theirs)}")
        out.columns([(step.ref, "" if step.action == MAKE else step.action) for step in theirs])
    stays = {f"{step.ref}: AWS's own, it stays" for step in steps if step.id in own}
    stays |= {text for step in theirs if (text := _remains(session, step))}
    if stays:
        out.title("What stays")
        out.columns([("-", text) for text in sorted(stays)])
    out.say()


def _remains(session: Session, step: Step) -> str:
    """What the deletion of such a thing leaves behind, or that there is no deletion; said once a kind."""
    kind = session.registry[step.ref.kind]
    if step.action != MAKE:
        return ""
    text = kind.undo.remains or ("" if kind.undo.delete else "it cannot be deleted and stays")
    return f"{kind.type}: {text}" if text else ""


def _reporter(session: Session) -> Report:
    def report(what: str, step: Step, why: str) -> None:
        session.out.event(event=what, step=step.id, action=step.action, ref=str(step.ref), why=sentence_of(ValueError(why)))
        if what == "done":
            session.out.say(f"undone  {step}", indent=1)
        elif what == "failed":
            session.out.say(f"failed  {step}", indent=1)

    return report


def _ended(session: Session, plan: Plan, journal: Journal, done: Abandoned) -> Result:
    out = session.out
    journal.note("abandoned", {"undone": len(done.undone), "failed": len(done.failed)})
    steps = plan.by_id()
    for identity, error in done.failed.items():
        out.event(event="cause", step=identity, ref=str(steps[identity].ref), **as_fields(error))
        if not out.json:
            warn(f"{steps[identity]}: {sentence_of(error)}", session.invocation)
    for text in done.remains:
        out.event(event="remains", what=text)
    if done.remains:
        out.title(f"Still there: {len(done.remains)}")
        out.columns([("-", text) for text in done.remains])
    out.say()
    out.say(f"{counted(len(done.undone), 'step')} undone, {len(done.failed)} failed.")
    if done.failed:
        out.say("When the cause is mended, the same command goes on.")
    summary = {"undone": len(done.undone), "failed": len(done.failed), "remains": len(done.remains)}
    return Result(_FAILED if done.failed else 0, summary)
