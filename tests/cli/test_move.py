"""The verbs one after the other, as a person would call them, against the lab."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resettle_lab.lab import Lab

pytestmark = pytest.mark.usefixtures("service", "project")
WRITES = ("Create", "Put", "Delete", "Set", "Tag", "Modify", "Copy", "Upload", "Authorize", "Revoke", "Complete")


def test_scan_counts_things_by_kind_and_keeps_no_value(run, tmp_path: Path) -> None:
    ran = run("--json", "scan")

    assert ran.code == 0, ran.err
    counts = {line["kind"]: line["count"] for line in ran.lines if line.get("event") == "found"}
    assert counts["AWS::SQS::Queue"] == 2
    assert counts["AWS::S3::Bucket"] == 1
    text = (tmp_path / ".resettle" / "inventory.json").read_text()
    parameters = [r for r in json.loads(text)["resources"] if r["ref"][2] == "AWS::SSM::Parameter"]
    assert parameters
    assert "sealed" in json.dumps(parameters[0]["spec"])


def test_a_plan_is_carried_out_proved_and_then_left_alone(run, service: Lab) -> None:
    assert run("plan").code == 0
    moved = run("--json", "move", "--yes")
    proved = run("--json", "verify")
    service.reset_calls()
    again = run("--json", "move", "--yes")

    assert moved.code == 0, moved.err
    assert moved.summary["left"] == 0
    assert moved.summary["done"] > 0
    assert proved.code == 0, proved.out
    assert proved.summary["missing"] == proved.summary["leaks"] == 0
    assert again.code == 0
    assert again.summary["done"] == 0
    sent = [operation for calls in service.calls().values() for operation in calls]
    assert not [operation for operation in sent if operation.split(":")[1].startswith(WRITES)]
    assert service.source_account not in {account for account, calls in service.calls().items() if calls}


def test_build_goes_on_although_the_source_has_vanished(run, service: Lab) -> None:
    assert run("plan").code == 0
    assert run("park", "--yes").code == 0
    service.vanish(service.source_account)

    moved = run("move", "--yes")

    assert moved.code == 0, moved.err
    queues = service.target.client("sqs").list_queues()["QueueUrls"]
    assert {url.rsplit("/", 1)[1] for url in queues} == {"orders", "orders-dead"}


def test_until_park_leaves_build_for_another_day(run) -> None:
    assert run("plan").code == 0

    ran = run("--json", "move", "--until", "park", "--yes")

    assert ran.code == 0, ran.err
    assert ran.summary["stages"] == ["park"]
    counts = {line["stage"]: line for line in run("--json", "status").lines if line.get("event") == "stage"}
    assert counts["park"]["left"] == 0
    assert counts["build"]["left"] > 0


def test_another_machine_goes_on_with_what_the_parking_bucket_keeps(run, tmp_path: Path, service: Lab) -> None:
    run("plan")
    assert run("park", "--yes").code == 0
    bucket = next(b["Name"] for b in service.target.client("s3").list_buckets()["Buckets"] if "park" in b["Name"])
    other = tmp_path / "other machine"
    other.mkdir()

    opened = run("-C", other, "open", f"s3://{bucket}", "--profile", "lab-target", "--region", service.region)
    moved = run("-C", other, "--json", "move", "--yes")

    assert opened.code == 0, opened.err
    assert (other / ".resettle" / "journal.sqlite").stat().st_mode & 0o077 == 0
    assert moved.code == 0, moved.err
    assert moved.summary["left"] == 0
    assert run("-C", other, "--json", "move", "--yes").summary["done"] == 0


def test_status_gives_old_names_and_new_ones_and_needs_no_account(run, service: Lab) -> None:
    run("plan")
    run("move", "--yes")

    ran = run("status", "--addresses", AWS_CONFIG_FILE=os.devnull)

    pairs = json.loads(ran.out)
    assert pairs["111122223333"] == "444455556666"
    assert pairs["shop-invoices"] == "shop-invoices-444455556666"
    assert "paid" not in ran.out


def test_rewrite_shows_then_writes_then_passes_over_what_it_wrote(run, tmp_path: Path) -> None:
    run("plan")
    run("move", "--yes")
    repository = tmp_path / "repository"
    repository.mkdir()
    file = repository / "app.yml"
    file.write_text("bucket: shop-invoices\n")

    shown = run("rewrite", repository)
    unchanged = file.read_text()
    written = run("rewrite", "--write", repository)
    again = run("--json", "rewrite", "--write", repository)

    assert "+bucket: shop-invoices-444455556666" in shown.out
    assert unchanged == "bucket: shop-invoices\n"
    assert written.code == 0, written.out
    assert file.read_text() == "bucket: shop-invoices-444455556666\n"
    assert (again.summary["files"], again.summary["skipped"]) == (0, 1)


def test_verify_finds_what_was_deleted_from_the_target(run, service: Lab) -> None:
    run("plan")
    run("move", "--yes")
    sqs = service.target.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="orders")["QueueUrl"])

    ran = run("--json", "verify")

    assert ran.code == 6
    assert ran.summary["missing"] == 1
    assert any(line.get("sort") == "missing" and "orders" in line["on"] for line in ran.lines)


def test_abandon_takes_back_both_sides_and_names_what_stays(run, service: Lab) -> None:
    run("plan")
    run("move", "--yes")

    ran = run("--json", "abandon", "--account", service.target_account)

    assert ran.code == 0, ran.err
    assert "QueueUrls" not in service.target.client("sqs").list_queues()
    assert service.target.client("s3").list_buckets()["Buckets"] == []
    assert any("seven days" in line.get("what", "") for line in ran.lines if line.get("event") == "remains")


def test_abandon_wants_the_number_of_the_target(run, service: Lab) -> None:
    run("plan")
    run("move", "--yes")

    ran = run("abandon", "--account", service.source_account)

    ran.told(2, service.source_account, "nothing was done")
    assert len(service.target.client("sqs").list_queues()["QueueUrls"]) == 2


def test_on_a_terminal_it_names_the_account_by_its_alias_and_takes_no_for_no(service: Lab, tmp_path: Path, run) -> None:
    service.target.client("iam").create_account_alias(AccountAlias="team")
    run("plan")

    code, shown = typed(service, tmp_path, "n\n", "move")

    assert "account 444455556666 (alias team)" in shown
    assert "Go on? [y/N]" in shown
    assert code == 2
    assert "QueueUrls" not in service.target.client("sqs").list_queues()


def test_an_interrupted_move_finishes_what_runs_and_goes_on_later(service: Lab, tmp_path: Path, run) -> None:
    run("plan")
    command = [sys.executable, "-m", "resettle", "-C", str(tmp_path), "--json", "move", "--yes"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=service.environment())
    assert process.stdout is not None
    assert any('"event": "done"' in line for line in process.stdout)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)

    again = run("--json", "move", "--yes")

    assert process.returncode == 130
    assert "the same command goes on" in told
    assert "Traceback" not in told
    assert again.code == 0, again.err
    assert again.summary["left"] == 0


def typed(lab: Lab, directory: Path, answer: str, *arguments: str) -> tuple[int, str]:
    """Run the command on a terminal of its own and type an answer to its question."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "resettle", "-C", str(directory), *arguments]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=lab.environment())
    os.close(theirs)
    shown, until, asked = b"", time.monotonic() + 60, False
    while time.monotonic() < until:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            shown += os.read(ours, 4096)
        except OSError:  # the terminal is closed: the process has ended
            break
        if not asked and b"[y/N]" in shown:
            asked = os.write(ours, answer.encode()) > 0
    os.close(ours)
    return process.wait(timeout=10), shown.decode()
