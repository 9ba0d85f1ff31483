"""The steps of a plan and what each needs, derived from what resources name; there is no list of orders anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from resettle import canon, shapes, specs
from resettle.adjust.parking import bucket_ref
from resettle.kind import Hop
from resettle.model import Ref, Side, SourceWrite, Stage, Step
from resettle.plan import hop_name, step_id
from resettle.plan.draft import Draft
from resettle.registry import Registry

MAKE, CONFIGURE, COPY, PARK, GRANT, HOP = "make", "configure", "copy", "park", "grant", "hop:"


class Steps:
    """Drafts every step of a plan. Ids depend on the source account, the ref and the action alone."""

    def __init__(self, drafts: Iterable[Draft], registry: Registry, source: str, region: str) -> None:
        self.drafts = {draft.ref: draft for draft in drafts}
        self.registry, self.source, self.region = registry, source, region
        self.steps: dict[str, Step] = {}
        self.soft: set[tuple[str, str]] = set()  # (step, need) by the kind's word alone: no field needs what the need makes
        self._naming = self._who_names_whom()

    def all(self) -> tuple[Step, ...]:
        for draft in self.drafts.values():
            self._parked(draft)
            self._made(draft)
            self._configured(draft)
        known = set(self.steps)
        return tuple(replace(step, needs=tuple(sorted(set(step.needs) & known))) for step in self.steps.values())

    def id(self, ref: Ref, action: str) -> str:
        return step_id(self.source, ref, action)

    def _add(
        self,
        draft_ref: Ref,
        action: str,
        stage: Stage,
        needs: Iterable[str],
        content: object,
        writes: tuple[SourceWrite, ...] = (),
    ) -> str:
        identity = self.id(draft_ref, action)
        self.steps[identity] = Step(
            id=identity,
            action=action,
            ref=draft_ref,
            stage=stage,
            needs=tuple(sorted(set(needs) - {identity})),
            digest=canon.digest(content)[:16],
            writes=writes,
        )
        return identity

    def _made(self, draft: Draft) -> None:
        needs = self._needs(draft, draft.early, MAKE)
        if draft.kind.read.within:
            parent = Ref(draft.ref.side, draft.ref.region, draft.kind.read.within, draft.ref.id.split("|")[0])
            needs.add(self.id(replace(parent, region=self._region(parent.kind)), MAKE))
        content = draft.kind.make.content
        if content and not content.vessel:
            needs.add(self.id(draft.ref, COPY))
        if draft.sealed():
            needs.add(self.id(draft.ref, PARK))
        for hop in draft.hops():
            needs.add(self.id(self._hop_ref(draft, hop), HOP + hop.name))
        early = {name: draft.resource.spec[name] for name in sorted(draft.early)}
        self._add(draft.ref, MAKE, Stage.BUILD, needs, early)

    def _configured(self, draft: Draft) -> None:
        if not draft.late:
            return
        needs = self._needs(draft, draft.late, CONFIGURE) | {self.id(draft.ref, MAKE)}
        content = draft.kind.make.content
        if content and content.vessel:
            needs.add(self.id(draft.ref, COPY))
        late = {name: draft.resource.spec[name] for name in sorted(draft.late)}
        self._add(draft.ref, CONFIGURE, Stage.BUILD, needs, late)

    def _parked(self, draft: Draft) -> None:
        bucket = self.id(bucket_ref(self.region), MAKE)
        if draft.ref.side is Side.NEW:
            return
        if draft.sealed():
            self._add(draft.ref, PARK, Stage.PARK, {bucket}, draft.resource.spec)
        content = draft.kind.make.content
        if content:
            needs = {self._grant(ref) for ref in self._admitted(draft, content.admits)}
            needs.add(self.id(draft.ref, MAKE) if content.vessel else bucket)
            self._add(draft.ref, COPY, Stage.PARK, needs, draft.resource.spec)
        self._hops(draft)

    def _hops(self, draft: Draft) -> None:
        before: set[str] = set()
        names: dict[str, str] = {}
        for hop in draft.hops():
            ref = self._hop_ref(draft, hop)
            identity = self.id(ref, HOP + hop.name)
            names[f"name_{hop.name}"] = hop_name(identity)
            context = {**names, "hop": hop_name(identity), "step": identity, "self": draft.ref.id}
            needs = set() if hop.shared else set(before)
            words = specs.words(hop.make.send)
            if hop.on == "target":
                needs |= self._needs(draft, frozenset(words & set(draft.resource.spec)), HOP + hop.name)
            needs |= {self._grant(owner) for owner in self._admitted(draft, hop.admits)}
            writes: tuple[SourceWrite, ...] = ()
            if hop.on == "source":
                service = hop.service or draft.kind.service
                resource = str(specs.fill(hop.resource, context))
                undo = shapes.qualified(hop.undo.service or service, hop.undo.op) if hop.undo else ""
                writes = (SourceWrite(shapes.qualified(service, hop.make.op), resource, hop.why, undo),)
            self._add(
                ref,
                HOP + hop.name,
                Stage.PARK,
                needs,
                [draft.resource.spec if not hop.shared else "", hop.name],
                writes,
            )
            before.add(identity)

    def _hop_ref(self, draft: Draft, hop: Hop) -> Ref:
        return Ref(Side.NEW, self.region, draft.kind.type, f"shared-{hop.name}") if hop.shared else draft.ref

    def _admitted(self, draft: Draft, places: tuple[str, ...]) -> list[Ref]:
        """The source things that must admit the target before this one's content can cross."""
        found: list[Ref] = []
        for place in places:
            refs = [draft.ref] if place == "self" else sorted(draft.owners(frozenset({place.split(".")[0]})))
            found += [ref for ref in refs if ref in self.drafts and self.registry[ref.kind].grant and ref.side is Side.SOURCE]
        return found

    def _grant(self, ref: Ref) -> str:
        kind = self.registry[ref.kind]
        grant = kind.grant
        assert grant is not None  # noqa: S101 - only refs with a grant are admitted
        context = {**self.drafts[ref].resource.spec, "self": ref.id}
        undo = shapes.qualified(kind.service, grant.write.op)
        if grant.delete:
            undo += "|" + shapes.qualified(kind.service, grant.delete.op)
        write = SourceWrite(
            shapes.qualified(kind.service, grant.write.op),
            str(specs.fill(grant.resource, context)),
            "admits the target account to read it, so that the copy is made inside AWS",
            undo,
        )
        return self._add(ref, GRANT, Stage.PARK, (), [dict(statement) for statement in grant.statements], (write,))

    def _needs(self, draft: Draft, fields: frozenset[str], action: str) -> set[str]:
        """The steps that must be done before this action can send these fields."""
        owners = draft.owners(fields)
        needs = {self.id(owner, MAKE) for owner in owners}
        soft = {self.id(owner, CONFIGURE) for owner in owners if owner.kind in draft.kind.name.settled}
        for other, via in draft.kind.name.after.items():
            for owner in owners:
                if owner.kind == via:
                    for ref in self._naming.get((other, owner), ()):
                        soft |= {self.id(ref, MAKE), self.id(ref, CONFIGURE)} if ref != draft.ref else set()
        self.soft |= {(self.id(draft.ref, action), need) for need in soft - needs}
        return needs | soft

    def _who_names_whom(self) -> dict[tuple[str, Ref], list[Ref]]:
        """For each kind and each thing: who of that kind names it, or is its child."""
        found: dict[tuple[str, Ref], list[Ref]] = {}
        for draft in self.drafts.values():
            owners = draft.owners(draft.early | draft.late)
            if draft.kind.read.within:
                parent = Ref(
                    draft.ref.side,
                    self._region(draft.kind.read.within),
                    draft.kind.read.within,
                    draft.ref.id.split("|")[0],
                )
                owners = owners | {parent}
            for owner in owners:
                found.setdefault((draft.ref.kind, owner), []).append(draft.ref)
        return found

    def _region(self, type_: str) -> str:
        return "" if self.registry[type_].scope == "global" else self.region
