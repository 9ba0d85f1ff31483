"""Copies a whole lab in an instant by forking its process at a moment when no request is in flight.

A child never shares a listening socket, a connection or an open file with its parent; it ends with its lab.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn


class Gate:
    """Lets requests through together, and a fork only alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold the gate together with other requests; wait while a fork has it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the gate with no request inside; new requests wait."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._closed = True
            self._changed.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()


def watch(lifeline: int, end: Callable[[], None]) -> None:
    """Call `end` when the other end of the pipe `lifeline` is closed, that is: when whoever started the lab is gone."""

    def wait() -> None:
        with suppress(OSError):
            while os.read(lifeline, 64):
                continue
        end()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def fork_child(gate: Gate, child: Callable[[int], None]) -> tuple[int, bytes]:
    """Fork at a quiet moment; return the child's pid and the first line that it wrote to the descriptor it was given.

    `child` runs in the copy and must not return to the parent's code: the process ends when it does. Raises
    `ChildProcessError` if the child died before it wrote its line.
    """
    with gate.alone():
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _run_and_exit(child, writing)
        os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        line = pipe.readline()
    threading.Thread(target=os.waitpid, args=(pid, 0), name=f"reaper of {pid}", daemon=True).start()
    if not line:
        raise ChildProcessError(f"the fork {pid} died before it listened")
    return pid, line


def _run_and_exit(child: Callable[[int], None], writing: int) -> NoReturn:
    status = 1
    try:
        child(writing)
        status = 0
    finally:
        if status:
            traceback.print_exc()
        os._exit(status)
