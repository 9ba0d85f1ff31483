"""The lab's control plane under `/lab/`: what a test does to a lab from outside, none of which AWS offers.

It changes credentials, settings and whole accounts; it never answers an AWS call.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from moto.core.base_backend import BackendDict, backend_lock
from moto.s3.models import s3_backends

from .wire import Environ, Reply
from .world import World

Body = dict[str, Any]
Fork = Callable[[], Body]


class Control:
    """Routes the requests under `/lab/`; `fork` copies the lab, `stop` ends it."""

    def __init__(self, world: World, profiles: Body, fork: Fork, stop: Callable[[], None]) -> None:
        self._world = world
        self._profiles = profiles
        self._stop = stop
        self._routes: dict[tuple[str, str], Callable[[Body], Any]] = {
            ("GET", "/lab/"): lambda _: self._profiles,
            ("POST", "/lab/revoke"): self._revoke,
            ("POST", "/lab/restore-credentials"): self._restore,
            ("GET", "/lab/calls"): lambda _: counted(world),
            ("POST", "/lab/calls/reset"): lambda _: world.calls.clear(),
            ("POST", "/lab/vanish"): lambda body: vanish(world, body["account"]),
            ("GET", "/lab/settings"): lambda _: world.settings,
            ("POST", "/lab/settings"): lambda body: world.settings.update(body),
            ("POST", "/lab/fork"): lambda _: fork(),
            ("POST", "/lab/stop"): self._end,
            ("DELETE", "/lab/"): self._end,
        }

    def answer(self, environ: Environ) -> Reply:
        """Return the JSON reply to a request under `/lab/`."""
        route = self._routes.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if route is None:
            return as_json(404, {"error": "no such control", "path": environ["PATH_INFO"]})
        try:
            body = json.loads(environ["wsgi.input"].read() or b"{}")
            return as_json(200, route(body) or {})
        except (KeyError, ValueError) as wrong:
            return as_json(400, {"error": f"{type(wrong).__name__}: {wrong}"})
        except ChildProcessError as died:
            return as_json(500, {"error": str(died)})

    def _revoke(self, body: Body) -> None:
        self._world.revoked.add(str(body["account"]))

    def _restore(self, _: Body) -> None:
        self._world.revoked.clear()

    def _end(self, _: Body) -> None:
        self._stop()


def as_json(status: int, body: Any) -> Reply:
    """Return a JSON reply."""
    return status, [("Content-Type", "application/json")], json.dumps(body).encode()


def counted(world: World) -> dict[str, dict[str, int]]:
    """Return the calls so far by account and `service:Operation`; unsigned and unknown callers stand under an empty name."""
    calls: dict[str, dict[str, int]] = defaultdict(dict)
    for (account, operation), count in sorted(world.calls.items()):
        calls[account][operation] = count
    return calls


def vanish(world: World, account: str) -> None:
    """Forget everything that an account owns, in every service and region, and refuse its credentials from now on."""
    world.revoked.add(account)
    for hook in world.vanish_hooks:
        hook(account)
    with backend_lock:
        for name, (_, owner) in list(s3_backends.bucket_accounts.items()):
            if owner == account:
                del s3_backends.bucket_accounts[name]
        for backend in list(BackendDict._instances):
            if account in dict.keys(backend):
                del backend[account]
