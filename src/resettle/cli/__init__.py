"""The command line: each verb a short module, imported when it is called; `--help` imports neither verbs nor AWS."""

from __future__ import annotations

from typing import NoReturn

from resettle.cli.group import cli


def main() -> NoReturn:
    """Runs the verb that the process was called with, and ends the process with its exit code."""
    cli.main()
    raise AssertionError("a group's main ends the process")


__all__ = ["cli", "main"]
