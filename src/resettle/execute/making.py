"""Makes and configures a thing in the target; adopts what a cut-off run left; never makes twice, never overwrites a stranger's."""

from __future__ import annotations

import time
from typing import Any

from resettle import calls, canon, shapes, specs
from resettle.errors import CallFailed, NameTaken, StepFailed
from resettle.execute.desk import SHORTEST, Desk
from resettle.kind import Call, Kind, SetDiff, Until
from resettle.model import Ref, Resource, Spec, Step

PATIENCE = 180.0  # seconds that "not yet" codes are borne (IAM and others settle within two or three minutes)


class Making:
    """The `make` and `configure` steps."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._first_asked: dict[tuple[str, str], float] = {}
        self._configured: set[str] = set()
        self._refused: set[str] = set()  # AWS answered the last try with "not yet": nothing can be left behind

    def make(self, step: Step) -> float | None:
        """Creates or adopts, sends the early configuring calls, waits until ready, learns the names."""
        desk, state = self.desk, self.desk.journal.state(step.id)
        kind, part = desk.registry[step.ref.kind], desk.draft(step.ref)
        if state.made is None:
            try:
                identity = self._brought_about(step, kind, part.early)
            except CallFailed as error:
                self._refused.add(step.id) if error.code in kind.make.retry else self._refused.discard(step.id)
                return self._not_yet(step, kind, error)
        else:
            identity = state.made
        if not desk.resource(step).theirs and step.id not in self._configured:
            again = self._configure_early(step, kind, part.early, identity)
            if again is not None:
                return again
        return self._ready(step, kind, identity)

    def _configure_early(self, step: Step, kind: Kind, early: frozenset[str], identity: str) -> float | None:
        """Sends the other making calls, once a run and only when the thing is ready for them: a busy one refuses changes."""
        desk = self.desk
        spec = desk.wanted(step.ref, early)
        context = {**spec, **desk.context(kind, step.ref, step, identity)}
        context["tag_list"] = shapes.tag_list(spec.get("Tags", {}))
        rest = kind.make.calls[1:]
        if any(call.each for call in rest) or (
            kind.make.ready is not None and any(calls.configure(kind, rest, spec, early, context))
        ):
            found = desk.reader(desk.target).one(kind, identity)
            if found is None:
                return self._not_seen(step, kind)
            if kind.make.ready is not None and not is_ready(kind, found, step):
                return self._not_ready(step, kind.make.ready)
            for call in rest:  # an item that stands already is not sent again
                if call.each in spec:
                    spec = {**spec, call.each: [item for item in spec[call.each] if item not in (found.spec.get(call.each) or ())]}
        requests = list(calls.configure(kind, rest, spec, early, context))
        try:
            for request in requests:
                self.send(request)
        except CallFailed as error:
            return self._not_yet(step, kind, error)
        self._configured.add(step.id)
        return None

    def configure(self, step: Step) -> float | None:
        """Sends the late fields: absolute calls, and sets by their difference from what stands."""
        desk = self.desk
        kind, part = desk.registry[step.ref.kind], desk.draft(step.ref)
        identity = desk.successor_id(step.ref)
        if step.id in self._configured:
            return self._at_rest(step, kind, identity)
        spec = desk.wanted(step.ref, part.late)
        desk.begin(step)
        context = {**spec, **desk.context(kind, step.ref, step, identity)}
        try:
            for late in kind.make.late:
                if isinstance(late, SetDiff):
                    self._level(kind, late, identity, spec, context)
                else:
                    for request in calls.configure(kind, (late,), spec, part.late, context):
                        self.send(request)
        except CallFailed as error:
            return self._not_yet(step, kind, error)
        self._configured.add(step.id)
        return self._at_rest(step, kind, identity)

    def _at_rest(self, step: Step, kind: Kind, identity: str) -> float | None:
        """A thing that was changed may be busy with it: it is waited for, so that verify sees what came of it."""
        if kind.make.ready is not None:
            found = self.desk.reader(self.desk.target).one(kind, identity)
            if found is None or not is_ready(kind, found, step):
                return self._not_ready(step, kind.make.ready)
        self.desk.journal.done(step.id)
        return None

    def _brought_about(self, step: Step, kind: Kind, early: frozenset[str]) -> str:
        desk, resource, state = self.desk, self.desk.resource(step), self.desk.journal.state(step.id)
        if resource.theirs:
            return self._mapped(step, kind)
        spec = desk.wanted(step.ref, early)
        unsure = state.intended and step.id not in self._refused
        found = self.left_behind(step, kind, spec) if unsure else self._look_first(step, kind, spec)
        desk.begin(step)
        identity = found.ref.id if found else self._created(step, kind, spec, early, first=not unsure)
        self._made(step, identity, found)
        return identity

    def _made(self, step: Step, identity: str, found: Resource | None) -> None:
        learned = {(step.ref, "id"): identity}
        learned |= {(step.ref, name.facet): name.text for name in found.names} if found else {}
        self.desk.journal.made(step.id, identity, learned)
        self._learn(learned)

    def _learn(self, learned: dict[tuple[Ref, str], str]) -> None:
        for (ref, facet), text in learned.items():
            self.desk.book.learn(ref, facet, text)

    def _created(self, step: Step, kind: Kind, spec: Spec, early: frozenset[str], *, first: bool) -> str:
        context = {**spec, **self.desk.context(kind, step.ref, step)}
        full = {**self.desk.resource(step).spec, **spec}
        request = calls.create(kind, full, early, context, step.id)
        try:
            reply = self._sent(request)
        except CallFailed as error:
            if error.code in request.already:
                reply = {}
            elif error.code in kind.make.taken:
                if first:  # it is not ours: no later run may take it for what an earlier one left
                    self.desk.journal.undone(step.id)
                raise NameTaken(
                    "making",
                    str(step.ref),
                    "something of that name came to stand in the target since the plan was made",
                    "delete or rename it, then run the same command again",
                ) from error
            else:
                raise
        known = {**spec, **request.params, **reply}
        own = str(specs.search(kind.make.id or kind.name.id, known)) if kind.make.id or kind.name.id else ""
        return "|".join(part for part in (context["parent"], own) if part)

    def _look_first(self, step: Step, kind: Kind, spec: Spec) -> Resource | None:
        """Before a create that would not tell: is the name taken? A thing that a person accepted is used if it is equal."""
        accepted = f"taken:{step.ref}" in self.desk.plan.accepted
        if not kind.name.key or (kind.make.taken and not accepted):
            return None
        standing = [item for item in self._candidates(kind, step.ref) if self._same_key(kind, item, spec)]
        if standing and not accepted:
            raise NameTaken(
                "making",
                str(step.ref),
                f"{standing[0].ref.id} stands in the target already",
                "delete or rename it, or accept the gap in a new plan to use it",
            )
        if not standing:
            return None
        self._assert_equal(step, kind, standing[0], spec)
        return standing[0]

    def left_behind(self, step: Step, kind: Kind, spec: Spec) -> Resource | None:
        """What an earlier run made and could not write down: looked for until a thing just made would surely be seen."""
        until = time.monotonic() + kind.make.settles * self.desk.pace
        while True:
            found = self._ours(step, kind, spec)
            if found is not None:
                if specs.step_of(kind, found.live) != step.id:  # what bears our tag is what we asked for, be it still on its way
                    self._assert_equal(step, kind, found, spec)
                return found
            if time.monotonic() >= until:
                return None
            time.sleep(min(1.0, kind.make.settles * self.desk.pace))

    def _ours(self, step: Step, kind: Kind, spec: Spec) -> Resource | None:
        baseline = self.desk.plan.baseline.get(kind.type, ())
        accepted = f"taken:{step.ref}" in self.desk.plan.accepted
        for item in self._candidates(kind, step.ref):
            tag = specs.step_of(kind, item.live)
            if tag == step.id:
                return item
            if kind.name.key and not tag and self._same_key(kind, item, spec) and (accepted or item.ref.id not in baseline):
                return item
        return None

    def _candidates(self, kind: Kind, ref: Ref) -> list[Resource]:
        reader = self.desk.reader(self.desk.target)
        if not kind.read.within:
            return reader.all(kind)
        region = "" if self.desk.registry[kind.read.within].scope == "global" else ref.region
        parent_ref = Ref(ref.side, region, kind.read.within, ref.id.split("|")[0])
        parent = reader.one(self.desk.registry[kind.read.within], self.desk.successor_id(parent_ref))
        return reader.children(kind, parent) if parent else []

    def _same_key(self, kind: Kind, item: Resource, spec: Spec) -> bool:
        return all(item.spec.get(name) == spec.get(name) for name in kind.name.key)

    def _assert_equal(self, step: Step, kind: Kind, found: Resource, spec: Spec) -> None:
        """The early spec of what we adopt must be what we would have made."""
        fields = [name for name in calls.taken(kind, kind.make.calls[0]) if name in spec and name not in kind.make.carried]
        differing = canon.differences({name: spec[name] for name in fields}, {name: found.spec.get(name) for name in fields})
        if differing:
            raise NameTaken(
                "adopting",
                f"{found.ref} for {step.ref}",
                f"it differs at {', '.join(differing[:3])}",
                "delete or rename it, then run the same command again",
            )

    def _mapped(self, step: Step, kind: Kind) -> str:
        """The target's own thing of the same sort, which AWS made; asked for first where AWS makes it at first use."""
        desk = self.desk
        spec = desk.wanted(step.ref, frozenset(kind.make.theirs_by))
        desk.begin(step)
        if kind.make.summon:
            request = next(iter(calls.configure(kind, (kind.make.summon,), spec, frozenset(), spec)))
            self.send(request)
        for item in self._candidates(kind, step.ref):
            if item.theirs and all(item.spec.get(name) == spec.get(name) for name in kind.make.theirs_by):
                self._made(step, item.ref.id, item)
                return item.ref.id
        raise StepFailed(
            "mapping",
            str(step.ref),
            "the target has none of its own",
            "make AWS create it, then run the same command again",
        )

    def _ready(self, step: Step, kind: Kind, identity: str) -> float | None:
        found = self.desk.reader(self.desk.target).one(kind, identity)
        if found is None:
            return self._not_seen(step, kind)
        if kind.make.ready is not None and not is_ready(kind, found, step):
            return self._not_ready(step, kind.make.ready)
        learned = {(step.ref, name.facet): name.text for name in found.names} | {(step.ref, "id"): identity}
        self.desk.journal.done(step.id, learned)
        self._learn(learned)
        return None

    def _not_ready(self, step: Step, ready: Until) -> float:
        self._bounded(step, "ready", ready.within)
        return ready.every * self.desk.pace

    def _not_seen(self, step: Step, kind: Kind) -> float:
        self._bounded(step, "seen", max(kind.make.settles, 10.0))
        return 1.0 * self.desk.pace

    def _not_yet(self, step: Step, kind: Kind, error: CallFailed) -> float:
        """Codes that AWS gives while other things settle are borne for a while; all others are failures."""
        if error.code not in kind.make.retry:
            raise error
        self._bounded(step, error.code, max(PATIENCE, kind.make.ready.within if kind.make.ready else 0.0), error)
        return 3.0 * self.desk.pace

    def _bounded(self, step: Step, for_what: str, within: float, error: CallFailed | None = None) -> None:
        first = self._first_asked.setdefault((step.id, for_what), time.monotonic())
        if time.monotonic() - first > max(within * self.desk.pace, SHORTEST):
            if error is not None:
                raise error
            raise StepFailed(
                "waiting for",
                str(step.ref),
                f"it was not ready within {within:.0f} s",
                "look at it, then run the same command again; if somebody deleted it, `resettle abandon`",
            )

    def _level(self, kind: Kind, late: SetDiff, identity: str, spec: Spec, context: dict[str, Any]) -> None:
        if late.field not in spec:
            return
        found = self.desk.reader(self.desk.target).one(kind, identity)
        standing = {canon.canonical_json(item): item for item in (found.spec.get(late.field) or () if found else ())}
        wanted = {canon.canonical_json(item): item for item in spec[late.field]}
        surplus = [item for text, item in standing.items() if text not in wanted]
        lacking = [item for text, item in wanted.items() if text not in standing]
        for call, items in ((late.remove, surplus), (late.add, lacking)):
            self._send_items(kind, call, items, context)

    def _send_items(self, kind: Kind, call: Call, items: list[Any], context: dict[str, Any]) -> None:
        """One call for all; where that is refused because a part of it was done meanwhile, one call an item."""
        if not items:
            return
        request = _with_items(kind, call, items, context)
        try:
            self._sent(request)
        except CallFailed as error:
            if error.code not in request.already:
                raise
            for item in items if len(items) > 1 else ():
                self.send(_with_items(kind, call, [item], context))

    def send(self, request: calls.Request) -> dict[str, Any]:
        """Sends a configuring call; its `already` codes mean that it was done before."""
        try:
            return self._sent(request)
        except CallFailed as error:
            if error.code not in request.already:
                raise
            return {}

    def _sent(self, request: calls.Request) -> dict[str, Any]:
        """Sends one making call, in park as in build only if nothing in it names the source."""
        self.desk.refuse_leaks(f"{request.service}:{request.op}", request.params)
        return self.desk.target.call(request.service, request.op, **request.params)


def _with_items(kind: Kind, call: Call, items: list[Any], context: dict[str, Any]) -> calls.Request:
    service = specs.service_of(kind, call)
    params = specs.fill(call.send, {**context, "items": items})
    return calls.Request(service, call.op, shapes.fit(params, shapes.input_shape(service, call.op)), call.already)


def is_ready(kind: Kind, found: Resource, step: Step) -> bool:
    """Whether the thing has come to rest. Raises StepFailed where it came to rest in a bad state."""
    ready = kind.make.ready
    if ready is None:
        return True
    value = str(specs.search(ready.path, found.live))
    if any(value == bad or (bad.endswith("*") and value.startswith(bad[:-1])) for bad in ready.bad):
        raise StepFailed("waiting for", str(step.ref), f"its state is {value}", "look at it in the target's console")
    return value in ready.good
