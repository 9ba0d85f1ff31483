"""Carries a plan through its stages, for `park` and `move`: asks first, resumes what a run left, keeps the manifest.

The source is contacted only while a step of park is not done; build runs without any object that could reach it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from resettle.account import Account
from resettle.adjust.parking import bucket_ref
from resettle.cli import report
from resettle.cli.consent import consent
from resettle.cli.invocation import Result
from resettle.cli.output import counted, lasting
from resettle.cli.progress import Progress
from resettle.cli.session import JOURNAL, MANIFEST_NOTE, Session, pace
from resettle.cli.trouble import INTERRUPTED, as_fields, sentence_of, warn
from resettle.errors import CredentialsGone, GapsOpen, ResettleError
from resettle.execute.coordinator import Outcome
from resettle.execute.desk import Desk
from resettle.execute.run import Runner, inspector, keep_manifest, source_operations, target_operations
from resettle.journal import Journal
from resettle.model import Side, Stage, Step
from resettle.plan import Plan, step_id
from resettle.plan.steps import MAKE

_FAILED = 4
_SHOWN_CAUSES = 20


@dataclass(slots=True)
class _Run:
    """One call of `park` or `move`."""

    session: Session
    plan: Plan
    journal: Journal
    pace: float
    target: Account
    done: int = 0
    failed: dict[str, ResettleError] = field(default_factory=dict)
    blocked: int = 0
    interrupted: bool = False

    def left(self, stage: Stage) -> list[Step]:
        """The steps of a stage that the journal does not call done."""
        states = self.journal.states()
        steps = [step for step in self.plan.steps if step.stage is stage]
        return [step for step in steps if not ((state := states.get(step.id)) and state.done)]

    def code(self) -> int:
        return INTERRUPTED if self.interrupted else _FAILED if self.failed else 0


def carry(session: Session, given: Path | None, stages: Sequence[Stage], *, yes: bool) -> Result:
    """Runs what is not done of these stages. GapsOpen, PlanMismatch, Busy and BadInput come before anything is written."""
    factor, plan = pace(), session.plan(given)
    if not session.workspace.path(JOURNAL).exists():  # else the journal tells whether this is the plan that was begun
        _refuse_gaps(session, plan)
    with session.journal(plan, begin=True) as journal:
        target = session.account(Side.TARGET)
        run = _Run(session=session, plan=plan, journal=journal, pace=factor, target=target)
        wanted = [stage for stage in stages if run.left(stage)]
        if not wanted and not _manifest_owed(journal):
            return _nothing_to_do(run, stages)
        source = session.account(Side.SOURCE) if Stage.PARK in wanted else None
        consent(session.out, _announced(run, wanted), session.called(Side.TARGET), yes=yes)
        _carry(run, wanted, source)
        return _ended(run, stages)


def _carry(run: _Run, stages: Sequence[Stage], source: Account | None) -> None:
    run.target.permit(target_operations(run.plan, run.session.registry, run.session.carriers.values()))
    if not stages:
        _keep_manifest(run, _desk(run, None), failed=False)
    for stage in stages:
        desk = _desk(run, source if stage is Stage.PARK else None)
        run.target.inspect(inspector(desk) if stage is Stage.BUILD else None)
        if stage is Stage.PARK and source is not None:
            source.permit(source_operations(run.plan))
        outcome = _stage(run, desk, stage)
        if stage is Stage.PARK and source is not None:
            source.refuse("park is over, and build does not contact the source")
        _note(run, outcome)
        if outcome.done or outcome.failed:
            _keep_manifest(run, desk, failed=run.code() != 0)
        if run.code():
            return


def _desk(run: _Run, source: Account | None) -> Desk:
    return Desk(
        plan=run.plan,
        registry=run.session.registry,
        target=run.target,
        journal=run.journal,
        carriers=run.session.carriers,
        book=run.plan.book(run.journal.learned()),
        source=source,
        seal_key=run.session.workspace.seal_key(),
        pace=run.pace,
    )


def _stage(run: _Run, desk: Desk, stage: Stage) -> Outcome:
    total, left = sum(step.stage is stage for step in run.plan.steps), len(run.left(stage))
    out = run.session.out
    out.title(
        f"{stage.value.capitalize()}: {counted(left, 'step')} to do" + (f", {total - left} done before" if total > left else "")
    )
    with Progress(out, stage, total=total, done=total - left) as progress:
        desk.progress = progress.content
        outcome = Runner(desk, progress.report).stage(stage)
    took = lasting(time.monotonic() - progress.began)
    out.say(f"{counted(len(outcome.done), 'step')} done in {took}", indent=1)
    return outcome


def _note(run: _Run, outcome: Outcome) -> None:
    run.done += len(outcome.done)
    run.failed |= outcome.failed
    run.blocked += len(outcome.blocked)
    run.interrupted = run.interrupted or outcome.interrupted


def _keep_manifest(run: _Run, desk: Desk, *, failed: bool) -> None:
    """Plan and journal into the parking bucket, once that stands. After a failure it is only tried: the failure is told."""
    bucket = step_id(run.plan.source, bucket_ref(run.plan.region), MAKE)
    if not run.journal.state(bucket).done:
        return
    try:
        keep_manifest(desk)
    except ResettleError as error:
        if not failed:
            raise
        warn(f"{sentence_of(error)} (so the parking bucket keeps an older manifest)", run.session.invocation)
        return
    run.journal.note(MANIFEST_NOTE, {"bucket": desk.parking()})


def _manifest_owed(journal: Journal) -> bool:
    """Whether a step was done since the manifest was written: a run was cut off in between."""
    last = {"done": 0, MANIFEST_NOTE: 0}
    for event in journal.events():
        if event.what in last:
            last[event.what] = event.number
    return last["done"] > last[MANIFEST_NOTE]


def _refuse_gaps(session: Session, plan: Plan) -> None:
    still_open = plan.open_gaps()
    if not still_open:
        return
    report.gaps(session.out, still_open, ())
    names = ", ".join(gap.name for gap in still_open[:3]) + (", …" if len(still_open) > 3 else "")
    raise GapsOpen(
        "reading",
        "the plan",
        f"{counted(len(still_open), 'gap')} in it nobody has accepted ({names})",
        f"close it, or resettle plan --accept '{still_open[0].name}'",
    )


def _announced(run: _Run, stages: Sequence[Stage]) -> list[str]:
    """What will be written, and where, in sentences."""
    sentences = [] if stages else ["All steps are done, and the manifest in the parking bucket is older than they are."]
    for stage in stages:
        left = run.left(stage)
        sentences.append(f"{stage.value.capitalize()} has {counted(len(left), 'step')} to do.")
    writes = list(dict.fromkeys(write for step in run.left(Stage.PARK) for write in step.writes)) if Stage.PARK in stages else []
    if writes:
        report.source_writes(run.session.out, run.plan.source, writes)
        run.session.out.say()
        source = run.session.called(Side.SOURCE)
        sentences.append(f"This makes {counted(len(writes), 'write')} to the source, {source}, each with its undo.")
    sentences.append(f"This writes to {run.session.called(Side.TARGET)}.")
    return sentences


def _nothing_to_do(run: _Run, stages: Sequence[Stage]) -> Result:
    total = sum(step.stage in stages for step in run.plan.steps)
    run.session.out.say(f"Nothing to do: all {counted(total, 'step')} are done in {run.session.called(Side.TARGET)}.")
    _show_next(run, stages)
    return Result(0, _summary(run, stages))


def _ended(run: _Run, stages: Sequence[Stage]) -> Result:
    out = run.session.out
    if run.failed:
        _show_causes(run)
    if run.interrupted:
        warn("interrupted: what ran was finished, and the same command goes on", run.session.invocation)
    if not run.code():
        _show_next(run, stages)
    elif run.failed:
        out.say("When the cause is mended, the same command goes on where this one stopped.")
    return Result(run.code(), _summary(run, stages))


def _show_causes(run: _Run) -> None:
    """Root causes on standard error; credentials that are gone fail many steps and are one cause."""
    out, invocation = run.session.out, run.session.invocation
    steps = run.plan.by_id()
    for identity, error in run.failed.items():
        out.event(event="cause", step=identity, ref=str(steps[identity].ref), **as_fields(error))
    gone = next((error for error in run.failed.values() if isinstance(error, CredentialsGone)), None)
    causes = [gone] if gone else list(run.failed.values())
    warn(report.root_causes(len(run.failed), run.blocked), invocation)
    for error in causes[:_SHOWN_CAUSES]:
        if not out.json:
            warn(sentence_of(error), invocation)
    if len(causes) > _SHOWN_CAUSES:
        warn(f"and {len(causes) - _SHOWN_CAUSES} more: resettle status shows them all", invocation)


def _show_next(run: _Run, stages: Sequence[Stage]) -> None:
    out = run.session.out
    out.say()
    if Stage.BUILD in stages:
        out.say("Next: resettle verify")
    else:
        out.say("All that the move needs now lies in the target; build does not contact the source.")
        out.say("Next: resettle move")


def _summary(run: _Run, stages: Sequence[Stage]) -> dict[str, object]:
    return {
        "source": run.plan.source,
        "target": run.plan.target,
        "stages": [stage.value for stage in stages],
        "done": run.done,
        "failed": len(run.failed),
        "blocked": run.blocked,
        "left": sum(len(run.left(stage)) for stage in stages),
        "interrupted": run.interrupted,
    }
