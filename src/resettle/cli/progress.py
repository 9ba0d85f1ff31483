"""How a run of steps is shown while it runs: bars on a terminal, else a line per step that is done or failed, or JSON events.

A terminal or pipe that goes away silences it, and never stops a step.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Self

from resettle.cli.output import Output
from resettle.cli.trouble import sentence_of
from resettle.model import Stage, Step

_REPEATED = frozenset({"start", "waiting"})  # a step that waits starts again each time it is asked


class Progress:
    """Shows one stage. `report` and `content` may be called from any thread."""

    def __init__(self, out: Output, stage: Stage, *, total: int, done: int) -> None:
        self.out, self.stage, self.total, self.done = out, stage, total, done
        self.began = time.monotonic()
        self._told: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._silent = False
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Self:
        if self.out.terminal:
            self._bar = _bar()
            self._bar.start()
            self._tasks[""] = self._bar.add_task(self.stage.value, total=self.total, completed=self.done)
        return self

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def report(self, what: str, step: Step, why: str) -> None:
        """One event of one step: "start", "waiting", "done" or "failed"."""
        with self._lock:
            if self._silent or (what in _REPEATED and (what, step.id) in self._told):
                return
            self._told.add((what, step.id))
            self.done += what == "done"
            try:
                self._show(what, step, sentence_of(ValueError(why)))
            except OSError:
                self._silent = True

    def content(self, what: str, done: int, total: int) -> None:
        """How far a carrier is with one content."""
        with self._lock:
            if self._bar is None or not total:
                return
            if what not in self._tasks:
                self._tasks[what] = self._bar.add_task(f"  {what}", total=total)
            self._bar.update(self._tasks[what], completed=done, total=total, visible=done < total)

    def _show(self, what: str, step: Step, why: str) -> None:
        self.out.event(event=what, step=step.id, action=step.action, ref=str(step.ref), stage=step.stage.value, why=why)
        if self._bar is not None:
            self._bar.update(self._tasks[""], completed=self.done)
            if what == "failed":
                self._bar.console.print(f"  failed  {step}", style="red", soft_wrap=True)
        elif what in ("done", "failed"):
            counter = f"[{self.done:>{len(str(self.total))}}/{self.total}]"
            self.out.say(f"{counter} {what:<6}  {step}", indent=1)


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.speed:,.1f}/s" if task.speed else "", justify="right")

    columns = (
        TextColumn("  {task.description}"),
        BarColumn(bar_width=32, complete_style="cyan", finished_style="green", pulse_style="cyan"),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(compact=True),
    )
    return Bars(*columns, console=Console(highlight=False, markup=False, emoji=False))
