"""`resettle scan`: reads the source and shows what is there, gaps first; it writes nothing but .resettle/inventory.json."""

from __future__ import annotations

import json

import click

from resettle import workspace
from resettle.cli import report
from resettle.cli.invocation import Invocation, Result, Verb
from resettle.cli.output import counted
from resettle.cli.session import INVENTORY, Session
from resettle.inventory import Inventory
from resettle.model import Side

_GAPS_OPEN = 3


@click.command(cls=Verb)
@click.pass_obj
def command(invocation: Invocation) -> Result:
    """Read the source account; show what is there and what could not be seen."""
    session = Session(invocation=invocation)
    found = scanned(session)
    text = json.dumps(found.encode(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    path = session.workspace.path(INVENTORY)
    workspace.write_text_atomic(path, text)
    return shown(session, found)


def scanned(session: Session) -> Inventory:
    """The inventory of the source, read now."""
    from resettle.scan import scan

    account = session.account(Side.SOURCE)
    session.out.say(f"Reading {session.called(Side.SOURCE)} in {session.settings.source.region}")
    with report.looking(session.out, len(session.registry)) as progress:
        return scan(account, session.registry, session.scope(), session.workspace.seal_key(), progress)


def shown(session: Session, found: Inventory) -> Result:
    """Prints an inventory: gaps, then how many things of each kind."""
    out, accepted = session.out, session.settings.accept.gaps
    open_gaps = [gap for gap in found.gaps if gap.name not in accepted]
    report.gaps(out, open_gaps, [gap for gap in found.gaps if gap.name in accepted])
    kinds = report.by_kind(found.resources)
    if kinds:
        out.title(f"Found: {counted(len(found.resources), 'thing')} of {counted(len(kinds), 'kind')}")
        rows = [(kind, number, f"{theirs} of them AWS's own" if theirs else "") for kind, number, theirs in kinds]
        out.columns([(f"{number:>5}", kind, note) for kind, number, note in rows])
    else:
        out.title("Found: nothing")
    if found.outside:
        out.say(f"{counted(len(found.outside), 'thing')} outside the scope", indent=1)
    for kind, number, theirs in kinds:
        out.event(event="found", kind=kind, count=number, theirs=theirs)
    out.say()
    out.say("Next: resettle plan")
    code = _GAPS_OPEN if open_gaps else 0
    return Result(code, {"resources": len(found.resources), "kinds": len(kinds), "open_gaps": len(open_gaps)})
