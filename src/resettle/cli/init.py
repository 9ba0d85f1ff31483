"""`resettle init`: checks that both profiles reach two different accounts, writes resettle.toml, prints the least-privilege
policies; it sends reads only."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from resettle import settings, workspace
from resettle.account import Account, Identity
from resettle.calllog import CallLog
from resettle.cli.invocation import Invocation, Result, Verb
from resettle.cli.session import CALLS, Session
from resettle.errors import BadInput, WrongAccount
from resettle.model import Side
from resettle.permissions import Policy, source_policies, target_policies
from resettle.settings import SideSettings
from resettle.workspace import Workspace


@click.command(cls=Verb)
@click.option("--source-profile", metavar="NAME", help="The AWS profile of the account to leave.")
@click.option("--target-profile", metavar="NAME", help="The AWS profile of the account to move into.")
@click.option("--region", metavar="REGION", help="The region of the move, the same on both sides.")
@click.option("--force", is_flag=True, help="Replace a resettle.toml that is there.")
@click.option(
    "--policies",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the policies into files in this directory, instead of printing them.",
)
@click.pass_obj
def command(
    invocation: Invocation,
    source_profile: str | None,
    target_profile: str | None,
    region: str | None,
    force: bool,
    policies: Path | None,
) -> Result:
    """Write resettle.toml, check both identities, print the least-privilege policies."""
    session, path = Session(invocation=invocation), invocation.root / settings.FILE_NAME
    if path.exists() and not force:
        raise BadInput("writing", str(path), "it is there already", "--force to replace it")
    wanted = {
        Side.SOURCE: _asked(session, "source profile", source_profile, "--source-profile"),
        Side.TARGET: _asked(session, "target profile", target_profile, "--target-profile"),
    }
    region = _asked(session, "region", region, "--region")
    log = CallLog(Workspace.open(invocation.root, create=True).path(CALLS))
    found = {side: _identity(side, profile, region, log) for side, profile in wanted.items()}
    _refuse_same(wanted, found)
    sides = {side: SideSettings(profile=profile, region=region, account=found[side].account) for side, profile in wanted.items()}
    workspace.write_text_atomic(path, settings.template(sides[Side.SOURCE], sides[Side.TARGET]))
    settings.load(path)
    return _told(session, path, sides, found, policies)


def _asked(session: Session, what: str, given: str | None, option: str) -> str:
    """The option, else what a person answers; BadInput where nobody can be asked."""
    if given:
        return given
    if session.out.json or not sys.stdin.isatty():
        raise BadInput("reading", f"the {what}", "it was not given, and nobody can be asked here", f"{option} NAME")
    return str(click.prompt(what.capitalize(), type=str)).strip()


def _identity(side: Side, profile: str, region: str, log: CallLog) -> Identity:
    return Account(side, profile=profile, region=region, expected="", log=log).identify()


def _refuse_same(profiles: dict[Side, str], found: dict[Side, Identity]) -> None:
    number = found[Side.SOURCE].account
    if number == found[Side.TARGET].account:
        names = " and ".join(dict.fromkeys(profiles.values()))
        because = f"both are account {number}, and a move needs two"
        raise WrongAccount("comparing the profiles", names, because, "profiles of two different accounts")


def _told(
    session: Session,
    path: Path,
    sides: dict[Side, SideSettings],
    found: dict[Side, Identity],
    directory: Path | None,
) -> Result:
    out = session.out
    writes = {operation for carrier in session.carriers.values() for operation in carrier.writes}
    documents = {
        Side.SOURCE: source_policies(session.registry),
        Side.TARGET: target_policies(session.registry, sorted(writes)),
    }
    rows = [(side.value, sides[side].account, found[side].alias or "-", sides[side].profile, found[side].arn) for side in sides]
    out.columns(rows, ("side", "account", "alias", "profile", "identity"))
    out.say()
    out.say(f"Written to {path}")
    files = _written(documents, directory) if directory is not None else []
    for file in files:
        out.say(f"Written to {file}")
    if directory is None:
        _print(session, documents)
    out.say()
    out.say("Next: resettle scan")
    policies = {side.value: documents[side] for side in documents}
    return Result(
        0,
        {
            "settings": str(path),
            **{side.value: sides[side].account for side in sides},
            **({"files": [str(file) for file in files]} if files else {"policies": policies}),
        },
    )


def _print(session: Session, documents: dict[Side, list[Policy]]) -> None:
    for side, policies in documents.items():
        for number, document in enumerate(policies, 1):
            several = f" ({number} of {len(policies)})" if len(policies) > 1 else ""
            session.out.title(f"Policy for the identity in the {side.value}{several}")
            session.out.verbatim(json.dumps(document, indent=1))


def _written(documents: dict[Side, list[Policy]], directory: Path) -> list[Path]:
    """One file a policy: source-1.json, target-1.json and so on."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput("making", str(directory), (error.strerror or "it cannot be made").lower()) from error
    files = []
    for side, policies in documents.items():
        for number, document in enumerate(policies, 1):
            file = directory / f"{side.value}-{number}.json"
            workspace.write_text_atomic(file, json.dumps(document, indent=1) + "\n")
            files.append(file)
    return files
