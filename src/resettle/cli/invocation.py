"""One call of the command: where it works, how it speaks, which verb it runs, and what a verb hands back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from resettle.cli.output import Output


@dataclass(slots=True, kw_only=True)
class Invocation:
    """What the global options said; it travels as click's `obj`."""

    arguments: tuple[str, ...] = ()
    root: Path = field(default_factory=Path)
    json: bool = False
    verbose: bool = False
    verb: str = ""
    _output: Output | None = None

    @property
    def output(self) -> Output:
        """Standard output as this call wants it."""
        if self._output is None or self._output.json != self.json:
            self._output = Output(json=self.json)
        return self._output


@dataclass(frozen=True, slots=True)
class Result:
    """What a verb hands back: its exit code, and the fields of the last JSON line."""

    exit: int = 0
    summary: dict[str, Any] = field(default_factory=dict)


class Verb(click.Command):
    """A verb; `--json` and `-v` may also stand behind it."""

    def __init__(self, name: str | None, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.params += [
            click.Option(["--json"], is_flag=True, expose_value=False, callback=_heard, help="As before the verb."),
            click.Option(["-v", "--verbose"], is_flag=True, expose_value=False, callback=_heard, help="As before the verb."),
        ]


def _heard(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    invocation = ctx.find_object(Invocation)
    if invocation is not None and value:
        setattr(invocation, str(parameter.name), True)
