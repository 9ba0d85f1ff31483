"""A small service in a lab's source account, a directory with its resettle.toml, and the command as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from resettle import settings
from resettle.settings import SideSettings
from resettle_lab.fixtures import fresh, lab, source, target
from resettle_lab.lab import Lab

__all__ = ["fresh", "lab", "source", "target"]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a process left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        return self.lines[-1]

    def told(self, code: int, *parts: str) -> None:
        """One sentence on standard error with all of these parts, this exit code, and no traceback."""
        assert self.code == code, self.err + self.out
        assert "Traceback" not in self.err + self.out
        assert len(self.err.splitlines()) == 1, self.err
        assert self.err.startswith("resettle: while ")
        for part in parts:
            assert part in self.err


Run = Callable[..., Ran]


@pytest.fixture
def run(fresh: Lab, tmp_path: Path) -> Run:
    """Call the command in `tmp_path` with the lab's profiles."""
    environment = {**fresh.environment(), "RESETTLE_PACE": "0.02"}

    def call(*arguments: str | Path, **changed: str) -> Ran:
        command = [sys.executable, "-m", "resettle", "-C", str(tmp_path), *map(str, arguments)]
        done = subprocess.run(
            command,
            env={**environment, **changed},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def write_settings(tmp_path: Path) -> Callable[..., Path]:
    """Write resettle.toml; `source`, `target`, `source_profile` and `target_profile` may be other than the lab's."""

    def write(source="111122223333", target="444455556666", source_profile="lab-source", target_profile="lab-target"):
        region = "ap-northeast-2"
        sides = [
            SideSettings(profile=source_profile, region=region, account=source),
            SideSettings(profile=target_profile, region=region, account=target),
        ]
        (tmp_path / "resettle.toml").write_text(settings.template(*sides), encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def project(write_settings) -> Path:
    """A directory whose resettle.toml names the lab's two accounts."""
    return write_settings()


@pytest.fixture
def service(fresh: Lab) -> Lab:
    """Make a queue that names its dead-letter queue, a network, a parameter and a bucket with one object."""
    ec2, sqs, s3 = (fresh.source.client(name) for name in ("ec2", "sqs", "s3"))
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24", AvailabilityZone=f"{fresh.region}a")
    dead = sqs.create_queue(QueueName="orders-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    sqs.create_queue(QueueName="orders", Attributes={"RedrivePolicy": redrive})
    fresh.source.client("ssm").put_parameter(Name="/shop/dead", Value=dead, Type="String")
    s3.create_bucket(Bucket="shop-invoices", CreateBucketConfiguration={"LocationConstraint": fresh.region})
    s3.put_object(Bucket="shop-invoices", Key="2024/1.txt", Body=b"paid")
    return fresh
