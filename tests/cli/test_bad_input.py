"""Whatever is wrong with what the command is given: one sentence, the right exit code, nothing lost, no traceback."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from resettle import workspace
from resettle.account import Account
from resettle.cli import cli
from resettle.errors import Denied
from resettle.inventory import Inventory
from resettle.model import Gap
from resettle.plan import Plan, write
from resettle.workspace import Workspace


def plan_of(source: str = "111122223333", target: str = "444455556666", **more) -> str:
    region = "ap-northeast-2"
    bare = Inventory(account=source, region=region, resources=())
    return write(Plan(source=source, target=target, region=region, inventory=bare, steps=(), **more))


def test_a_directory_without_settings_says_how_to_get_them(run):
    run("plan").told(2, "resettle.toml", "there is no such file", "resettle init")


def test_a_profile_that_does_not_exist_is_named(run, write_settings):
    write_settings(source_profile="nobody")

    run("scan").told(2, "nobody", "~/.aws/config")


def test_init_refuses_a_profile_that_does_not_exist(run, tmp_path):
    ran = run("init", "--source-profile", "nobody", "--target-profile", "lab-target", "--region", "ap-northeast-2")

    ran.told(2, "nobody")
    assert not (tmp_path / "resettle.toml").exists()


def test_init_without_a_profile_and_without_a_terminal_names_the_option(run):
    run("init").told(2, "source profile", "--source-profile")


def test_init_refuses_the_same_account_twice(run, tmp_path):
    ran = run("init", "--source-profile", "lab-source", "--target-profile", "lab-source", "--region", "ap-northeast-2")

    ran.told(2, "both are account 111122223333")
    assert not (tmp_path / "resettle.toml").exists()


def test_init_leaves_settings_that_are_there(run, project):
    before = (project / "resettle.toml").read_text()

    run("init", "--source-profile", "a", "--target-profile", "b", "--region", "ap-northeast-2").told(2, "--force")

    assert (project / "resettle.toml").read_text() == before


def test_the_same_account_twice_in_the_settings_is_refused(run, write_settings):
    write_settings(target="111122223333")

    run("scan").told(2, "111122223333")


def test_a_wrong_account_number_names_both_numbers(run, write_settings):
    write_settings(source="999988887777")

    run("scan").told(2, "999988887777", "111122223333")


def test_expired_credentials_say_how_to_renew_them(run, fresh, project):
    fresh.revoke(fresh.source_account)

    run("scan").told(4, "lab-source", "aws sso login")


def test_credentials_that_end_during_a_move_are_one_cause_and_cost_nothing(run, service, project):
    run("plan")
    run("park", "--yes")
    service.revoke(service.target_account)
    failed = run("move", "--yes")
    service.restore_credentials()

    again = run("--json", "move", "--yes")

    failed.told(4, "aws sso login")
    assert again.code == 0, again.err
    assert again.summary["left"] == 0


def test_a_service_that_may_not_be_read_is_a_gap_and_not_an_empty_list(project, fresh, monkeypatch):
    every = Account.every

    def refused(account, service, operation, /, **params):
        if service == "sqs":
            raise Denied("calling sqs:ListQueues", "on the source", "AccessDenied: no", "allow it")
        return every(account, service, operation, **params)

    monkeypatch.setattr(Account, "every", refused)
    for name, value in fresh.environment().items():
        monkeypatch.setenv(name, value)

    ran = CliRunner().invoke(cli, ["-C", str(project), "--json", "scan"])

    assert ran.exit_code == 3, ran.output
    gaps = [line["name"] for line in map(json.loads, ran.stdout.splitlines()) if line.get("event") == "gap"]
    assert "denied:AWS::SQS::Queue" in gaps


def test_an_unknown_key_in_the_settings_is_refused_with_the_nearest_known_one(run, project):
    path = project / "resettle.toml"
    path.write_text(path.read_text().replace("layout =", "layuot ="))

    run("scan").told(2, "layuot", "layout")


def test_settings_that_are_not_utf_8_are_refused(run, project):
    (project / "resettle.toml").write_bytes(b'[source]\nprofile = "\xff"\n')

    run("scan").told(2, "resettle.toml")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hash": "x"}', '{"hash": "x", "version": 1}'])
def test_a_malformed_plan_is_refused(run, project, text):
    (project / "plan.json").write_text(text)

    run("move", "--yes").told(2, "plan.json", "resettle plan")
    assert not (project / ".resettle" / "journal.sqlite").exists()


def test_a_plan_that_is_not_utf_8_is_refused(run, project):
    (project / "plan.json").write_bytes(b"\xff\xfe\x00{")

    run("move", "--yes").told(2, "plan.json", "it is not UTF-8")


def test_a_plan_that_is_not_there_says_how_to_make_one(run, project):
    run("move", "--yes").told(2, "plan.json", "resettle plan")


def test_a_plan_that_was_altered_by_hand_is_refused(run, project):
    (project / "plan.json").write_text(plan_of().replace('"reasons": []', '"reasons": ["because"]'))

    run("move", "--yes").told(2, "altered")


def test_a_plan_of_another_pair_of_accounts_is_refused_with_both_pairs(run, project):
    (project / "plan.json").write_text(plan_of(target="999988887777"))

    run("move", "--yes").told(2, "999988887777", "444455556666")


def test_a_plan_with_open_gaps_is_not_carried_out(run, project):
    (project / "plan.json").write_text(plan_of(gaps=(Gap("rows:db", "rows cannot be looked into"),)))

    run("move", "--yes").told(3, "rows:db", "--accept")


def test_accepting_a_gap_that_is_none_changes_nothing(run, service, project):
    before = (project / "resettle.toml").read_text()

    run("plan", "--accept", "rows:db").told(2, "rows:db")

    assert (project / "resettle.toml").read_text() == before
    assert not (project / "plan.json").exists()


def test_a_file_that_is_not_utf_8_is_residue_and_stays_as_it_is(run, project):
    (project / "plan.json").write_text(plan_of())
    (project / "latin").mkdir()
    file = project / "latin" / "names.txt"
    file.write_bytes("Zürich 111122223333\n".encode("latin-1"))

    ran = run("rewrite", "--write", project / "latin")

    assert ran.code == 5
    assert "names.txt:1" in ran.out
    assert file.read_bytes() == "Zürich 111122223333\n".encode("latin-1")


def test_a_path_to_rewrite_that_does_not_exist_is_named(run, project):
    (project / "plan.json").write_text(plan_of())

    run("rewrite", project / "nowhere").told(2, "nowhere")


def test_something_else_in_place_of_the_working_directory_is_refused(run, project):
    (project / ".resettle").write_text("mine")

    run("scan").told(2, ".resettle", "not a directory")
    assert (project / ".resettle").read_text() == "mine"


def test_an_unwritable_directory_is_refused_before_anything_is_called(project, monkeypatch):
    monkeypatch.setattr(workspace.os, "access", lambda path, mode: False)  # a test that runs as root may write anywhere

    ran = CliRunner().invoke(cli, ["-C", str(project), "scan"])

    assert ran.exit_code == 2
    assert "permission denied" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_a_full_disk_leaves_the_plan_that_was_there(project, fresh, monkeypatch):
    (project / "plan.json").write_text("the plan before")
    for name, value in fresh.environment().items():
        monkeypatch.setenv(name, value)
    Workspace.open(project, create=True).seal_key()

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(workspace.os, "fsync", full)

    ran = CliRunner().invoke(cli, ["-C", str(project), "plan"])

    assert ran.exit_code == 2
    assert "no space left on device" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert (project / "plan.json").read_text() == "the plan before"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_standard_output_is_one_sentence(fresh, project):
    command = [sys.executable, "-m", "resettle", "-C", str(project), "scan"]

    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=fresh.environment())

    assert ran.returncode == 2
    assert "no space left on device" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_a_second_move_beside_the_first_is_told_who_is_at_work(run, project):
    (project / "plan.json").write_text(plan_of())

    with Workspace.open(project, create=True).lock("resettle move"):
        ran = run("move", "--yes")

    ran.told(4, "resettle move", "at work here")


def test_a_move_asks_and_without_a_terminal_refuses(run, service, project):
    run("plan")

    ran = run("move")

    ran.told(2, "account 444455556666", "--yes")
    assert "QueueUrls" not in service.target.client("sqs").list_queues()


def test_another_plan_than_the_one_that_was_begun_is_refused_and_the_first_one_is_kept(run, service, project):
    run("plan")
    run("move", "--yes", "--until", "park")
    service.source.client("sqs").create_queue(QueueName="late")
    run("plan")

    refused = run("move", "--yes")
    went_on = run("--json", "move", "--yes", "--plan", project / ".resettle" / "plan.json")

    refused.told(2, "--plan", str(Path(".resettle") / "plan.json"))
    assert went_on.code == 0, went_on.err


def test_a_pace_that_is_no_number_is_refused(run, project):
    run("move", RESETTLE_PACE="fast").told(2, "RESETTLE_PACE", "fast")


def test_verify_before_a_move_says_what_comes_first(run, project):
    (project / "plan.json").write_text(plan_of())

    run("verify").told(2, "no move has begun here", "resettle move")


@pytest.mark.parametrize("address", ["bucket", "s3://", "s3://UPPER/x", "https://example.org"])
def test_an_address_that_is_no_bucket_is_refused(run, address):
    run("open", address, "--profile", "lab-target", "--region", "ap-northeast-2").told(2, address)


def test_opening_a_bucket_that_does_not_exist_leaves_nothing_behind(run, tmp_path):
    ran = run("open", "s3://nobody-has-this", "--profile", "lab-target", "--region", "ap-northeast-2")

    ran.told(2, "nobody-has-this")
    assert not (tmp_path / "plan.json").exists()
    assert not (tmp_path / "resettle.toml").exists()


def test_opening_where_a_move_is_under_way_is_refused(run, project):
    working = Workspace.open(project, create=True)
    working.path("journal.sqlite").write_bytes(b"mine")

    ran = run("open", "s3://some-bucket", "--profile", "lab-target", "--region", "ap-northeast-2")

    ran.told(2, "journal.sqlite is there already")
    assert working.path("journal.sqlite").read_bytes() == b"mine"
