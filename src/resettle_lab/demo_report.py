"""What the demo prints: the commands as they run, the fifteen steps and the summary, for a person or as one JSON object.

It promises colours on a terminal only and, as JSON, nothing but that object. It decides nothing.
"""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import click

from resettle_lab.demo_steps import NOT_BUILT, PREPARED, VERIFIED, Judged, Leftover

COLOURS = {VERIFIED: "green", PREPARED: "yellow", NOT_BUILT: "bright_black"}
WIDEST = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a demo came to; the counts are verify's and the independent checker's together where both look."""

    steps: Sequence[Judged]
    resources: int
    missing: int
    different: int
    leaks: int
    unproved: int
    waiting: int
    accepted: Sequence[str]
    calls: Mapping[str, int]
    source_writes: Mapping[str, int]
    seconds: float
    failed: str = ""
    residue: Sequence[Leftover] = ()
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def exit(self) -> int:
        """Return 0 if every step was built and nothing is wrong, else 6."""
        wrong = self.missing + self.different + self.leaks + self.unproved
        unbuilt = any(judged.state == NOT_BUILT for judged in self.steps)
        return 6 if unbuilt or wrong or self.failed else 0

    def json(self) -> dict[str, Any]:
        """Return the one object of `--json`."""
        shown: dict[str, Any] = {
            "verb": "demo",
            "exit": self.exit,
            "steps": [judged.json() for judged in self.steps],
            "resources": self.resources,
            "missing": self.missing,
            "different": self.different,
            "leaks": self.leaks,
            "unproved": self.unproved,
            "waiting": self.waiting,
            "accepted": list(self.accepted),
            "calls": dict(self.calls),
            "source_writes": dict(self.source_writes),
            "residue": [asdict(left) for left in self.residue],
            "seconds": round(self.seconds, 1),
            "simulated": True,
        }
        if self.failed:
            shown["failed"] = self.failed
        if self.kept:
            shown["kept"] = dict(self.kept)
        return shown


class Screen:
    """Where the demo writes; a silent one shows nothing until the end."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._moving = not silent and sys.stdout.isatty()
        self._width = min(shutil.get_terminal_size((WIDEST, 40)).columns, WIDEST)
        self._unfinished = False

    def say(self, text: str = "") -> None:
        """Write a line of the demo's own."""
        if not self._silent:
            self._clear()
            click.echo(text)

    def command(self, words: Sequence[str]) -> None:
        """Show the command that runs next."""
        self.say()
        self.say(click.style("$ resettle " + " ".join(map(quoted, words)), bold=True))

    def output(self, line: str) -> None:
        """Show a line of the product's, indented."""
        self.say("  " + line if line else "")

    def note(self, line: str) -> None:
        """Show something beside the product's output."""
        self.say(click.style("  " + line, dim=True))

    def explain(self, what: str, why: str) -> None:
        """Show a decision with its reason, folded to the screen's width."""
        self.say(click.style(f"  {what}", fg="yellow"))
        for line in textwrap.wrap(why, self._width - 6):
            self.say("      " + line)

    def live(self, line: str) -> None:
        """On a terminal, show the latest of many lines in one place."""
        if self._moving:
            click.echo("\r\033[K" + f"  {line}"[: self._width], nl=False)
            self._unfinished = True

    def _clear(self) -> None:
        if self._unfinished:
            click.echo("\r\033[K", nl=False)
            self._unfinished = False


def report(outcome: Outcome, screen: Screen) -> None:
    """Print the fifteen steps and the summary for a person."""
    screen.say()
    for judged in outcome.steps:
        for line in step_lines(judged):
            screen.say(line)
    screen.say()
    for name, value in _summary(outcome):
        screen.say(f"  {name:<22}{value}")
    if outcome.failed:
        screen.say()
        screen.say(click.style(f"The demo ended early: {outcome.failed}", fg="red"))
    for line in _kept(outcome.kept):
        screen.say(line)


def step_lines(judged: Judged) -> list[str]:
    """Return the lines of one step: number, title, state and, folded beside them, why."""
    state = click.style(f"{judged.state:<14}", fg=COLOURS[judged.state])
    head = f"{judged.step.number:>3}  {judged.step.title:<25} {state} "
    indent = 3 + 2 + 25 + 1 + 14 + 1
    wrapped = textwrap.wrap(judged.why, max(WIDEST - indent, 30)) or [""]
    return [head + wrapped[0], *(" " * indent + line for line in wrapped[1:])]


def as_json(outcome: Outcome) -> str:
    """Return the one line of `--json`."""
    return json.dumps(outcome.json(), ensure_ascii=False)


def quoted(word: str) -> str:
    """Write a word as a person would type it."""
    return f"'{word}'" if any(mark in word for mark in " *|:#") and not word.startswith("arn:") else word


def _summary(outcome: Outcome) -> list[tuple[str, str]]:
    states = Counter(judged.state for judged in outcome.steps)
    return [
        ("steps", ", ".join(f"{states[state]} {state}" for state in (VERIFIED, PREPARED, NOT_BUILT))),
        ("resources compared", str(outcome.resources)),
        ("missing", str(outcome.missing)),
        ("different", str(outcome.different)),
        ("leaks", str(outcome.leaks)),
        ("unproved", f"{outcome.unproved} ({len(outcome.accepted)} gaps accepted by name, above)"),
        ("waiting for a person", str(outcome.waiting)),
        ("calls", ", ".join(f"{count} to the {side}" for side, count in outcome.calls.items())),
        ("writes to the source", _counts(outcome.source_writes) or "none"),
        ("time", f"{outcome.seconds:.1f} s"),
    ]


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{name} x {count}" if count > 1 else name for name, count in sorted(counted.items()))


def _kept(kept: Mapping[str, str]) -> list[str]:
    if not kept:
        return []
    return [
        "",
        "The lab goes on. To look around in it:",
        f"  export AWS_CONFIG_FILE={kept['config_file']}",
        f"  resettle -C {kept['directory']} status",
        f"  aws --profile {kept['target_profile']} s3 ls",
        f"The rewritten repositories: {kept['repositories']}",
        f"To end it: kill {kept['pid']}; rm -r {kept['base']}",
    ]
