import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resettle import canon

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_differs_from_itself_nowhere(value: Any) -> None:
    assert canon.differences(value, json.loads(canon.canonical_json(value))) == []


@given(st.lists(VALUES, max_size=6))
def test_a_set_does_not_know_in_what_order_it_was_told(items: list[Any]) -> None:
    assert canon.sort_set(items) == canon.sort_set([*reversed(items), *items])


def test_every_place_of_a_path_is_found_through_lists_and_maps() -> None:
    value = {"A": [{"B": {"x": 1, "y": 2}}, {"B": {"z": 3}}, {}]}

    found = dict(canon.places(value, "A[].B.*"))

    assert found == {("A", 0, "B", "x"): 1, ("A", 0, "B", "y"): 2, ("A", 1, "B", "z"): 3}


def test_a_change_leaves_the_value_it_was_given_alone() -> None:
    value = {"A": [{"B": 1}, {"C": 2}], "D": 3}

    changed = canon.change(value, "A[].B", lambda item: item + 1)

    assert changed == {"A": [{"B": 2}, {"C": 2}], "D": 3}
    assert value == {"A": [{"B": 1}, {"C": 2}], "D": 3}


def test_what_was_put_stands_at_its_place() -> None:
    assert canon.put({"A": [{"B": 1}, {"B": 2}]}, ("A", 1, "B"), "new") == {"A": [{"B": 1}, {"B": "new"}]}


def test_outer_lists_are_sorted_by_their_sorted_inner_ones() -> None:
    one = {"Rules": [{"Names": ["b", "a"]}, {"Names": ["a", "a"]}]}
    other = {"Rules": [{"Names": ["a"]}, {"Names": ["a", "b"]}]}

    assert canon.with_sets(one, ("Rules", "Rules[].Names")) == canon.with_sets(other, ("Rules", "Rules[].Names"))


@pytest.mark.parametrize("text", ["", "plain", "{not json", "[1, 2"])
def test_a_text_that_is_no_document_stays_a_text(text: str) -> None:
    assert canon.as_document(text) == text


def test_policies_that_mean_the_same_are_equal() -> None:
    one = {
        "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["b", "a"], "Principal": {"AWS": "x"}},
            {"Effect": "Deny", "Action": ["*"], "Condition": {"Bool": {"k": "true"}}},
        ]
    }
    other = {
        "Statement": [
            {"Effect": "Deny", "Action": "*", "Condition": {"Bool": {"k": ["true"]}}},
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["a", "b"], "Principal": {"AWS": ["x"]}},
        ]
    }

    assert canon.canonical_policy(one) == canon.canonical_policy(other)


def test_a_policy_that_allows_more_is_not_equal() -> None:
    narrow = {"Statement": {"Effect": "Allow", "Action": "s3:GetObject"}}
    wide = {"Statement": {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"]}}

    assert canon.canonical_policy(narrow) != canon.canonical_policy(wide)


def test_differences_are_told_by_path_and_never_by_value() -> None:
    wanted = {"Same": 1, "Gone": "hunter2", "Deep": [{"Value": "hunter2"}], "Long": [1]}
    found = {"Same": 1, "New": "hunter3", "Deep": [{"Value": "hunter3"}], "Long": [1, 2]}

    paths = canon.differences(wanted, found)

    assert paths == ["Deep[0].Value", "Gone", "Long", "New"]
    assert "hunter" not in "".join(paths)


def test_true_is_not_one_and_a_number_is_not_its_text() -> None:
    assert canon.differences({"A": True, "B": "1"}, {"A": 1, "B": 1}) == ["A", "B"]


def test_what_json_cannot_say_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(TypeError):
        canon.digest({"when": object()})
