"""Fills an account with a workload: Mybrary, or, for a number, one whose every name and count is drawn from it.

It promises the same workload for the same number. It makes resources only; it never deletes or overwrites.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3

from resettle_lab import ledger as ledgers
from resettle_lab.seed import (
    compute,
    data,
    identity,
    invented,
    messages,
    mybrary_content,
    mybrary_design,
    network,
    storage,
)
from resettle_lab.seed.design import Design, fill
from resettle_lab.seed.making import Making, begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What was seeded: its description, every secret planted, and the texts that AWS decided."""

    design: Design
    account: str
    region: str
    secrets: tuple[str, ...]
    values: Mapping[str, str]


def design(seed: int | None = None) -> Design:
    """Describe the workload of a number, or Mybrary for none; calls nothing."""
    return _mybrary() if seed is None else invented.design(seed)


def _mybrary() -> Design:
    rng = random.Random("mybrary")
    plain = {name: mybrary_design.password(rng) for name in ("user_db", "book_db", "redis", "rabbit")}
    # One secret whose URL form, and whose bytes, differ from what a person reads.
    plain["jwt"] = f"{mybrary_design.password(rng, 32)}+/=&비밀{mybrary_design.password(rng, 8)}"
    stored, parameters = mybrary_design.texts(plain)
    return Design(
        name="mybrary",
        networks=(mybrary_design.NETWORK,),
        roles=mybrary_design.ROLES,
        policies=mybrary_design.POLICIES,
        keys=mybrary_design.KEYS,
        queues=mybrary_design.QUEUES,
        buckets=mybrary_content.buckets(rng),
        stored_secrets=stored,
        parameters=parameters,
        functions=mybrary_content.functions(plain["book_db"]),
        subnet_groups=mybrary_content.SUBNET_GROUPS,
        parameter_groups=mybrary_content.PARAMETER_GROUPS,
        databases=mybrary_content.databases(plain["user_db"], plain["book_db"]),
        log_groups=mybrary_design.LOG_GROUPS,
        secrets=tuple(plain.values()),
    )


def seed(session: boto3.Session, *, seed: int | None = None, ledger: Path | None = None) -> Workload:
    """Make the workload in the session's account, and write each call into the ledger if one is named.

    An AWS refusal passes through as botocore's ClientError: a lab that refuses its own seed is wrong.
    """
    return make(session, design(seed), ledger=ledger)


def make(session: boto3.Session, drawn: Design, *, ledger: Path | None = None) -> Workload:
    """Make what a design describes; otherwise as `seed`."""
    stop = ledgers.record(session, ledger) if ledger else None
    try:
        making = begin(session)
        _make(making, drawn)
    finally:
        if stop:
            stop()
    return Workload(
        design=drawn,
        account=making.account,
        region=making.region,
        secrets=drawn.secrets,
        values=dict(making.values),
    )


def _make(making: Making, drawn: Design) -> None:
    identity.make_roles(making, drawn.roles)
    identity.make_keys(making, drawn.keys)
    network.make(making, drawn.networks)
    data.make_log_groups(making, drawn)
    messages.make(making, drawn.queues)
    identity.make_policies(making, drawn.policies, drawn.roles)
    data.make_databases(making, drawn)
    storage.make(making, drawn.buckets)
    data.make_texts(making, drawn)
    compute.make(making, drawn.functions)
    storage.notify(making, drawn.buckets)
    messages.send(making, drawn.queues)


def render(workload: Workload, source_dir: Path, dest_dir: Path) -> None:
    """Copy the repositories in a directory, filling `@@db_host:name@@`-like placeholders with what was learned.

    `dot-gitignore` becomes `.gitignore`, which would else act where the example itself is kept. Bytes around a
    placeholder stay as they are, whatever their line ends or encoding; KeyError names an unknown one.
    """
    for path in sorted(source_dir.glob("*/**/*")):
        if path.is_dir():
            continue
        copy = dest_dir / path.relative_to(source_dir)
        if path.name == "dot-gitignore":
            copy = copy.with_name(".gitignore")
        copy.parent.mkdir(parents=True, exist_ok=True)
        # latin-1 maps each byte to one character and back, so only placeholders change.
        copy.write_bytes(fill(path.read_bytes().decode("latin-1"), workload.values).encode("latin-1"))
        shutil.copymode(path, copy)
