"""The documents say what is: generated pages are current, links lead somewhere, named tests exist, nothing foreign stands in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs import generate

from resettle import kinds
from resettle.cli.group import VERBS
from resettle_lab.law import every_law

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
each_page = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")
ACCOUNTS = {"111122223333", "444455556666"}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def headings(page: Path) -> set[str]:
    return set(re.findall(r"(?m)^#+ (.+)$", text_of(page)))


def anchors(page: Path) -> set[str]:
    """The names by which a link may point into a page: letters, digits and hyphens of its headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(page)}


def test_the_generated_pages_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    code = generate.main(["--check"])

    assert (code, capsys.readouterr().out) == (0, "")


def test_every_verb_has_its_section() -> None:
    found = headings(DOCS / "cli.md")

    assert {*VERBS, "lab up", "lab seed", "demo"} - found == set()


def test_every_kind_has_its_section() -> None:
    found = headings(DOCS / "kinds.md")

    assert {kind.type for kind in kinds.load()} - found == set()


def test_the_readme_names_every_kind() -> None:
    moves = text_of(ROOT / "README.md").partition("## What moves today")[2].partition("What does not move yet")[0]

    assert [kind.type for kind in kinds.load() if not re.search(rf"\b{kind.type.rpartition(':')[2]}\b", moves)] == []


def test_every_law_is_listed_with_its_source() -> None:
    page = text_of(DOCS / "laws.md")

    assert [law.name for law in every_law() if f"\n## {law.name}\n" not in page or law.source not in page] == []


def test_every_decision_is_listed_and_says_what_was_given_up() -> None:
    listed = text_of(DOCS / "decisions" / "README.md")
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    parts = ("**Context.**", "**Decision.**", "**What we gave up.**")

    assert pages
    assert [page.name for page in pages if f"]({page.name})" not in listed] == []
    assert [page.name for page in pages if any(part not in text_of(page) for part in parts)] == []


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    wrong = []
    for link in LINK.findall(text_of(page)):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        place = (page.parent / name).resolve() if name else page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            wrong.append(link)

    assert wrong == []


def test_every_test_that_a_page_names_exists() -> None:
    named = {found for page in PAGES for found in TEST.findall(text_of(page))}
    files = {path: (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).exists() else "" for path, _ in named}

    assert len(named) > 30
    assert sorted(f"{path}::{name}" for path, name in named if f"def {name}(" not in files[path]) == []


def test_each_of_the_ten_promises_has_its_section() -> None:
    numbered = [heading for heading in headings(DOCS / "guarantees.md") if re.match(r"\d+\. ", heading)]

    assert sorted(int(heading.partition(".")[0]) for heading in numbered) == list(range(1, 11))


@each_page
def test_no_account_but_the_two_of_the_examples_is_named(page: Path) -> None:
    assert set(re.findall(r"(?<!\d)\d{12}(?!\d)", text_of(page))) - ACCOUNTS == set()


@each_page
def test_no_path_of_a_machine_is_named(page: Path) -> None:
    assert re.findall(r"(?<![\w.])/(?:work|home|Users|root|mnt)/\S*", text_of(page)) == []


def test_contributing_fits_on_a_page() -> None:
    assert len(text_of(ROOT / "CONTRIBUTING.md").splitlines()) <= 100
