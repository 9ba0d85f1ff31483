"""What a scan found, as a value: resources, what lies outside the scope, gaps. Opaque values in it are sealed, never shown."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from resettle import canon
from resettle.addresses import AddressBook, Claim
from resettle.kind import Kind
from resettle.model import Gap, Name, Ref, Resource, Spec
from resettle.places import is_sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Resources in the order of their refs. `outside` are things of the account that the scope leaves out: they are known by
    name, so that what names them is noticed."""

    account: str
    region: str
    resources: tuple[Resource, ...]
    outside: tuple[Resource, ...] = ()
    gaps: tuple[Gap, ...] = ()
    by_ref: dict[Ref, Resource] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.by_ref.update({resource.ref: resource for resource in self.resources})

    def claims(self) -> list[Claim]:
        """Every text that means something of the source, with what it means."""
        return [
            Claim(name.text, resource.ref, name.facet, name.strength)
            for resource in (*self.resources, *self.outside)
            for name in resource.names
        ]

    def encode(self) -> dict[str, Any]:
        """The JSON form that a plan carries; `live` stays behind."""
        return {
            "account": self.account,
            "region": self.region,
            "resources": [_encode(resource) for resource in self.resources],
            "outside": [_encode(Resource(ref=item.ref, spec={}, names=item.names)) for item in self.outside],
            "gaps": [[gap.name, gap.what, gap.advice, gap.on] for gap in self.gaps],
        }

    @classmethod
    def decode(cls, data: dict[str, Any]) -> Inventory:
        return cls(
            account=data["account"],
            region=data["region"],
            resources=tuple(_decode(item) for item in data["resources"]),
            outside=tuple(_decode(item) for item in data["outside"]),
            gaps=tuple(Gap(*gap) for gap in data["gaps"]),
        )


def _encode(resource: Resource) -> dict[str, Any]:
    names = [[name.facet, name.text, name.strength] for name in resource.names]
    return {"ref": resource.ref.encode(), "spec": resource.spec, "names": names, "theirs": resource.theirs}


def _decode(data: dict[str, Any]) -> Resource:
    names = tuple(Name(*name) for name in data["names"])
    return Resource(ref=Ref.decode(data["ref"]), spec=data["spec"], names=names, theirs=data["theirs"])


def seal(value: Any, key: bytes, book: AddressBook) -> dict[str, Any]:
    """How an opaque value is stored: an HMAC that tells equal from different, what the value names, and the ARNs of the account in
    it that nothing answers to (an ARN is no secret); never the value."""
    found = book.mentions(value)
    mentions = sorted({(mention.owner, mention.facet) for mention in found})
    unknown = sorted(
        {mention.within for mention in found if mention.text == book.source_account and mention.within.startswith("arn:")}
    )
    return {
        "sealed": hmac.new(key, canon.canonical_json(value).encode(), hashlib.sha256).hexdigest(),
        "mentions": [[owner.encode(), facet] for owner, facet in mentions],
        **({"unknown": unknown} if unknown else {}),
    }


def seal_spec(kind: Kind, spec: Spec, sealer: Callable[[Any], Any]) -> Spec:
    """The spec with every opaque value sealed."""
    for path in kind.read.opaque:
        spec = canon.change(spec, path, lambda value: value if is_sealed(value) else sealer(value))
    return spec


def opaque_values(kind: Kind, spec: Spec) -> dict[str, Any]:
    """The opaque values of an unsealed spec by their place, as text `A/b/0`: what is parked."""
    found: dict[str, Any] = {}
    for path in kind.read.opaque:
        for place, value in canon.places(spec, path):
            found[canon.canonical_json(list(place))] = value
    return found


def with_values(spec: Spec, values: dict[str, Any]) -> Spec:
    """The spec with parked values back at their places."""
    for place, value in values.items():
        spec = canon.put(spec, tuple(json.loads(place)), value)
    return spec


def sealed_places(spec: Any, here: tuple[str | int, ...] = ()) -> Iterable[tuple[str | int, ...]]:
    """Where sealed values stand."""
    if is_sealed(spec):
        yield here
    elif isinstance(spec, dict):
        for key, item in spec.items():
            yield from sealed_places(item, (*here, key))
    elif isinstance(spec, list):
        for index, item in enumerate(spec):
            yield from sealed_places(item, (*here, index))
