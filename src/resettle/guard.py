"""The guard that every call passes before it is sent: a reviewed read, or a write that was allowed by name.

It refuses everything else, whatever client would send it; it never sends, changes or remembers a call itself.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from resettle.calllog import THROTTLES
from resettle.errors import Refused
from resettle.model import Side
from resettle.reads import READS

Allowed = frozenset[tuple[str, str]]
Inspect = Callable[[str, dict[str, Any]], None]

ANYTHING = "*"
STEP_TAG = "resettle:step"

_TAG_KEYS = ("Key", "TagKey", "key")
_TAG_VALUES = ("Value", "TagValue", "value")
_TAG_MEMBERS = ("Tags", "tags", "TagList", "TagSet")


class Guard:
    """Decides for one account what may leave; `Refused` is raised for what may not.

    An operation passes if it is in `reads.READS`, or if `allowed` holds it together with a text that the call names
    (see `named`). The resource "*" stands for any, and is accepted for the target only: with it on the source, a
    ValueError is raised at once.
    """

    def __init__(self, side: Side, on: str, allowed: Allowed = frozenset(), inspect: Inspect | None = None) -> None:
        self._side, self._on, self._inspect = side, on, inspect
        self._standing = self._accepted(allowed)
        self._passing: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._refusal = ""

    def permit(self, allowed: Allowed) -> None:
        """Replace what is allowed beyond reads."""
        accepted = self._accepted(allowed)
        with self._lock:
            self._standing = accepted

    @contextmanager
    def permitted(self, allowed: Allowed) -> Iterator[None]:
        """Allow more while the block runs, in every thread, so that a carrier's own threads are covered."""
        accepted = self._accepted(allowed)
        with self._lock:
            self._passing.update(accepted)
        try:
            yield
        finally:
            with self._lock:
                self._passing.subtract(accepted)

    def watch(self, inspect: Inspect | None) -> None:
        """From now on this function sees what passes; it may raise."""
        self._inspect = inspect

    def refuse(self, reason: str) -> None:
        """From now on nothing passes, reads included; this is not undone."""
        self._refusal = reason

    def check(self, operation: str, params: dict[str, Any]) -> None:
        """Let "service:Operation" with these parameters pass, or raise `Refused`; then ask `inspect`, which may raise."""
        self._check_open(operation)
        if operation not in READS and not self._is_allowed(operation, params):
            raise self._refused(operation, "it is neither a reviewed read nor a write that the plan lists")
        if self._inspect is not None:
            self._inspect(operation, params)

    def check_http(self, method: str, url: str, headers: Mapping[str, str], body: object) -> None:
        """The same for a request by address.

        GET and HEAD are reads, unless the address carries an operation: AWS's query protocol takes `Action=` from a
        GET as well. On the source nothing else passes at all; on the target the write is allowed as ("http:PUT", host).
        """
        operation, parts = f"http:{method}", urlsplit(url)
        self._check_open(operation)
        acts = any(name == "Action" for name, _ in parse_qsl(parts.query, keep_blank_values=True))
        if method not in ("GET", "HEAD") or acts:
            host = {"Host": parts.hostname or ""}
            if self._side is Side.SOURCE or not self._is_allowed(operation, host):
                raise self._refused(operation, "only GET and HEAD are reads, and this write was not allowed")
        if self._inspect is not None:
            self._inspect(operation, {"Url": url, "Headers": dict(headers), "Body": body})

    def _accepted(self, allowed: Allowed) -> Allowed:
        if self._side is Side.SOURCE:
            for operation, resource in allowed:
                if resource == ANYTHING or not resource:
                    raise ValueError(f"a write to the source must name its resource: {operation}")
        return frozenset(allowed)

    def _check_open(self, operation: str) -> None:
        if self._refusal:
            raise self._refused(operation, self._refusal)

    def _refused(self, operation: str, because: str) -> Refused:
        return Refused(f"calling {operation}", f"on {self._on}", because)

    def _is_allowed(self, operation: str, params: Mapping[str, Any]) -> bool:
        def listed(resource: str) -> bool:
            entry = (operation, resource)
            return entry in self._standing or self._passing[entry] > 0

        return listed(ANYTHING) or any(all(map(listed, texts)) for texts in named(params))


def named(params: Mapping[str, Any]) -> Iterator[list[str]]:
    """The texts by which a call names what it touches, each as a list that must be allowed as a whole.

    A top-level string; a top-level list of strings (all of it, so that an unplanned id cannot ride along with a planned
    one); the value of the tag `resettle:step` in any form that AWS uses for tags.
    """
    for member, value in params.items():
        if isinstance(value, str) and value:
            yield [value]
        elif isinstance(value, list) and value and all(isinstance(element, str) for element in value):
            yield value
        elif member == "TagSpecifications" and isinstance(value, list):
            yield from ([step] for specification in value for step in _steps(specification.get("Tags")))
        elif member in _TAG_MEMBERS:
            yield from ([step] for step in _steps(value))
        elif member == "Tagging" and isinstance(value, dict):
            yield from ([step] for step in _steps(value.get("TagSet")))


def _steps(tags: object) -> Iterator[str]:
    if isinstance(tags, Mapping):
        items = tags.get("Items")
        if isinstance(items, list):
            yield from _steps(items)
        elif isinstance(step := tags.get(STEP_TAG), str):
            yield step
    elif isinstance(tags, list):
        for tag in tags:
            if isinstance(tag, Mapping) and any(tag.get(key) == STEP_TAG for key in _TAG_KEYS):
                yield from (tag[key] for key in _TAG_VALUES if isinstance(tag.get(key), str))


def veto_blind_retry(*, response: Any, operation: Any, caught_exception: Exception | None, **_: Any) -> None:
    """Raise what happened, instead of letting botocore send again what may have been carried out and must be done once.

    For botocore's event `needs-retry`. A connection that never stood (`ConnectionError`) and a throttled call were not
    carried out, so those are left to botocore.
    """
    from botocore.exceptions import ClientError, HTTPClientError

    if isinstance(caught_exception, HTTPClientError):
        raise caught_exception
    if response is not None and response[0].status_code >= 500:
        parsed = response[1]
        if parsed.get("Error", {}).get("Code") not in THROTTLES:
            raise ClientError(parsed, operation.name)
