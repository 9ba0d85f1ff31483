"""Reads one side and tells what it saw and, as gaps, what it could not see; sends reads only and writes nothing anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from resettle import shapes
from resettle.addresses import AddressBook
from resettle.errors import CallFailed, CredentialsGone, Denied
from resettle.inventory import Inventory, seal, seal_spec
from resettle.kind import Kind
from resettle.model import Gap, Resource
from resettle.read import Caller, Reader
from resettle.registry import Registry

Progress = Callable[[str, int], None]
NOBODY = "0" * 12  # no account has this number: while scanning, the target is not known yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What belongs to the move: everything that is not AWS's own, without the excluded kinds, with all of these tags."""

    exclude: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()

    def leaves_out(self, type_: str) -> bool:
        return any(fnmatchcase(type_, pattern) for pattern in self.exclude)


def look(reader: Reader, kinds: Iterable[Kind], progress: Progress | None = None) -> tuple[list[Resource], list[Gap]]:
    """Every thing of these kinds, kinds side by side. A kind that cannot be listed is a Gap; lost credentials end the look."""
    kinds = list(kinds)

    def of(kind: Kind) -> list[Resource] | Gap:
        try:
            found = reader.all(kind)
        except CredentialsGone:
            raise
        except Denied as error:
            return Gap(f"denied:{kind.type}", f"{kind.type} cannot be listed: {error.because}", error.try_this)
        except CallFailed as error:
            return Gap(f"unseen:{kind.type}", f"{kind.type} could not be read: {error.because}", error.try_this)
        if progress:
            progress(kind.type, len(found))
        return found

    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(of, kinds))
    resources = [resource for answer in answers if not isinstance(answer, Gap) for resource in answer]
    gaps = [answer for answer in answers if isinstance(answer, Gap)] + reader.gaps
    return sorted(resources, key=lambda resource: resource.ref), sorted(set(gaps))


def scan(account: Caller, registry: Registry, scope: Scope, seal_key: bytes, progress: Progress | None = None) -> Inventory:
    """The inventory of a side. Opaque values are sealed with `seal_key`; `live` still holds them, in memory only."""
    reader = Reader(account, registry)
    found, gaps = look(reader, (kind for kind in registry if not scope.leaves_out(kind.type)), progress)
    inside, outside = _divide(found, registry, scope)
    gaps += _caveats(inside, registry)
    gaps += _census(account, [*inside, *outside], registry, scope)
    bare = Inventory(account=account.id, region=account.region, resources=tuple(inside), outside=tuple(outside))
    book = AddressBook(bare.claims(), source_account=account.id, target_account=NOBODY)
    sealed = [
        replace(item, spec=seal_spec(registry[item.ref.kind], item.spec, lambda value: seal(value, seal_key, book)))
        for item in inside
    ]
    return replace(bare, resources=tuple(sealed), gaps=tuple(sorted(set(gaps))), by_ref={})


def _divide(found: list[Resource], registry: Registry, scope: Scope) -> tuple[list[Resource], list[Resource]]:
    if not scope.tags:
        return found, []
    kept = {(item.ref.kind, item.ref.id) for item in found if set(scope.tags) <= set(item.spec.get("Tags", {}).items())}
    kept |= {(item.ref.kind, item.ref.id) for item in found if item.theirs or not _is_tagged(registry[item.ref.kind])}
    inside = [item for item in found if _belongs(item, kept, registry)]
    refs = {item.ref for item in inside}
    return inside, [item for item in found if item.ref not in refs]


def _is_tagged(kind: Kind) -> bool:
    return bool(kind.read.tags) and not kind.read.within


def _belongs(item: Resource, kept: set[tuple[str, str]], registry: Registry) -> bool:
    """A tagged thing, a child of what belongs, or something that AWS makes or that cannot be tagged."""
    within = registry[item.ref.kind].read.within
    return ((within, item.ref.id.split("|")[0]) if within else (item.ref.kind, item.ref.id)) in kept


def _caveats(found: list[Resource], registry: Registry) -> list[Gap]:
    """The surfaces that we cannot look into."""
    gaps = []
    for item in found:
        for surface in registry[item.ref.kind].human.gaps:
            name, _, what = surface.partition(": ")
            gaps.append(
                Gap(
                    f"{name}:{item.ref}",
                    f"{item.ref}: {what}",
                    "look for the old account's names there yourself",
                    str(item.ref),
                )
            )
    return gaps


def _census(account: Caller, found: list[Resource], registry: Registry, scope: Scope) -> list[Gap]:
    """Tagged things of types for which there is no kind (Resource Groups Tagging API, GetResources)."""
    known = {text for item in found for text in _answers_to(item, registry[item.ref.kind])}
    unknown: dict[str, int] = {}
    filters = [{"Key": key, "Values": [value]} for key, value in scope.tags]
    try:
        for page in account.every("resourcegroupstaggingapi", "get_resources", **({"TagFilters": filters} if filters else {})):
            for entry in page.get("ResourceTagMappingList", ()):
                arn = entry["ResourceARN"]
                if not _is_known(arn, known) and not _is_aws_own(arn) and not shapes.step_tag(entry.get("Tags")):
                    unknown[_type_of(arn)] = unknown.get(_type_of(arn), 0) + 1
    except CredentialsGone:
        raise
    except CallFailed as error:
        return [
            Gap(
                "unseen:census",
                f"the tagging API could not be asked for what we have no kind for: {error.because}",
                error.try_this,
            )
        ]
    return [
        Gap(
            f"no-kind:{type_}",
            f"{count} tagged {type_} cannot be moved: there is no kind for them",
            "move them by hand",
            type_,
        )
        for type_, count in unknown.items()
    ]


def _answers_to(item: Resource, kind: Kind) -> set[str]:
    """The ARNs of a thing, or, where its kind knows none, its service with its names: a cluster is not known because a role
    happens to have its name."""
    texts = {name.text for name in item.names}
    arns = {text.removesuffix(":*") for text in texts if text.startswith("arn:")}
    return arns or {f"{kind.service}/{text}" for text in (*texts, item.ref.id)}


def _is_known(arn: str, known: set[str]) -> bool:
    service, tail = arn.split(":", 5)[2], arn.split(":", 5)[-1]
    names = (tail, tail.split("/")[-1], tail.split(":")[-1], tail.partition("/")[2])
    return arn.removesuffix(":*") in known or any(f"{service}/{name}" in known for name in names)


def _is_aws_own(arn: str) -> bool:
    """Automated snapshots bear the tags of their instance (Amazon RDS User Guide, "Copying tags to DB snapshots")."""
    return ":snapshot:rds:" in arn or ":cluster-snapshot:rds:" in arn


def _type_of(arn: str) -> str:
    parts: list[Any] = arn.split(":", 5)
    head = str(parts[5]).replace(":", "/").split("/")
    return f"{parts[2]}/{head[0]}" if len(head) > 1 else str(parts[2])
