"""What becomes of an error: one sentence on standard error and an exit code; never a traceback unless it was asked for."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import traceback
from typing import Any

import click

from resettle.cli.invocation import Invocation
from resettle.errors import BadInput, ResettleError

INTERRUPTED, _READER_GONE = 130, 141  # 128 + SIGINT and 128 + SIGPIPE, as shells report them
_BUG, _USAGE = 1, 2
_FULL = (errno.ENOSPC, errno.EDQUOT)


def told(error: BaseException, invocation: Invocation) -> int:
    """Tells the error and returns the exit code. SystemExit keeps its own code; what nobody foresaw is called a bug."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else _BUG
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        _give_up_stdout()  # whoever read us has gone; that is no error of ours
        return _READER_GONE
    fields = _described(error, invocation)
    sentence = str(fields.pop("sentence"))
    if invocation.verbose and not isinstance(error, click.ClickException | KeyboardInterrupt | click.Abort):
        traceback.print_exception(error, file=sys.stderr)
    with contextlib.suppress(OSError):
        _tell(sentence, fields, invocation)
    return int(fields["exit"])


def sentence_of(error: BaseException) -> str:
    """One line, whatever line ends AWS's own text holds."""
    return " ".join(str(error).split())


def as_fields(error: ResettleError) -> dict[str, Any]:
    """An error for programs."""
    fields = {
        "sort": type(error).__name__,
        "doing": error.doing,
        "on": error.on,
        "because": error.because,
        "try": error.try_this,
    }
    code = getattr(error, "code", "")
    return {**fields, **({"code": code} if code else {}), "exit": error.exit_code}


def warn(text: str, invocation: Invocation) -> None:
    """A sentence on standard error that does not end the command."""
    if invocation.json:
        click.echo(json.dumps({"warning": text}, ensure_ascii=False), err=True)
    else:
        click.echo(f"resettle: {text}", err=True)


def _described(error: BaseException, invocation: Invocation) -> dict[str, Any]:
    if isinstance(error, OSError):
        error = _of_system(error)
    if isinstance(error, ResettleError):
        return {"sentence": sentence_of(error), **as_fields(error)}
    if isinstance(error, click.Abort | KeyboardInterrupt):
        sentence = "interrupted: the same command goes on"  # wherever it struck: what was done is in the journal
        return {"sentence": sentence, "sort": "Interrupted", "because": "interrupted", "exit": INTERRUPTED}
    if isinstance(error, click.ClickException):
        verb = f" {invocation.verb}" if invocation.verb else ""
        because = " ".join(error.format_message().split()).rstrip(".")
        sentence = f"while reading the command line: {because}; try: resettle{verb} --help"
        return {"sentence": sentence, "sort": "Usage", "because": because, "exit": _USAGE}
    because = f"this is a bug ({type(error).__name__}: {' '.join(str(error).split())})"
    see = "" if invocation.verbose else "; try: the same command with -v, and report what it shows"
    sentence = f"while running {invocation.verb or 'resettle'}: {because}{see}"
    return {"sentence": sentence, "sort": type(error).__name__, "because": because, "exit": _BUG}


def _of_system(error: OSError) -> ResettleError:
    """What the operating system refused outside of the modules that say it better."""
    if error.errno in _FULL and not error.filename:
        _give_up_stdout()  # it may be standard output itself that is full
    advice = "free some space and run the same command again" if error.errno in _FULL else ""
    because = (error.strerror or type(error).__name__).lower()
    return BadInput("reading or writing", str(error.filename or "a file or standard output"), because, advice)


def _give_up_stdout() -> None:
    """Lets the interpreter flush into nothing, so that it does not complain once more while it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(sentence: str, fields: dict[str, Any], invocation: Invocation) -> None:
    if not invocation.json:
        click.echo(f"resettle: {sentence}", err=True)
        return
    error = {"sentence": sentence, **fields}
    click.echo(json.dumps({"error": error}, ensure_ascii=False), err=True)
    invocation.output.summary(invocation.verb, int(fields["exit"]), {"error": error})
