"""Whatever stands in a file: no crash, no change without an edit, and a second run finds what the first one left."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from resettle.addresses import AddressBook, Claim
from resettle.files import apply, plan_rewrite
from resettle.files.rewrite import applied
from resettle.model import Ref, Side

OLD, NEW = "111122223333", "444455556666"
PAIRS = {
    "vpc-0aaaaaaaaaaaaaaaa": "vpc-0bbbbbbbbbbbbbbbb",
    f"arn:aws:sqs:ap-northeast-2:{OLD}:orders": f"arn:aws:sqs:ap-northeast-2:{NEW}:orders",
    f"https://sqs.ap-northeast-2.amazonaws.com/{OLD}/orders": f"https://sqs.ap-northeast-2.amazonaws.com/{NEW}/orders",
    "db.cafe.ap-northeast-2.rds.amazonaws.com": "db.beef.ap-northeast-2.rds.amazonaws.com",
    "10.0.3.105": "10.7.7.7",
    OLD: NEW,
}
OWNERS = {old: Ref(Side.SOURCE, "", "AWS::Test::Thing", old) for old in PAIRS if old != OLD}
BOOK = AddressBook(
    [Claim(old, owner, "id", "strong") for old, owner in OWNERS.items()],
    source_account=OLD,
    target_account=NEW,
    learned={(owner, "id"): PAIRS[old] for old, owner in OWNERS.items()},
)
NAMES = st.sampled_from(["a.yml", "a.json", ".env", "a.properties", "a.xml", "a.toml", "a.js", "a.txt", ".github/w.yml"])
MARKS = st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
PACKED = base64.b64encode(f"host 10.9.9.9 {OLD}".encode()).decode()
SYNTAX = [
    "{",
    "[",
    '"',
    "'",
    "\\",
    "/",
    "-",
    "=",
    "<a>",
    "&#45;",
    "키",
    "\ufeff",
    "{cipher}",
    "sg-0a1b2c3d",
    "10.9.9.9",
]
SCRAPS = st.sampled_from([*PAIRS, *SYNTAX, ": ", "\r\n", "\n", "\t", "${{ secrets.X }}", PACKED])
PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)


def checked(name: str, before: bytes) -> bytes:
    """Rewrites one file twice, holds what must always hold, and returns its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(before)

        first = plan_rewrite([Path(folder)], BOOK)
        apply(first)
        after = file.read_bytes()
        second = plan_rewrite([Path(folder)], BOOK)

        assert (after == before) == (not first.files)
        assert second.files == ()
        assert second.residue == first.residue
        for change in first.files:
            assert change.edits
            assert change.diff()
        return after


@settings(deadline=None, max_examples=200)
@given(NAMES, MARKS, st.binary(max_size=200))
def test_random_bytes_neither_crash_nor_change_without_an_edit(name: str, mark: bytes, data: bytes) -> None:
    checked(name, mark + data)


@settings(deadline=None, max_examples=300)
@given(NAMES, st.booleans(), st.lists(SCRAPS | PLAIN, max_size=14))
def test_scraps_of_formats_and_addresses_in_any_order_are_rewritten_once(name: str, marked: bool, scraps: list[str]) -> None:
    text = "".join(scraps)
    checked(name, text.encode("utf-8-sig" if marked else "utf-8"))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(PLAIN, st.sampled_from(sorted(PAIRS)), PLAIN), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_yaml_and_json_keep_their_structure_and_every_address_becomes_its_successor(
    rows: list[tuple[str, str, str]], end: str
) -> None:
    wanted = [[before, PAIRS[old], after] for before, old, after in rows]

    as_yaml = checked("a.yml", yaml.safe_dump([list(row) for row in rows], allow_unicode=True, line_break=end).encode())
    as_json = checked("a.json", json.dumps(rows, indent=2, ensure_ascii=False).replace("\n", end).encode())

    assert yaml.safe_load(as_yaml) == wanted
    assert json.loads(as_json) == wanted


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(sorted(PAIRS)) | st.just(" 한\ufeff\t "), max_size=10), MARKS, st.sampled_from("\n\r;"))
def test_an_env_file_changes_at_its_addresses_alone(tokens: list[str], mark: bytes, end: str) -> None:
    encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(mark, "utf-8")
    before = "".join(f"KEY_{index}={token}  # {token}{end}" for index, token in enumerate(tokens))
    wanted = "".join(
        f"KEY_{index}={PAIRS.get(token, token)}  # {PAIRS.get(token, token)}{end}" for index, token in enumerate(tokens)
    )

    assert checked(".env", mark + before.encode(encoding)) == mark + wanted.encode(encoding)


@settings(deadline=None, max_examples=200)
@given(st.lists(SCRAPS | PLAIN, max_size=14))
def test_edits_applied_are_what_the_book_would_write(scraps: list[str]) -> None:
    text = "".join(scraps)

    assert applied(text, BOOK.edits(text)) == BOOK.rewrite_text(text)
