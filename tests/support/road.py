"""A road walked as a user walks it: the command line in a process of its own, against a lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resettle_lab.lab import Lab

SOURCE, TARGET, REGION = "111122223333", "444455556666", "ap-northeast-2"


@dataclass(slots=True)
class Road:
    """A working directory and the lab that its profiles lead to."""

    lab: Lab
    directory: Path

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.lab.environment(), "RESETTLE_PACE": "0.01", "COLUMNS": "200"}

    def run(self, *args: str, exits: int | tuple[int, ...] = 0, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """One command; the test fails with all that it printed if it exits otherwise."""
        command = [sys.executable, "-m", "resettle", "-C", str(cwd or self.directory), *args]
        answer = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=240, check=False)
        wanted = exits if isinstance(exits, tuple) else (exits,)
        assert answer.returncode in wanted, f"{args} exited {answer.returncode}\n{answer.stdout[-6000:]}\n{answer.stderr[-6000:]}"
        return answer

    def json(self, *args: str, exits: int | tuple[int, ...] = 0) -> dict[str, Any]:
        """The last line of a command's `--json` output: its summary."""
        answer = self.run("--json", *args, exits=exits)
        summary: dict[str, Any] = json.loads(answer.stdout.strip().splitlines()[-1])
        return summary

    def init(self) -> None:
        self.run("init", "--source-profile", "lab-source", "--target-profile", "lab-target", "--region", REGION)

    def plan(self) -> None:
        """Plans, and accepts by name what a person would accept here: rows that nobody can look into."""
        self.run("plan", exits=(0, 3))
        gaps = [gap[0] for gap in json.loads((self.directory / "plan.json").read_text())["gaps"]]
        unexpected = [gap for gap in gaps if not gap.startswith("rows:")]
        assert unexpected == []
        self.run("plan", *(part for gap in gaps for part in ("--accept", gap)))

    def move(self, *more: str, exits: int | tuple[int, ...] = 0) -> subprocess.CompletedProcess[str]:
        return self.run("move", "--yes", *more, exits=exits)

    @contextmanager
    def copy(self, directory: Path) -> Iterator[Road]:
        """An independent copy of lab and working directory, in an instant."""
        subprocess.run(["cp", "-a", f"{self.directory}/.", str(directory)], check=True)
        with self.lab.fork() as lab:
            yield Road(lab, directory)
