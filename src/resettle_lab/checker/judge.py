"""Compares what was seeded with what the target has, and searches the target's text for the source's identity.

It promises that a value of a secret property never reaches a report.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3

from resettle_lab import ledger as ledgers
from resettle_lab.checker import found as target_side
from resettle_lab.checker import matching, objects
from resettle_lab.checker.expected import Seeded, fold
from resettle_lab.checker.item import OURS, PARKED, Finding, Item, canonical, holds
from resettle_lab.checker.reader import Look, Reader
from resettle_lab.laws.rds_content import rows_of

# Properties that may hold nothing beyond what was sent.
EXACT = frozenset(
    (
        *("Tags", "Rules", "Policy", "RedrivePolicy", "RedriveAllowPolicy", "PublicAccess", "Parameters"),
        *("AssumeRolePolicyDocument", "PolicyDocument", "Attached", "Inline", "Permissions", "Environment"),
        *("SubnetIds", "VpcSecurityGroupIds", "EnableCloudwatchLogsExports"),
    )
)
SECRET = ("SecretString", "SecretBinary", "Value", "Environment.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the checker found; `counted` says for each kind how many were seeded and how many were found."""

    missing: tuple[Finding, ...]
    different: tuple[Finding, ...]
    source_strings: tuple[Finding, ...]
    counted: dict[str, dict[str, int]]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong, and anything was looked at."""
        return bool(self.counted) and not (self.missing or self.different or self.source_strings)

    def json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self) | {"clean": self.clean}


def check(
    ledger: Path,
    target: boto3.Session,
    source_account: str,
    target_account: str,
    *,
    rows: Mapping[str, str] | None = None,
) -> Report:
    """Judge the target by the ledger of the source; `rows` gives the lab's digest of each source database's rows.

    A look that AWS refuses passes through as ClientError.
    """
    seeded = fold(ledgers.entries(ledger))
    reader = Reader(target)
    found = target_side.read(reader)
    listings = {key: objects.listing(reader, key) for kind, key in found if kind == "Bucket"}
    wanted = {key: seeded.store.keys(key) for kind, key in seeded.items if kind == "Bucket"}
    pairs = matching.buckets(wanted, {name: set(listed) for name, listed in listings.items()})
    translation = matching.translation(seeded.items, found, pairs, source_account, target_account)
    missing: list[Finding] = []
    different: list[Finding] = []
    counted: Counter[tuple[str, str]] = Counter()
    for (kind, key), item in sorted(seeded.items.items()):
        counted[kind, "seeded"] += 1
        there = found.get((kind, pairs.get(key, "") if kind == "Bucket" else translation.text(key)))
        if there is None:
            missing.append(Finding(kind=kind, key=key))
            continue
        counted[kind, "found"] += 1
        different += _compare(item, there, translation)
    for name, bucket in pairs.items():
        lost, wrong, numbers = _objects(reader, seeded, name, bucket, listings[bucket])
        missing += lost
        different += wrong
        counted.update(numbers)
    different += _rows(reader, found, rows or {}, target_account)
    return Report(
        missing=tuple(missing),
        different=tuple(different),
        source_strings=tuple(_source_strings(reader.looks, translation)),
        counted=_counts(counted),
    )


def _counts(counted: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    kinds = sorted({kind for kind, _ in counted})
    return {kind: {side: counted.get((kind, side), 0) for side in ("seeded", "found")} for kind in kinds}


def _compare(item: Item, there: Item, translation: matching.Translation) -> Iterator[Finding]:
    for name, sent in item.properties.items():
        wanted = translation.value(sent)
        got = there.properties.get(name)
        if isinstance(wanted, str) and isinstance(got, str):
            same = wanted == got
        elif name in EXACT or wanted is None:
            same = canonical(wanted or None) == canonical(got or None)
        else:
            same = holds(wanted, got)
        if not same:
            shown = (_shown(name, item, wanted), _shown(name, item, got))
            yield Finding(kind=item.kind, key=item.key, property=name, expected=shown[0], found=shown[1])


def _shown(name: str, item: Item, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    if name.startswith(SECRET) and value is not None:
        return "sha256 " + hashlib.sha256(text.encode()).hexdigest()[:12]
    return text


def _rows(reader: Reader, found: Mapping[tuple[str, str], Item], rows: Mapping[str, str], account: str) -> Iterator[Finding]:
    endpoint = reader.client("rds").meta.endpoint_url
    for name, wanted in rows.items():
        if ("DBInstance", name) in found:
            got = rows_of(endpoint, account, name)
            if got != wanted:
                yield Finding(kind="DBInstance", key=name, property="rows", expected=wanted, found=got)


def _objects(
    reader: Reader, seeded: Seeded, name: str, bucket: str, listed: Mapping[str, objects.Found]
) -> tuple[list[Finding], list[Finding], Counter[tuple[str, str]]]:
    lost, wrong = [], []
    counted: Counter[tuple[str, str]] = Counter()
    keys = seeded.store.keys(name)
    for key in sorted(keys):
        label = f"{name}/{key}"
        counted["Object", "seeded"] += 1
        if key not in listed:
            lost.append(Finding(kind="Object", key=label))
            continue
        counted["Object", "found"] += 1
        names = objects.differences(reader, bucket, key, seeded.store.versions[name, key], listed[key])
        wrong += [Finding(kind="Object", key=label, property=each) for each in names]
    for key in sorted(set(listed) - keys):
        wrong.append(Finding(kind="Object", key=f"{name}/{key}", property="existence", expected="absent", found="present"))
    return lost, wrong, counted


def _source_strings(looks: list[Look], translation: matching.Translation) -> Iterator[Finding]:
    seen = set()
    for look in looks:
        asked = " ".join(str(value) for value in look.params.values())
        if any(word.lstrip("/").startswith(PARKED) for word in asked.split()):
            continue
        for path, text in _texts(look.reply, ""):
            left = translation.left(text)
            finding = Finding(kind=look.operation, key=asked, property=path, found=left or "")
            if left and finding not in seen:
                seen.add(finding)
                yield finding


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        if str(value.get("Key", value.get("TagKey", ""))).startswith(OURS):
            return
        for key, item in value.items():
            if not str(key).startswith(OURS):
                yield f"{path}.(key)", str(key)
                yield from _texts(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, path + "[]")
