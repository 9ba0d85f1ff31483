"""Proves independence surface by surface: how many things of each sort were looked into, and how many still name the source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from resettle import specs
from resettle.errors import CallFailed
from resettle.execute.desk import Desk
from resettle.kind import Hop
from resettle.model import Finding, Ref
from resettle.plan import hop_name, step_id

# What a copy could go on depending on, and the services whose things would show it.
SURFACES = {
    "keys": ("AWS::KMS::",),
    "databases": ("AWS::RDS::",),
    "buckets": ("AWS::S3::",),
    "roles and policies": ("AWS::IAM::",),
    "functions": ("AWS::Lambda::",),
    "queues": ("AWS::SQS::",),
    "secrets and parameters": ("AWS::SecretsManager::", "AWS::SSM::"),
    "networks": ("AWS::EC2::",),
    "logs": ("AWS::Logs::",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One sort of thing that could tie the target to the source."""

    name: str
    looked: int
    tied: int


def surfaces(refs: Iterable[Ref], findings: Iterable[Finding], snapshots: int, tied: int) -> tuple[Surface, ...]:
    """Each surface that this plan has; a thing is tied if verify found any name of the source in what describe says of it."""
    refs = list(refs)
    leaking = {finding.on for finding in findings if finding.sort == "leak"}
    found = [
        Surface(name=name, looked=len(mine), tied=sum(str(ref) in leaking for ref in mine))
        for name, services in SURFACES.items()
        if (mine := [ref for ref in refs if ref.kind.startswith(services)])
    ]
    return (*found, *((Surface(name="snapshots", looked=snapshots, tied=tied),) if snapshots else ()))


def tied_snapshots(desk: Desk) -> tuple[int, list[Finding]]:
    """How many hops rest in the target, and a leak for each that lies under a key of the source. Where a copy came from stays in
    its description for good, and is no dependence."""
    looked, findings = 0, []
    for ref in desk.plan.inventory.by_ref:
        for hop in desk.draft(ref).hops():
            if hop.on == "target" and hop.look is not None:
                key = _key_of(desk, ref, hop)
                looked += 1
                if key and desk.book.leaks(key):
                    findings.append(
                        Finding(sort="leak", on=str(ref), path=hop.name, what="its copy lies under a key of the source")
                    )
    return looked, findings


def _key_of(desk: Desk, ref: Ref, hop: Hop) -> str:
    call = hop.look
    if call is None:
        return ""
    kind = desk.registry[ref.kind]
    name = hop_name(step_id(desk.plan.source, ref, f"hop:{hop.name}"))
    try:
        reply = desk.target.call(call.service or hop.service or kind.service, call.op, **specs.fill(call.send, {"hop": name}))
    except CallFailed as error:
        if error.code in call.missing:
            return ""
        raise
    return str((specs.search(call.at, reply) or {}).get("KmsKeyId") or "")
