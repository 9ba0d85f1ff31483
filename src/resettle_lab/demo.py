"""`resettle demo`: moves the example workload between two simulated accounts and says how each of its fifteen steps fared.

It promises to reach nothing but the lab that it started, and to judge by what it observed; it imports nothing of the product.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from resettle_lab.demo_product import Failed, Product
from resettle_lab.demo_report import Outcome, Screen, as_json, report
from resettle_lab.demo_run import Move, Places
from resettle_lab.demo_steps import judge
from resettle_lab.lab import MOTO_ENVIRONMENT, Lab, LabFailed
from resettle_lab.ledger import READS
from resettle_lab.profiles import Profiles

EXAMPLES = Path(__file__).parents[2] / "examples" / "mybrary"
SINGLE_COPY = 5 * 1024**2  # the smallest part that S3 takes: then a 6 MB object has to be copied in parts
PACE = "0.01"  # the product waits a hundredth of what it would wait for AWS


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object at the end and nothing else.")
@click.option("--keep", is_flag=True, help="Leave the lab and the working directory, and say how to use them.")
@click.option("--seed", type=int, metavar="N", help="Move a workload invented from this number instead of Mybrary.")
@click.option(
    "--examples",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The repositories to rewrite; else those of this source tree.",
)
def demo(as_object: bool, keep: bool, seed: int | None, examples: Path | None) -> None:
    """Move a sample workload between two accounts on this machine, from start to end.

    Exit 6 until each of its fifteen steps is built and the copy is proved, else 0.
    """
    base = Path(tempfile.mkdtemp(prefix="resettle-demo-"))
    given = examples or (EXAMPLES if EXAMPLES.is_dir() else None)
    places = Places(base=base, examples=given if seed is None else None)
    screen = Screen(silent=as_object)
    try:
        with serving(base, keep=keep) as lab:
            outcome = run(lab, places, screen, seed=seed, keep=keep)
    except LabFailed as failed:
        raise click.ClickException(str(failed)) from failed
    finally:
        if not keep:
            shutil.rmtree(base, ignore_errors=True)
    if as_object:
        click.echo(as_json(outcome))
    else:
        report(outcome, screen)
    sys.exit(outcome.exit)


def run(lab: Lab, places: Places, screen: Screen, *, seed: int | None, keep: bool) -> Outcome:
    """Move the workload in a lab that is up; a command that fails ends the move, and the outcome says which."""
    began = time.monotonic()
    lab.set(single_copy_limit=SINGLE_COPY)
    product = Product(places.work, lab.environment() | {"RESETTLE_PACE": PACE}, screen)
    move = Move(lab, places, screen, product, single_copy=SINGLE_COPY)
    failed = ""
    try:
        move.everything(seed)
    except Failed as stopped:
        failed = str(stopped)
    facts = move.facts()
    calls = move.calls or lab.calls()
    lab.restore_credentials()
    return Outcome(
        steps=judge(facts),
        resources=move.compared,
        missing=sum(fault.sort == "missing" for fault in facts.faults),
        different=sum(fault.sort == "different" for fault in facts.faults),
        leaks=sum(fault.sort == "leak" for fault in facts.faults),
        unproved=sum(fault.sort == "unproved" for fault in facts.faults),
        waiting=sum(fault.sort == "waiting" for fault in facts.faults),
        accepted=tuple(move.accepted),
        calls={
            "source": sum(calls.get(lab.source_account, {}).values()),
            "target": sum(calls.get(lab.target_account, {}).values()),
        },
        source_writes=writes(calls.get(lab.source_account, {})),
        seconds=time.monotonic() - began,
        failed=failed,
        residue=facts.leftovers,
        kept=kept(lab, places) if keep else {},
    )


def writes(calls: dict[str, int]) -> dict[str, int]:
    """Return the calls that do more than look, by the verb that AWS's operations begin with."""
    return {name: count for name, count in calls.items() if not name.partition(":")[2].startswith(READS)}


@contextmanager
def serving(base: Path, *, keep: bool) -> Iterator[Lab]:
    """Yield a lab that ends with the block, or, to `keep`, one that outlives this process. Raises `LabFailed`."""
    if not keep:
        with Lab.start() as owned:
            yield owned
        return
    command = [sys.executable, "-c", "from resettle_lab.cli import lab; lab()"]
    with (base / "lab.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "up", "--json", "--dir", str(base / "lab")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **MOTO_ENVIRONMENT},
            start_new_session=True,
        )
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise LabFailed(f"the lab did not start: {(base / 'lab.log').read_text()}")
    yield Lab(Profiles(**json.loads(line)), pid=process.pid)


def kept(lab: Lab, places: Places) -> dict[str, str]:
    """Return what a person needs to use a lab that goes on."""
    return {
        "config_file": str(lab.config_file),
        "endpoint": lab.endpoint,
        "source_profile": lab.profiles.source_profile,
        "target_profile": lab.profiles.target_profile,
        "base": str(places.base),
        "directory": str(places.work),
        "repositories": str(places.repositories),
        "pid": str(lab.pid),
    }
