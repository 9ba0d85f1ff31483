"""Asks before anything is written to an account; without a terminal it never takes silence for a yes."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from resettle.cli.output import Output
from resettle.errors import BadInput


class Declined(BadInput):
    """A person said no."""


def consent(out: Output, sentences: Iterable[str], where: str, *, yes: bool) -> None:
    """Says what is about to be written and asks whether to go on. BadInput where nobody can be asked or the answer is no."""
    for sentence in sentences:
        out.say(sentence)
    if yes:
        return
    if out.json or not sys.stdin.isatty():
        raise BadInput("asking whether to write to", where, "nobody can be asked here", "--yes")
    if not click.confirm("Go on?", default=False):
        raise Declined("asking whether to write to", where, "the answer was no, and nothing was written")


def typed_number(out: Output, account: str, given: str | None, what: str) -> None:
    """Wants the number of the account typed, or given as an option. BadInput if it is another one or nobody can be asked."""
    if given is None:
        if out.json or not sys.stdin.isatty():
            raise BadInput(f"asking whether {what}", "", "nobody can be asked here", f"--account {account}")
        given = click.prompt(f"Type the number of the account in which {what}", type=str)
    if str(given).strip() != account:
        raise BadInput(f"asking whether {what}", "", f"{given} is not {account}, so nothing was done")
