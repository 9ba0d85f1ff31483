"""Drives the product by its command line in a working directory of its own, as a user would, and shows what it says.

It promises to read facts only from what the product prints as JSON or writes as files; it imports nothing of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from resettle_lab.demo_report import Screen

BUG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One command that ended: its exit code, the JSON objects it printed (if asked to), and its complaint."""

    exit: int
    objects: tuple[dict[str, Any], ...] = ()
    complaint: str = ""

    @property
    def summary(self) -> dict[str, Any]:
        """Return the last object, which every verb ends with."""
        return self.objects[-1] if self.objects else {}

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the objects that tell of one sort of event."""
        return [told for told in self.objects if told.get("event") == name]


class Failed(Exception):
    """A command ended as the demo did not expect; the demo goes no further and says so."""


class Product:
    """The product as a command, at work in `directory` with the lab's profiles."""

    def __init__(self, directory: Path, environment: Mapping[str, str], screen: Screen) -> None:
        self._directory = directory
        self._environment = dict(environment)
        self._screen = screen

    def show(self, *words: str, head: int = 6, tail: int = 1, fine: Sequence[int] = (0,)) -> Ran:
        """Run a verb for a person to watch: of each paragraph that it prints the first and last lines, the rest counted.

        Raises `Failed` for an exit code that is not `fine`.
        """
        self._screen.command(words)
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            process = self._start(words, errors)
            paragraph = Paragraph(self._screen, head, tail)
            for line in process.stdout or ():
                paragraph.add(line.rstrip("\n"))
            paragraph.end()
            code = process.wait()
            errors.seek(0)
            return self._ended(words, code, errors.read(), fine)

    def ask(self, *words: str, fine: Sequence[int] = (0,)) -> Ran:
        """Run a verb for its facts: the JSON objects that it prints. Raises `Failed` as `show` does."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            process = self._start(("--json", *words), errors)
            objects = [json.loads(line) for line in process.stdout or () if line.strip()]
            code = process.wait()
            errors.seek(0)
            return self._ended(words, code, errors.read(), fine, tuple(objects))

    def _start(self, words: Sequence[str], errors: IO[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "resettle", *words],
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            env=self._environment,
        )

    def _ended(
        self,
        words: Sequence[str],
        code: int,
        complaint: str,
        fine: Sequence[int],
        objects: tuple[dict[str, Any], ...] = (),
    ) -> Ran:
        if code not in fine:
            said = complaint.strip() or json.dumps(objects[-1] if objects else {}, ensure_ascii=False)
            raise Failed(f"`resettle {words[0]}` ended with exit code {code}: {said}")
        return Ran(exit=code, objects=objects, complaint=complaint.strip())


class Paragraph:
    """Shows the beginning and the end of lines that belong together; a blank line ends them."""

    def __init__(self, screen: Screen, head: int, tail: int) -> None:
        self._screen, self._head, self._tail = screen, head, tail
        self._count = 0
        self._kept: list[str] = []

    def add(self, line: str) -> None:
        """Show the line if it stands at the beginning, else keep it until it is known not to stand at the end."""
        if not line:
            self.end()
            self._screen.output("")
            return
        self._count += 1
        if self._count <= self._head:
            self._screen.output(line)
            return
        self._kept.append(line)
        self._screen.live(line)

    def end(self) -> None:
        """Show how many lines were passed over, and the last ones; one line alone is shown rather than counted."""
        passed = len(self._kept) - self._tail
        if passed > 1:
            self._screen.note(f"  … {passed} more lines")
            self._kept = self._kept[passed:]
        for line in self._kept:
            self._screen.output(line)
        self._count, self._kept = 0, []
