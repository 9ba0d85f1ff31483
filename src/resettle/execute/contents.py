"""Parks what cannot be described: content by its carrier, opaque values as they are; re-reads the source just before."""

from __future__ import annotations

import json
from typing import Any

from resettle import canon
from resettle import inventory as inventories
from resettle.carriers import Carrier, Copied, Job
from resettle.errors import Drifted, StepFailed
from resettle.execute.desk import CONTENT, VALUES, Desk
from resettle.model import Ref, Resource, Step
from resettle.places import is_sealed


class Contents:
    """The `copy` and `park` steps."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def copy(self, step: Step) -> float | None:
        """Lets the carrier bring the content across; the tallies of both sides go into the journal and must be equal."""
        desk = self.desk
        seen = self.unchanged(step.ref)
        content = desk.registry[step.ref.kind].make.content
        if content is None:
            raise StepFailed("copying", str(step.ref), "its kind has no content", "report this")
        carrier = self._carrier(content.carrier)
        desk.begin(step)
        job = Job(
            source=desk.origin(),
            target=desk.target,
            source_id=step.ref.id,
            target_id=desk.successor_id(step.ref),
            spec=desk.resource(step).spec,
            live=seen.live,
            parking=desk.parking(),
            key=f"{CONTENT}/{step.id}",
            options=content.options,
            settings=desk.plan.settings,
            cursor=desk.journal.state(step.id).detail,
            save=lambda cursor: desk.journal.intend(step.id, detail=dict(cursor)),
            progress=desk.progress,
        )
        copied = carrier.copy(job)
        self._tallied(step, copied)
        desk.journal.done(step.id, detail=dict(copied.facts))
        return None

    def park(self, step: Step) -> float | None:
        """Puts the opaque values, as found, into the parking bucket under the parking key."""
        desk = self.desk
        seen = self.unchanged(step.ref)
        values = inventories.opaque_values(desk.registry[step.ref.kind], seen.spec)
        desk.begin(step)
        body = json.dumps(values, sort_keys=True, ensure_ascii=False).encode()
        desk.target.call("s3", "put_object", Bucket=desk.parking(), Key=f"{VALUES}/{step.id}.json", Body=body)
        desk.journal.done(step.id)
        return None

    def unchanged(self, ref: Ref) -> Resource:
        """The source thing, read again. Raises Drifted where it is no longer what the plan saw."""
        desk = self.desk
        kind = desk.registry[ref.kind]
        seen = desk.reader(desk.origin()).one(kind, ref.id)
        if seen is None:
            raise Drifted("reading again", str(ref), "it is gone from the source", "make a new plan")
        planned = desk.plan.inventory.by_ref[ref].spec
        sealed = inventories.seal_spec(kind, seen.spec, lambda value: inventories.seal(value, desk.seal_key, desk.book))
        changed = canon.differences(_digests(planned), _digests(sealed))
        if changed:
            raise Drifted("reading again", str(ref), f"it changed since the plan at {', '.join(changed[:3])}", "make a new plan")
        return seen

    def _carrier(self, name: str) -> Carrier:
        return self.desk.carriers[name]

    def _tallied(self, step: Step, copied: Copied) -> None:
        known = self.desk.journal.tallies()
        for side, tally in (("source", copied.source), ("target", copied.target)):
            if known.get((step.id, side)) != tally:
                self.desk.journal.tally(step.id, side, tally)
        if copied.source != copied.target:
            raise StepFailed(
                "copying",
                str(step.ref),
                f"the sides differ: {copied.source.count} against {copied.target.count} counted",
                "run the same command again",
            )


def _digests(spec: Any) -> Any:
    """The spec with each sealed value as its digest alone: what it mentions depends on what else was known."""
    if is_sealed(spec):
        return spec["sealed"]
    if isinstance(spec, dict):
        return {name: _digests(value) for name, value in spec.items()}
    return [_digests(item) for item in spec] if isinstance(spec, list) else spec
