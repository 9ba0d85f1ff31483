"""What the makers of one seeding share: clients of the account, and the texts that AWS has decided so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

from resettle_lab.seed.design import Value, fill

# The lab's states change in moments, not in the minutes for which botocore's waiters are made.
WAIT = {"Delay": 0.05, "MaxAttempts": 2000}


@dataclass(slots=True)
class Making:
    """One seeding of one account. It promises to fill placeholders only with what was learned; it never guesses."""

    session: boto3.Session
    account: str
    region: str
    values: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return this seeding's one client of a service."""
        if service not in self.clients:
            self.clients[service] = self.session.client(service)
        return self.clients[service]

    def fill(self, value: Value) -> Value:
        """Fill the placeholders of a value; KeyError names one that nothing has decided."""
        return fill(value, self.values)

    def learn(self, kind: str, name: str, text: str) -> None:
        """Remember what AWS decided, for later placeholders `@@kind:name@@`."""
        self.values[f"{kind}:{name}"] = text


def begin(session: boto3.Session) -> Making:
    """Start a seeding; the account and region are asked of AWS and of the session."""
    region = str(session.region_name)
    account = str(session.client("sts").get_caller_identity()["Account"])
    return Making(session, account, region, {"account": account, "region": region})


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Write tags as most services take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
