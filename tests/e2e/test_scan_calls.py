"""A scan asks no more than it must: what it sends is held against a table of the least calls, operation by operation."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Seeded
from tests.support.road import SOURCE, Road

from resettle_lab.lab import Lab
from resettle_lab.seed import mybrary

TABLE: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("scan_calls.toml").read_text())
MORE = 1.1  # how far above the least a scan may go
Sent = dict[str, int]


def counts(lab: Lab) -> dict[str, int]:
    """How many things there are in the source, as plain boto3 lists them."""
    found: dict[str, int] = {}
    for part in (_networks, _identities, _keys, _databases, _others):
        found |= part(lab.source)
    return found


def _all(session: Any, service: str, operation: str, member: str, **more: Any) -> list[Any]:
    client = session.client(service)
    if not client.can_paginate(operation):
        return list(getattr(client, operation)(**more).get(member, []))
    return [item for page in client.get_paginator(operation).paginate(**more) for item in page.get(member, [])]


def _networks(session: Any) -> dict[str, int]:
    return {
        "vpcs": len(_all(session, "ec2", "describe_vpcs", "Vpcs")),
        "subnets": len(_all(session, "ec2", "describe_subnets", "Subnets")),
        "groups": len(_all(session, "ec2", "describe_security_groups", "SecurityGroups")),
    }


def _identities(session: Any) -> dict[str, int]:
    roles = len(_all(session, "iam", "list_roles", "Roles"))
    policies = len(_all(session, "iam", "list_policies", "Policies", Scope="Local"))
    return {"roles": roles, "policies": policies, "identities": roles + policies}


def _keys(session: Any) -> dict[str, int]:
    kms = session.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in _all(session, "kms", "list_keys", "Keys")]
    ours = [key for key in keys if key["KeyManager"] == "CUSTOMER"]
    return {
        "keys": len(keys),
        "aliases": len(_all(session, "kms", "list_aliases", "Aliases")),
        "customer_keys": len(ours),
        "symmetric_keys": sum(key["KeySpec"] == "SYMMETRIC_DEFAULT" for key in ours),
    }


def _databases(session: Any) -> dict[str, int]:
    subnet_groups = len(_all(session, "rds", "describe_db_subnet_groups", "DBSubnetGroups"))
    names = [group["DBParameterGroupName"] for group in _all(session, "rds", "describe_db_parameter_groups", "DBParameterGroups")]
    ours = sum(not name.startswith("default.") for name in names)
    return {
        "databases": len(_all(session, "rds", "describe_db_instances", "DBInstances")),
        "subnet_groups": subnet_groups,
        "all_parameter_groups": len(names),
        "parameter_groups": ours,
        "tagged_groups": subnet_groups + ours,
    }


def _others(session: Any) -> dict[str, int]:
    return {
        "buckets": len(_all(session, "s3", "list_buckets", "Buckets")),
        "functions": len(_all(session, "lambda", "list_functions", "Functions")),
        "log_groups": len(_all(session, "logs", "describe_log_groups", "logGroups")),
        "parameters": len(_all(session, "ssm", "describe_parameters", "Parameters")),
        "queues": len(_all(session, "sqs", "list_queues", "QueueUrls")),
        "secrets": len(_all(session, "secretsmanager", "list_secrets", "SecretList")),
        "tagged": len(_all(session, "resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList")),
    }


def least(row: dict[str, Any], things: dict[str, int]) -> int:
    """The least calls of one operation in the lab."""
    per = row.get("per_in_lab", row.get("per", 1))
    calls = math.ceil(things[row["each"]] / per) * row.get("times", 1) if "each" in row else 0
    return max(calls, 1 if row.get("list") else 0)


@pytest.fixture(scope="module", params=[None, 11], ids=["example", "invented"])
def scanned(
    request: pytest.FixtureRequest, seeded: Seeded, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Sent, dict[str, int]]]:
    """What one scan of a workload sent, and how many things it holds."""
    with seeded.lab.fork() as lab:
        if request.param is not None:
            mybrary.seed(lab.source, seed=request.param)
        things, road = counts(lab), Road(lab, tmp_path_factory.mktemp("scanned"))
        road.init()
        lab.reset_calls()
        road.run("scan", exits=(0, 3))
        yield lab.calls()[SOURCE], things


pytestmark = pytest.mark.xdist_group("scan-calls")


def test_every_operation_of_a_scan_is_in_the_table(scanned: tuple[Sent, dict[str, int]]) -> None:
    sent, _things = scanned

    assert sent.keys() - TABLE.keys() == set()


def test_no_operation_is_sent_much_more_often_than_it_must(scanned: tuple[Sent, dict[str, int]]) -> None:
    sent, things = scanned

    wanted = {operation: least(TABLE[operation], things) for operation in sent.keys() & TABLE.keys()}

    assert {name: (sent[name], most) for name, most in wanted.items() if sent[name] > MORE * most} == {}


def test_the_table_asks_for_no_call_that_the_scan_does_without(scanned: tuple[Sent, dict[str, int]]) -> None:
    sent, things = scanned

    assert {name: least(row, things) for name, row in TABLE.items() if sent.get(name, 0) < least(row, things)} == {}


def test_every_row_of_the_table_says_why() -> None:
    assert [name for name, row in TABLE.items() if not row.get("why")] == []
