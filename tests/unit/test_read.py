from pathlib import Path

import pytest
from tests.support.engine import (
    GROUP,
    KEY,
    LOG,
    QUEUE,
    REGISTRY,
    SECRET,
    SOURCE,
    VPC,
    Cloud,
    Move,
    denied,
    expired,
    failed,
)

from resettle.errors import CallFailed, CredentialsGone, Denied
from resettle.kind import Call, Kind, Make, Named, Read, Undo
from resettle.model import Side
from resettle.read import Reader
from resettle.registry import Registry
from resettle.scan import Scope, look

RULE = Kind(
    "AWS::EC2::Rule",
    "ec2",
    read=Read(within="AWS::EC2::SecurityGroup", each="IpPermissions", inherit=("GroupId",)),
    name=Named(id="IpProtocol"),
    make=Make(calls=(Call("authorize_security_group_ingress", fields=("GroupId",)),)),
    undo=Undo(delete=None),
)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud(Side.SOURCE, SOURCE)


def test_nothing_is_asked_twice_within_a_look(cloud: Cloud) -> None:
    cloud.kms_create_key({"Policy": "{}"})
    reader = Reader(cloud, REGISTRY)

    first, second = reader.all(KEY), reader.all(KEY)

    assert first == second
    assert [name for name, _ in cloud.calls] == [
        "kms_list_keys",
        "kms_describe_key",
        "kms_get_key_policy",
        "kms_list_resource_tags",
    ]


def test_a_thing_that_is_not_there_is_none(cloud: Cloud) -> None:
    reader = Reader(cloud, REGISTRY)

    assert reader.one(VPC, "vpc-unknown") is None
    assert reader.one(LOG, "unknown") is None
    assert reader.one(QUEUE, "https://unknown/q") is None


def test_one_thing_is_the_one_asked_for_and_not_its_neighbour(cloud: Cloud) -> None:
    for name in ("app", "app-two"):
        cloud.logs_create_log_group({"logGroupName": name})

    found = Reader(cloud, REGISTRY).one(LOG, "app")

    assert found is not None
    assert found.ref.id == "app"


def test_a_thing_that_went_between_the_list_and_the_look_is_left_out(cloud: Cloud) -> None:
    cloud.kms_create_key({"Policy": "{}"})
    cloud.before["kms_describe_key"] = [failed("NotFoundException")]

    assert Reader(cloud, REGISTRY).all(KEY) == []


def test_a_thing_that_may_not_be_read_is_a_gap_and_the_others_are_seen(cloud: Cloud) -> None:
    for _ in range(2):
        cloud.kms_create_key({"Policy": "{}"})
    cloud.before["kms_get_key_policy"] = [denied()]
    reader = Reader(cloud, REGISTRY, threads=1)

    found = reader.all(KEY)

    assert len(found) == 1
    assert [gap.name.split("/")[0] for gap in reader.gaps] == ["denied:AWS::KMS::Key"]


def test_a_strict_look_never_takes_denied_for_absent(cloud: Cloud) -> None:
    key = cloud.kms_create_key({"Policy": "{}"})["KeyMetadata"]["KeyId"]
    cloud.before["kms_get_key_policy"] = [denied(), denied()]

    with pytest.raises(Denied):
        Reader(cloud, REGISTRY, strict=True).one(KEY, key)
    with pytest.raises(Denied):
        Reader(cloud, REGISTRY, strict=True).all(KEY)


def test_any_other_failure_is_never_an_empty_list(cloud: Cloud) -> None:
    cloud.before["logs_describe_log_groups"] = [failed("InternalError")]

    with pytest.raises(CallFailed):
        Reader(cloud, REGISTRY).all(LOG)


def test_a_list_that_failed_is_asked_again(cloud: Cloud) -> None:
    cloud.logs_create_log_group({"logGroupName": "app"})
    cloud.before["logs_describe_log_groups"] = [failed("InternalError")]
    reader = Reader(cloud, REGISTRY)
    with pytest.raises(CallFailed):
        reader.all(LOG)

    assert len(reader.all(LOG)) == 1


def test_children_are_found_in_their_parents_and_bear_their_id(cloud: Cloud) -> None:
    group = cloud.ec2_create_security_group({"GroupName": "g", "Description": "d", "VpcId": "v"})["GroupId"]
    cloud.ec2_authorize_security_group_ingress({"GroupId": group, "IpPermissions": [{"IpProtocol": "tcp"}]})
    reader = Reader(cloud, Registry([GROUP, RULE]))

    (rule,) = reader.all(RULE)

    assert rule.ref.id == f"{group}|tcp"
    assert rule.spec == {"GroupId": group}
    assert reader.one(RULE, f"{group}|tcp") == rule
    assert reader.one(RULE, "sg-none|tcp") is None


def test_a_kind_that_cannot_be_listed_is_a_gap_and_the_others_are_seen(cloud: Cloud) -> None:
    cloud.logs_create_log_group({"logGroupName": "app"})
    cloud.before["ec2_describe_vpcs"] = [denied()]
    cloud.before["sqs_list_queues"] = [failed("InternalError")]

    found, gaps = look(Reader(cloud, REGISTRY), REGISTRY)

    assert [resource.ref.id for resource in found] == ["app"]
    assert [gap.name for gap in gaps] == ["denied:AWS::EC2::VPC", "unseen:AWS::SQS::Queue"]


def test_lost_credentials_end_the_look(cloud: Cloud) -> None:
    cloud.before["ec2_describe_vpcs"] = [expired()]

    with pytest.raises(CredentialsGone):
        look(Reader(cloud, REGISTRY), REGISTRY)


def test_ids_are_asked_for_in_batches(cloud: Cloud) -> None:
    detail = Call("describe_vpcs", each="Vpcs[].{VpcId: VpcId, More: CidrBlock}", batch=("VpcIds", 2, "VpcId"))
    kind = Kind(VPC.type, "ec2", Read(list=Call("describe_vpcs", each="Vpcs[]"), detail=(detail,)), VPC.name, VPC.make, VPC.undo)
    for at in range(5):
        cloud.ec2_create_vpc({"CidrBlock": f"10.{at}.0.0/16"})

    found = Reader(cloud, Registry([kind])).all(kind)

    assert sorted(len(params["VpcIds"]) for params in cloud.sent("ec2_describe_vpcs") if params) == [1, 2, 2]
    assert {resource.live["More"] for resource in found} == {f"10.{at}.0.0/16" for at in range(5)}


def test_details_that_a_list_of_all_tells_are_asked_for_once(cloud: Cloud) -> None:
    detail = Call("describe_vpcs", {"DryRun": False}, each="Vpcs[].{VpcId: VpcId, More: CidrBlock}", batch=("", 0, "VpcId"))
    some = Call("describe_vpcs", each="Vpcs[?CidrBlock!='10.0.0.0/16']")
    kind = Kind(VPC.type, "ec2", Read(list=some, detail=(detail,)), VPC.name, VPC.make, VPC.undo)
    for at in range(3):
        cloud.ec2_create_vpc({"CidrBlock": f"10.{at}.0.0/16"})

    found = Reader(cloud, Registry([kind])).all(kind)

    assert cloud.sent("ec2_describe_vpcs") == [{}, {"DryRun": False}]
    assert {resource.live["More"] for resource in found} == {"10.1.0.0/16", "10.2.0.0/16"}


def test_a_scan_says_of_what_it_has_no_kind_although_a_name_is_the_same(tmp_path: Path) -> None:
    move = Move(tmp_path)
    move.source.logs_create_log_group({"logGroupName": "mybrary"})
    group = f"arn:aws:logs:ap-northeast-2:{SOURCE}:log-group:mybrary"
    others = (f"arn:aws:ecs:ap-northeast-2:{SOURCE}:cluster/mybrary", group.replace("log-group", "destination"))
    move.source.things["tagged"] = {arn: {"ResourceARN": arn, "Tags": []} for arn in (group, *others)}

    gaps = move.scan().gaps

    assert [gap.name for gap in gaps] == ["no-kind:ecs/cluster", "no-kind:logs/destination"]


def test_a_scope_of_tags_takes_what_bears_them_and_not_what_has_the_same_id(tmp_path: Path) -> None:
    move = Move(tmp_path)
    move.registry = Registry([SECRET, VPC])
    tags = [{"Key": "Project", "Value": "mybrary"}]
    move.source.secretsmanager_create_secret({"Name": "vpc-1", "SecretString": "x", "Tags": tags})
    move.source.secretsmanager_create_secret({"Name": "other", "SecretString": "x"})
    move.source.things["vpc"]["vpc-1"] = {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "Tags": []}

    found = move.scan(Scope(tags=(("Project", "mybrary"),)))

    assert [str(item.ref) for item in found.resources] == ["AWS::SecretsManager::Secret/vpc-1"]
    assert len(found.outside) == 2


def test_an_excluded_kind_is_not_asked_for(tmp_path: Path) -> None:
    move = Move(tmp_path)

    move.scan(Scope(exclude=("AWS::Logs::*",)))

    assert move.source.sent("logs_describe_log_groups") == []
