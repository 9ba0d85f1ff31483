"""The plan: steps with needs, canonical, hashed; it carries its inventory and no secret. `move` does nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from resettle import canon
from resettle.addresses import AddressBook
from resettle.errors import PlanMismatch
from resettle.inventory import Inventory
from resettle.model import Gap, Ref, SourceWrite, Stage, Step

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a move needs to know. `decided`: target texts fixed in advance. `baseline`: what stood in the target when
    the plan was made, by kind. `accepted`: the names of gaps that a person accepted."""

    source: str
    target: str
    region: str
    inventory: Inventory
    steps: tuple[Step, ...]
    decided: dict[tuple[Ref, str], str] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    accepted: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    baseline: dict[str, tuple[str, ...]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def book(self, learned: dict[tuple[Ref, str], str] | None = None) -> AddressBook:
        """The address book of this plan, with what the journal has learned."""
        known = {**self.decided, **(learned or {})}
        return AddressBook(self.inventory.claims(), source_account=self.source, target_account=self.target, learned=known)

    def by_id(self) -> dict[str, Step]:
        return {step.id: step for step in self.steps}

    def writes(self) -> list[SourceWrite]:
        """Every write to the source, in the order of the steps."""
        return list(dict.fromkeys(write for step in self.steps for write in step.writes))

    def open_gaps(self) -> list[Gap]:
        return [gap for gap in self.gaps if gap.name not in self.accepted]

    def encode(self) -> dict[str, Any]:
        """The JSON form, with the hash of all the rest."""
        body = {
            "version": VERSION,
            "source": self.source,
            "target": self.target,
            "region": self.region,
            "gaps": [[gap.name, gap.what, gap.advice, gap.on] for gap in self.gaps],
            "accepted": list(self.accepted),
            "reasons": list(self.reasons),
            "caveats": list(self.caveats),
            "decided": [[*key[0].encode(), key[1], text] for key, text in sorted(self.decided.items())],
            "baseline": {kind: list(ids) for kind, ids in self.baseline.items()},
            "settings": self.settings,
            "steps": [_encode_step(step) for step in self.steps],
            "inventory": self.inventory.encode(),
        }
        return {"hash": canon.digest(body), **body}

    def hash(self) -> str:
        return str(self.encode()["hash"])

    @classmethod
    def decode(cls, data: Any) -> Plan:
        """A plan from its JSON form. Raises PlanMismatch where it is none, or was altered after it was made."""
        if not isinstance(data, dict) or "hash" not in data or data.get("version") != VERSION:
            raise PlanMismatch("reading", "the plan", "this is no plan of this version", "make a new one with `resettle plan`")
        body = {key: value for key, value in data.items() if key != "hash"}
        if canon.digest(body) != data["hash"]:
            raise PlanMismatch(
                "reading",
                "the plan",
                "its hash does not fit its content: it was altered",
                "make a new one with `resettle plan`",
            )
        return cls(
            source=data["source"],
            target=data["target"],
            region=data["region"],
            inventory=Inventory.decode(data["inventory"]),
            steps=tuple(_decode_step(item) for item in data["steps"]),
            decided={(Ref.decode(item[:4]), item[4]): item[5] for item in data["decided"]},
            gaps=tuple(Gap(*gap) for gap in data["gaps"]),
            accepted=tuple(data["accepted"]),
            reasons=tuple(data["reasons"]),
            caveats=tuple(data["caveats"]),
            baseline={kind: tuple(ids) for kind, ids in data["baseline"].items()},
            settings=data["settings"],
        )


def read(text: str) -> Plan:
    """A plan from its text. Raises PlanMismatch in one sentence whatever is wrong with it."""
    try:
        return Plan.decode(json.loads(text))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise PlanMismatch("reading", "the plan", "it is not a plan", "make a new one with `resettle plan`") from error


def write(plan: Plan) -> str:
    """The text of a plan: canonical content, indented so that a person can read it and a diff is small."""
    return json.dumps(plan.encode(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def step_id(source: str, ref: Ref, action: str) -> str:
    """hash(source account, ref, action): the same in every plan for the same pair; client token and tag value."""
    return hashlib.sha256(canon.canonical_json([source, ref.encode(), action]).encode()).hexdigest()[:16]


def hop_name(step: str) -> str:
    """The deterministic name of a hop: within every service's limits, and without a source string."""
    return f"resettle-{step}"


def _encode_step(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "action": step.action,
        "ref": step.ref.encode(),
        "stage": step.stage.value,
        "needs": list(step.needs),
        "digest": step.digest,
        "writes": [[write.operation, write.resource, write.why, write.undo] for write in step.writes],
    }


def _decode_step(data: dict[str, Any]) -> Step:
    return Step(
        id=data["id"],
        action=data["action"],
        ref=Ref.decode(data["ref"]),
        stage=Stage(data["stage"]),
        needs=tuple(data["needs"]),
        digest=data["digest"],
        writes=tuple(SourceWrite(*write) for write in data["writes"]),
    )
