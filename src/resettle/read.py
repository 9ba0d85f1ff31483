"""Sees things of any kind on one side; asks each list once, sends reads only, never takes "denied" for "none"."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from resettle import canon, specs
from resettle.errors import CallFailed, Denied
from resettle.kind import Call, Kind
from resettle.model import Gap, Ref, Resource, Side
from resettle.registry import Registry

Live = dict[str, Any]
T = TypeVar("T")
R = TypeVar("R")


class Caller(Protocol):
    """What reading needs of an Account."""

    @property
    def side(self) -> Side: ...

    @property
    def region(self) -> str: ...

    @property
    def id(self) -> str: ...

    def call(self, service: str, operation: str, /, **params: Any) -> dict[str, Any]: ...

    def every(self, service: str, operation: str, /, **params: Any) -> Iterator[dict[str, Any]]: ...


class Reader:
    """One look at one side. Nothing is asked twice within a look; a new look needs a new Reader.

    A thing that may not be read becomes a gap; with `strict` it raises Denied, for whoever would take it for absent.
    """

    def __init__(self, account: Caller, registry: Registry, threads: int = 8, *, strict: bool = False) -> None:
        self.account, self.registry = account, registry
        self.gaps: list[Gap] = []
        self._pages: dict[str, list[dict[str, Any]]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._seen: dict[str, list[Resource]] = {}
        self._threads, self._strict = threads, strict

    def all(self, kind: Kind) -> list[Resource]:
        """Every thing of the kind that is the account's own, asked for once. Raises CallFailed where the list cannot be had."""
        with self._lock:
            lock = self._locks.setdefault(kind.type, threading.Lock())
        with lock:
            if kind.type not in self._seen:
                self._seen[kind.type] = self._all(kind)
            return list(self._seen[kind.type])

    def _all(self, kind: Kind) -> list[Resource]:
        if kind.read.within:
            return [child for parent in self.all(self.registry[kind.read.within]) for child in self.children(kind, parent)]
        return self._finish(kind, self._items(kind, kind.read.list, {}), "")

    def children(self, kind: Kind, parent: Resource) -> list[Resource]:
        """The things of the kind that stand inside one parent."""
        taken_over = {name: parent.live[name] for name in kind.read.inherit if name in parent.live}
        if kind.read.list is None:
            found = specs.search(kind.read.each, parent.live) or []
            items = [dict(item) for item in (found if isinstance(found, list) else [found])]
        else:
            items = self._items(kind, kind.read.list, {**parent.live, "self": parent.ref.id})
        return self._finish(kind, [{**item, **taken_over} for item in items], parent.ref.id)

    def one(self, kind: Kind, identity: str) -> Resource | None:
        """The thing with this id on this side, or None where there is none."""
        if kind.read.within:
            parent_kind = self.registry[kind.read.within]
            parent = self.one(parent_kind, identity.split("|")[0])
            found = self.children(kind, parent) if parent else []
        else:
            found = self._one(kind, identity)
        return next((resource for resource in found if resource.ref.id == identity), None)

    def _one(self, kind: Kind, identity: str) -> list[Resource]:
        read, context = kind.read, {"self": identity, "account": self.account.id}
        if read.list is None:
            return []
        try:
            if read.item is not None:
                items = [specs.fill(read.item, context)]
            elif isinstance(read.one, Call):
                items = self._items(kind, read.one, context)
            else:
                more = specs.fill(read.one or {}, context)
                items = self._items(kind, read.list, context, more)
        except CallFailed as error:
            if error.code in read.gone:
                return []
            raise
        same = [item for item in items if specs.identity_of(kind, item) == identity]
        return self._finish(kind, same if same or not read.detail else items, "")

    def _items(
        self, kind: Kind, call: Call | None, context: Mapping[str, Any], more: Mapping[str, Any] | None = None
    ) -> list[Live]:
        if call is None:
            return []
        words = {"account": self.account.id, "region": self.account.region, **context}
        params = {**specs.fill(call.send, words), **(more or {})}
        items: list[Live] = []
        try:
            for page in self._listed(specs.service_of(kind, call), call.op, params):
                found = specs.search(call.each or "@", _parsed(page, call.parse))
                items += [dict(item) for item in (found if isinstance(found, list) else [found]) if item]
        except CallFailed as error:
            if error.code not in call.missing:
                raise
        return items

    def _listed(self, service: str, op: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        key = canon.canonical_json([service, op, params])
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._pages:
                self._pages[key] = list(self.account.every(service, op, **params))
            return self._pages[key]

    def _finish(self, kind: Kind, items: list[Live], parent: str) -> list[Resource]:
        for call in kind.read.detail:
            if call.batch is not None:
                self._batched(kind, call, items)
        each = _in_parallel(lambda item: self._detailed(kind, item, parent), items, self._threads if kind.read.detail else 1)
        return [resource for resource in each if resource is not None]

    def _batched(self, kind: Kind, call: Call, items: list[Live]) -> None:
        """Details of many things at once: asked by their ids, or, where the call takes none, found in one list of all."""
        assert call.batch is not None  # noqa: S101 - asked for by the caller
        parameter, size, field = call.batch
        service, sent = specs.service_of(kind, call), specs.fill(call.send, {"account": self.account.id})
        by_id = {item[field]: item for item in items if item.get(field)}
        names = sorted(by_id)
        if parameter:
            lots = (names[start : start + size] for start in range(0, len(names), size))
            pages: Iterable[Live] = (self.account.call(service, call.op, **{**sent, parameter: lot}) for lot in lots)
        else:
            pages = self._listed(service, call.op, sent) if names else ()
        for page in pages:
            for answer in specs.search(call.each, page) or ():
                if answer[field] in by_id:
                    by_id[answer[field]].update(answer)

    def _detailed(self, kind: Kind, item: Live, parent: str) -> Resource | None:
        live = dict(item)
        try:
            for call in kind.read.detail:
                if call.batch is None:
                    self._ask(kind, call, live)
            if isinstance(kind.read.tags, Call) and "Tags" not in live:
                self._ask(kind, kind.read.tags, live)
        except Denied as error:
            if self._strict:
                raise
            name = specs.identity_of(kind, live, parent)
            self.gaps.append(
                Gap(
                    f"denied:{kind.type}/{name}",
                    f"{kind.type} {name} cannot be read: {error.because}",
                    error.try_this,
                    str(name),
                )
            )
            return None
        except CallFailed as error:
            if error.code in kind.read.gone:  # deleted between the list and the look
                return None
            raise
        if kind.read.derive:
            live.update(kind.read.derive(live))
        if kind.read.where and not specs.search(kind.read.where, live):
            return None
        return self._seen_as(kind, live, parent)

    def _seen_as(self, kind: Kind, live: Live, parent: str) -> Resource | None:
        """The resource, unless it is a policy that held nothing but our own grant; a Gap for each thing that hides something."""
        found = self._resource(kind, live, parent)
        if not kind.name.id and any(specs.emptied(found.spec.get(path)) for path in kind.read.json):
            return None
        for expression, what in kind.read.blind.items():
            if specs.search(expression, live):
                name = found.ref.id
                self.gaps.append(Gap(f"blind:{kind.type}/{name}", f"{kind.type} {name}: {what}", "see why, or do it by hand", name))
        return found

    def _ask(self, kind: Kind, call: Call, live: Live) -> None:
        if call.when and not specs.search(call.when, live):
            return
        params = specs.fill(call.send, {"account": self.account.id, **live})
        try:
            answer = self._answer(kind, call, params)
        except CallFailed as error:
            if error.code not in call.missing:
                raise
            return
        if call.into:
            live[call.into] = answer
        else:
            live.update(answer or {})

    def _answer(self, kind: Kind, call: Call, params: dict[str, Any]) -> Any:
        service = specs.service_of(kind, call)
        if call.each:
            return [item for page in self.account.every(service, call.op, **params) for item in specs.search(call.each, page) or ()]
        reply = _parsed(self.account.call(service, call.op, **params), call.parse)
        return specs.search(call.at, reply) if call.at else reply

    def _resource(self, kind: Kind, live: Live, parent: str) -> Resource:
        region = "" if kind.scope == "global" else self.account.region
        ref = Ref(self.account.side, region, kind.type, specs.identity_of(kind, live, parent))
        theirs = bool(kind.make.theirs and specs.search(kind.make.theirs, live))
        return Resource(ref=ref, spec=specs.spec_of(kind, live), names=specs.names_of(kind, live), theirs=theirs, live=live)


def _parsed(reply: dict[str, Any], field: str) -> dict[str, Any]:
    if field and isinstance(reply.get(field), str):
        return {**reply, field: json.loads(reply[field])}
    return reply


def _in_parallel(ask: Callable[[T], R], items: Iterable[T], threads: int) -> list[R]:
    items = list(items)
    if threads < 2 or len(items) < 2:
        return [ask(item) for item in items]
    with ThreadPoolExecutor(max_workers=min(threads, len(items))) as pool:
        return list(pool.map(ask, items))
