"""What every step works with: the plan, both accounts, the journal, the address book, the parking bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resettle import inventory as inventories
from resettle import specs
from resettle.account import Account
from resettle.addresses import AddressBook
from resettle.adjust.parking import bucket_ref
from resettle.carriers import Carrier, Progress
from resettle.errors import BadInput, Refused
from resettle.journal import Journal
from resettle.kind import Kind
from resettle.model import Ref, Resource, Side, Spec, Step
from resettle.plan import Plan, hop_name, step_id
from resettle.plan.draft import Draft, draft
from resettle.read import Reader
from resettle.registry import Registry

VALUES = "resettle-park/values"
CONTENT = "resettle-park/content"
SHORTEST = 15.0  # seconds that any wait may take, however much a lab shrinks it: the machine itself may be slow


@dataclass(slots=True, kw_only=True)
class Desk:
    """`source` is absent in build: everything that build needs lies in the target. `pace` shrinks every wait (the lab)."""

    plan: Plan
    registry: Registry
    target: Account
    journal: Journal
    carriers: Mapping[str, Carrier]
    book: AddressBook
    source: Account | None = None
    seal_key: bytes = b""
    pace: float = 1.0
    progress: Progress = lambda what, done, total: None
    _drafts: dict[Ref, Draft] = field(default_factory=dict)

    def origin(self) -> Account:
        """The source. Raises BadInput where this run has none."""
        if self.source is None:
            raise BadInput(
                "carrying out the plan",
                "",
                "this step needs the source, and this run has no source",
                "run `resettle park`",
            )
        return self.source

    def begin(self, step: Step, detail: Mapping[str, Any] | None = None) -> None:
        """Writes the intent down, once: a run that goes on where another was cut off has nothing new to say."""
        if not self.journal.state(step.id).intended:
            self.journal.intend(step.id, token=step.id, detail=detail)

    def resource(self, step: Step) -> Resource:
        return self.plan.inventory.by_ref[step.ref]

    def draft(self, ref: Ref) -> Draft:
        if ref not in self._drafts:
            self._drafts[ref] = draft(self.plan.inventory.by_ref[ref], self.registry, self.book)
        return self._drafts[ref]

    def reader(self, account: Account) -> Reader:
        """A new look at a side, which raises Denied where it may not look."""
        return Reader(account, self.registry, strict=True)

    def refuse_leaks(self, operation: str, params: Mapping[str, Any]) -> None:
        """Raises Refused if what is about to be sent to the target still names the source. Bodies are content, not names."""
        leaks = self.book.leaks({name: value for name, value in params.items() if name != "Body"})
        if leaks:
            place = ".".join(str(part) for part in leaks[0].path)
            because = f"{place} still names {leaks[0].owner} of the source"
            raise Refused(f"sending {operation} to", f"account {self.plan.target}", because, "report this")

    def parking(self) -> str:
        """The name of the parking bucket; the plan has fixed it."""
        return self.plan.decided[bucket_ref(self.plan.region), "name"]

    def successor_id(self, ref: Ref) -> str:
        """The target id of what a wanted thing became; "" while there is none."""
        return self.book.successor(ref, "id") or ""

    def opened(self, ref: Ref, spec: Spec) -> Spec:
        """The spec with its sealed values taken from the parking bucket; they live in memory only."""
        if not any(True for _ in inventories.sealed_places(spec)):
            return spec
        key = f"{VALUES}/{step_id(self.plan.source, ref, 'park')}.json"
        body = self.target.call("s3", "get_object", Bucket=self.parking(), Key=key)["Body"].read()
        values = {place: value for place, value in json.loads(body).items() if _leads(spec, json.loads(place))}
        return inventories.with_values(spec, values)

    def wanted(self, ref: Ref, fields: frozenset[str]) -> Spec:
        """These fields as the target is to have them. Raises Unresolved or Undecided."""
        resource, kind = self.plan.inventory.by_ref[ref], self.registry[ref.kind]
        spec = self.opened(ref, {name: resource.spec[name] for name in sorted(fields)})
        rewritten: Spec = self.book.rewrite(spec, kind.name.refs)
        return specs.canonical_spec(kind, rewritten)

    def context(self, kind: Kind, ref: Ref, step: Step, identity: str = "") -> dict[str, Any]:
        """The words that templates may use besides the fields of the spec."""
        parent = ""
        if kind.read.within:
            region = "" if self.registry[kind.read.within].scope == "global" else ref.region
            parent = self.successor_id(Ref(ref.side, region, kind.read.within, ref.id.split("|")[0]))
        copied = self.journal.state(step_id(self.plan.source, ref, "copy")).detail
        hops = {f"hop_{hop.name}": self.hop_identity(ref, kind, hop.name, shared=hop.shared) for hop in kind.make.hops}
        return {
            "self": identity,
            "parent": parent,
            "step": step.id,
            "account": self.plan.target,
            "source_account": self.plan.source,
            "target_account": self.plan.target,
            "region": self.plan.region,
            "park_bucket": self.parking(),
            "copied": copied,
            **{name: text for name, text in hops.items() if text},
            **{f"name_{hop.name}": hop_name(self._hop_step(ref, kind, hop.name, shared=hop.shared)) for hop in kind.make.hops},
        }

    def hop_identity(self, ref: Ref, kind: Kind, name: str, *, shared: bool) -> str:
        """What a hop that is done is called: a snapshot's id or ARN, a key's ARN."""
        return self.journal.state(self._hop_step(ref, kind, name, shared=shared)).made or ""

    def _hop_step(self, ref: Ref, kind: Kind, name: str, *, shared: bool) -> str:
        at = Ref(Side.NEW, self.plan.region, kind.type, f"shared-{name}") if shared else ref
        return step_id(self.plan.source, at, f"hop:{name}")


def _leads(spec: Any, place: list[str | int]) -> bool:
    for part in place:
        if isinstance(part, int):
            if not isinstance(spec, list) or part >= len(spec):
                return False
        elif not isinstance(spec, dict) or part not in spec:
            return False
        spec = spec[part]
    return True
