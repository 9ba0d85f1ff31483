import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resettle import graph
from resettle.errors import BadInput
from resettle.model import Ref, Side, Stage, Step


def step(name: str, *needs: str, stage: Stage = Stage.BUILD) -> Step:
    return Step(id=name, action="make", ref=Ref(Side.SOURCE, "r", "AWS::X::Y", name), stage=stage, needs=needs)


def test_what_park_needs_is_made_in_park_and_so_is_what_that_needs() -> None:
    steps = [step("copy", "bucket", stage=Stage.PARK), step("bucket", "key"), step("key"), step("queue", "key")]

    found = {item.id: item.stage for item in graph.staged(steps)}

    assert found == {"copy": Stage.PARK, "bucket": Stage.PARK, "key": Stage.PARK, "queue": Stage.BUILD}


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_no_step_needs_one_of_a_later_stage_or_of_a_later_place(seed: int, size: int) -> None:
    chance = random.Random(seed)
    steps = [
        step(f"s{at}", *(f"s{other}" for other in range(at) if chance.random() < 0.3), stage=chance.choice(graph.ORDER))
        for at in range(size)
    ]
    chance.shuffle(steps)

    order = graph.ordered(graph.staged(steps))

    place, stage = {item.id: at for at, item in enumerate(order)}, {item.id: item.stage for item in order}
    for item in order:
        for need in item.needs:
            assert place[need] < place[item.id]
            assert graph.ORDER.index(stage[need]) <= graph.ORDER.index(item.stage)


def test_the_order_does_not_depend_on_the_order_given() -> None:
    steps = [step("a", "c"), step("b", "c"), step("c"), step("d")]

    assert graph.ordered(steps) == graph.ordered(reversed(steps))


def test_a_circle_is_told_by_its_path() -> None:
    with pytest.raises(BadInput) as caught:
        graph.ordered([step("a", "b"), step("b", "c"), step("c", "a"), step("d")])

    text = str(caught.value)
    assert all(f"AWS::X::Y/{name}" in text for name in "abc")
    assert "AWS::X::Y/d" not in text


def test_dependants_are_those_that_need_a_step_directly() -> None:
    assert graph.dependants([step("a", "b"), step("b", "c"), step("c")]) == {"b": {"a"}, "c": {"b"}}


def test_a_soft_need_gives_way_where_it_closes_a_circle_and_only_there() -> None:
    steps = [step("a", "b"), step("b", "a"), step("c", "a")]

    kept = {item.id: item.needs for item in graph.loosened(steps, {("a", "b"), ("c", "a")})}

    assert kept == {"a": (), "b": ("a",), "c": ("a",)}


def test_a_circle_of_hard_needs_stays_to_be_told() -> None:
    steps = graph.loosened([step("a", "b"), step("b", "a")], ())

    with pytest.raises(BadInput):
        graph.ordered(steps)
