"""The rate limits: documented bursts pass at once, what comes after waits its turn, and the table names real operations."""

from __future__ import annotations

import re
import threading

import botocore.session
import pytest

from resettle.limits import TABLE, Limit, Limits

ROW = Limit(service="kms", matching="CreateKey$", rate=5, burst=5, source="a page")


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.now += seconds


def limits(*rows: Limit, factor: float = 1.0) -> tuple[Limits, Clock]:
    clock = Clock()
    return Limits(factor, table=rows or (ROW,), clock=clock, sleep=clock.sleep), clock


def test_a_documented_burst_passes_at_once() -> None:
    made, _ = limits()

    waits = [made.wait("kms", "CreateKey") for _ in range(5)]

    assert waits == [0, 0, 0, 0, 0]


def test_what_comes_after_the_burst_waits_for_the_rate() -> None:
    made, clock = limits()

    for _ in range(15):
        made.wait("kms", "CreateKey")

    assert clock.now - 100.0 == pytest.approx(2.0)


def test_an_operation_that_no_row_names_never_waits() -> None:
    made, clock = limits()

    for _ in range(1000):
        made.wait("kms", "DescribeKey")

    assert clock.now == 100.0


def test_an_idle_bucket_never_holds_more_than_its_burst() -> None:
    made, clock = limits()
    for _ in range(5):
        made.wait("kms", "CreateKey")

    clock.now += 3600
    waits = [made.wait("kms", "CreateKey") for _ in range(6)]

    assert waits[:5] == [0] * 5
    assert waits[5] == pytest.approx(0.2)


def test_operations_together_draw_from_one_bucket_and_others_do_not() -> None:
    shared = Limit(service="lambda", matching="", rate=1, burst=2, together=True, source="a page")
    apart = Limit(service="iam", matching="", rate=1, burst=2, source="a page")
    made, _ = limits(shared, apart)

    together = [made.wait("lambda", operation) for operation in ("CreateFunction", "AddPermission", "GetAlias")]
    each = [made.wait("iam", operation) for operation in ("CreateRole", "CreatePolicy", "PutRolePolicy")]

    assert together[2] == pytest.approx(1.0)
    assert each == [0, 0, 0]


def test_a_factor_speeds_rate_and_burst_up() -> None:
    made, clock = limits(factor=10)

    for _ in range(100):
        made.wait("kms", "CreateKey")

    assert clock.now - 100.0 == pytest.approx(1.0)


@pytest.mark.parametrize("factor", [0, -1])
def test_a_factor_that_is_not_positive_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        Limits(factor)


def test_threads_together_get_no_more_than_the_bucket_holds() -> None:
    slept: list[float] = []
    lock = threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            slept.append(seconds)

    made = Limits(table=(ROW,), clock=lambda: 0.0, sleep=sleep)
    threads = [threading.Thread(target=lambda: [made.wait("kms", "CreateKey") for _ in range(10)]) for _ in range(16)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(slept) == 160 - 5
    assert max(slept) == pytest.approx(155 / 5)
    assert len({round(seconds, 3) for seconds in slept}) == 155


def test_every_row_names_an_operation_that_exists_and_its_source() -> None:
    session = botocore.session.get_session()

    for row in TABLE:
        names = session.get_service_model(row.service).operation_names
        assert any(re.match(row.matching, name) for name in names), row
        assert row.rate > 0 and row.burst >= 1 and row.source, row


def test_the_first_row_that_matches_holds() -> None:
    made = Limits(clock=lambda: 0.0, sleep=lambda _: None)

    functions = [made.wait("lambda", "GetFunction") for _ in range(100)]
    policies = [made.wait("lambda", "GetPolicy") for _ in range(16)]

    assert functions == [0] * 100
    assert policies[15] > 0
