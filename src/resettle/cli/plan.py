"""`resettle plan`: reads both sides, decides, and writes the plan for a person to read; it changes neither account."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import click

from resettle import settings as toml
from resettle import workspace
from resettle.cli import report, scan
from resettle.cli.invocation import Invocation, Result, Verb
from resettle.cli.session import JOURNAL, PLAN, Session, load_plan
from resettle.errors import BadInput
from resettle.model import Side, Stage
from resettle.plan import Plan, write
from resettle.registry import Registry

_GAPS_OPEN = 3
_CATCHING_UP = {
    "delta": "what changed since is copied again, while the service runs",
    "replace": "it is frozen, copied and made again, and down meanwhile",
    "drain": "what is left in it is carried over once nothing writes to it any more",
    "none": "nothing is caught up: it stays as it was parked",
}


@click.command(cls=Verb)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write the plan (default: plan.json beside resettle.toml).",
)
@click.option("--accept", multiple=True, metavar="GAP", help="Accept this gap, in resettle.toml; may be repeated.")
@click.pass_obj
def command(invocation: Invocation, out: Path | None, accept: tuple[str, ...]) -> Result:
    """Decide how everything moves, and write that down for a person to read."""
    session = Session(invocation=invocation)
    made = _made(session, accept)
    if accept:
        _write_down(session, accept, made)
    path = out or session.root / PLAN
    workspace.write_text_atomic(path, write(made))
    _show(session, made)
    _show_end(session, made, path)
    still_open = len(made.open_gaps())
    summary = {
        "plan": str(path),
        "hash": made.hash(),
        "steps": len(made.steps),
        "source_writes": len(made.writes()),
        "open_gaps": still_open,
        "accepted_gaps": len(made.gaps) - still_open,
    }
    return Result(_GAPS_OPEN if still_open else 0, summary)


def _made(session: Session, accept: Sequence[str]) -> Plan:
    from resettle.plan.make import Wishes, make_plan
    from resettle.read import Reader
    from resettle.scan import look

    wanted, registry = session.settings, session.registry
    inventory = scan.scanned(session)
    target = session.account(Side.TARGET)
    session.out.say(f"Reading {session.called(Side.TARGET)} in {wanted.target.region}")
    with report.looking(session.out, len(registry)) as progress:
        standing, more = look(Reader(target, registry), registry, progress)
    wishes = Wishes(
        bucket=wanted.names.bucket,
        accepted=(*wanted.accept.gaps, *accept),
        settings={"single_copy_bytes": wanted.limits.single_copy_bytes},
    )
    return make_plan(inventory, standing, more, registry, wanted.target.account, wishes)


def _write_down(session: Session, accept: Sequence[str], plan: Plan) -> None:
    """Adds accepted gaps to resettle.toml, as a person would; a name that is no gap's is refused before anything is."""
    names = [gap.name for gap in plan.gaps]
    for name in accept:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            raise BadInput("accepting the gap", name, "there is no gap of that name", f"'{near[0]}'" if near else "")
    path = session.root / toml.FILE_NAME
    text = path.read_text(encoding="utf-8")
    changed = toml.with_accepted(text, accept)
    if changed != text:
        workspace.write_text_atomic(path, changed)


def _show(session: Session, plan: Plan) -> None:
    out = session.out
    out.say()
    out.say(out.bold(f"Plan: {plan.source} to {plan.target} in {plan.region}"))
    report.gaps(out, plan.open_gaps(), [gap for gap in plan.gaps if gap.name in plan.accepted])
    report.bullets(out, "Decisions", plan.reasons)
    for reason in plan.reasons:
        out.event(event="decision", what=reason)
    report.source_writes(out, plan.source, plan.writes())
    report.steps(out, plan.steps)
    for stage in (Stage.PARK, Stage.BUILD):
        out.event(event="stage", stage=stage.value, steps=sum(step.stage is stage for step in plan.steps))
    report.bullets(out, "To know", plan.caveats)
    for caveat in plan.caveats:
        out.event(event="caveat", what=caveat)
    _show_switch(session, plan)


def _show_switch(session: Session, plan: Plan) -> None:
    """What each sort of content means on the day of the switch."""
    rows = []
    for kind, number, sync in contents(plan, session.registry):
        rows.append((f"{kind} ({number})", sync, _CATCHING_UP[sync]))
        session.out.event(event="content", kind=kind, count=number, at_the_switch=sync)
    if rows:
        session.out.title("Content, at the switch")
        session.out.columns(rows)


def contents(plan: Plan, registry: Registry) -> list[tuple[str, int, str]]:
    """For each kind that holds content of its own: how many things, and how they catch up."""
    found: dict[str, int] = {}
    for resource in plan.inventory.resources:
        if resource.ref.side is Side.SOURCE and not resource.theirs:
            found[resource.ref.kind] = found.get(resource.ref.kind, 0) + 1
    rows: list[tuple[str, int, str]] = []
    for kind, number in sorted(found.items()):
        make = registry[kind].make
        if make.content is not None:
            rows.append((kind, number, make.content.sync))
        elif make.hops:
            rows.append((kind, number, "replace"))
    return rows


def _show_end(session: Session, plan: Plan, path: Path) -> None:
    out, unused = session.out, set(session.settings.accept.gaps) - {gap.name for gap in plan.gaps}
    out.say()
    for name in sorted(unused):
        out.say(f"{toml.FILE_NAME} accepts {name}, and there is no such gap any more.")
    kept = session.workspace.path(PLAN)
    if session.workspace.path(JOURNAL).exists() and kept.exists() and load_plan(kept).hash() != plan.hash():
        out.say(f"A move is under way here with the plan in {kept}; it goes on with: resettle move --plan {kept}")
    out.say(f"Written to {path} (plan {plan.hash()[:12]})")
    if plan.open_gaps():
        out.say("Next: close or accept the open gaps, then resettle plan again")
    else:
        out.say(f"Next: resettle move --plan {path}")
