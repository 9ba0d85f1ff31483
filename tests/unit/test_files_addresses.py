"""Address lists: a JSON object of old texts and new ones becomes an address book, or is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resettle.errors import BadInput
from resettle.files import book_from_addresses, plan_rewrite


def listed(tmp_path: Path, addresses: object) -> Path:
    path = tmp_path / "addresses.json"
    path.write_text(json.dumps(addresses))
    return path


def rewritten(tmp_path: Path, addresses: dict[str, str], text: str) -> str:
    (tmp_path / "a.txt").write_text(text)
    plan = plan_rewrite([tmp_path / "a.txt"], book_from_addresses(listed(tmp_path, addresses)))
    return plan.files[0].after.decode() if plan.files else text


def test_each_old_text_becomes_its_new_one_at_borders(tmp_path: Path) -> None:
    addresses = {"old.example": "new.example", "10.0.3.105": "10.0.9.9", "vpc-0a1b2c3d": "vpc-0e0e0e0e"}

    text = rewritten(tmp_path, addresses, "http://old.example:80 not-old.example 10.0.3.105 110.0.3.105 vpc-0a1b2c3d")

    assert text == "http://new.example:80 not-old.example 10.0.9.9 110.0.3.105 vpc-0e0e0e0e"


def test_a_bucket_is_found_in_every_form_and_not_in_a_longer_name(tmp_path: Path) -> None:
    text = "s3://mybrary-covers/x mybrary-covers.s3.ap-northeast-2.amazonaws.com mybrary-covers-old arn:aws:s3:::mybrary-covers/*"

    assert rewritten(tmp_path, {"mybrary-covers": "covers-b"}, text) == (
        "s3://covers-b/x covers-b.s3.ap-northeast-2.amazonaws.com mybrary-covers-old arn:aws:s3:::covers-b/*"
    )


def test_a_common_word_outside_a_url_is_left_for_a_person(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("s3://assets/x and assets\n")
    book = book_from_addresses(listed(tmp_path, {"assets": "assets-444455556666"}))

    plan = plan_rewrite([tmp_path / "a.txt"], book)

    assert plan.files[0].after == b"s3://assets-444455556666/x and assets\n"
    assert [(place.text, place.column) for place in plan.residue] == [("assets", 32)]


def test_twelve_digits_are_the_two_accounts(tmp_path: Path) -> None:
    text = rewritten(tmp_path, {"111122223333": "444455556666"}, "arn:aws:sns:us-east-1:111122223333:x 1111222233334")

    assert text == "arn:aws:sns:us-east-1:444455556666:x 1111222233334"


def test_without_the_accounts_every_arn_of_an_account_is_residue_and_nothing_else_changes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("id 111122223333, arn:aws:sns:us-east-1:111122223333:x, old.example\n")
    book = book_from_addresses(listed(tmp_path, {"old.example": "new.example"}))

    plan = plan_rewrite([tmp_path / "a.txt"], book)

    assert plan.files[0].after == b"id 111122223333, arn:aws:sns:us-east-1:111122223333:x, new.example\n"
    assert [place.text for place in plan.residue] == ["arn:aws:sns:us-east-1:111122223333:x"]


def test_rewriting_twice_with_a_list_leaves_the_same_residue(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("10.0.3.105 10.0.4.4")
    book = book_from_addresses(listed(tmp_path, {"10.0.3.105": "10.0.9.9"}))
    first = plan_rewrite([file], book)
    file.write_bytes(first.files[0].after)

    second = plan_rewrite([file], book)

    assert second.files == ()
    assert second.residue == first.residue
    assert [place.text for place in first.residue] == ["10.0.4.4"]


@pytest.mark.parametrize(
    ("content", "because"),
    [
        ("", "it is no JSON"),
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[]", "it is no JSON object"),
        ('{"a.example": 1}', "is no text of one line"),
        ('{"a.example": {"b": "c"}}', "is no text of one line"),
        ('{"": "b"}', "is no text of one line"),
        ('{"a.example": "x\\ny"}', "is no text of one line"),
        ('{"a.example": "\\ud800"}', "is no text of one line"),
        ('{"a.example": "b", "a.example": "c"}', "has two successors"),
        ('{"111122223333": "444455556666", "222233334444": "444455556666"}', "it names 2 source accounts"),
        ('{"111122223333": "44445555"}', "is no account number of twelve digits"),
    ],
)
def test_a_malformed_list_is_refused_in_one_sentence(tmp_path: Path, content: str, because: str) -> None:
    path = tmp_path / "addresses.json"
    path.write_text(content)

    with pytest.raises(BadInput, match=because):
        book_from_addresses(path)


def test_a_list_that_is_absent_or_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\xfd")

    with pytest.raises(BadInput, match="No such file"):
        book_from_addresses(tmp_path / "absent.json")
    with pytest.raises(BadInput, match="not UTF-8"):
        book_from_addresses(tmp_path / "bytes.json")
