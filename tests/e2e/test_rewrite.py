"""The example repositories, rewritten after a move: nothing with a known successor is left, and the residue is known by name."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from tests.e2e.conftest import Seeded
from tests.support.road import Road

from resettle.journal import Journal
from resettle.plan import read
from resettle_lab.seed import mybrary

pytestmark = pytest.mark.xdist_group("road")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "mybrary"
EXPECTED = Path(__file__).with_name("residue.json")
SKIPPED = ("node_modules", "notes.local", "logo.png")


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()
    }


def rewrite(road: Road, folder: Path) -> list[list[str]]:
    """Rewrites a folder and tells its residue as [file, text, reason], in order."""
    answer = road.run("--json", "rewrite", "--write", str(folder), exits=5)
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    found = [line for line in lines if line.get("event") == "residue"]
    return [[str(Path(line["path"]).relative_to(folder)), str(line["line"]), line["text"], line["reason"]] for line in found]


def test_no_known_name_is_left_and_the_residue_is_the_checked_in_one(seeded: Seeded, after_move: Road, tmp_path: Path) -> None:
    folder = after_move.directory / "repositories"
    folder.mkdir()
    mybrary.render(seeded.workload, EXAMPLES, folder)
    before = digests(folder)

    residue = rewrite(after_move, folder)
    once = digests(folder)
    again = rewrite(after_move, folder)

    assert residue == json.loads(EXPECTED.read_text(encoding="utf-8"))
    assert again == residue
    assert digests(folder) == once
    assert sum(once[name] != before[name] for name in before) > 10
    plan = read((after_move.directory / "plan.json").read_text())
    book = plan.book(Journal.read(after_move.directory / ".resettle" / "journal.sqlite").learned())
    for path in folder.rglob("*"):
        if path.is_file() and not any(part in str(path) for part in SKIPPED):
            assert [edit.old for edit in book.edits(path.read_bytes().decode("utf-8")) if edit.new is not None] == [], path


def test_what_is_vendored_ignored_or_binary_stays_as_it_was(seeded: Seeded, after_move: Road) -> None:
    folder = after_move.directory / "repositories"
    folder.mkdir()
    mybrary.render(seeded.workload, EXAMPLES, folder)
    before = {name: digest for name, digest in digests(folder).items() if any(part in name for part in SKIPPED)}

    rewrite(after_move, folder)

    assert len(before) >= 3
    assert {name: digests(folder)[name] for name in before} == before


def test_bytes_outside_the_edits_survive(seeded: Seeded, after_move: Road) -> None:
    folder = after_move.directory / "repositories"
    folder.mkdir()
    mybrary.render(seeded.workload, EXAMPLES, folder)
    marks = {path: path.read_bytes() for path in folder.rglob("*.yml")}

    rewrite(after_move, folder)

    for path, old in marks.items():
        new = path.read_bytes()
        assert new.count(b"\r\n") == old.count(b"\r\n")
        assert new.startswith(b"\xef\xbb\xbf") == old.startswith(b"\xef\xbb\xbf")
        assert new.endswith(b"\n") == old.endswith(b"\n")
        assert [part for part in new.decode().split() if not part.isascii()] == [
            part for part in old.decode().split() if not part.isascii()
        ]
    assert any(b"\r\n" in old for old in marks.values())
    assert any(old.startswith(b"\xef\xbb\xbf") for old in marks.values())
    assert any(not old.endswith(b"\n") for old in marks.values())
