"""The tables that several verbs show: gaps, kinds, steps; it decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from resettle.cli.output import Output, counted
from resettle.model import Gap, Resource, SourceWrite, Stage, Step

_SHOWN_STAGES = (Stage.PARK, Stage.BUILD)


def gaps(out: Output, still_open: Sequence[Gap], accepted: Sequence[Gap]) -> None:
    """Open gaps with what to do about them, then the accepted ones; as JSON one event each."""
    for gap in still_open:
        out.event(event="gap", name=gap.name, what=gap.what, advice=gap.advice, on=gap.on, accepted=False)
    for gap in accepted:
        out.event(event="gap", name=gap.name, what=gap.what, advice=gap.advice, on=gap.on, accepted=True)
    if still_open:
        out.title(out.bad(f"Open gaps: {len(still_open)}"))
        for gap in still_open:
            out.say(out.bold(gap.name), indent=1)
            out.say(gap.what, indent=2)
            if gap.advice:
                out.say(f"try: {gap.advice}", indent=2)
        out.say("They block the move until each is closed, or accepted by its name:")
        out.say(f"resettle plan --accept '{still_open[0].name}'", indent=1)
    if accepted:
        out.title(f"Accepted gaps: {len(accepted)}")
        out.columns([(gap.name, gap.what) for gap in accepted])


def by_kind(resources: Iterable[Resource]) -> list[tuple[str, int, int]]:
    """For each kind: how many things, and how many of these are AWS's own."""
    found: dict[str, tuple[int, int]] = {}
    for resource in resources:
        number, theirs = found.get(resource.ref.kind, (0, 0))
        found[resource.ref.kind] = (number + 1, theirs + resource.theirs)
    return [(kind, number, theirs) for kind, (number, theirs) in sorted(found.items())]


def source_writes(out: Output, account: str, writes: Sequence[SourceWrite]) -> None:
    """Every write to the source with its undo."""
    for write in writes:
        out.event(event="source_write", operation=write.operation, resource=write.resource, why=write.why, undo=write.undo)
    if not writes:
        out.title(f"Writes to the source {account}: none")
        return
    out.title(f"Writes to the source {account}: {len(writes)}")
    groups: dict[tuple[str, str, str], list[str]] = {}
    for write in writes:
        groups.setdefault((write.operation, write.undo, write.why), []).append(write.resource)
    for (operation, undo, why), resources in groups.items():
        out.say(f"{out.bold(operation)} {why}", indent=1)
        for resource in resources:
            out.say(resource, indent=3)
        out.say(out.dim(f"undone by {undo.replace('|', ' or ')}"), indent=2)


def steps(out: Output, all_steps: Sequence[Step]) -> None:
    """How many steps of each kind in each stage."""
    table: dict[str, dict[Stage, int]] = {}
    for step in all_steps:
        row = table.setdefault(step.ref.kind, dict.fromkeys(_SHOWN_STAGES, 0))
        row[step.stage] = row.get(step.stage, 0) + 1
    out.title(f"Steps: {len(all_steps)}")
    rows = [(kind, *(row[stage] or "-" for stage in _SHOWN_STAGES)) for kind, row in sorted(table.items())]
    total = [sum(row[stage] for row in table.values()) for stage in _SHOWN_STAGES]
    out.columns([*rows, ("total", *total)], ("kind", *(stage.value for stage in _SHOWN_STAGES)), right=2)


def bullets(out: Output, heading: str, sentences: Sequence[str]) -> None:
    """Sentences under a heading; nothing where there are none."""
    if sentences:
        out.title(heading)
        out.columns([("-", sentence) for sentence in sentences])


@contextmanager
def looking(out: Output, kinds: int) -> Iterator[Callable[[str, int], None]]:
    """On a terminal a bar over the kinds that are read, which goes away; else silence, since the table comes right after."""
    if not out.terminal:
        yield lambda kind, number: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("  {task.description}"),
        BarColumn(bar_width=24, complete_style="cyan", finished_style="cyan"),
        MofNCompleteColumn(),
    )
    with Progress(*columns, console=Console(highlight=False, markup=False), transient=True) as bar:
        task = bar.add_task("reading", total=kinds)
        yield lambda kind, number: bar.update(task, advance=1, description=kind)


def root_causes(number: int, blocked: int) -> str:
    """The sentence above the root causes of a failed run."""
    waiting = f"; {counted(blocked, 'step')} wait for {'it' if number == 1 else 'them'}" if blocked else ""
    return f"{counted(number, 'step')} failed{waiting}"
