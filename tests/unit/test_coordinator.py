import threading
import time
from collections.abc import Callable

import pytest

from resettle.errors import CredentialsGone, StepFailed
from resettle.execute.coordinator import Coordinator
from resettle.model import Ref, Side, Stage, Step


def step(name: str, *needs: str) -> Step:
    return Step(id=name, action="make", ref=Ref(Side.SOURCE, "r", "AWS::X::Y", name), stage=Stage.BUILD, needs=needs)


class Work:
    """Performs steps as it was told, and remembers the order."""

    def __init__(self, **told: Callable[[], float | None]) -> None:
        self.told, self.begun, self.lock = told, list[str](), threading.Lock()

    def __call__(self, item: Step) -> float | None:
        with self.lock:
            self.begun.append(item.id)
        return self.told[item.id]() if item.id in self.told else None


def fails() -> float | None:
    raise StepFailed("making", "it", "it broke")


def held(event: threading.Event) -> Callable[[], None]:
    def wait() -> None:
        event.wait(5)

    return wait


def expires() -> float | None:
    raise CredentialsGone("making", "it", "the token is old", code="ExpiredToken")


def test_a_step_begins_only_when_all_it_needs_is_done() -> None:
    work = Work()

    outcome = Coordinator([step("c", "a", "b"), step("b", "a"), step("a")], (), work).run()

    assert work.begun == ["a", "b", "c"]
    assert [item.id for item in outcome.done] == ["a", "b", "c"]


def test_what_is_done_already_is_not_performed_again() -> None:
    work = Work()

    outcome = Coordinator([step("a"), step("b", "a")], ["a"], work).run()

    assert work.begun == ["b"]
    assert [item.id for item in outcome.done] == ["b"]


def test_a_failed_step_blocks_what_needs_it_and_nothing_else() -> None:
    work = Work(a=fails)

    outcome = Coordinator([step("a"), step("b", "a"), step("c", "b"), step("d")], (), work, workers=1).run()

    assert list(outcome.failed) == ["a"]
    assert [item.id for item in outcome.blocked] == ["b", "c"]
    assert [item.id for item in outcome.done] == ["d"]
    assert not outcome.interrupted


def test_a_step_that_waits_takes_no_worker() -> None:
    answers = iter([0.05, 0.05, None])
    work = Work(a=lambda: next(answers))

    outcome = Coordinator([step("a"), step("b")], (), work, workers=1).run()

    assert work.begun == ["a", "b", "a", "a"]
    assert {item.id for item in outcome.done} == {"a", "b"}


def test_lost_credentials_stop_everything_new() -> None:
    work = Work(a=expires)

    outcome = Coordinator([step("a"), step("b"), step("c")], (), work, workers=1).run()

    assert work.begun == ["a"]
    assert list(outcome.failed) == ["a"]
    assert [item.id for item in outcome.blocked] == ["b", "c"]


class Pressed(Coordinator):
    """Ctrl-C is pressed when `begun` says so, as often as `times`."""

    times = 1
    pressed = 0

    def _collect(self) -> None:
        if self.running and self.pressed < self.times:
            self.pressed += 1
            raise KeyboardInterrupt
        super()._collect()


def test_one_interrupt_finishes_what_runs_and_begins_nothing() -> None:
    let_go = threading.Event()
    work = Work(a=held(let_go))
    run = Pressed([step("a"), step("b")], (), work, workers=1)
    threading.Timer(0.05, let_go.set).start()

    outcome = run.run()

    assert outcome.interrupted
    assert work.begun == ["a"]
    assert [item.id for item in outcome.done] == ["a"]
    assert [item.id for item in outcome.blocked] == ["b"]


def test_a_second_interrupt_leaves_without_waiting_for_what_runs() -> None:
    let_go = threading.Event()
    work = Work(a=held(let_go))
    run = Pressed([step("a")], (), work, workers=1)
    run.times = 2
    began = time.monotonic()

    try:
        with pytest.raises(KeyboardInterrupt):
            run.run()
        took = time.monotonic() - began
    finally:
        let_go.set()

    assert took < 2


def test_an_interrupt_after_credentials_were_lost_still_finishes_what_runs() -> None:
    let_go = threading.Event()
    run = Pressed([step("a"), step("b")], (), Work(a=expires, b=held(let_go)), workers=2)
    run.times = 0
    threading.Timer(0.1, let_go.set).start()

    outcome = run.run()

    assert [item.id for item in outcome.done] == ["b"]


def test_a_fault_of_ours_is_not_taken_for_a_failed_step() -> None:
    def broken() -> float | None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Coordinator([step("a")], (), Work(a=broken)).run()


def test_a_step_whose_need_is_not_in_the_run_is_blocked_and_does_not_hang() -> None:
    outcome = Coordinator([step("b", "elsewhere")], (), Work()).run()

    assert [item.id for item in outcome.blocked] == ["b"]
