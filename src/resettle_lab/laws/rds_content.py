"""Law: what is in a database travels with its snapshots, copies and restores; the lab keeps it as one digest.

No AWS call shows the digest: it is read (and rewritten, as an application's writes would) under `/-lab/rows/`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener
from uuid import uuid4

from resettle_lab.law import Law
from resettle_lab.world import Request as Asked
from resettle_lab.world import Response, World

_PREFIX = "/-lab/rows/"


def install(world: World) -> None:
    """Gives every new database rows of its own, and lets snapshots keep those of their moment."""
    from moto.rds.models import DBSnapshot, RDSBackend

    world.patch(RDSBackend, "create_db_instance", _with_rows)
    world.patch(DBSnapshot, "__init__", _as_they_were)
    world.before(lambda asked: _answer(asked, world))


def _with_rows(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_db_instance(backend: Any, db_kwargs: Any) -> Any:
        made = original(backend, db_kwargs)
        made.resettle_rows = uuid4().hex
        return made

    return create_db_instance


def _as_they_were(original: Callable[..., None]) -> Callable[..., None]:
    def __init__(snapshot: Any, backend: Any, database: Any, *arguments: Any, **named: Any) -> None:
        original(snapshot, backend, database, *arguments, **named)
        snapshot.resettle_rows = getattr(database, "resettle_rows", None)

    return __init__


def _answer(asked: Asked, world: World) -> Response | None:
    if not asked.path.startswith(_PREFIX):
        return None
    account, kind, name = asked.path.removeprefix(_PREFIX).split("/", 2)
    thing = _thing(account, world.region, kind, name)
    if thing is None:
        return 404, {"Content-Type": "application/json"}, json.dumps({"error": f"no {kind} {name} in {account}"})
    if asked.method == "PUT":
        thing.resettle_rows = json.loads(asked.body)["rows"]
    return 200, {"Content-Type": "application/json"}, json.dumps({"rows": thing.resettle_rows})


def _thing(account: str, region: str, kind: str, name: str) -> Any | None:
    from moto.rds.models import rds_backends

    backend = rds_backends[account][region]
    return (backend.databases if kind == "db" else backend.database_snapshots).get(name)


def rows_of(endpoint: str, account: str, name: str, *, kind: str = "db") -> str:
    """The digest of what is in a DB instance (`kind="db"`) or in a snapshot (`kind="snapshot"`) of the lab there."""
    return _call("GET", endpoint, account, kind, name, None)


def write_rows(endpoint: str, account: str, name: str, rows: str) -> None:
    """Changes what is in a DB instance, as its application would."""
    _call("PUT", endpoint, account, "db", name, json.dumps({"rows": rows}).encode())


def _call(method: str, endpoint: str, account: str, kind: str, name: str, body: bytes | None) -> str:
    request = Request(f"{endpoint}{_PREFIX}{account}/{kind}/{name}", data=body, method=method)
    with build_opener(ProxyHandler({})).open(request, timeout=30) as reply:
        return str(json.load(reply)["rows"])


LAW = Law(
    name="rds-content",
    rule="A snapshot holds the rows of its moment; its copies and what is restored from them hold the same rows.",
    source="Amazon RDS User Guide: Creating a DB snapshot; Copying a DB snapshot; Restoring to a DB instance",
    install=install,
)
