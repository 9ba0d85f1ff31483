"""The checker: a copy made by the seeder itself is clean, and each fault planted in it by hand is found and named."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from resettle_lab.checker import Finding, Report, check
from resettle_lab.checker import matching as matched
from resettle_lab.checker.item import canonical, holds, views
from resettle_lab.lab import Lab
from resettle_lab.laws.rds_content import rows_of, write_rows
from resettle_lab.ledger import entries
from resettle_lab.seed import mybrary
from resettle_lab.seed.mybrary import Workload, design

NUMBER = 15


class Copy:
    """A lab whose target holds a copy of the drawn workload, made by the seeder with other bucket names."""

    def __init__(self, lab: Lab, ledger: Path, source: Workload, target: Workload) -> None:
        self.lab, self.ledger, self.source, self.target = lab, ledger, source, target

    def check(self, **more: Any) -> Report:
        """Judge the copy."""
        return check(self.ledger, self.lab.target, self.lab.source_account, self.lab.target_account, **more)


def renamed(value: Any, change: Any) -> Any:
    """Change every text of a design."""
    if isinstance(value, str):
        return change(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: renamed(getattr(value, field.name), change) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    if isinstance(value, dict):
        return {renamed(key, change): renamed(item, change) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(renamed(item, change) for item in value)
    return value


def moved(lab: Lab, drawn: Any) -> Any:
    """Describe the copy of a design: other bucket names, the same zones by id, and the source's order numbers."""
    names = sorted((bucket.name for bucket in drawn.buckets), key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<![a-z0-9-]){re.escape(name)}(?![a-z0-9-])" for name in names))
    order = "7@@account@@"

    def change(text: str) -> str:
        return pattern.sub(lambda match: f"{match[0]}-moved", text.replace(order, f"7{lab.source_account}"))

    letters = _letters(lab)
    networks = tuple(
        dataclasses.replace(
            network,
            subnets=tuple(dataclasses.replace(each, zone=letters[each.zone]) for each in network.subnets),
        )
        for network in drawn.networks
    )
    return dataclasses.replace(renamed(drawn, change), networks=networks)


def _letters(lab: Lab) -> dict[str, str]:
    def zones(session: boto3.Session) -> dict[str, str]:
        listed = session.client("ec2").describe_availability_zones()["AvailabilityZones"]
        return {zone["ZoneId"]: zone["ZoneName"][-1] for zone in listed}

    there = zones(lab.target)
    return {letter: there[zone] for zone, letter in zones(lab.source).items()}


def copy_of(lab: Lab, directory: Path, number: int | None) -> Copy:
    """Seed both sides of a lab."""
    ledger = directory / "ledger.jsonl"
    source = mybrary.seed(lab.source, seed=number, ledger=ledger)
    return Copy(lab, ledger, source, mybrary.make(lab.target, moved(lab, design(number))))


@pytest.fixture(scope="module")
def made(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """One copy, made once."""
    with lab.fork() as fork:
        yield copy_of(fork, tmp_path_factory.mktemp("checker"), NUMBER)


@pytest.fixture
def copy(made: Copy) -> Iterator[Copy]:
    """A copy that a test may spoil."""
    with made.lab.fork() as fork:
        yield Copy(fork, made.ledger, made.source, made.target)


def found(findings: tuple[Finding, ...]) -> set[tuple[str, str, str]]:
    """Name findings without their values."""
    return {(finding.kind, finding.key, finding.property) for finding in findings}


@pytest.mark.parametrize("number", [4, 14])
def test_a_copy_by_the_seeder_is_clean(number: int, fresh: Lab, tmp_path: Path) -> None:
    report = copy_of(fresh, tmp_path, number).check()

    assert (report.missing, report.different, report.source_strings) == ((), (), ())
    assert all(counts["seeded"] == counts["found"] > 0 for counts in report.counted.values())
    assert report.clean


def test_the_copy_that_the_faults_are_planted_in_is_clean(made: Copy) -> None:
    assert made.check().clean


def test_an_empty_target_misses_everything_and_is_not_clean(fresh: Lab, made: Copy) -> None:
    report = check(made.ledger, fresh.target, fresh.source_account, fresh.target_account)

    kinds = {finding.kind for finding in report.missing}
    assert {"VPC", "Subnet", "SecurityGroup", "Queue", "Bucket", "Key", "Secret", "Parameter", "Role"} <= kinds
    assert {"Function", "DBInstance", "DBSubnetGroup", "LogGroup", "ManagedPolicy", "Alias"} <= kinds
    assert not report.clean


def test_a_deleted_queue_is_missing(copy: Copy) -> None:
    queue = copy.source.design.queues[-1].name
    copy.lab.target.client("sqs").delete_queue(QueueUrl=copy.target.values[f"queue_url:{queue}"])

    assert ("Queue", queue, "") in found(copy.check().missing)


def test_a_queue_attribute_that_differs_is_named(copy: Copy) -> None:
    queue = copy.source.design.queues[0].name
    copy.lab.target.client("sqs").set_queue_attributes(
        QueueUrl=copy.target.values[f"queue_url:{queue}"], Attributes={"VisibilityTimeout": "43200"}
    )

    assert found(copy.check().different) == {("Queue", queue, "VisibilityTimeout")}


def test_a_rule_too_many_and_a_rule_too_few_are_found(copy: Copy) -> None:
    network = copy.source.design.networks[0]
    ec2 = copy.lab.target.client("ec2")
    wide, narrow = (f"{network.name}/{group.name}" for group in network.groups[:2])
    open_rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}
    ec2.authorize_security_group_ingress(GroupId=copy.target.values[f"group_id:{wide}"], IpPermissions=[open_rule])
    group_id = copy.target.values[f"group_id:{narrow}"]
    kept = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]["IpPermissions"]
    ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=kept)

    wrong = found(copy.check().different)
    assert {name for _, _, name in wrong} == {"Rules"}
    assert {key.rsplit(" / ", 1)[1] for _, key, _ in wrong} == {network.groups[0].name, network.groups[1].name}


def test_bytes_metadata_and_a_lost_object_are_found(copy: Copy) -> None:
    bucket = next(each for each in copy.source.design.buckets if _plain_keys(each) >= 3)
    s3 = copy.lab.target.client("s3")
    there = f"{bucket.name}-moved"
    keys = sorted(item["Key"] for item in s3.list_objects_v2(Bucket=there)["Contents"])[:3]
    s3.delete_object(Bucket=there, Key=keys[0])
    s3.put_object(Bucket=there, Key=keys[1], Body=b"other", ContentType="x/y", Metadata={"a": "b"})
    s3.put_object_tagging(Bucket=there, Key=keys[2], Tagging={"TagSet": [{"Key": "planted", "Value": "1"}]})

    report = copy.check()

    assert ("Object", f"{bucket.name}/{keys[0]}", "") in found(report.missing)
    rewritten = {name for _, key, name in found(report.different) if key.endswith(keys[1])}
    assert {"version 1: content", "version 1: ContentType", "version 1: Metadata"} <= rewritten
    assert ("Object", f"{bucket.name}/{keys[2]}", "version 1: Tags") in found(report.different)


def _plain_keys(bucket: Any) -> int:
    if any(operation == "put_bucket_versioning" for operation, _ in bucket.settings):
        return 0
    last = {item.key: item.content for item in bucket.objects}
    return sum(content is not None for content in last.values())


def test_an_object_nobody_seeded_is_found_but_parked_ones_are_not(copy: Copy) -> None:
    bucket = copy.source.design.buckets[0].name
    s3 = copy.lab.target.client("s3")
    s3.put_object(Bucket=f"{bucket}-moved", Key="stray", Body=b"")
    s3.put_object(Bucket=f"{bucket}-moved", Key="resettle-park/code.zip", Body=b"")

    assert found(copy.check().different) == {("Object", f"{bucket}/stray", "existence")}


def test_a_lost_version_of_an_object_is_found(fresh: Lab, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    covers = dataclasses.replace(next(each for each in design().buckets if each.large), notification=None)
    empty: Any = {field.name: () for field in dataclasses.fields(design()) if field.name != "name"}
    drawn = dataclasses.replace(design(), **(empty | {"buckets": (covers,)}))
    mybrary.make(fresh.source, drawn, ledger=ledger)
    mybrary.make(fresh.target, moved(fresh, drawn))
    s3 = fresh.target.client("s3")
    bucket = "mybrary-book-covers-moved"
    listed = s3.list_object_versions(Bucket=bucket)
    oldest = [version for version in listed["Versions"] if version["Key"] == "covers/mythos.png"][-1]
    marker = next(each for each in listed["DeleteMarkers"] if each["IsLatest"])
    for gone in (oldest, marker):
        s3.delete_object(Bucket=bucket, Key=gone["Key"], VersionId=gone["VersionId"])

    report = check(ledger, fresh.target, fresh.source_account, fresh.target_account)

    names = {(key.split("/", 1)[1], name) for kind, key, name in found(report.different) if kind == "Object"}
    assert names == {
        ("covers/mythos.png", "versions: 3 sent, 2 found"),
        ("covers/withdrawn.png", "number of delete markers"),
        ("covers/withdrawn.png", "deleted or not"),
    }


def test_a_bucket_policy_that_was_never_seeded_is_found(copy: Copy) -> None:
    bucket = next(each for each in copy.source.design.buckets if "put_bucket_policy" not in dict(each.settings))
    there = f"{bucket.name}-moved"
    allow = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{copy.lab.source_account}:root"}}
    allow |= {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{there}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    copy.lab.target.client("s3").put_bucket_policy(Bucket=there, Policy=policy)

    report = copy.check()

    assert found(report.different) == {("Bucket", bucket.name, "Policy")}
    assert {(left.kind, left.found) for left in report.source_strings} == {("s3.get_bucket_policy", copy.lab.source_account)}


def test_a_source_queue_url_left_in_a_parameter_is_different_and_a_source_string(copy: Copy) -> None:
    name = next(each["Name"] for each in copy.source.design.parameters if each["Name"].endswith("/queue"))
    queue = copy.source.design.queues[-1].name
    url = copy.source.values[f"queue_url:{queue}"]
    copy.lab.target.client("ssm").put_parameter(Name=name, Value=url, Type="String", Overwrite=True)

    report = copy.check()

    assert ("Parameter", name, "Value") in found(report.different)
    assert url in {left.found for left in report.source_strings}


@pytest.mark.parametrize("wrap", ["{}", "https://{}.s3.ap-northeast-2.amazonaws.com/x", "s3://{}/x", "%2F{}%2F"])
def test_a_source_bucket_name_is_found_however_it_is_written(wrap: str, copy: Copy) -> None:
    bucket = copy.source.design.buckets[0].name
    copy.lab.target.client("ssm").put_parameter(Name="/stray", Value=wrap.format(bucket), Type="String")

    assert {left.found for left in copy.check().source_strings} == {bucket}


def test_base64_that_hides_a_source_bucket_is_found(copy: Copy) -> None:
    bucket = copy.source.design.buckets[0].name
    hidden = base64.b64encode(f'{{"bucket": "{bucket}"}}'.encode()).decode()
    copy.lab.target.client("ssm").put_parameter(Name="/stray", Value=hidden, Type="SecureString")

    assert {left.found for left in copy.check().source_strings} == {bucket}


def test_the_movers_own_tag_and_what_it_parked_are_no_leak(copy: Copy) -> None:
    account = copy.lab.source_account
    sqs = copy.lab.target.client("sqs")
    queue = copy.target.values[f"queue_url:{copy.source.design.queues[0].name}"]
    sqs.tag_queue(QueueUrl=queue, Tags={"resettle:step": f"made for {account}"})
    manager = copy.lab.target.client("secretsmanager")
    manager.create_secret(Name="resettle-park/x", SecretString=f"arn:aws:s3:::{account}")

    assert copy.check().clean


def test_a_changed_secret_is_found_and_its_value_not_shown(copy: Copy) -> None:
    name = copy.source.design.stored_secrets[1]["Name"]
    copy.lab.target.client("secretsmanager").put_secret_value(SecretId=name, SecretString="planted-password-0123")

    report = copy.check()

    shown = json.dumps(report.json(), ensure_ascii=False)
    assert found(report.different) == {("Secret", name, "SecretString")}
    assert "planted-password" not in shown
    assert not [secret for secret in copy.source.secrets if secret in shown]


def test_code_environment_and_permission_faults_are_found(copy: Copy) -> None:
    function = copy.source.design.functions[0]
    client = copy.lab.target.client("lambda")
    client.update_function_configuration(FunctionName=function.name, Environment={"Variables": {"BUCKET": "x"}})
    client.remove_permission(FunctionName=function.name, StatementId=function.grants[0]["StatementId"])

    names = {name for kind, key, name in found(copy.check().different) if kind == "Function"}
    assert {"Environment", "Environment.BUCKET", "Permissions"} <= names


def test_database_faults_are_found_rows_included(copy: Copy) -> None:
    name = copy.source.design.databases[0].name
    rows = rows_of(copy.lab.endpoint, copy.lab.source_account, name)
    write_rows(copy.lab.endpoint, copy.lab.target_account, name, rows)
    same = copy.check(rows={name: rows})
    write_rows(copy.lab.endpoint, copy.lab.target_account, name, "others")
    copy.lab.target.client("rds").modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=33, ApplyImmediately=True)

    report = copy.check(rows={name: rows})

    assert same.clean
    assert found(report.different) == {("DBInstance", name, "rows"), ("DBInstance", name, "BackupRetentionPeriod")}


def test_a_role_that_trusts_the_source_is_found(copy: Copy) -> None:
    role = copy.source.design.roles[0].name
    principal = {"AWS": f"arn:aws:iam::{copy.lab.source_account}:root"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    copy.lab.target.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=document)

    report = copy.check()

    assert ("Role", role, "AssumeRolePolicyDocument") in found(report.different)
    assert copy.lab.source_account in {left.found for left in report.source_strings}


def test_buckets_whose_names_begin_alike_are_matched_to_their_own_copies() -> None:
    wanted = {"shop-files": {"a"}, "shop-files-eu": {"b"}, "shop-empty": set[str](), "renamed": {"c", "d"}}
    there = {"shop-files-444": {"a"}, "shop-files-eu-444": {"b"}, "shop-empty-444": set[str](), "other": {"c", "d"}}

    pairs = matched.buckets(wanted, there)

    assert pairs == {
        "shop-files": "shop-files-444",
        "shop-files-eu": "shop-files-eu-444",
        "shop-empty": "shop-empty-444",
        "renamed": "other",
    }


def test_a_bucket_whose_copy_lacks_objects_is_still_matched_by_name() -> None:
    assert matched.buckets({"shop-files": {"a", "b"}}, {"shop-files-444": {"a"}, "else": {"z"}}) == {"shop-files": "shop-files-444"}


def test_what_was_sent_may_be_described_with_more_but_not_with_less() -> None:
    assert holds({"Rules": [{"ID": "a"}, {"ID": "b"}]}, {"Rules": [{"ID": "b", "x": 1}, {"ID": "a"}]})
    assert not holds({"Rules": [{"ID": "a"}]}, {"Rules": [{"ID": "a"}, {"ID": "b"}]})
    assert not holds({"Days": 3}, {"Days": 4})
    assert canonical({"Action": ["s3:GetObject"]}) == canonical({"Action": "s3:GetObject"})


def test_a_text_is_read_plain_url_decoded_and_out_of_base64() -> None:
    assert views("a%2Fb") == ("a%2Fb", "a/b")
    assert "hidden bucket name" in views("aGlkZGVuIGJ1Y2tldCBuYW1l")


def test_the_command_prints_json_and_exits_by_what_it_found(copy: Copy) -> None:
    command = [sys.executable, "-m", "resettle_lab.checker", "--ledger", str(copy.ledger)]
    command += ["--config-file", str(copy.lab.config_file)]

    clean = subprocess.run(command, capture_output=True, text=True, timeout=120)
    copy.lab.target.client("ssm").put_parameter(Name="/stray", Value=copy.lab.source_account, Type="String")
    spoilt = subprocess.run(command, capture_output=True, text=True, timeout=120)

    assert (clean.returncode, json.loads(clean.stdout)["clean"]) == (0, True)
    assert (spoilt.returncode, len(json.loads(spoilt.stdout)["source_strings"])) == (6, 1)


def test_every_request_that_makes_something_is_known_to_the_checker(made: Copy) -> None:
    from resettle_lab.checker.expected import HANDLERS
    from resettle_lab.checker.settings import BY_PUT

    sent = {f"{entry.service}:{entry.operation}" for entry in entries(made.ledger) if not entry.read}

    known = set(HANDLERS) | {f"s3:{name}" for name in BY_PUT} | {"sqs:SendMessageBatch"}
    assert sent <= known
