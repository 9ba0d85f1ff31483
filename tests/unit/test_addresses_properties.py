"""The address book by its invariants, over names that are prefixes, successors and neighbours of each other."""

from __future__ import annotations

import base64
import copy
import json
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from resettle.addresses import AddressBook, Claim
from resettle.errors import Undecided
from resettle.model import Ref, Side, Strength

SOURCE, TARGET = "111122223333", "444455556666"
settings.register_profile("addresses", deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("addresses")

STEMS = ["photos-main", "photos-main-a", "photos-main-a-b", "main-a-photos", "photos.main.a", "mybrary-a"]


def _ref(kind: str, identity: str) -> Ref:
    return Ref(Side.SOURCE, "eu-west-1", kind, identity)


def _catalogue() -> list[tuple[str, str, str, Strength]]:
    """Text, successor, kind and strength of things whose names contain each other."""
    things: list[tuple[str, str, str, Strength]] = []
    for stem in STEMS:
        things.append((stem, f"{stem}-{TARGET}", "AWS::S3::Bucket", "distinct"))
        things.append((f"arn:aws:s3:::{stem}", f"arn:aws:s3:::{stem}-{TARGET}", "AWS::S3::Bucket", "strong"))
        queue = f"arn:aws:sqs:eu-west-1:{SOURCE}:{stem}"
        things.append((queue, queue.replace(SOURCE, TARGET), "AWS::SQS::Queue", "strong"))
        host = f"{stem}.abc.eu-west-1.rds.amazonaws.com"
        things.append((host, host.replace(".abc.", ".zyx."), "AWS::RDS::DBInstance", "strong"))
    for number in range(4):
        things.append((f"subnet-0000000{number}", "subnet-99999999", "AWS::EC2::Subnet", "strong"))
        things.append((f"10.0.3.1{number}", f"10.1.3.10{number}", "AWS::EC2::Instance", "strong"))
    things.append(("role-of-app-x", f"role-{SOURCE}-x", "AWS::IAM::Role", "distinct"))
    return things


CATALOGUE = _catalogue()
TEXTS = [text for text, *_ in CATALOGUE]


def _book(things: list[tuple[str, str, str, Strength]]) -> AddressBook:
    claims = [Claim(text, _ref(kind, text), "name", strength) for text, _, kind, strength in things]
    learned = {(_ref(kind, text), "name"): new for text, new, kind, _ in things}
    return AddressBook(claims, source_account=SOURCE, target_account=TARGET, learned=learned)


BOOK = _book(CATALOGUE)
NOISE = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["-", "_", ".", "/", ":", "%2F", "%", "\\n", "\\", "\\/", "s3://", ".s3.", " ", '"', "1", "a", "=", "한", "\n"]
    ),
)
PIECE = st.one_of(NOISE, st.sampled_from(TEXTS), st.just(SOURCE), st.sampled_from([new for _, new, *_ in CATALOGUE]))
TEXT = st.lists(PIECE, max_size=9).map("".join)


def _rewritten(value: Any) -> Any:
    """The value rewritten; an address that chance made the end of a range is a decision and no example."""
    try:
        return BOOK.rewrite(value)
    except Undecided:
        reject()


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


LEAF = st.one_of(TEXT, st.sampled_from(TEXTS).map(_packed), TEXT.map(json.dumps), st.integers(), st.booleans(), st.none())


def _grown(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    mapping = st.dictionaries(st.text(max_size=5), children, max_size=3)
    return st.one_of(st.lists(children, max_size=4), mapping, mapping.map(json.dumps), mapping.map(json.dumps).map(_packed))


VALUE = st.recursive(LEAF, _grown, max_leaves=8)


@given(VALUE)
def test_nothing_of_the_source_is_left_after_rewriting(value: Any) -> None:
    assert BOOK.leaks(_rewritten(value)) == []


@given(VALUE)
def test_rewriting_twice_changes_nothing_more(value: Any) -> None:
    once = _rewritten(value)

    assert BOOK.rewrite(once) == once


@given(VALUE)
def test_rewriting_never_changes_what_it_is_given(value: Any) -> None:
    before = copy.deepcopy(value)

    _rewritten(value)

    assert value == before


@given(VALUE)
def test_what_mentions_nothing_comes_back_as_it_was(value: Any) -> None:
    assume(not BOOK.mentions(value))

    assert BOOK.rewrite(value) == value


@given(TEXT)
def test_text_and_edits_agree_and_never_overlap(text: str) -> None:
    edits = BOOK.edits(text)

    result, done = "", 0
    for edit in edits:
        assert done <= edit.start < edit.end
        assert text[edit.start : edit.end] == edit.old
        result += text[done : edit.start] + (edit.old if edit.new is None else edit.new)
        done = edit.end
    assert result + text[done:] == BOOK.rewrite_text(text)


@given(TEXT)
def test_text_is_rewritten_as_the_same_string_in_a_value(text: str) -> None:
    assume(not text.lstrip().startswith(("{", "[", '"')))

    assert _rewritten({"a": [text]}) == {"a": [BOOK.rewrite_text(text)]}


BORDER = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="-_.\\%/:"), max_size=6).filter(
    lambda text: not text or not any(c.isascii() and c.isalnum() for c in (text[0], text[-1]))
)


@given(BORDER, st.sampled_from(CATALOGUE), BORDER)
def test_a_mention_among_any_unicode_is_found_and_the_rest_survives(
    left: str, thing: tuple[str, str, str, Strength], right: str
) -> None:
    text, new, *_ = thing

    assert BOOK.rewrite(f"{left}{text}{right}") == f"{left}{new}{right}"


@given(st.text(max_size=5), st.text(max_size=5))
def test_the_account_number_is_found_beside_all_but_digits(left: str, right: str) -> None:
    assume(not any(c.isascii() and c.isdigit() for c in (left[-1:], right[:1])))

    assert BOOK.rewrite(f"{left}{SOURCE}{right}") == f"{left}{TARGET}{right}"


@given(st.sampled_from(CATALOGUE), st.integers(1, 3))
def test_a_mention_is_found_however_often_it_is_url_encoded(thing: tuple[str, str, str, Strength], times: int) -> None:
    text, new, *_ = thing
    for _ in range(times):
        text, new = quote(text, safe=""), quote(new, safe="")

    assert BOOK.rewrite(f"x={text}&y") == f"x={new}&y"


@given(st.sampled_from(CATALOGUE), st.integers(1, 3))
def test_a_mention_is_found_under_layers_of_json_and_base64(thing: tuple[str, str, str, Strength], layers: int) -> None:
    old, new, *_ = thing
    for layer in range(layers):
        wrap = _packed if layer % 2 else json.dumps
        old, new = wrap(f"see {old} here\n"), wrap(f"see {new} here\n")

    assert BOOK.rewrite(old) == new


@given(st.lists(st.sampled_from(TEXTS), unique=True, max_size=8))
def test_a_list_without_duplicates_has_none_after_rewriting(items: list[str]) -> None:
    rewritten = BOOK.rewrite(items)

    assert len(rewritten) == len(set(rewritten))
    assert set(rewritten) == {BOOK.rewrite(item) for item in items}


@given(st.permutations([f"10.9.0.{number}" for number in range(6)]), st.lists(st.integers(0, 4), max_size=8))
def test_a_chain_moves_each_text_one_step_and_leaves_no_leak(chain: list[str], picks: list[int]) -> None:
    steps = dict(pairwise(chain))
    moved = _book([(old, new, "AWS::EC2::EIP", "strong") for old, new in steps.items()])

    rewritten = moved.rewrite(" ".join(chain[pick] for pick in picks))

    assert rewritten == " ".join(steps[chain[pick]] for pick in picks)
    assert [leak.text for leak in moved.leaks(rewritten)] == []


@given(st.lists(st.sampled_from(CATALOGUE), unique=True, min_size=1), TEXT)
def test_every_change_is_a_mention_and_names_its_owner(things: list[tuple[str, str, str, Strength]], text: str) -> None:
    some = _book(things)

    owners = {(mention.owner, mention.facet) for mention in some.mentions(text)}

    assert {(edit.owner, edit.facet) for edit in some.edits(text)} <= owners


@given(st.lists(st.sampled_from(CATALOGUE), unique=True, min_size=1))
def test_the_order_in_which_things_are_claimed_and_learned_does_not_matter(
    things: list[tuple[str, str, str, Strength]],
) -> None:
    text = " ".join(TEXTS)

    assert _book(things).rewrite(text) == _book(things[::-1]).rewrite(text)
