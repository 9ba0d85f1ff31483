"""The seed: the same number gives the same workload, nothing of Mybrary stands in a drawn one, and the lab accepts all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from resettle_lab.lab import Lab
from resettle_lab.ledger import entries
from resettle_lab.seed import mybrary
from resettle_lab.seed.compute import archive
from resettle_lab.seed.design import fill
from resettle_lab.seed.mybrary import Workload, design, render

NUMBERS = range(1, 21)


@pytest.fixture(scope="module")
def seeded(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, Workload, Path]]:
    """Mybrary in the source of one lab, for tests that only look."""
    path = tmp_path_factory.mktemp("seed") / "ledger.jsonl"
    with lab.fork() as copy:
        yield copy, mybrary.seed(copy.source, ledger=path), path


def test_the_same_number_describes_the_same_workload() -> None:
    assert [design(number) for number in NUMBERS] == [design(number) for number in NUMBERS]
    assert design() == design()


def test_two_numbers_share_no_project_bucket_or_secret() -> None:
    drawn = [design(number) for number in NUMBERS]

    buckets = [bucket.name for each in drawn for bucket in each.buckets]
    secrets = [secret for each in drawn for secret in each.secrets]
    assert len({each.name for each in drawn}) == len(drawn)
    assert len(set(buckets)) == len(buckets)
    assert len(set(secrets)) == len(secrets)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_drawn_workload_stays_within_its_counts_and_knows_no_mybrary(number: int) -> None:
    drawn = design(number)

    assert "mybrary" not in repr(drawn)
    assert all(3 <= len(network.subnets) <= 16 and 4 <= len(network.groups) <= 15 for network in drawn.networks)
    assert 2 <= len(drawn.queues) <= 6
    assert 2 <= len(drawn.buckets) <= 6
    assert 5 <= sum(len(bucket.objects) for bucket in drawn.buckets) <= 60
    assert 1 <= len(drawn.functions) <= 5
    assert 1 <= len(drawn.databases) <= 3


def test_the_hard_constellations_stand_among_the_first_twenty() -> None:
    drawn = [design(number) for number in NUMBERS]

    assert all(each.buckets[1].name.startswith(each.buckets[0].name) for each in drawn)
    assert all({queue.name for queue in each.queues} & {made.name for made in each.functions} for each in drawn)
    assert any(len(each.networks) == 2 for each in drawn)
    assert any(sum(queue.dead_letters is not None for queue in each.queues) >= 2 for each in drawn)
    assert any(queue.name in ("app", "web", "db") for each in drawn for queue in each.queues)
    assert any(item.content is None for each in drawn for bucket in each.buckets for item in bucket.objects)


@pytest.mark.parametrize("number", [None, *NUMBERS])
def test_every_secret_is_long_unique_and_planted(number: int | None) -> None:
    drawn = design(number)

    planted = repr(drawn)
    assert all(len(secret) >= 16 and secret in planted for secret in drawn.secrets)
    assert len(set(drawn.secrets)) == len(drawn.secrets)
    assert any("+/=&" in secret and not secret.isascii() for secret in drawn.secrets)


def test_a_placeholder_that_nothing_decided_is_named() -> None:
    with pytest.raises(KeyError, match="queue_url:lost"):
        fill({"a": ["@@queue_url:lost@@"]}, {"queue_url:found": "x"})


def test_code_is_zipped_to_the_same_bytes_whatever_the_order() -> None:
    assert archive({"b.py": "2", "a.py": "1"}) == archive({"a.py": "1", "b.py": "2"})


def test_mybrary_stands_in_the_source_with_its_counts(seeded: tuple[Lab, Workload, Path]) -> None:
    lab, workload, _ = seeded

    ec2 = lab.source.client("ec2")
    own = {"Filters": [{"Name": "vpc-id", "Values": [workload.values["vpc_id:mybrary-vpc"]]}]}
    assert len(ec2.describe_subnets(**own)["Subnets"]) == 16
    assert len(ec2.describe_security_groups(**own)["SecurityGroups"]) == 15 + 1
    assert len(lab.source.client("lambda").list_functions()["Functions"]) == 4
    assert len(lab.source.client("rds").describe_db_instances()["DBInstances"]) == 2


def test_messages_wait_and_lie_dead(seeded: tuple[Lab, Workload, Path]) -> None:
    lab, workload, _ = seeded
    sqs = lab.source.client("sqs")

    def waiting(name: str) -> str:
        names = ["ApproximateNumberOfMessages"]
        url = workload.values[f"queue_url:{name}"]
        return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]])

    assert (waiting("mybrary-follow-queue"), waiting("mybrary-follow-dlq")) == ("25", "3")


def test_covers_keep_versions_a_marker_and_an_object_in_parts(seeded: tuple[Lab, Workload, Path]) -> None:
    lab, _, _ = seeded

    listed = lab.source.client("s3").list_object_versions(Bucket="mybrary-book-covers")
    large = [version for version in listed["Versions"] if version["Key"] == "scans/atlas.tiff"]
    assert sum(version["Key"] == "covers/mythos.png" for version in listed["Versions"]) == 3
    assert [marker["Key"] for marker in listed["DeleteMarkers"] if marker["IsLatest"]] == ["covers/withdrawn.png"]
    assert large[0]["Size"] == 6 * 1024**2
    assert large[0]["ETag"].endswith('-2"')


def test_the_ledger_holds_each_request_with_contents_as_digests(seeded: tuple[Lab, Workload, Path]) -> None:
    _, workload, path = seeded

    lines = list(entries(path))
    puts = [entry for entry in lines if entry.operation == "PutObject"]
    vpc = next(entry for entry in lines if entry.operation == "CreateVpc")
    assert sum(entry.params["Bucket"] == "mybrary-user-service" for entry in puts) == 300
    assert all(set(entry.params["Body"]) == {"sha256", "size"} for entry in puts)
    assert vpc.reply["Vpc"]["VpcId"] == workload.values["vpc_id:mybrary-vpc"]


def test_the_ledger_hears_nothing_after_the_seeding(fresh: Lab, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    mybrary.seed(fresh.source, seed=5, ledger=path)
    before = path.read_bytes()

    fresh.source.client("sqs").create_queue(QueueName="later")

    assert path.read_bytes() == before


@pytest.mark.parametrize("number", [1, 6])
def test_the_lab_accepts_a_drawn_workload_and_learns_the_same_names(number: int, lab: Lab) -> None:
    learned: list[set[str]] = []
    for _ in range(2):
        with lab.fork() as copy:
            learned.append(set(mybrary.seed(copy.source, seed=number).values))

    assert learned[0] == learned[1]


def test_rendering_fills_placeholders_and_keeps_every_other_byte(tmp_path: Path) -> None:
    workload = _workload({"db_host:user": "user.abc.rds.amazonaws.com"})
    source = tmp_path / "from" / "deep"
    source.mkdir(parents=True)
    content = b"\xef\xbb\xbfhost: @@db_host:user@@\r\n# \xea\xb0\x80\xff no newline"
    (source / "a.yml").write_bytes(content)
    (source / "b.png").write_bytes(bytes(range(256)))
    (source / "dot-gitignore").write_bytes(b"x")

    render(workload, tmp_path / "from", tmp_path / "to")

    assert (tmp_path / "to/deep/a.yml").read_bytes() == content.replace(b"@@db_host:user@@", b"user.abc.rds.amazonaws.com")
    assert (tmp_path / "to/deep/b.png").read_bytes() == bytes(range(256))
    assert (tmp_path / "to/deep/.gitignore").read_bytes() == b"x"


def test_every_example_is_filled_by_the_default_seed(seeded: tuple[Lab, Workload, Path], tmp_path: Path) -> None:
    _, workload, _ = seeded
    examples = Path(__file__).parents[2] / "examples" / "mybrary"

    render(workload, examples, tmp_path)

    texts = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert not [path for path, content in texts.items() if b"@@" in content]
    assert workload.values["db_host:mybrary-user-db"].encode() in texts[Path("config-repository/userservice-prod.yml")]
    assert not [path for path, content in texts.items() if any(each.encode() in content for each in workload.secrets)]
    for path in tmp_path.rglob("*.y*ml"):
        assert yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    assert json.loads(texts[Path("user-service/task-definition.json")])["family"] == "userServiceFamily"


def _workload(values: dict[str, str]) -> Workload:
    empty: Any = design(1)
    return Workload(design=empty, account="111122223333", region="ap-northeast-2", secrets=(), values=values)
