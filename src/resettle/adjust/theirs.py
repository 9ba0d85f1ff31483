"""What AWS makes in every account by itself (default groups, AWS-managed keys): mapped where something names it, else left out."""

from __future__ import annotations

from dataclasses import replace

from resettle.addresses import AddressBook
from resettle.adjust import Adjusted
from resettle.model import Ref
from resettle.registry import Registry
from resettle.specs import late_fields


def prune(before: Adjusted, registry: Registry, book: AddressBook) -> Adjusted:
    """Keeps of AWS's own things those that ours name, those that belong to something of ours and can be configured, and what
    these name in turn."""
    names: dict[Ref, set[Ref]] = {}
    for resource in before.inventory.resources:
        mentions = book.mentions(resource.spec, registry[resource.ref.kind].name.refs)
        names[resource.ref] = {mention.owner for mention in mentions}
    ours = {item.ref for item in before.inventory.resources if not item.theirs}
    kept, waiting = set(ours), list(ours)
    waiting += [
        item.ref
        for item in before.inventory.resources
        if item.theirs and late_fields(registry[item.ref.kind]) & set(item.spec) and names[item.ref] & ours
    ]
    while waiting:
        ref = waiting.pop()
        kept.add(ref)
        waiting += [named for named in names.get(ref, ()) if named in before.inventory.by_ref and named not in kept]
    resources = tuple(item for item in before.inventory.resources if item.ref in kept)
    return replace(before, inventory=replace(before.inventory, resources=resources, by_ref={}))
