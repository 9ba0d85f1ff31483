"""Law: S3 delivers access logs hours later and perhaps never, so a lab sees none; the setting itself stays moto's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.world import World


def install(world: World) -> None:
    """Writes no log object when a request to a logged bucket arrives."""
    from moto.s3.models import S3Backend

    world.patch(S3Backend, "log_incoming_request", _not_yet)


def _not_yet(_original: Callable[..., None]) -> Callable[..., None]:
    def log_incoming_request(_backend: Any, _request: Any, _bucket_name: str) -> None:
        """No lab lasts the few hours after which most log records arrive."""

    return log_incoming_request


LAW = Law(
    name="s3-access-logs",
    rule="Access log records arrive best effort, most within a few hours: a request to a logged bucket writes no object at once.",
    source="Amazon S3 User Guide: Logging requests with server access logging, Best-effort server log delivery",
    install=install,
)
