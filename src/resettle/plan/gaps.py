"""What a plan cannot promise: gaps from what resources name and from what already stands in the target; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from resettle import canon
from resettle.addresses import AddressBook
from resettle.files import lookalike
from resettle.inventory import Inventory
from resettle.model import Gap, Ref, Resource, Side
from resettle.places import is_sealed
from resettle.plan.draft import ACCOUNT, Draft
from resettle.registry import Registry

_ARN = re.compile(r"^arn:aws[\w-]*:([\w-]*):([\w-]*):(\d{12}):(.+)$")
_OWN = re.compile(r"^(root|user/.*|assumed-role/.*)$")  # principals of which the account number alone is the identity


def from_mentions(drafts: Iterable[Draft], inventory: Inventory) -> list[Gap]:
    """Gaps for what lies outside the plan, for what only a person can decide, and for ARNs of things that nobody found."""
    gaps: list[Gap] = []
    for draft in drafts:
        for name, place in draft.unknown():
            gaps += _dangling(draft, name, place)
        for mentions in draft.mentions.values():
            for mention in mentions:
                place = ".".join(str(part) for part in mention.path)
                if mention.owner.kind != ACCOUNT and mention.owner not in inventory.by_ref:
                    what = f"{draft.ref} names {mention.owner} at {place}, which is outside the scope"
                    gaps.append(Gap(f"outside:{mention.owner}", what, "widen [scope]", str(draft.ref)))
                elif mention.decision:
                    what = f"{draft.ref} may name {mention.owner} at {place}: {mention.decision}"
                    gaps.append(
                        Gap(
                            f"decide:{draft.ref}:{place}",
                            what,
                            "rename it, or write the new value by hand",
                            str(draft.ref),
                        )
                    )
                elif mention.owner.kind == ACCOUNT:
                    gaps += _dangling(draft, mention.within, place)
    return sorted(set(gaps))


def from_ids(drafts: Iterable[Draft], book: AddressBook) -> list[Gap]:
    """A Gap for each id of EC2's form that nothing answers to: a peer's group, an image of somebody else. Prefix lists are passed
    over: AWS's own have the same id in every account."""
    gaps = []
    for draft in drafts:
        for path, text in _texts(draft.resource.spec):
            known = book.known(text)
            for hit in lookalike.ids(text):
                if not hit.text.startswith("pl-") and not any(start <= hit.start < end for start, end in known):
                    what = f"{draft.ref} names {hit.text} at {path}, which the scan did not find; it would be sent as it is"
                    gaps.append(Gap(f"dangling:{hit.text}", what, "make it in the target, or take it out", str(draft.ref)))
    return sorted(set(gaps))


def _texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a spec with its path; sealed values hold none."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict) and not is_sealed(value):
        for name, item in value.items():
            yield from _texts(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")


def _dangling(draft: Draft, text: str, place: str) -> list[Gap]:
    match = _ARN.match(text)
    if not match or _OWN.match(match[4]) or "*" in match[4] or match[1] == "logs":
        return []
    what = f"{draft.ref} names {text} at {place}, which the scan did not find; only its account number can be rewritten"
    return [Gap(f"dangling:{text}", what, "make it in the target, or take it out", str(draft.ref))]


def from_baseline(
    drafts: Iterable[Draft], standing: Iterable[Resource], registry: Registry, decided: Mapping[tuple[Ref, str], str]
) -> list[Gap]:
    """A Gap for each thing of the target that bears a name which the plan wants to give, unless our tag says it is ours."""
    taken: dict[tuple[str, str], Resource] = {}
    for resource in standing:
        kind = registry[resource.ref.kind]
        if kind.name.key:
            taken[kind.type, _key(resource.spec, kind.name.key)] = resource
    gaps = []
    drafts = list(drafts)
    own = {draft.ref for draft in drafts if draft.resource.theirs}
    for draft in drafts:
        if draft.resource.theirs and draft.late and draft.owners(draft.early) & own:
            what = f"the target's own {draft.ref} gets the source's {', '.join(sorted(draft.late))}: what runs on it there feels it"
            gaps.append(Gap(f"overwrites:{draft.ref}", what, "accept it if nothing else uses it there", str(draft.ref)))
        if not draft.kind.name.key or draft.ref.side is Side.NEW or draft.resource.theirs:
            continue
        spec = dict(draft.resource.spec)
        if (draft.ref, "name") in decided and len(draft.kind.name.key) == 1:
            spec[draft.kind.name.key[0]] = decided[draft.ref, "name"]
        found = taken.get((draft.kind.type, _key(spec, draft.kind.name.key)))
        if found is not None:
            what = f"{draft.kind.type} {found.ref.id} stands in the target already"
            gaps.append(
                Gap(
                    f"taken:{draft.ref}",
                    what,
                    "accept it to use what stands there if it is equal; else rename or delete it",
                    str(draft.ref),
                )
            )
    return gaps


def _key(spec: dict[str, object], fields: tuple[str, ...]) -> str:
    return canon.canonical_json([spec.get(name) for name in fields])
