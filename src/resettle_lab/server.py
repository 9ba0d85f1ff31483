"""One lab as a process: moto, the laws, the control plane, and copies of it all by fork.

It listens on the loopback address only, and ends when whoever started it is gone.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from moto.moto_api._internal import mock_random
from moto.sts.models import sts_backends

from .control import Control
from .front import Front, honour_status
from .lab import Lab as Lab
from .law import every_law
from .profiles import Profiles, SessionKey, write_config
from .snapshot import fork_child, watch
from .speed import quicken, warm
from .wire import LOOPBACK, Environ, Reply, Server
from .world import World

ROLE = "resettle-lab"


class LabServer:
    """Serves one world on one port; a fork of it serves an independent copy on another.

    It ends when the pipe `lifeline` does; `held` is that pipe's other end where this process keeps it, and forks let go.
    """

    def __init__(self, world: World, directory: Path, *, port: int, lifeline: int, held: int = -1) -> None:
        self._world = world
        self._directory = directory
        self._lifeline = lifeline
        self._held = held
        self._front = Front(world)
        self._keys = {account: session_key(account, world.region) for account in (world.source, world.target)}
        self._listen(port)

    @property
    def profiles(self) -> Profiles:
        """Return what a client needs to know."""
        return self._profiles

    def serve(self) -> None:
        """Answer requests until told to stop."""
        watch(self._lifeline, lambda: os._exit(0))
        self._server.serve_forever(poll_interval=0.1)
        self._server.server_close()

    def _listen(self, port: int) -> None:
        self._server = Server(port, self._answer)
        endpoint = f"http://{LOOPBACK}:{self._server.server_port}"
        os.environ["MOTO_PORT"] = str(self._server.server_port)
        config = self._directory / f"config-{self._server.server_port}"
        source, target = self._world.source, self._world.target
        write_config(
            config,
            endpoint=endpoint,
            region=self._world.region,
            source=self._keys[source],
            target=self._keys[target],
        )
        self._profiles = Profiles(
            endpoint=endpoint,
            config_file=str(config),
            source_account=source,
            target_account=target,
            region=self._world.region,
        )
        self._control = Control(self._world, self._profiles.as_json(), self._fork, self._stop)

    def _answer(self, environ: Environ) -> Reply | None:
        path: str = environ["PATH_INFO"]
        if not path.startswith("/lab/"):
            return self._front.answer(environ)
        if path == "/lab/fork":
            return self._control.answer(environ)
        with self._front.gate.shared():
            return self._control.answer(environ)

    def _stop(self) -> None:
        self._server.stopping = True

    def _fork(self) -> dict[str, Any]:
        warm(self._world.source, self._world.target, self._world.region)
        pid, line = fork_child(self._front.gate, self._serve_copy)
        reply: dict[str, Any] = json.loads(line)
        return reply | {"pid": pid}

    def _serve_copy(self, report: int) -> None:
        self._server.abandon()
        self._front.reopen()
        self._world.calls.clear()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self._held >= 0:
            os.close(self._held)
        self._listen(0)
        os.write(report, json.dumps(self._profiles.as_json()).encode() + b"\n")
        os.close(report)
        self.serve()


def session_key(account: str, region: str) -> SessionKey:
    """Return session credentials of an account, as `sts:AssumeRole` of the lab's role would hand them out."""
    role = sts_backends[account]["aws"].assume_role(
        region_name=region,
        role_session_name=ROLE,
        role_arn=f"arn:aws:iam::{account}:role/{ROLE}",
        policy=None,
        duration=12 * 3600,
        external_id=None,
    )
    return SessionKey(access_key=role.access_key_id, secret_key=role.secret_access_key, token=role.session_token)


def open_world(*, ids: int | None = None, without: tuple[str, ...] = ()) -> World:
    """Return a world in which every law is in force, save those named in `without`; `ids` makes moto's ids repeat."""
    if ids is not None:
        mock_random.seed(ids)
    quicken()
    world = World()
    honour_status(world)
    for law in every_law():
        if law.name not in without:
            law.install(world)
    return world


def run(
    directory: Path,
    *,
    port: int = 0,
    lifeline: int | None = None,
    ids: int | None = None,
    without: tuple[str, ...] = (),
    ready: Callable[[Profiles], None],
) -> None:
    """Serve a lab in this process until SIGINT, SIGTERM or `/lab/stop`; `ready` is called once it answers.

    Forks end when `lifeline` is closed by whoever holds its other end; without one, when this process ends.
    """
    os.environ.pop("MOTO_ACCOUNT_ID", None)
    warnings.filterwarnings("ignore", message="Exception.AwsError. with code")  # AWS's common codes stand in no model
    held = -1
    if lifeline is None:
        lifeline, held = os.pipe()
    server = LabServer(open_world(ids=ids, without=without), directory, port=port, lifeline=lifeline, held=held)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    gc.collect()
    gc.freeze()
    serving = threading.Thread(target=server.serve, name="server", daemon=True)
    serving.start()
    ready(server.profiles)
    with suppress(KeyboardInterrupt):
        serving.join()


def tell(profiles: Profiles) -> None:
    """Write the profiles to standard output as one line of JSON."""
    print(json.dumps(profiles.as_json()), flush=True)


def main() -> None:
    """Run a lab as a child process of whoever holds the other end of its standard input."""
    parser = argparse.ArgumentParser(prog="resettle_lab.server")
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ids", type=int)
    parser.add_argument("--without", action="append", default=[])
    asked = parser.parse_args()
    run(asked.directory, port=asked.port, lifeline=0, ids=asked.ids, without=tuple(asked.without), ready=tell)


if __name__ == "__main__":
    main()
