"""The command itself: its verbs, its speed, and what becomes of errors."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from resettle.cli import cli, group
from resettle.cli import scan as scanning
from resettle.cli.group import VERBS

LATER = ("cutover", "rollback", "sync", "retire", "wake", "tick")


def test_help_names_every_verb_and_none_of_a_later_day():
    ran = CliRunner().invoke(cli, ["--help"])

    assert ran.exit_code == 0
    assert all(f"  {verb} " in ran.output for verb in VERBS)
    assert not any(f"  {verb} " in ran.output for verb in LATER)


def test_help_imports_neither_aws_nor_a_verb():
    program = (
        "import sys\nfrom resettle.cli import cli\n"
        "try: cli.main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'boto3', 'botocore', 'rich', 'yaml', 'resettle.kinds', 'resettle.cli.plan'} & set(sys.modules)\n"
        "sys.exit(f'imported: {sorted(heavy)}' if heavy else 0)"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert ran.returncode == 0, ran.stderr


def test_help_comes_within_a_fifth_of_a_second():
    took = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "resettle", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    assert min(took) < 0.2  # its own work: a busy machine's queue is no fault of the command


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_explains_itself(verb):
    ran = CliRunner().invoke(cli, [verb, "--help"])

    assert ran.exit_code == 0, ran.output
    assert "--json" in ran.output


def test_a_verb_that_does_not_exist_is_answered_with_the_nearest_one():
    ran = CliRunner().invoke(cli, ["verfiy"])

    assert ran.exit_code == 2
    assert ran.stderr.count("\n") == 1
    assert "did you mean 'verify'?" in ran.stderr


def test_verbs_of_other_packages_come_by_entry_point(monkeypatch):
    @click.command()
    def hello():
        """Greets."""
        click.echo("hello")

    point = SimpleNamespace(name="hello", load=lambda: hello)
    monkeypatch.setattr(group, "entry_points", lambda group: [point])

    assert "Greets." in CliRunner().invoke(cli, ["--help"]).output
    assert CliRunner().invoke(cli, ["hello"]).output == "hello\n"


def test_a_package_that_cannot_be_imported_does_not_take_help_with_it(monkeypatch):
    def broken():
        raise ImportError("no module named moto")

    monkeypatch.setattr(group, "entry_points", lambda group: [SimpleNamespace(name="lab", load=broken)])

    ran = CliRunner().invoke(cli, ["--help"])

    assert ran.exit_code == 0
    assert "cannot be loaded: no module named moto" in ran.output


def test_an_error_as_json_is_an_object_and_the_last_line_a_summary(tmp_path):
    ran = CliRunner().invoke(cli, ["-C", str(tmp_path), "--json", "plan"])

    assert ran.exit_code == 2
    error = json.loads(ran.stderr)["error"]
    assert (error["exit"], error["because"]) == (2, "there is no such file")
    assert json.loads(ran.stdout.splitlines()[-1]) == {"verb": "plan", "error": error, "exit": 2}


def test_json_may_stand_behind_the_verb(tmp_path):
    ran = CliRunner().invoke(cli, ["-C", str(tmp_path), "plan", "--json"])

    assert json.loads(ran.stdout)["verb"] == "plan"


@pytest.fixture
def bug(monkeypatch):
    def surprised(session):
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(scanning, "scanned", surprised)


def test_what_nobody_foresaw_is_called_a_bug_in_one_line(bug, tmp_path):
    ran = CliRunner().invoke(cli, ["-C", str(tmp_path), "scan"])

    assert ran.exit_code == 1
    assert "this is a bug (RuntimeError: two lines)" in ran.stderr
    assert "with -v" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_verbose_shows_where_it_happened(bug, tmp_path):
    ran = CliRunner().invoke(cli, ["-C", str(tmp_path), "-v", "scan"])

    assert ran.exit_code == 1
    assert "Traceback" in ran.stderr
    assert "in surprised" in ran.stderr


def test_an_interrupted_verb_ends_as_shells_expect(monkeypatch, tmp_path):
    def interrupted(session):
        raise KeyboardInterrupt

    monkeypatch.setattr(scanning, "scanned", interrupted)

    ran = CliRunner().invoke(cli, ["-C", str(tmp_path), "scan"])

    assert ran.exit_code == 130
    assert "Traceback" not in ran.stderr


def test_a_reader_that_goes_away_is_no_error_of_ours():
    program = f"{sys.executable} -m resettle status --help | head -c 1"

    ran = subprocess.run(["bash", "-c", program], capture_output=True, text=True)

    assert ran.stderr == ""
