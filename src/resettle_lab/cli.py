"""The verbs that the lab adds to `resettle`: `lab up`, `lab seed` and `demo`.

It reads no AWS credentials but the lab's own, and starts nothing that listens beyond the loopback address.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from .lab import MOTO_ENVIRONMENT, Lab
from .profiles import SOURCE_PROFILE, Profiles


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def lab() -> None:
    """A laboratory of two AWS accounts on this machine, for trying a move."""


@lab.command()
@click.option("--port", default=0, show_default="any free port", help="Port on 127.0.0.1.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on one line.")
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Where to keep the AWS config file.")
@click.option("--seed", "workload", type=click.Choice(["mybrary"]), help="Fill the source account with this workload.")
@click.option("--ids", type=int, help="Make the resource ids repeat from run to run.")
def up(port: int, as_json: bool, directory: Path | None, workload: str | None, ids: int | None) -> None:
    """Serve both accounts until Ctrl-C."""
    os.environ.update(MOTO_ENVIRONMENT)
    from . import server

    kept = directory or Path(tempfile.mkdtemp(prefix="resettle-lab-"))

    def ready(profiles: Profiles) -> None:
        if workload is not None:
            plant(workload, Lab(profiles, pid=os.getpid()).source, seed=None, ledger=kept / "ledger.jsonl")
        click.echo(json.dumps(profiles.as_json()) if as_json else described(profiles))
        sys.stdout.flush()

    try:
        server.run(kept.resolve(), port=port, ids=ids, ready=ready)
    except OSError as refused:
        raise click.ClickException(f"the lab cannot listen on port {port}: {refused.strerror}") from refused
    finally:
        if directory is None:
            shutil.rmtree(kept, ignore_errors=True)


@lab.command()
@click.argument("workload", type=click.Choice(["mybrary"]))
@click.option("--seed", type=int, help="Invent a workload of the same shape from this number.")
@click.option("--ledger", type=click.Path(path_type=Path), help="Write each request that seeded the source to this file.")
@click.option(
    "--config-file",
    envvar="AWS_CONFIG_FILE",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The AWS config file that `lab up` printed; else AWS_CONFIG_FILE.",
)
def seed(workload: str, seed: int | None, ledger: Path | None, config_file: Path) -> None:
    """Fill the lab's source account with a workload."""
    session = session_of(config_file)
    plant(workload, session, seed=seed, ledger=ledger)
    click.echo(f"{workload} stands in the lab's source account")


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> None:
    """Move a sample workload between two accounts on this machine, from start to end."""
    from importlib import import_module

    module = import_module("resettle_lab.demo")
    module.demo.main(args=list(arguments), prog_name="resettle demo")


def plant(workload: str, session: Any, *, seed: int | None, ledger: Path | None) -> None:
    """Fill the source account with a workload, writing what was sent to `ledger`."""
    from importlib import import_module

    import_module(f"resettle_lab.seed.{workload}").seed(session, seed=seed, ledger=ledger)


def session_of(config_file: Path) -> Any:
    """Return a boto3 session of the lab's source side; refuse a config file that no lab wrote."""
    import boto3
    from botocore.exceptions import ProfileNotFound
    from botocore.session import Session

    core = Session(profile=SOURCE_PROFILE)
    core.set_config_variable("config_file", str(config_file))
    core.set_config_variable("credentials_file", os.devnull)
    try:
        return boto3.Session(botocore_session=core)
    except ProfileNotFound as missing:
        raise click.ClickException(f"{config_file} has no profile {SOURCE_PROFILE}: it is not a lab's file") from missing


def described(profiles: Profiles) -> str:
    """Return what a person needs to know to use a lab that is up."""
    return "\n".join(
        [
            f"The lab listens on {profiles.endpoint} and ends with Ctrl-C.",
            f"  source  {profiles.source_account}  profile {profiles.source_profile}",
            f"  target  {profiles.target_account}  profile {profiles.target_profile}",
            f"  region  {profiles.region}",
            "To use it in another terminal:",
            f"  export AWS_CONFIG_FILE={profiles.config_file}",
        ]
    )
