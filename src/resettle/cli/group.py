"""The command `resettle` itself: its global options, its verbs by name, and what becomes of an error.

A verb's module is imported only when it is called. An error is one sentence on standard error and an exit code; a
traceback is shown only with -v.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import click

from resettle import __version__
from resettle.cli.invocation import Invocation, Result
from resettle.cli.trouble import told

WORKERS = "step"  # how the names of the executor's threads begin

ENTRY_POINTS = "resettle.verbs"
VERBS = {
    "init": "Write resettle.toml; print the least-privilege policies.",
    "scan": "Read the source; show what is there and what could not be seen.",
    "plan": "Decide how everything moves; write it down for a person to read.",
    "park": "Bring all that the move needs to rest in the target.",
    "move": "Carry out the plan: park, then build.",
    "status": "Say how far the move is, from the journal alone.",
    "rewrite": "Replace the old account's names in files.",
    "verify": "Prove that the copy is complete, equal and independent.",
    "open": "Go on from another machine, with what the parking bucket keeps.",
    "abandon": "Take everything back that this move has made.",
}


class Verbs(click.Group):
    """Finds verbs by name: our own in a table, those of other packages by entry point."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*VERBS, *sorted(name for name in _others() if name not in VERBS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in VERBS:
            command = import_module(f"resettle.cli.{cmd_name}").command
        else:
            found = _others().get(cmd_name)
            command = found.load() if found else None
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of verbs, without importing ours."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))
        others = [(name, _short_help(point)) for name, point in sorted(_others().items()) if name not in VERBS]
        if others:
            with formatter.section("Verbs of other packages"):
                formatter.write_dl(others)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise click.UsageError(_unknown(self, ctx, args[0]), ctx) from error

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> Any:
        """Runs one verb and ends the process: with the verb's exit code, or with the error's."""
        arguments = list(sys.argv[1:] if args is None else args)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a name that the terminal cannot show must not stop a move
                stream.reconfigure(errors="backslashreplace")
        sys.exit(self._run(arguments))

    def _run(self, arguments: list[str]) -> int:
        invocation = Invocation(arguments=tuple(arguments), json="--json" in arguments, verbose="-v" in arguments)
        try:
            result = super().main(arguments, prog_name="resettle", standalone_mode=False, obj=invocation)
            if isinstance(result, Result):
                invocation.output.summary(invocation.verb, result.exit, result.summary)
                return result.exit
        except BaseException as error:  # the one place where whatever went wrong becomes an exit code
            code = told(error, invocation)
            if isinstance(error, KeyboardInterrupt) and _still_running():  # the second one: nobody waits for those calls
                sys.stdout.flush()
                os._exit(code)
            return code
        return result if isinstance(result, int) else 0


def _still_running() -> bool:
    """Whether steps are under way in threads that the interpreter would wait for."""
    return any(thread.name.startswith(WORKERS) for thread in threading.enumerate())


def _others() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _short_help(point: EntryPoint) -> str:
    """What a verb of another package says of itself; a package that cannot be imported must not take --help with it."""
    try:
        command = point.load()
    except (ImportError, AttributeError) as error:
        return f"(cannot be loaded: {error})"
    return command.get_short_help_str(limit=90) if isinstance(command, click.Command) else ""


def _unknown(group: Verbs, ctx: click.Context, name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, group.list_commands(ctx), n=1)
    return f"there is no verb {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


@click.group(
    cls=Verbs,
    subcommand_metavar="VERB ...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="resettle", message="%(prog)s %(version)s")
@click.option(
    "-C",
    "root",
    type=click.Path(path_type=Path, file_okay=False, readable=False),
    default=Path(),
    metavar="DIR",
    help="Work in this directory, where resettle.toml lies.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, the last one a summary.")
@click.option("-v", "--verbose", is_flag=True, help="Show a traceback with an error.")
@click.pass_obj
def cli(invocation: Invocation, root: Path, as_json: bool, verbose: bool) -> None:
    """Moves a running service from one AWS account into another.

    The usual way: init, scan, plan, move, verify. Nothing is written to an account unless the plan lists it.
    """
    invocation.root, invocation.json, invocation.verbose = root, as_json, verbose
    invocation.verb = str(click.get_current_context().invoked_subcommand or "")
