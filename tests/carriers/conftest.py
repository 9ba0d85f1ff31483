"""What carriers' tests start from: two accounts of a lab as a carrier sees them, and jobs between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from resettle.account import Account
from resettle.calllog import CallLog
from resettle.carriers import Job
from resettle.model import Side
from resettle_lab.fixtures import fresh, lab, source, target
from resettle_lab.lab import Lab

__all__ = ["fresh", "lab", "source", "target"]
SOURCE, TARGET = "111122223333", "444455556666"
FROM, INTO = "carried-from-here", "carried-to-there"


@dataclass
class Crossing:
    """A source bucket that admits the target, an empty target bucket, and a carrier's jobs between them."""

    lab: Lab
    log: CallLog
    origin: Account
    goal: Account
    spec: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=lambda: {"settle_seconds": 0})
    cursor: dict[str, Any] = field(default_factory=dict)

    @property
    def s3(self) -> Any:
        return self.lab.source.client("s3")

    @property
    def there(self) -> Any:
        return self.lab.target.client("s3")

    def both(self, operation: str, **params: Any) -> None:
        """Send one configuring call to both buckets."""
        getattr(self.s3, operation)(Bucket=FROM, **params)
        getattr(self.there, operation)(Bucket=INTO, **params)

    def versioned(self) -> None:
        self.both("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})
        self.spec["Versioned"] = True

    def job(self, **more: Any) -> Job:
        given: dict[str, Any] = {
            "source": self.origin,
            "target": self.goal,
            "source_id": FROM,
            "target_id": INTO,
            "spec": self.spec,
            "live": {},
            "parking": INTO,
            "key": "resettle-park/content/step",
            "settings": self.settings,
            "cursor": self.cursor,
            "save": self.cursor.update,
        }
        return Job(**(given | more))

    def sent(self) -> dict[str, int]:
        """How often each operation was sent to the target, reads left out."""
        counts = self.lab.calls().get(TARGET, {})
        return {name: count for name, count in counts.items() if not name.startswith(("s3:Get", "s3:List", "s3:Head"))}

    def written_to_source(self) -> set[str]:
        reads = ("s3:Get", "s3:List", "s3:Head", "sts:Get", "lambda:Get")
        return {name for name in self.lab.calls().get(SOURCE, {}) if not name.startswith(reads)}


def admit(s3: Any, *resources: str) -> None:
    """Let the target account read the source bucket."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{TARGET}:root"},
        "Action": ["s3:ListBucket", "s3:GetObject*"],
        "Resource": list(resources) or [f"arn:aws:s3:::{FROM}", f"arn:aws:s3:::{FROM}/*"],
    }
    s3.put_bucket_policy(Bucket=FROM, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


@pytest.fixture
def crossing(fresh: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crossing]:
    """Two buckets, and accounts that may write what a carrier says it writes, and nothing at the source."""
    for name, value in fresh.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    log = CallLog()
    place = {"CreateBucketConfiguration": {"LocationConstraint": fresh.region}}
    fresh.source.client("s3").create_bucket(Bucket=FROM, **place)
    fresh.target.client("s3").create_bucket(Bucket=INTO, **place)
    admit(fresh.source.client("s3"))
    origin = Account(Side.SOURCE, profile="lab-source", region=fresh.region, expected=SOURCE, log=log)
    goal = Account(Side.TARGET, profile="lab-target", region=fresh.region, expected=TARGET, log=log)
    yield Crossing(fresh, log, origin, goal)
