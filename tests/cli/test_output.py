"""Lines for people: aligned, also with Korean names; JSON for programs: nothing else."""

from __future__ import annotations

import json

import pytest

from resettle.cli.output import Output, counted, lasting, width


def test_columns_stand_below_each_other_also_with_wide_letters(capsys):
    Output().columns([("서점", "a"), ("shop", "b")], ("name", "x"))

    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "  name  x"
    assert width(second[: second.index("a")]) == width(third[: third.index("b")])


def test_numbers_stand_flush_right(capsys):
    Output().columns([("a", 5), ("b", 120)], right=1)

    assert capsys.readouterr().out == "  a    5\n  b  120\n"


def test_a_program_hears_json_and_nothing_else(capsys):
    out = Output(json=True)

    out.say("text")
    out.title("title")
    out.columns([("a", "b")])
    out.verbatim("diff")
    out.event(event="found", what="서점")
    out.summary("scan", 3, {"gaps": 1})

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [{"event": "found", "what": "서점"}, {"verb": "scan", "gaps": 1, "exit": 3}]


def test_a_person_hears_no_json(capsys):
    Output().event(event="found")

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("seconds", "text"), [(0.84, "0.8 s"), (12.3, "12 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")])
def test_a_duration_is_told_as_people_read_it(seconds, text):
    assert lasting(seconds) == text


def test_one_is_not_many():
    assert [counted(1, "step"), counted(2, "step"), counted(2, "address", "addresses")] == [
        "1 step",
        "2 steps",
        "2 addresses",
    ]
