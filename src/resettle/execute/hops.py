"""Takes content over its hops, each at rest before the next begins: snapshot, re-keyed copy, share, copy in the target."""

from __future__ import annotations

import time
from typing import Any

from resettle import shapes, specs
from resettle.account import Account
from resettle.errors import CallFailed, StepFailed
from resettle.execute.desk import SHORTEST, Desk
from resettle.kind import Call, Hop, Kind
from resettle.model import Ref, Step
from resettle.plan import hop_name
from resettle.plan.steps import HOP


class Hops:
    """The `hop:…` steps and their undo."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._first_asked: dict[str, float] = {}
        self._sought: dict[str, float] = {}

    def hop(self, step: Step) -> float | None:
        """Makes the hop if it is not there yet, then looks until it is at rest."""
        desk = self.desk
        kind, hop = desk.registry[step.ref.kind], self._hop(step)
        account = desk.origin() if hop.on == "source" else desk.target
        context = self._context(step, kind, hop)
        state = desk.journal.state(step.id)
        if state.made is not None and hop.look is None and not hop.kind:
            desk.journal.done(step.id)  # a call that leaves nothing to look at was answered
            return None
        answer = self._looked(kind, hop, account, context, step)
        if answer is None and state.made is None:
            if state.intended and self._may_show_up(step, hop):
                return 1.0 * desk.pace
            desk.begin(step)
            try:
                answer = self._made(kind, hop, account, context)
            except CallFailed as error:
                if error.code not in hop.retry:
                    raise
                return self._again(step, hop, 5.0)
        if answer is None:
            answer = self._looked(kind, hop, account, context, step)
        if answer is None:
            return self._again(step, hop, 2.0)
        identity = str(specs.search(hop.identity, answer))
        if state.made is None:
            desk.journal.made(step.id, identity, {})
        if not _at_rest(hop, answer, step):
            return self._again(step, hop, hop.ready.every if hop.ready else 2.0)
        desk.journal.done(step.id)
        return None

    def undo(self, step: Step) -> None:
        """Takes the hop back: what it made goes, what it opened is closed."""
        desk = self.desk
        kind, hop = desk.registry[step.ref.kind], self._hop(step)
        if hop.undo is None:
            return
        account = desk.origin() if hop.on == "source" else desk.target
        context = {**self._context(step, kind, hop), "made": desk.journal.state(step.id).made or ""}
        if not context["made"] and hop.kind:
            found = self._by_tag(kind, hop, account, step)
            if found is None:
                return
            context["made"] = str(specs.search(hop.identity, found))
        service = hop.undo.service or hop.service or kind.service
        params = shapes.fit(specs.fill(hop.undo.send, context), shapes.input_shape(service, hop.undo.op))
        # The plan could not name what AWS gave an id to: the journal, or our tag, says that it is ours.
        ours = frozenset({(shapes.qualified(service, hop.undo.op), context["made"])} if hop.kind else ())
        try:
            with account.permitted(ours):
                account.call(service, hop.undo.op, **params)
        except CallFailed as error:
            if error.code not in hop.undo.already:
                raise

    def _hop(self, step: Step) -> Hop:
        name = step.action.removeprefix(HOP)
        kind = self.desk.registry[step.ref.kind]
        return next(hop for hop in kind.make.hops if hop.name == name)

    def _context(self, step: Step, kind: Kind, hop: Hop) -> dict[str, Any]:
        desk = self.desk
        if hop.shared:
            spec, mine = {}, ""
        else:
            spec, mine = dict(desk.resource(step).spec), step.ref.id
            if hop.on == "target":
                spec = desk.book.rewrite(
                    {name: value for name, value in spec.items() if name in specs.words(hop.make.send)},
                    desk.registry[step.ref.kind].name.refs,
                )
        active = [other for other in kind.make.hops if self._identity(step.ref, kind, other)]
        before = [other for other in active if kind.make.hops.index(other) < kind.make.hops.index(hop) and not other.shared]
        previous = self._identity(step.ref, kind, before[-1]) if before else ""
        return {
            **spec,
            **desk.context(kind, step.ref, step, mine),
            "self": mine,
            "hop": hop_name(step.id),
            **({"previous": previous} if previous else {}),
        }

    def _identity(self, ref: Ref, kind: Kind, hop: Hop) -> str:
        return self.desk.hop_identity(ref, kind, hop.name, shared=hop.shared)

    def _made(self, kind: Kind, hop: Hop, account: Account, context: dict[str, Any]) -> dict[str, Any] | None:
        service = hop.make.service or hop.service or kind.service
        params = shapes.fit(specs.fill(hop.make.send, context), shapes.input_shape(service, hop.make.op))
        try:
            reply = account.call(service, hop.make.op, **params)
        except CallFailed as error:
            if error.code not in hop.make.already:
                raise
            return None
        return reply if hop.look is None else None

    def _looked(self, kind: Kind, hop: Hop, account: Account, context: dict[str, Any], step: Step) -> dict[str, Any] | None:
        if hop.kind:
            return self._by_tag(kind, hop, account, step)
        if hop.look is None:
            return None
        return _ask(hop.look, hop.look.service or hop.service or kind.service, account, context)

    def _by_tag(self, kind: Kind, hop: Hop, account: Account, step: Step) -> dict[str, Any] | None:
        made = self.desk.registry[hop.kind]
        for item in self.desk.reader(account).all(made):
            if specs.step_of(made, item.live) == step.id:
                return dict(item.live)
        return None

    def _may_show_up(self, step: Step, hop: Hop) -> bool:
        """Whether what an earlier try made, known by our tag alone, may still be on its way into the lists."""
        if not hop.kind:
            return False
        first = self._sought.setdefault(step.id, time.monotonic())
        return time.monotonic() - first < self.desk.registry[hop.kind].make.settles * self.desk.pace

    def _again(self, step: Step, hop: Hop, seconds: float) -> float:
        within = hop.ready.within if hop.ready else 120.0
        first = self._first_asked.setdefault(step.id, time.monotonic())
        if time.monotonic() - first > max(within * self.desk.pace, SHORTEST):
            raise StepFailed("waiting for", str(step), f"it was not at rest within {within:.0f} s", "run the same command again")
        return seconds * self.desk.pace


def _ask(call: Call, service: str, account: Account, context: dict[str, Any]) -> dict[str, Any] | None:
    try:
        reply = account.call(service, call.op, **specs.fill(call.send, context))
    except CallFailed as error:
        if error.code in call.missing:
            return None
        raise
    answer = specs.search(call.at, reply) if call.at else reply
    return dict(answer) if answer else None


def _at_rest(hop: Hop, answer: dict[str, Any], step: Step) -> bool:
    if hop.ready is None:
        return True
    value = str(specs.search(hop.ready.path, answer))
    if value in hop.ready.bad:
        raise StepFailed("waiting for", str(step), f"its state is {value}", "look at it in the console")
    return value in hop.ready.good
