"""One pool of workers and a heap of timers: runs steps as their needs are done; waiting takes no thread."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from resettle import graph
from resettle.errors import CredentialsGone, ResettleError
from resettle.journal import JournalFailed
from resettle.model import Step

Perform = Callable[[Step], float | None]  # seconds until it wants to be asked again, or None: done


@dataclass(slots=True)
class Outcome:
    """What became of a run. `failed` are root causes only; `blocked` wait for one of them."""

    done: list[Step] = field(default_factory=list)
    failed: dict[str, ResettleError] = field(default_factory=dict)
    blocked: list[Step] = field(default_factory=list)
    interrupted: bool = False


class Coordinator:
    """Runs the steps that are not done yet. A failed step blocks only what needs it; lost credentials stop all new steps."""

    def __init__(self, steps: Iterable[Step], done: Iterable[str], perform: Perform, workers: int = 8) -> None:
        self.steps = {step.id: step for step in steps}
        self.perform = perform
        self.workers = workers
        self.finished = set(done)
        self.waits_for = {step.id: set(step.needs) - self.finished for step in self.steps.values()}
        self.dependants = graph.dependants(self.steps.values())
        self.ready = [identity for identity in self.steps if identity not in self.finished and not self.waits_for[identity]]
        self.timers: list[tuple[float, str]] = []
        self.running: dict[Future[float | None], str] = {}
        self.outcome = Outcome()
        self.stopping = False

    def run(self) -> Outcome:
        """Until nothing is left to do. Ctrl-C finishes what runs and starts nothing new; a second one leaves at once."""
        pool = ThreadPoolExecutor(max_workers=self.workers, thread_name_prefix="step")
        leaving = False
        try:
            while self._work_left():
                try:
                    self._start(pool)
                    self._collect()
                except KeyboardInterrupt:
                    leaving = self.outcome.interrupted
                    if leaving:
                        raise
                    self.stopping = self.outcome.interrupted = True
        finally:
            pool.shutdown(wait=not leaving, cancel_futures=True)
        self.outcome.blocked = [
            step for step in self.steps.values() if step.id not in self.finished and step.id not in self.outcome.failed
        ]
        return self.outcome

    def _work_left(self) -> bool:
        return bool(self.running) or (not self.stopping and bool(self.ready or self.timers))

    def _start(self, pool: ThreadPoolExecutor) -> None:
        if self.stopping:
            return
        now = time.monotonic()
        while self.timers and self.timers[0][0] <= now:
            self.ready.append(heapq.heappop(self.timers)[1])
        while self.ready and len(self.running) < self.workers:
            identity = self.ready.pop(0)
            self.running[pool.submit(self.perform, self.steps[identity])] = identity

    def _collect(self) -> None:
        pause = max(0.0, self.timers[0][0] - time.monotonic()) if self.timers else None
        if not self.running:
            time.sleep(min(pause or 0.0, 0.5))
            return
        finished, _ = wait(self.running, timeout=min(pause, 0.5) if pause is not None else 0.5, return_when=FIRST_COMPLETED)
        for future in finished:
            self._finish(self.running.pop(future), future)

    def _finish(self, identity: str, future: Future[float | None]) -> None:
        step = self.steps[identity]
        try:
            again = future.result()
        except ResettleError as error:
            self.outcome.failed[identity] = error
            self.stopping = self.stopping or isinstance(error, CredentialsGone | JournalFailed)
            return
        if again is not None:
            heapq.heappush(self.timers, (time.monotonic() + again, identity))
            return
        self.finished.add(identity)
        self.outcome.done.append(step)
        for dependant in sorted(self.dependants.get(identity, ())):
            self.waits_for[dependant].discard(identity)
            if not self.waits_for[dependant] and dependant not in self.finished:
                self.ready.append(dependant)
