"""Runs commands in forked children that kill themselves at one moment of the journal; the parent stays warm between them.

usage: runner.py WHEN DIRECTORY VERB…   WHEN: "before" or "after" the next event of the journal
Prints one JSON line: how many kills, how many events, the last exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any

SERVICES = (
    "ec2",
    "iam",
    "kms",
    "lambda",
    "logs",
    "rds",
    "resourcegroupstaggingapi",
    "s3",
    "secretsmanager",
    "sqs",
    "ssm",
    "sts",
)
MOST = 3000  # bounds the loop: more kills than any plan has events


def warm() -> None:
    """Reads botocore's models once: a child that begins by parsing them again would spend its life on it."""
    import botocore.loaders

    loader = botocore.loaders.create_loader()
    for service in SERVICES:
        for part in ("service-2", "paginators-1", "endpoint-rule-set-1"):
            loader.load_service_model(service, part)
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
    botocore.loaders.create_loader = lambda search_path_string=None: loader
    import resettle
    from resettle import kinds, shapes

    for module in pkgutil.walk_packages(resettle.__path__, "resettle."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for kind in kinds.load():
        shapes.service_model(kind.service)
    for name in ("boto3", "botocore.session", "botocore.httpsession", "urllib3", "rich.progress"):
        importlib.import_module(name)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(when: str, at: int) -> None:
    """Wraps the one method through which every event goes."""
    from resettle.journal import Journal

    original, lock, count = Journal._append, threading.Lock(), 0

    def append(self: Journal, *args: Any, **more: Any) -> Any:
        nonlocal count
        with lock:
            count += 1
            if when == "before" and count == at:
                die()
            result = original(self, *args, **more)
            if when == "after" and count == at:
                die()
        return result

    Journal._append = append  # type: ignore[method-assign]


def child(when: str, at: int, directory: str, words: list[str]) -> None:
    out = os.open(Path(directory) / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    arm(when, at)
    import resettle.cli

    code: Any = 1
    try:
        resettle.cli.cli.main(["-C", directory, *words])
        code = 0
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def events(directory: str) -> int:
    path = Path(directory) / ".resettle" / "journal.sqlite"
    if not path.exists():
        return 0
    with sqlite3.connect(path) as database:
        return int(database.execute("select count(*) from event").fetchone()[0])


def main() -> None:
    when, directory, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    warm()
    kills, begun, first = 0, time.monotonic(), events(directory)
    # Before event k+1 is after event k and the calls between: each child but the first lets one event pass.
    while kills < MOST:
        at = 1 if when == "after" or kills == 0 else 2
        pid = os.fork()
        if pid == 0:
            child(when, at, directory, words)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status):
            break
        kills += 1
    code = os.waitstatus_to_exitcode(status)
    seconds = round(time.monotonic() - begun, 1)
    print(json.dumps({"kills": kills, "events": events(directory) - first, "exit": code, "seconds": seconds}))


if __name__ == "__main__":
    main()
