"""`resettle move`: carries out the plan, park and then build; the same command goes on after any stop."""

from __future__ import annotations

from pathlib import Path

import click

from resettle.cli.carry import carry
from resettle.cli.invocation import Invocation, Result, Verb
from resettle.cli.session import Session
from resettle.model import Stage

_STAGES = (Stage.PARK, Stage.BUILD)


@click.command(cls=Verb)
@click.option(
    "--plan",
    "plan",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan to follow (default: plan.json beside resettle.toml).",
)
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
@click.option(
    "--until",
    type=click.Choice([stage.value for stage in _STAGES]),
    default=Stage.BUILD.value,
    show_default=True,
    help="Stop after this stage.",
)
@click.pass_obj
def command(invocation: Invocation, plan: Path | None, yes: bool, until: str) -> Result:
    """Carry out the plan: park, then build. After any stop the same command goes on."""
    stages = _STAGES[: _STAGES.index(Stage(until)) + 1]
    return carry(Session(invocation=invocation), plan, stages, yes=yes)
