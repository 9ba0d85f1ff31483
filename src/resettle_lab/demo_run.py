"""One move of the example workload, command by command, and the facts that it leaves behind.

It promises that every fact comes from the lab, from the product's files and JSON, or from the files it rewrote.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from resettle_lab.checker import check
from resettle_lab.demo_product import Failed, Product
from resettle_lab.demo_report import Screen
from resettle_lab.demo_steps import Facts, Fault, Leftover, seeded
from resettle_lab.lab import Lab
from resettle_lab.laws.rds_content import rows_of
from resettle_lab.seed import mybrary

REPOSITORIES = "repositories"
OPEN_GAPS, UNPROVED = 3, 6
RESIDUE = 5
WAITING = 7
SHOWN_GAPS = 4

# The gaps that the example is known to have: what stands in a gap's name, and why the demo accepts it.
ACCEPTED = (
    (
        "rows:AWS::RDS::DBInstance/*",
        "rows cannot be counted from outside without a database login; the chain of snapshots is what verify shows, and the lab's "
        "own digest of the rows is compared below.",
    ),
)

# The kinds that the checker knows by other names; all that are not here belong to no step yet.
CHECKED = {
    "Object": "AWS::S3::Bucket",
    "Bucket": "AWS::S3::Bucket",
    "VPC": "AWS::EC2::VPC",
    "Subnet": "AWS::EC2::Subnet",
    "SecurityGroup": "AWS::EC2::SecurityGroup",
    "Queue": "AWS::SQS::Queue",
    "Function": "AWS::Lambda::Function",
    "DBInstance": "AWS::RDS::DBInstance",
    "DBSubnetGroup": "AWS::RDS::DBSubnetGroup",
    "DBParameterGroup": "AWS::RDS::DBParameterGroup",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a demo works: the product's directory, the copied repositories, and the lab's own ledger beside them."""

    base: Path
    examples: Path | None

    @property
    def work(self) -> Path:
        return self.base / "work"

    @property
    def repositories(self) -> Path:
        return self.work / REPOSITORIES

    @property
    def plan(self) -> Path:
        return self.work / "plan.json"

    @property
    def ledger(self) -> Path:
        return self.base / "ledger.jsonl"


class Move:
    """The move from seeding to proof. `facts` may be asked at any time, also when a command failed on the way."""

    def __init__(self, lab: Lab, places: Places, screen: Screen, product: Product, *, single_copy: int) -> None:
        self._lab, self._places, self._screen, self._product = lab, places, screen, product
        self._single_copy = single_copy
        self._faults: list[Fault] = []
        self._leftovers: list[Leftover] = []
        self._originals: dict[str, bytes] = {}
        self._proved = self._moved = False
        self._rows: dict[str, str] = {}
        self.accepted: list[str] = []
        self.compared = 0
        self.calls: dict[str, dict[str, int]] = {}

    def everything(self, seed: int | None) -> None:
        """Seed the source, then run every verb of the move in turn. Raises `Failed` where one ends unexpectedly."""
        self._prepare(seed)
        self._plan()
        self._carry_out()
        self._rewrite()
        self._prove()

    def _prepare(self, seed: int | None) -> None:
        lab, screen = self._lab, self._screen
        self._places.work.mkdir()
        screen.say(f"Two AWS accounts, simulated on this machine: {lab.source_account} and {lab.target_account}.")
        workload = mybrary.seed(lab.source, seed=seed, ledger=self._places.ledger)
        screen.say(f"{workload.design.name} runs in {lab.source_account}.")
        for name in (database.name for database in workload.design.databases):
            self._rows[name] = rows_of(lab.endpoint, lab.source_account, name)
        if self._places.examples:
            mybrary.render(workload, self._places.examples, self._places.repositories)
            self._originals = {name: path.read_bytes() for name, path in self._files()}
        lab.reset_calls()
        profiles = lab.profiles
        self._product.show(
            *("init", "--source-profile", profiles.source_profile, "--target-profile", profiles.target_profile),
            *("--region", lab.region, "--policies", "policies"),
            head=6,
        )
        settings = self._places.work / "resettle.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("[limits]\n", f"[limits]\nsingle_copy_bytes = {self._single_copy}\n"))

    def _plan(self) -> None:
        """Scan and plan, accepting by name those gaps that the demo knows a reason for; more may show in the plan."""
        self._product.show("scan", fine=(0, OPEN_GAPS), head=24)
        inventory = self._places.work / ".resettle" / "inventory.json"
        self._accept([gap[0] for gap in json.loads(inventory.read_text(encoding="utf-8"))["gaps"]])
        self._accept(self._open_gaps())
        unknown = self._open_gaps()
        if unknown:
            shown = ", ".join(unknown[:SHOWN_GAPS]) + (", …" if len(unknown) > SHOWN_GAPS else "")
            raise Failed(f"the plan has {len(unknown)} gaps that the demo has no reason to accept: {shown}")

    def _accept(self, gaps: list[str]) -> bool:
        """Plan with all these gaps accepted that have a reason; tells whether there was any, or no plan yet."""
        known = {name: why for name in gaps if (why := reason(name))}
        if not known and self._places.plan.exists():
            return False
        if known:
            self._screen.say()
        for why, names in grouped(known):
            self._screen.explain(f"accepts {', '.join(names)}", why)
        self.accepted += known
        words = [word for name in known for word in ("--accept", name)]
        self._product.show("plan", *words, fine=(0, OPEN_GAPS), head=8)
        return True

    def _carry_out(self) -> None:
        """Park; then take the source's credentials away, since nothing after park may need them; then build."""
        self._product.show("park", "--yes")
        self._lab.revoke(self._lab.source_account)
        self._screen.note(f"From here on {self._lab.source_account} refuses every call: what is left needs the target only.")
        self._product.show("move", "--yes")
        self._moved = True

    def _rewrite(self) -> None:
        if not self._originals:
            return
        self._product.show("rewrite", "--write", REPOSITORIES, fine=(0, RESIDUE), head=24)
        again = self._product.ask("rewrite", REPOSITORIES, fine=(0, RESIDUE))
        self._leftovers = [
            Leftover(path=Path(told["path"]).relative_to(REPOSITORIES).as_posix(), line=told["line"], reason=told["reason"])
            for told in again.events("residue")
        ]

    def _prove(self) -> None:
        ran = self._product.show("verify", fine=(0, UNPROVED, WAITING), head=12)
        self.compared = len(self._planned())
        if ran.exit:
            self._faults += self._found_by_verify(ran.exit)
        self.calls = self._lab.calls()
        self._lab.restore_credentials()
        self._check()
        self._proved = True

    def _found_by_verify(self, code: int) -> list[Fault]:
        """Ask once more for what a person has just seen, in a form that can be counted."""
        told = self._product.ask("verify", fine=(code,)).events("finding")
        return [
            Fault(sort=item["sort"], kind=item["on"].partition("/")[0], on=item["on"], what=item["path"])
            for item in told
            if not item["accepted"]
        ]

    def _check(self) -> None:
        """Let the checker judge, which knows the seeding requests and nothing of the product."""
        lab = self._lab
        judged = check(self._places.ledger, lab.target, lab.source_account, lab.target_account, rows=self._rows)
        for sort, findings in (("missing", judged.missing), ("different", judged.different)):
            for item in findings:
                self._faults.append(
                    Fault(
                        sort=sort,
                        kind=CHECKED.get(item.kind, item.kind),
                        on=f"{item.kind} {item.key}",
                        what=item.property,
                    )
                )
        for item in judged.source_strings:
            self._faults.append(Fault(sort="leak", kind="", on=f"{item.kind} {item.key}", what=item.property))
        seen = sum(counts["found"] for counts in judged.counted.values())
        sown = sum(counts["seeded"] for counts in judged.counted.values())
        self._screen.say()
        self._screen.say(
            f"The independent checker, which knows the seeding and not the product, found {seen} of {sown} things: "
            f"{len(judged.missing)} missing, {len(judged.different)} different, {len(judged.source_strings)} leaks."
        )
        for fault in self._faults[:20]:
            self._screen.note(f"{fault.sort}: {fault.on} {fault.what}".rstrip())

    def facts(self) -> Facts:
        """Return what was observed so far."""
        return Facts(
            seeded=seeded(self._places.ledger) if self._places.ledger.exists() else {},
            moved=self._kinds() if self._moved else {},
            proved=self._proved,
            faults=tuple(self._faults),
            rewritten=dict(self._rewritten()),
            leftovers=tuple(self._leftovers),
            layout=self._layout(),
        )

    def _kinds(self) -> Counter[str]:
        """Count the source's own resources in the plan, by kind."""
        return Counter(item["ref"][2] for item in self._planned() if item["ref"][0] == "source" and not item["theirs"])

    def _planned(self) -> list[dict[str, Any]]:
        plan = json.loads(self._places.plan.read_text(encoding="utf-8"))
        return list(plan["inventory"]["resources"])

    def _open_gaps(self) -> list[str]:
        plan = json.loads(self._places.plan.read_text(encoding="utf-8"))
        return sorted({gap[0] for gap in plan["gaps"]} - set(plan["accepted"]))

    def _layout(self) -> str:
        path = self._places.work / "resettle.toml"
        if not path.exists():
            return "keep"
        return str(tomllib.loads(path.read_text(encoding="utf-8")).get("network", {}).get("layout", "keep"))

    def _files(self) -> Iterator[tuple[str, Path]]:
        root = self._places.repositories
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield path.relative_to(root).as_posix(), path

    def _rewritten(self) -> Iterator[tuple[str, bool]]:
        """Compare the repositories with what they were: the changed files, and whether each parses as it did."""
        for name, path in self._files():
            after = path.read_bytes()
            if after != self._originals.get(name):
                yield name, shape(path, after) == shape(path, self._originals.get(name, b""))


def reason(gap: str) -> str:
    """Return why the demo accepts a gap, or nothing if it knows no reason."""
    return next((why for pattern, why in ACCEPTED if fnmatchcase(gap, pattern)), "")


def grouped(known: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each reason with the gaps that it explains."""
    for why in dict.fromkeys(known.values()):
        yield why, [name for name, because in known.items() if because == why]


def shape(path: Path, content: bytes) -> Any:
    """Return the structure of a file without its texts, or the complaint of a parser that refuses it."""
    readers: dict[str, Callable[[str], Any]] = {
        ".json": json.loads,
        ".yml": lambda text: list(yaml.safe_load_all(text)),
        ".yaml": lambda text: list(yaml.safe_load_all(text)),
    }
    read = readers.get(path.suffix)
    if read is None:
        return content.count(b"\n")
    try:
        return bare(read(content.decode("utf-8-sig")))
    except (ValueError, yaml.YAMLError) as refused:
        return f"refused by {type(refused).__name__}"


def bare(value: Any) -> Any:
    """Return a parsed value with each text replaced by its sort."""
    if isinstance(value, dict):
        return {str(key): bare(item) for key, item in value.items()}
    if isinstance(value, list):
        return [bare(item) for item in value]
    return type(value).__name__
