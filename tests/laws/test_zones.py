import pytest
from botocore.exceptions import ClientError


def zone_ids(session):
    zones = session.client("ec2").describe_availability_zones()["AvailabilityZones"]
    return {zone["ZoneName"]: zone["ZoneId"] for zone in zones}


def vpc_of(session):
    return session.client("ec2").create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]


def test_one_zone_name_means_different_zone_ids_in_the_two_accounts(source, target):
    ours, theirs = zone_ids(source), zone_ids(target)

    assert ours["ap-northeast-2a"] == "apne2-az1"
    assert set(ours) == set(theirs)
    assert set(ours.values()) == set(theirs.values())
    assert all(ours[name] != theirs[name] for name in ours)


def test_a_subnet_made_by_zone_id_bears_the_accounts_own_name_for_it(source, target):
    names = []
    for session in (source, target):
        ec2 = session.client("ec2")
        made = ec2.create_subnet(VpcId=vpc_of(session), CidrBlock="10.8.1.0/24", AvailabilityZoneId="apne2-az1")["Subnet"]
        seen = ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"][0]
        names.append((seen["AvailabilityZone"], seen["AvailabilityZoneId"], zone_ids(session)[seen["AvailabilityZone"]]))

    assert [zone_id for _, zone_id, _ in names] == ["apne2-az1", "apne2-az1"]
    assert [by_name for _, _, by_name in names] == ["apne2-az1", "apne2-az1"]
    assert names[0][0] != names[1][0]


def test_a_subnet_made_by_zone_name_bears_the_accounts_own_id_for_it(target):
    ec2 = target.client("ec2")

    made = ec2.create_subnet(VpcId=vpc_of(target), CidrBlock="10.8.1.0/24", AvailabilityZone="ap-northeast-2b")["Subnet"]

    assert made["AvailabilityZoneId"] == zone_ids(target)["ap-northeast-2b"]


def test_default_subnets_bear_the_accounts_own_ids(target):
    subnets = target.client("ec2").describe_subnets()["Subnets"]

    assert {each["AvailabilityZone"]: each["AvailabilityZoneId"] for each in subnets} == zone_ids(target)


def test_zones_and_subnets_are_found_by_zone_id(target):
    ec2 = target.client("ec2")

    by_id = ec2.describe_availability_zones(ZoneIds=["apne2-az1"])["AvailabilityZones"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "availability-zone-id", "Values": ["apne2-az1"]}])["Subnets"]

    assert [zone["ZoneId"] for zone in by_id] == ["apne2-az1"]
    assert [subnet["AvailabilityZone"] for subnet in subnets] == [by_id[0]["ZoneName"]]


@pytest.mark.parametrize("zone", [{"AvailabilityZone": "us-east-1a"}, {"AvailabilityZoneId": "use1-az1"}])
def test_a_zone_of_another_region_is_refused(source, zone):
    with pytest.raises(ClientError) as refused:
        source.client("ec2").create_subnet(VpcId=vpc_of(source), CidrBlock="10.8.1.0/24", **zone)

    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_zone_name_and_zone_id_together_are_refused(source):
    with pytest.raises(ClientError) as refused:
        source.client("ec2").create_subnet(
            VpcId=vpc_of(source),
            CidrBlock="10.8.1.0/24",
            AvailabilityZone="ap-northeast-2a",
            AvailabilityZoneId="apne2-az1",
        )

    assert refused.value.response["Error"]["Code"] == "InvalidParameterCombination"


def test_a_subnet_groups_zones_are_the_accounts_own(target):
    ec2, rds = target.client("ec2"), target.client("rds")
    vpc = vpc_of(target)
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.8.{index}.0/24", AvailabilityZoneId=f"apne2-az{index}")["Subnet"]
        for index in (1, 3)
    ]

    group = rds.create_db_subnet_group(
        DBSubnetGroupName="books",
        DBSubnetGroupDescription="books",
        SubnetIds=[subnet["SubnetId"] for subnet in subnets],
    )["DBSubnetGroup"]

    named = {subnet["SubnetAvailabilityZone"]["Name"] for subnet in group["Subnets"]}
    assert {zone_ids(target)[name] for name in named} == {"apne2-az1", "apne2-az3"}
