"""Prints what the core costs: rewriting, planning, the journal, the command line's start. `python -m benchmarks.run`

Compare only figures of one run; the ratio beside a row is against the peer that the row names, measured in the same run.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from resettle import kinds
from resettle.addresses import AddressBook, Claim
from resettle.inventory import Inventory
from resettle.journal import Journal
from resettle.model import Name, Ref, Resource, Side
from resettle.plan.make import Wishes, make_plan

SOURCE, TARGET, REGION = "111122223333", "444455556666", "ap-northeast-2"


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU, the best of three."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def rewriting(claims: int = 20_000, size: int = 1_000_000) -> None:
    """One megabyte of text with a known id every hundred characters; the peer is one compiled alternation of all claims."""
    draw = random.Random(1)
    refs = [Ref(Side.SOURCE, REGION, "AWS::EC2::SecurityGroup", f"sg-{draw.getrandbits(68):017x}") for _ in range(claims)]
    book = AddressBook([Claim(ref.id, ref, "id", "strong") for ref in refs], source_account=SOURCE, target_account=TARGET)
    for ref in refs:
        book.learn(ref, "id", f"sg-{draw.getrandbits(68):017x}")
    text = " ".join(f"{draw.choice(refs).id} {'lorem ipsum ' * 7}" for _ in range(size // 105))
    ours = cpu(lambda: book.rewrite_text(text))
    pattern, part = re.compile("|".join(ref.id for ref in refs)), text[: size // 50]
    peer = cpu(lambda: pattern.sub("x", part)) / len(part) * len(text)
    beside = f"the alternation of all of them: {peer / ours:.1f} times that"
    print(f"rewrite  {ours / len(text) * 1e9:8.0f} ns/character, {claims} claims; {beside}")


def planning(count: int) -> None:
    """Security groups that name each other in a ring, so that every one has an early and a late step."""
    refs = [Ref(Side.SOURCE, REGION, "AWS::EC2::SecurityGroup", f"sg-{index:017x}") for index in range(count)]
    resources = [
        Resource(ref=ref, spec=_group(ref, refs[index - 1]), names=(Name("id", ref.id, "strong"),))
        for index, ref in enumerate(refs)
    ]
    inventory = Inventory(account=SOURCE, region=REGION, resources=tuple(resources))
    registry = kinds.load()
    spent = cpu(lambda: make_plan(inventory, [], [], registry, TARGET, Wishes()))
    print(f"plan     {spent / count * 1e6:8.0f} µs/resource, {count} resources, {spent:.2f} s in all")


def _group(ref: Ref, other: Ref) -> dict[str, object]:
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": other.id, "UserId": SOURCE}]}
    return {
        "GroupName": ref.id[-6:],
        "Description": "-",
        "VpcId": "vpc-1",
        "IpPermissions": [rule],
        "IpPermissionsEgress": [],
        "Tags": {},
    }


def journalling(count: int = 2_000) -> None:
    """Events that are each durable on disk before the call returns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        with Journal.open(path, source=SOURCE, target=TARGET, region=REGION, plan_hash="0", version="0") as journal:
            begun = time.perf_counter()
            for index in range(count):
                journal.intend(f"{index:016x}")
            spent = time.perf_counter() - begun
    print(f"journal  {spent / count * 1e6:8.0f} µs/event on the clock, synchronous=FULL")


def starting() -> None:
    """`resettle --help`, a process of its own; the peer is an empty interpreter."""
    ours = _wall([sys.executable, "-m", "resettle", "--help"])
    peer = _wall([sys.executable, "-c", "pass"])
    print(f"--help   {ours * 1e3:8.0f} ms on the clock, {ours / peer:.1f} times an empty interpreter")


def _wall(command: list[str]) -> float:
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        best = min(best, time.perf_counter() - begun)
    return best


def main() -> None:
    rewriting()
    for count in (300, 1_000, 3_000):
        planning(count)
    journalling()
    starting()
    print(json.dumps({"python": sys.version.split()[0]}))


if __name__ == "__main__":
    main()
