"""Residue: each place that still names the old account, or may."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from resettle.addresses import AddressBook, Claim
from resettle.files import Residue, apply, plan_rewrite
from resettle.model import Ref, Side

OLD, NEW = "111122223333", "444455556666"
SERVER = Ref(Side.SOURCE, "ap-northeast-2", "AWS::EC2::Instance", "i-0aaaaaaaaaaaaaaaa")
DATABASE = Ref(Side.SOURCE, "ap-northeast-2", "AWS::EC2::Instance", "i-0bbbbbbbbbbbbbbbb")
KNOWN = "10.0.3.105"
MOVED, MOVED_TO = "10.0.7.9", "10.0.9.7"


def residue(tmp_path: Path, text: str, name: str = "a.txt") -> list[Residue]:
    book = AddressBook(
        [
            Claim(KNOWN, SERVER, "address", "strong"),
            Claim(MOVED, DATABASE, "address", "strong"),
            Claim(SERVER.id, SERVER, "id", "strong"),
        ],
        source_account=OLD,
        target_account=NEW,
        learned={(SERVER, "address"): KNOWN, (DATABASE, "address"): MOVED_TO},
    )
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    first = plan_rewrite([tmp_path], book)
    apply(first)
    second = plan_rewrite([tmp_path], book)
    assert second.files == ()
    assert second.residue == first.residue
    return list(first.residue)


def test_residue_has_its_line_and_column(tmp_path: Path) -> None:
    found = residue(tmp_path, "하나\r\n둘: 10.9.8.7\rthree\n four 10.9.8.6\n")

    assert [(place.line, place.column, place.text) for place in found] == [(2, 4, "10.9.8.7"), (4, 7, "10.9.8.6")]
    assert {place.reason for place in found} == {"private address: check"}


def test_addresses_that_the_book_knows_are_no_residue(tmp_path: Path) -> None:
    assert residue(tmp_path, f"a={KNOWN} b={MOVED} c={MOVED_TO} d=8.8.8.8 e=1.10.0.0.1 f=10.300.0.1") == []


def test_a_claim_without_a_successor_gives_its_reason(tmp_path: Path) -> None:
    (found,) = residue(tmp_path, f"server = {SERVER.id}")

    assert found.text == SERVER.id
    assert "is not known yet" in found.reason


@pytest.mark.parametrize(
    ("text", "shown", "reason"),
    [
        ("vpc-0123456789abcdef0", "vpc-0123456789abcdef0", "looks like an AWS id that is not in the plan"),
        ("sg-0a1b2c3d", "sg-0a1b2c3d", "looks like an AWS id that is not in the plan"),
        ("x.abc.ap-northeast-2.rds.amazonaws.com", "x.abc.ap-northeast-2.rds.amazonaws.com", "AWS host"),
        ("c.x.0001.apn2.cache.amazonaws.com:6379", "c.x.0001.apn2.cache.amazonaws.com", "AWS host"),
        ("http://my-1.ap-northeast-2.elb.amazonaws.com/x", "my-1.ap-northeast-2.elb.amazonaws.com", "AWS host"),
        ("https://d1a2b3.cloudfront.net/", "d1a2b3.cloudfront.net", "AWS host"),
        ("ip-10-0-3-105.ap-northeast-2.compute.internal", "ip-10-0-3-105.ap-northeast-2.compute.internal", "AWS host"),
        ("cidr 172.16.4.0/24", "172.16.4.0/24", "private range: check"),
        ("192.168.1.1", "192.168.1.1", "private address: check"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIO…", "issue a new one"),
        ("'{cipher}AQB1c2VsZXNz'", "{ciphe…", "encrypted: cannot be looked into"),
        (
            f"arn:aws:sns:ap-northeast-2:{OLD}:x.",
            f"arn:aws:sns:ap-northeast-2:{NEW}:x",
            "an ARN that is not in the plan",
        ),
        (
            f"https://sqs.ap-northeast-2.amazonaws.com/{OLD}/x",
            f"https://sqs.ap-northeast-2.amazonaws.com/{NEW}/x",
            "a URL that is not in the plan",
        ),
        (
            f"{OLD}.dkr.ecr.ap-northeast-2.amazonaws.com/app:1",
            f"{NEW}.dkr.ecr.ap-northeast-2.amazonaws.com/app:1",
            "a host that is not in the plan",
        ),
    ],
)
def test_what_looks_like_the_old_account_is_residue(tmp_path: Path, text: str, shown: str, reason: str) -> None:
    (found,) = residue(tmp_path, text)

    assert found.text == shown
    assert reason in found.reason


@pytest.mark.parametrize(
    "text",
    ["vpc-endpoint", "sg-123", "i-abcdefab1", "my-sg-0a1b2c3d", "version 110.0.0.1", "s3.amazonaws.com", "11.0.0.1"],
)
def test_what_only_resembles_an_address_is_no_residue(tmp_path: Path, text: str) -> None:
    assert residue(tmp_path, text) == []


def test_a_workflow_names_the_secrets_that_only_github_knows(tmp_path: Path) -> None:
    text = "if: vars.DEPLOY\nkey: ${{ secrets.AWS_ECR_KEY }}\nx: ${{ secrets['B'] || secrets.GITHUB_TOKEN }}\n"

    found = residue(tmp_path, text, ".github/workflows/deploy.yml")

    assert [(place.line, place.text) for place in found] == [
        (1, "vars.DEPLOY"),
        (2, "secrets.AWS_ECR_KEY"),
        (3, "secrets['B']"),
    ]
    assert found[1].reason == "value is known to GitHub alone: check the secret AWS_ECR_KEY"


def test_base64_with_something_unknown_inside_is_residue_and_is_not_shown(tmp_path: Path) -> None:
    packed = base64.b64encode(b"password=hunter2 host=10.9.8.7").decode()

    (found,) = residue(tmp_path, f"data: {packed}\n", "secret.yml")

    assert found.text == packed[:6] + "…"
    assert found.reason == "inside base64: private address: check"


def test_base64_with_an_undecided_claim_inside_is_not_shown(tmp_path: Path) -> None:
    packed = base64.b64encode(f"password=hunter2 server={SERVER.id}".encode()).decode()

    (found,) = residue(tmp_path, f"data: {packed}\n", "secret.yml")

    assert found.text == packed[:6] + "…"
