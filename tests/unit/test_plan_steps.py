import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.engine import (
    BUCKET,
    DATABASE,
    GROUP,
    KEY,
    LOG,
    QUEUE,
    SECRET,
    SOURCE,
    TARGET,
    VPC,
    Move,
    policy,
)

from resettle.errors import BadInput, PlanMismatch
from resettle.kind import Call, Content, Kind
from resettle.model import Ref, Side, Stage
from resettle.plan import read, step_id, write
from resettle.plan.make import Wishes, make_plan
from resettle.registry import Registry


@pytest.fixture
def move(tmp_path: Path) -> Move:
    return Move(tmp_path)


def with_late_tie(kind: Kind, call: Call) -> Kind:
    return replace(kind, make=replace(kind.make, late=(call,)))


def test_the_same_inventory_gives_the_same_bytes(move: Move) -> None:
    move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": "hunter2"})
    move.source.things["db"]["orders"] = {"DBInstanceIdentifier": "orders", "DBInstanceClass": "db.t3.micro"}

    first, second = write(move.planned()), write(move.planned())

    assert first == second
    assert "hunter2" not in first


def test_what_is_learned_is_no_part_of_the_plan(move: Move) -> None:
    move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})
    plan = move.planned()
    before = plan.hash()

    plan.book({(plan.inventory.resources[0].ref, "id"): "vpc-new"})

    assert plan.hash() == before


def test_a_plan_reads_back_as_it_was_written(move: Move) -> None:
    move.source.things["db"]["orders"] = {"DBInstanceIdentifier": "orders", "DBInstanceClass": "db.t3.micro"}
    plan = move.planned("rows:AWS::RDS::DBInstance/orders")

    again = read(write(plan))

    assert again == plan
    assert again.open_gaps() == []


def test_a_plan_that_was_altered_is_refused(move: Move) -> None:
    data = json.loads(write(move.planned()))
    data["target"] = "999988887777"

    for text in (json.dumps(data), "[]", "{}", "no json", '{"version": 1, "hash": 1}'):
        with pytest.raises(PlanMismatch):
            read(text)


def test_a_step_keeps_its_id_whatever_else_is_in_the_plan(move: Move) -> None:
    move.source.logs_create_log_group({"logGroupName": "app"})
    before = {step.id for step in move.planned().steps}

    move.source.logs_create_log_group({"logGroupName": "more"})
    after = {step.id for step in move.planned().steps}

    assert before < after


def test_the_digest_of_a_step_changes_with_what_it_makes(move: Move) -> None:
    move.source.logs_create_log_group({"logGroupName": "app"})
    move.planned()
    before = move.step("make", "LogGroup").digest

    move.source.things["log"]["app"]["retentionInDays"] = 7
    move.planned()

    assert move.step("make", "LogGroup").digest != before


def test_a_thing_is_made_after_what_it_names(move: Move) -> None:
    vpc = move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    move.source.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": vpc})
    move.planned()

    group = move.step("make", "SecurityGroup")

    assert move.step("make", "VPC").id in group.needs


def test_groups_that_name_each_other_make_no_circle(move: Move) -> None:
    for name in ("a", "b"):
        move.source.ec2_create_security_group({"GroupName": name, "Description": "d", "VpcId": "v"})
    one, two = move.source.things["sg"]
    for here, there in ((one, two), (two, one)):
        rule = {"IpProtocol": "tcp", "UserIdGroupPairs": [{"GroupId": there}]}
        move.source.ec2_authorize_security_group_ingress({"GroupId": here, "IpPermissions": [rule]})
    plan = move.planned()

    first, second = move.step("make", "SecurityGroup", one).id, move.step("make", "SecurityGroup", two).id

    assert set(move.step("configure", "SecurityGroup", one).needs) == {first, second}
    assert plan.steps.index(plan.by_id()[first]) < plan.steps.index(move.step("configure", "SecurityGroup", two))


def test_a_circle_that_remains_is_told_by_its_path(move: Move) -> None:
    early = replace(
        GROUP,
        make=replace(GROUP.make, calls=(Call("create_security_group"), Call("authorize_security_group_ingress")), late=()),
    )
    move.registry = Registry([early, KEY, BUCKET])
    for name in ("a", "b"):
        move.source.ec2_create_security_group({"GroupName": name, "Description": "d", "VpcId": "v"})
    one, two = move.source.things["sg"].values()
    one["IpPermissions"], two["IpPermissions"] = (
        [{"GroupId": two["GroupId"], "IpProtocol": two["GroupId"]}],
        [{"IpProtocol": one["GroupId"]}],
    )

    with pytest.raises(BadInput) as caught:
        move.planned()

    assert one["GroupId"] in str(caught.value)
    assert two["GroupId"] in str(caught.value)


def test_all_that_parking_needs_is_made_in_park_and_the_rest_in_build(move: Move) -> None:
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": "hunter2"})
    plan = move.planned()

    stages = {str(step): step.stage for step in plan.steps}

    assert stages["make new:AWS::S3::Bucket/park"] is Stage.PARK
    assert stages["make new:AWS::KMS::Key/park"] is Stage.PARK
    assert stages["park AWS::SecretsManager::Secret/db"] is Stage.PARK
    assert stages["make AWS::SecretsManager::Secret/db"] is Stage.BUILD


def test_hops_come_in_order_and_the_making_after_the_last(move: Move) -> None:
    move.source.things["db"]["orders"] = {"DBInstanceIdentifier": "orders", "DBInstanceClass": "db.t3.micro"}
    plan = move.planned()

    names = [step.action for step in plan.steps if "DBInstance" in step.ref.kind]
    made = move.step("make", "DBInstance")

    assert [name for name in names if name != "hop:movekey"] == ["hop:taken", "hop:shared", "hop:landed", "make"]
    assert {move.step(name, "DBInstance").id for name in ("hop:taken", "hop:shared", "hop:landed")} <= set(made.needs)
    assert made.stage is Stage.BUILD


def test_a_shared_hop_is_one_step_for_the_whole_plan(move: Move) -> None:
    for name in ("orders", "users"):
        move.source.things["db"][name] = {"DBInstanceIdentifier": name, "DBInstanceClass": "db.t3.micro"}
    plan = move.planned()

    shared = [step for step in plan.steps if step.action == "hop:movekey"]
    landed = [step for step in plan.steps if step.action == "hop:landed"]

    assert len(shared) == 1
    assert len(landed) == 2
    assert all(shared[0].id in step.needs for step in landed)


def test_every_write_to_the_source_is_listed_with_its_undo(move: Move) -> None:
    move.source.things["db"]["orders"] = {"DBInstanceIdentifier": "orders", "DBInstanceClass": "db.t3.micro"}
    plan = move.planned()

    writes = {write.operation: write for write in plan.writes()}

    assert set(writes) == {"rds:CreateDBSnapshot", "rds:ModifyDBSnapshotAttribute", "kms:CreateKey"}
    assert all(write.undo and write.resource and write.why for write in writes.values())
    assert all(step.stage is Stage.PARK for step in plan.steps if step.writes)


def test_content_waits_until_its_source_admits_the_target(move: Move) -> None:
    content = Content(carrier="objects", vessel=True, admits=("self",))
    bucket = replace(BUCKET, make=replace(BUCKET.make, content=content))
    move.registry = Registry([bucket, KEY])
    move.source.s3_create_bucket({"Bucket": "mybrary-media"})
    plan = move.planned()

    copy, grant = move.step("copy", "Bucket"), move.step("grant", "Bucket")

    assert set(copy.needs) == {grant.id, move.step("make", "Bucket", "mybrary-media").id}
    assert [write.operation for write in plan.writes()] == ["s3:PutBucketPolicy"]
    assert plan.writes()[0].undo == "s3:PutBucketPolicy|s3:DeleteBucketPolicy"
    assert move.step("make", "Bucket", "mybrary-media").stage is Stage.PARK


def test_settled_waits_for_the_late_fields_of_what_is_named_too(move: Move) -> None:
    log = replace(LOG, name=replace(LOG.name, settled=("AWS::EC2::SecurityGroup",)))
    move.registry = Registry([log, GROUP, KEY, BUCKET])
    group = move.source.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": "v"})["GroupId"]
    move.source.logs_create_log_group({"logGroupName": f"/group/{group}"})
    move.planned()

    needs = move.step("make", "LogGroup").needs

    assert {move.step("make", "SecurityGroup").id, move.step("configure", "SecurityGroup").id} <= set(needs)


def test_after_waits_for_everything_that_names_the_same_thing(move: Move) -> None:
    log = replace(LOG, name=replace(LOG.name, after={"AWS::EC2::SecurityGroup": "AWS::EC2::VPC"}))
    move.registry = Registry([log, GROUP, VPC, KEY, BUCKET])
    vpc = move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    move.source.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": vpc})
    move.source.logs_create_log_group({"logGroupName": f"/flow/{vpc}"})
    move.planned()

    assert move.step("make", "SecurityGroup").id in move.step("make", "LogGroup").needs


def test_a_field_with_a_first_value_waits_only_if_it_names_other_things(move: Move) -> None:
    key = move.source.kms_create_key({"Policy": policy("Root")})["KeyMetadata"]["KeyId"]
    group = move.source.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": "v"})["GroupId"]
    tied = move.source.kms_create_key({"Policy": json.dumps({"Statement": [{"Sid": "T", "Resource": group}]})})["KeyMetadata"][
        "KeyId"
    ]
    plan = move.planned()

    configured = {step.ref.id for step in plan.steps if step.action == "configure" and "Key" in step.ref.kind}

    assert configured == {tied}
    assert key not in configured


def test_the_parking_bucket_names_the_target_and_not_the_source(move: Move) -> None:
    plan = move.planned()

    names = [text for (ref, _), text in plan.decided.items() if ref.side is Side.NEW]

    assert len(names) == 1
    assert TARGET in names[0]
    assert SOURCE not in names[0]


def test_two_buckets_never_get_one_name(move: Move) -> None:
    for name in ("mybrary-media", "mybrary-backup"):
        move.source.s3_create_bucket({"Bucket": name})

    with pytest.raises(BadInput):
        make_plan(move.scan(), [], [], move.registry, TARGET, Wishes(bucket="all-in-{target_account}"))


def test_of_aws_own_things_only_those_that_matter_are_in_the_plan(move: Move) -> None:
    vpc = move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    for place in (vpc, "vpc-elsewhere"):
        move.source.ec2_create_security_group({"GroupName": "default", "Description": "d", "VpcId": place})
    plan = move.planned()

    defaults = [item for item in plan.inventory.resources if item.theirs]

    assert [item.spec["VpcId"] for item in defaults] == [vpc]


def test_step_ids_tell_sides_kinds_actions_and_accounts_apart() -> None:
    ids = {
        step_id(account, Ref(side, "r", kind.type, "x"), action)
        for account in (SOURCE, TARGET)
        for side in (Side.SOURCE, Side.NEW)
        for kind in (QUEUE, SECRET, DATABASE)
        for action in ("make", "configure")
    }

    assert len(ids) == 24
