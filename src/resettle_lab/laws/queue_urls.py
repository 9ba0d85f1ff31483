"""Law: a queue's URL is the one that AWS gives, whoever asks on whichever port; it sends no client anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.world import World


def install(world: World) -> None:
    """Names every queue by region, account and name, in the one method that makes moto's queue URLs."""
    from moto.sqs.models import Queue

    world.patch(Queue, "url", _by_region)


def _by_region(_original: Callable[..., str]) -> Callable[..., str]:
    def url(queue: Any, _request_url: Any = None) -> str:
        return f"https://sqs.{queue.region}.amazonaws.com/{queue.account_id}/{queue.name}"

    return url


LAW = Law(
    name="queue-urls",
    rule="A queue's URL is https://sqs.<region>.amazonaws.com/<account>/<name>, whichever endpoint was asked.",
    source="Amazon SQS Developer Guide: Amazon SQS queue and message identifiers",
    install=install,
)
