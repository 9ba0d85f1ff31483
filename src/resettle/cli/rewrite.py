"""`resettle rewrite`: shows, or writes, what files look like once the old account's names are replaced; ends with the rest.

It contacts no account. Without --write no file changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from resettle import workspace
from resettle.addresses import AddressBook
from resettle.cli.invocation import Invocation, Result, Verb
from resettle.cli.output import Output, counted
from resettle.cli.session import JOURNAL, Session
from resettle.files import FileChange, RewritePlan, apply, book_from_addresses, plan_rewrite
from resettle.journal import Journal
from resettle.plan import Plan

_RESIDUE = 5


@click.command(cls=Verb)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--write", is_flag=True, help="Write the files; without it only the diff is shown.")
@click.option(
    "--addresses",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A JSON object of old texts and new ones, instead of the plan and its journal.",
)
@click.option(
    "--plan",
    "plan",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan (default: the one that the move here follows).",
)
@click.pass_obj
def command(invocation: Invocation, paths: tuple[Path, ...], write: bool, addresses: Path | None, plan: Path | None) -> Result:
    """Replace the old account's names in files; shows a diff unless --write."""
    session = Session(invocation=invocation)
    if addresses is not None:
        made = plan_rewrite(paths, book_from_addresses(addresses), own=[addresses])
        if write:
            apply(made)
    else:
        made = _by_plan(session, paths, plan, write=write)
    _show(session.out, made, write=write)
    summary = {
        "files": len(made.files),
        "edits": sum(len(change.edits) for change in made.files),
        "skipped": len(made.skipped),
        "residue": len(made.residue),
        "written": write,
    }
    return Result(_RESIDUE if made.residue else 0, summary)


def _by_plan(session: Session, paths: Sequence[Path], given: Path | None, *, write: bool) -> RewritePlan:
    """By the plan and what its journal has learned; what is written is journalled, so that a second run passes it over."""
    plan = session.plan(given, followed=True)
    own = [session.plan_path(given, followed=True), session.root / "plan.json"]
    path = session.root / workspace.DIRECTORY / JOURNAL
    if not path.exists():  # before a move only what the plan has fixed is known, and there is nothing to note it in
        made = plan_rewrite(paths, plan.book(), own=own)
        if write:
            apply(made)
        return made
    if not write:
        with Journal.read(path) as journal:
            return _planned(paths, plan, journal, own)
    with session.journal(plan) as journal:
        made = _planned(paths, plan, journal, own)
        for change in made.files:
            journal.file_written(str(change.path), change.after_digest)
        apply(made)
        return made


def _planned(paths: Sequence[Path], plan: Plan, journal: Journal, own: Sequence[Path]) -> RewritePlan:
    book: AddressBook = plan.book(journal.learned())
    return plan_rewrite(paths, book, done=set(journal.files().values()), own=own)


def _show(out: Output, made: RewritePlan, *, write: bool) -> None:
    for change in made.files:
        _show_change(out, change, written=write)
    for skipped in made.skipped:
        out.event(event="skipped", path=str(skipped.path), reason=skipped.reason)
    for left in made.residue:
        out.event(
            event="residue",
            path=str(left.path),
            line=left.line,
            column=left.column,
            text=left.text,
            reason=left.reason,
        )
    if made.skipped:
        out.title(f"Left alone: {len(made.skipped)}")
        out.columns([(skipped.path, skipped.reason) for skipped in made.skipped])
    edits = sum(len(change.edits) for change in made.files)
    done = "Rewritten" if write else "To rewrite (with --write)"
    out.title(f"{done}: {counted(edits, 'place')} in {counted(len(made.files), 'file')}")
    if made.residue:
        out.title(out.bad(f"Still naming the old account, or to be looked at: {len(made.residue)}"))
        out.columns([(f"{left.path}:{left.line}:{left.column}", left.text, left.reason) for left in made.residue])
    else:
        out.say("Nothing else names the old account.")


def _show_change(out: Output, change: FileChange, *, written: bool) -> None:
    out.event(event="file", path=str(change.path), edits=len(change.edits), digest=change.after_digest, written=written)
    for line in change.diff().splitlines():
        out.verbatim(_colored(out, line))


def _colored(out: Output, line: str) -> str:
    if line.startswith(("+++", "---")):
        return out.bold(line)
    if line.startswith("+"):
        return out.good(line)
    return out.bad(line) if line.startswith("-") else line
