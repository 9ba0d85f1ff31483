"""The law of what holds a network together, broken with plain boto3 calls."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SOURCE = "111122223333"
ABSENT = "sg-0123456789abcdef0"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def http_from(group: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": group}]}


def ssh_from(cidr: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": cidr}]}


def named(ec2: Any, vpc: str, name: str) -> dict[str, Any]:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": [name]}]
    found: dict[str, Any] = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
    return found


@pytest.fixture
def ec2(source: boto3.Session) -> Any:
    return source.client("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    return ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def subnets(ec2: Any, vpc: str) -> list[str]:
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"ap-northeast-2{zone}")["Subnet"]["SubnetId"]
        for cidr, zone in (("10.0.1.0/24", "a"), ("10.0.2.0/24", "b"))
    ]


def group(ec2: Any, vpc: str, name: str) -> str:
    made: str = ec2.create_security_group(GroupName=name, Description="x", VpcId=vpc)["GroupId"]
    return made


def test_a_new_vpc_has_its_defaults(ec2: Any, vpc: str) -> None:
    own = [{"Name": "vpc-id", "Values": [vpc]}]

    default = named(ec2, vpc, "default")
    tables = ec2.describe_route_tables(Filters=own)["RouteTables"]
    acls = ec2.describe_network_acls(Filters=own)["NetworkAcls"]

    inside = default["IpPermissions"][0]
    assert (inside["IpProtocol"], inside["UserIdGroupPairs"][0]["GroupId"]) == ("-1", default["GroupId"])
    assert [one["Associations"][0]["Main"] for one in tables] == [True]
    assert [one["IsDefault"] for one in acls] == [True]


def test_a_new_group_lets_everything_out_and_nothing_in(ec2: Any, vpc: str) -> None:
    group(ec2, vpc, "web")

    found = named(ec2, vpc, "web")

    assert found["IpPermissions"] == []
    assert [one["CidrIp"] for one in found["IpPermissionsEgress"][0]["IpRanges"]] == ["0.0.0.0/0"]


def test_a_group_named_by_anothers_rule_is_held_until_the_rule_goes(ec2: Any, vpc: str) -> None:
    web, db = group(ec2, vpc, "web"), group(ec2, vpc, "db")
    ec2.authorize_security_group_ingress(GroupId=db, IpPermissions=[http_from(web)])
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[http_from(web)])

    held = refusal(ec2.delete_security_group, GroupId=web)
    ec2.revoke_security_group_ingress(GroupId=db, IpPermissions=[http_from(web)])
    ec2.delete_security_group(GroupId=web)

    assert held == "DependencyViolation"
    assert refusal(ec2.delete_security_group, GroupId=named(ec2, vpc, "default")["GroupId"]) == "CannotDelete"


def test_a_group_and_a_subnet_used_by_an_interface_are_held(ec2: Any, vpc: str, subnets: list[str]) -> None:
    web = group(ec2, vpc, "web")
    made = ec2.create_network_interface(SubnetId=subnets[0], Groups=[web])["NetworkInterface"]
    held = {
        refusal(ec2.delete_security_group, GroupId=web),
        refusal(ec2.delete_subnet, SubnetId=subnets[0]),
        refusal(ec2.delete_vpc, VpcId=vpc),
    }

    ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])
    ec2.delete_subnet(SubnetId=subnets[0])
    ec2.delete_security_group(GroupId=web)

    assert held == {"DependencyViolation"}
    assert refusal(ec2.create_network_interface, SubnetId=subnets[1], Groups=[ABSENT]) == "InvalidGroup.NotFound"


def test_a_database_holds_its_group_and_its_subnet(ec2: Any, vpc: str, subnets: list[str], source: boto3.Session) -> None:
    rds, db = source.client("rds"), group(ec2, vpc, "db")
    rds.create_db_subnet_group(DBSubnetGroupName="book", DBSubnetGroupDescription="x", SubnetIds=subnets)
    rds.create_db_instance(
        DBInstanceIdentifier="book-db",
        DBInstanceClass="db.t3.micro",
        Engine="mysql",
        EngineVersion="8.4.3",
        AllocatedStorage=20,
        DBSubnetGroupName="book",
        VpcSecurityGroupIds=[db],
        AvailabilityZone="ap-northeast-2a",
    )
    held = {refusal(ec2.delete_security_group, GroupId=db), refusal(ec2.delete_subnet, SubnetId=subnets[0])}

    rds.delete_db_instance(DBInstanceIdentifier="book-db", SkipFinalSnapshot=True)
    ec2.delete_security_group(GroupId=db)
    ec2.delete_subnet(SubnetId=subnets[0])

    assert held == {"DependencyViolation"}


def test_a_vpc_goes_only_when_it_is_empty_and_takes_its_defaults_along(ec2: Any, vpc: str) -> None:
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    with_gateway = refusal(ec2.delete_vpc, VpcId=vpc)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    web = group(ec2, vpc, "web")
    with_group = refusal(ec2.delete_vpc, VpcId=vpc)
    ec2.delete_security_group(GroupId=web)

    ec2.delete_vpc(VpcId=vpc)

    own = [{"Name": "vpc-id", "Values": [vpc]}]
    assert (with_gateway, with_group) == ("DependencyViolation", "DependencyViolation")
    assert ec2.describe_security_groups(Filters=own)["SecurityGroups"] == []
    assert ec2.describe_network_acls(Filters=own)["NetworkAcls"] == []
    assert ec2.describe_route_tables(Filters=own)["RouteTables"] == []


def test_rules_of_one_call_are_taken_together_or_not_at_all(ec2: Any, vpc: str) -> None:
    web = group(ec2, vpc, "web")
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[ssh_from("10.0.0.0/8")])

    twice = refusal(
        ec2.authorize_security_group_ingress,
        GroupId=web,
        IpPermissions=[ssh_from("192.168.0.0/16"), ssh_from("10.0.0.0/8")],
    )

    assert twice == "InvalidPermission.Duplicate"
    ranges = [one["CidrIp"] for one in named(ec2, vpc, "web")["IpPermissions"][0]["IpRanges"]]
    assert ranges == ["10.0.0.0/8"]


def test_a_rule_names_a_group_that_exists_in_its_own_network(ec2: Any, vpc: str, target: boto3.Session) -> None:
    web = group(ec2, vpc, "web")
    elsewhere = group(ec2, ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"], "elsewhere")
    abroad = target.client("ec2")
    theirs = group(abroad, abroad.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"], "theirs")

    codes = {
        refusal(ec2.authorize_security_group_ingress, GroupId=web, IpPermissions=[http_from(one)])
        for one in (ABSENT, elsewhere, theirs)
    }

    assert codes == {"InvalidGroup.NotFound"}
    assert named(ec2, vpc, "web")["IpPermissions"] == []


def test_a_groups_name_is_its_own_in_the_vpc(ec2: Any, vpc: str) -> None:
    group(ec2, vpc, "web")
    make = {"Description": "x", "VpcId": vpc}

    assert refusal(ec2.create_security_group, GroupName="web", **make) == "InvalidGroup.Duplicate"
    assert refusal(ec2.create_security_group, GroupName="sg-web", **make) == "InvalidParameterValue"
