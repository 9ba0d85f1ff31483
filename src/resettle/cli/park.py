"""`resettle park`: brings everything that the move needs to rest in the target, so that the source may vanish."""

from __future__ import annotations

from pathlib import Path

import click

from resettle.cli.carry import carry
from resettle.cli.invocation import Invocation, Result, Verb
from resettle.cli.session import Session
from resettle.model import Stage


@click.command(cls=Verb)
@click.option(
    "--plan",
    "plan",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan to follow (default: plan.json beside resettle.toml).",
)
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
@click.pass_obj
def command(invocation: Invocation, plan: Path | None, yes: bool) -> Result:
    """Bring all that the move needs to rest in the target; the source may vanish after that."""
    return carry(Session(invocation=invocation), plan, (Stage.PARK,), yes=yes)
