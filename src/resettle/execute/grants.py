"""Admits the target to a source thing by its policy document, keeps the old text, puts it back; overwrites no one's change."""

from __future__ import annotations

from typing import Any

from resettle import canon, shapes, specs
from resettle.account import Account
from resettle.errors import CallFailed, StepFailed
from resettle.execute.desk import Desk
from resettle.kind import Grant, Kind
from resettle.model import Ref, Step


class Grants:
    """The `grant` steps and their undo."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def grant(self, step: Step) -> float | None:
        """Adds our statements to the document; what stood there before is in the journal before anything is written."""
        desk, state = self.desk, self.desk.journal.state(step.id)
        kind, source = desk.registry[step.ref.kind], desk.origin()
        grant = _grant_of(kind)
        context = self._context(step.ref)
        text = self._document(kind, grant, source, context)
        before = state.detail.get("before") if state.intended else text
        desk.begin(step, {"before": before})
        present = canon.as_document(text)
        base = present or {"Version": "2012-10-17", "Statement": []}
        ours = [specs.fill(dict(statement), context) for statement in grant.statements]
        names = {statement["Sid"] for statement in ours}
        others = [statement for statement in _statements(base) if statement.get("Sid") not in names]
        after = {**base, "Statement": [*others, *ours]}
        if canon.canonical_policy(present) != canon.canonical_policy(after):
            self._write(kind, grant, source, context, after)
        desk.journal.done(step.id)
        return None

    def undo(self, step: Step) -> None:
        """Puts the old text back. If somebody changed the document since, only our statements are taken out of it."""
        desk = self.desk
        kind, source = desk.registry[step.ref.kind], desk.origin()
        grant, context = _grant_of(kind), self._context(step.ref)
        before = desk.journal.state(step.id).detail.get("before")
        names = {statement["Sid"] for statement in grant.statements}
        try:
            text = self._document(kind, grant, source, context)
        except CallFailed as error:
            if error.code in kind.read.gone:  # the thing went, and its document with it
                return
            raise
        if text is None or text == before:
            return
        present = canon.as_document(text)
        kept = [statement for statement in _statements(present) if statement.get("Sid") not in names]
        if before is not None and _meaning(kept) == _meaning(_statements(canon.as_document(before))):
            self._write(kind, grant, source, context, before)
        elif kept:
            self._write(kind, grant, source, context, {**present, "Statement": kept})
        elif grant.delete is not None:
            source.call(kind.service, grant.delete.op, **specs.fill(grant.delete.send, context))

    def _context(self, ref: Ref) -> dict[str, Any]:
        spec = self.desk.plan.inventory.by_ref[ref].spec
        return {
            **spec,
            "self": ref.id,
            "target_account": self.desk.plan.target,
            "source_account": self.desk.plan.source,
        }

    def _document(self, kind: Kind, grant: Grant, source: Account, context: dict[str, Any]) -> Any:
        try:
            reply = source.call(kind.service, grant.read.op, **specs.fill(grant.read.send, context))
        except CallFailed as error:
            if error.code in grant.read.missing:
                return None
            raise
        return specs.search(grant.read.at, reply)

    def _write(self, kind: Kind, grant: Grant, source: Account, context: dict[str, Any], document: Any) -> None:
        params = specs.fill(grant.write.send, {**context, "document": document})
        source.call(kind.service, grant.write.op, **shapes.fit(params, shapes.input_shape(kind.service, grant.write.op)))


def _grant_of(kind: Kind) -> Grant:
    if kind.grant is None:
        raise StepFailed("admitting the target to", kind.type, "the kind says not how", "report this")
    return kind.grant


def _statements(document: Any) -> list[Any]:
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    return list(statements) if isinstance(statements, list) else [statements]


def _meaning(statements: list[Any]) -> Any:
    return canon.canonical_policy({"Statement": statements})
