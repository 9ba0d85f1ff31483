"""The lab's ledger: every request that seeded an account, with its reply, one JSON object a line.

It promises to hold what boto3 was asked to send, byte contents as digests. It never stands in a product's working
directory, because it holds the lab's secrets in plain text.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

READS = ("Describe", "Get", "List", "Head")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call: what was sent and what came back."""

    service: str
    operation: str
    params: dict[str, Any]
    reply: dict[str, Any]

    @property
    def read(self) -> bool:
        """Whether the call only looked."""
        return self.operation.startswith(READS)


def digest(content: bytes) -> dict[str, Any]:
    """Stand for bytes by what identifies them."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def plain(value: Any) -> Any:
    """Turn a botocore value into JSON: bytes and streams become digests, times ISO text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return digest(bytes(value))
    if isinstance(value, io.BytesIO):
        return digest(value.getvalue())
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return f"<{type(value).__name__}>"


def record(session: boto3.Session, path: Path) -> Callable[[], None]:
    """Append every later successful call of this session's clients to the file; the returned function ends it.

    Only clients that are made after this call are heard, because botocore copies a session's handlers into each client.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = threading.Lock()

    def before(params: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        context["resettle_lab_sent"] = plain(params)

    def after(http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if http_response.status_code >= 300 or "resettle_lab_sent" not in context:
            return
        reply = plain({key: value for key, value in parsed.items() if key != "ResponseMetadata"})
        line = json.dumps(
            {
                "service": model.service_model.service_name,
                "operation": model.name,
                "params": context["resettle_lab_sent"],
                "reply": reply,
            },
            ensure_ascii=False,
            sort_keys=True,
        )
        with lock, path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    session.events.register_first("before-parameter-build.*.*", before)
    session.events.register_last("after-call.*.*", after)

    def stop() -> None:
        session.events.unregister("before-parameter-build.*.*", before)
        session.events.unregister("after-call.*.*", after)

    return stop


def entries(path: Path) -> Iterator[Entry]:
    """Read a ledger in the order of its calls."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield Entry(**json.loads(line))
