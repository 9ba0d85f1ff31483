"""One resource as the plan sees it: which of its fields go early, which wait, and what each field names; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resettle import specs
from resettle.addresses import AddressBook, Mention
from resettle.inventory import sealed_places
from resettle.kind import Hop, Kind, View
from resettle.model import Ref, Resource
from resettle.places import is_sealed
from resettle.registry import Registry

ACCOUNT = "account"  # the kind of the account number's own claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A wanted resource with its kind, its fields divided, and what they name."""

    resource: Resource
    kind: Kind
    early: frozenset[str]
    late: frozenset[str]
    mentions: dict[str, tuple[Mention, ...]]

    @property
    def ref(self) -> Ref:
        return self.resource.ref

    def owners(self, fields: frozenset[str]) -> set[Ref]:
        """What these fields name, without the thing itself and without the account number."""
        found = {mention.owner for name in fields for mention in self.mentions.get(name, ())}
        return {owner for owner in found if owner != self.ref and owner.kind != ACCOUNT}

    def sealed(self) -> bool:
        """Whether the spec holds opaque values."""
        return any(True for _ in sealed_places(self.resource.spec))

    def unknown(self) -> list[tuple[str, str]]:
        """The ARNs inside sealed values that nothing answers to, with their places."""
        found = []
        for place in sealed_places(self.resource.spec):
            value: Any = self.resource.spec
            for part in place:
                value = value[part]
            found += [(name, ".".join(str(part) for part in place)) for name in value.get("unknown", ())]
        return found

    def view(self) -> View:
        return View(self.resource.spec, lambda name: tuple(owner.kind for owner in sorted(self.owners(frozenset({name})))))

    def hops(self) -> list[Hop]:
        """The hops that this thing's content takes, in order. A coined thing has no content in the source."""
        if self.ref.side == "new":
            return []
        return [hop for hop in self.kind.make.hops if hop.when is None or hop.when(self.view())]


def draft(resource: Resource, registry: Registry, book: AddressBook) -> Draft:
    """Divides a resource's fields. A field with a neutral first value waits only if its real value names other things."""
    kind = registry[resource.ref.kind]
    found: dict[str, list[Mention]] = {}
    for mention in book.mentions(resource.spec, kind.name.refs):
        found.setdefault(str(mention.path[0]), []).append(mention)
    mentions = {name: tuple(items) for name, items in found.items()}
    late = set(specs.late_fields(kind)) & set(resource.spec)
    late |= {
        name
        for name in kind.make.first
        if any(mention.owner.kind != ACCOUNT for mention in mentions.get(name, ())) and not is_sealed(resource.spec.get(name))
    }
    early = set(resource.spec) - late
    return Draft(resource=resource, kind=kind, early=frozenset(early), late=frozenset(late), mentions=mentions)
