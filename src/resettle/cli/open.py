"""`resettle open`: fetches plan and journal out of the parking bucket, so that another machine goes on; it sends reads only."""

from __future__ import annotations

import re
from pathlib import Path

import click

from resettle import __version__, settings, workspace
from resettle.account import Account
from resettle.calllog import CallLog
from resettle.cli.invocation import Invocation, Result, Verb
from resettle.cli.output import counted
from resettle.cli.session import CALLS, JOURNAL, MANIFEST_NOTE, PLAN, load_plan
from resettle.errors import BadInput, CallFailed, PlanMismatch, WrongAccount
from resettle.execute.run import MANIFEST
from resettle.journal import Journal
from resettle.model import Side, Stage
from resettle.plan import Plan
from resettle.settings import SideSettings
from resettle.workspace import SEAL_KEY, Workspace

_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/.*)?")
_NOT_THERE = frozenset({"NoSuchKey", "NoSuchBucket", "404"})


@click.command(cls=Verb)
@click.argument("address", metavar="s3://BUCKET")
@click.option("--profile", required=True, help="The AWS profile of the target account.")
@click.option("--region", required=True, help="The region of the move.")
@click.option("--source-profile", default="source", show_default=True, help="The AWS profile of the source account.")
@click.pass_obj
def command(invocation: Invocation, address: str, profile: str, region: str, source_profile: str) -> Result:
    """Go on from another machine, with what the parking bucket keeps."""
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise BadInput("reading the address", address, "it is no s3://BUCKET", "the bucket that `resettle plan` named")
    working = Workspace.open(invocation.root, create=True)
    with working.lock("resettle open"):
        _refuse_used(working)
        account = Account(Side.TARGET, profile=profile, region=region, expected="", log=CallLog(working.path(CALLS)))
        number = account.identify().account
        plan = _fetch_plan(account, found[1], invocation.root, number)
        _write_settings(invocation.root, plan, source_profile, profile, region)
        left = _fetch_journal(account, found[1], working, plan)
        _go_on(invocation, working, plan, found[1])
    return _told(invocation, plan, left)


def _refuse_used(working: Workspace) -> None:
    """A directory with a move in it stays as it is; a log without its journal belongs to nothing and goes."""
    for name in (JOURNAL, PLAN, SEAL_KEY):
        if working.path(name).exists():
            raise BadInput("opening a move in", str(working.directory), f"{name} is there already", "another -C DIR")
    for suffix in ("-wal", "-shm"):
        working.path(JOURNAL + suffix).unlink(missing_ok=True)


def _fetch_plan(account: Account, bucket: str, root: Path, number: str) -> Plan:
    path = root / PLAN
    if path.exists():
        raise BadInput("opening a move in", str(root), f"{PLAN} is there already", "another -C DIR")
    text = _fetch(account, bucket, PLAN).decode("utf-8", "replace")
    workspace.write_text_atomic(path, text)
    try:
        plan = load_plan(path)
        if plan.target != number:
            because = f"the plan moves into account {plan.target}, and this profile is account {number}"
            raise WrongAccount("opening the move in", f"s3://{bucket}", because, "--profile of the target account")
    except BadInput:
        path.unlink()
        raise
    return plan


def _fetch_journal(account: Account, bucket: str, working: Workspace, plan: Plan) -> int:
    """Puts the journal in place once it has proved to be this plan's, and says how many steps of park it leaves."""
    arrived = working.path(JOURNAL + ".arrived")
    body = _fetch(account, bucket, JOURNAL)
    arrived.unlink(missing_ok=True)
    arrived.touch(mode=0o600)
    arrived.write_bytes(body)
    with Journal.read(arrived) as journal:
        if journal.setup.plan_hash != plan.hash():
            because = f"it follows the plan {journal.setup.plan_hash[:12]}, not {plan.hash()[:12]}"
            raise PlanMismatch("reading the journal of", f"s3://{bucket}", because, "the machine where the move began")
        states = journal.states()
    arrived.replace(working.path(JOURNAL))
    parked = [step for step in plan.steps if step.stage is Stage.PARK]
    return sum(not ((state := states.get(step.id)) and state.done) for step in parked)


def _go_on(invocation: Invocation, working: Workspace, plan: Plan, bucket: str) -> None:
    """Notes in the journal that it was opened here, and that the bucket holds all that it tells of."""
    setup = {"source": plan.source, "target": plan.target, "region": plan.region, "plan_hash": plan.hash()}
    with Journal.open(working.path(JOURNAL), **setup, version=__version__) as journal:
        journal.command(["resettle", *invocation.arguments])
        journal.note(MANIFEST_NOTE, {"bucket": bucket})


def _fetch(account: Account, bucket: str, name: str) -> bytes:
    key = f"{MANIFEST}/{name}"
    try:
        reply = account.call("s3", "get_object", Bucket=bucket, Key=key)
    except CallFailed as error:
        if error.code in _NOT_THERE:
            because = "there is no manifest in it" if error.code == "NoSuchKey" else "there is no such bucket"
            raise BadInput("opening", f"s3://{bucket}", because, "the bucket that `resettle plan` named") from error
        raise
    body: bytes = reply["Body"].read()
    return body


def _write_settings(root: Path, plan: Plan, source_profile: str, profile: str, region: str) -> None:
    """resettle.toml for the pair of the plan; one that is there must be of the same pair, and stays."""
    path = root / settings.FILE_NAME
    if path.exists():
        present = settings.load(path)
        if (present.source.account, present.target.account) != (plan.source, plan.target):
            raise PlanMismatch("opening a move in", str(root), f"{path.name} is of another pair", "another -C DIR")
        return
    source = SideSettings(profile=source_profile, region=plan.region, account=plan.source)
    target = SideSettings(profile=profile, region=region, account=plan.target)
    workspace.write_text_atomic(path, settings.template(source, target))


def _told(invocation: Invocation, plan: Plan, left: int) -> Result:
    out = invocation.output
    out.say(f"Opened the move from {plan.source} to {plan.target} in {plan.region} (plan {plan.hash()[:12]})")
    if left:
        out.say(
            f"{counted(left, 'step')} of park are not done. The key that seals values stays on the machine where the plan "
            "was made, so finish park there."
        )
    out.say("Next: resettle status")
    return Result(
        0,
        {"source": plan.source, "target": plan.target, "plan": plan.hash(), "park_left": left},
    )
