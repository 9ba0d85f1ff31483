"""Networks: ranges, attributes and tags of VPCs and subnets; groups in a circle with rules of every sort."""

from __future__ import annotations

from typing import Any

TYPES = ("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup")


def _tags(sort: str, **tags: str) -> list[dict[str, Any]]:
    return [{"ResourceType": sort, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def _vpc(ec2: Any, cidr: str, name: str, **more: Any) -> str:
    made: str = ec2.create_vpc(CidrBlock=cidr, TagSpecifications=_tags("vpc", Name=name), **more)["Vpc"]["VpcId"]
    return made


def seed_vpc(session: Any) -> None:
    """A VPC with further ranges and all attributes turned, one with names for hosts, one with nothing said."""
    ec2 = session.client("ec2")
    rich = _vpc(ec2, "10.1.0.0/16", "seed-rich", InstanceTenancy="dedicated")
    for cidr in ("10.2.0.0/20", "100.64.0.0/20"):
        ec2.associate_vpc_cidr_block(VpcId=rich, CidrBlock=cidr)
    ec2.modify_vpc_attribute(VpcId=rich, EnableDnsSupport={"Value": False})
    ec2.modify_vpc_attribute(VpcId=rich, EnableNetworkAddressUsageMetrics={"Value": True})
    ec2.create_tags(Resources=[rich], Tags=[{"Key": "empty", "Value": ""}, {"Key": "한글", "Value": "값 & =+"}])
    hosts = _vpc(ec2, "10.3.0.0/16", "seed-hosts")
    ec2.modify_vpc_attribute(VpcId=hosts, EnableDnsHostnames={"Value": True})
    ec2.create_vpc(CidrBlock="10.1.0.0/16")


def seed_subnet(session: Any) -> None:
    """Subnets of every zone, one in a further range, one with every attribute turned."""
    ec2 = session.client("ec2")
    vpc = _vpc(ec2, "10.0.0.0/16", "seed-subnets")
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.9.0.0/24")
    region = session.region_name
    for number, zone in enumerate("abc"):
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.0.{number}.0/24",
            AvailabilityZone=f"{region}{zone}",
            TagSpecifications=_tags("subnet", Name=f"seed-{zone}", Tier="private"),
        )
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.128/25", AvailabilityZone=f"{region}a")
    rich = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.128.0/20", AvailabilityZone=f"{region}b")["Subnet"]["SubnetId"]
    for attribute, value in (
        ("MapPublicIpOnLaunch", {"Value": True}),
        ("EnableResourceNameDnsARecordOnLaunch", {"Value": True}),
        ("PrivateDnsHostnameTypeOnLaunch", "resource-name"),
    ):
        ec2.modify_subnet_attribute(SubnetId=rich, **{attribute: value})


def _tcp(first: int, last: int, **source: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, **source}


def seed_security_group(session: Any) -> None:
    """Two groups that name each other, one that names itself, and rules by range, prefix list, protocol and ICMP type."""
    ec2 = session.client("ec2")
    vpc = _vpc(ec2, "10.4.0.0/16", "seed-groups")
    web, data = (
        ec2.create_security_group(
            GroupName=f"seed-{name}",
            Description=f"Seeded: {name}",
            VpcId=vpc,
            TagSpecifications=_tags("security-group", Name=name, Project="seed"),
        )["GroupId"]
        for name in ("web", "data")
    )
    ranges = [{"CidrIp": "0.0.0.0/0", "Description": "everyone"}, {"CidrIp": "10.4.0.0/16"}, {"CidrIp": "203.0.113.7/32"}]
    rules = [
        _tcp(443, 443, IpRanges=ranges, Ipv6Ranges=[{"CidrIpv6": "::/0", "Description": "everyone by IPv6"}]),
        _tcp(8000, 8099, UserIdGroupPairs=[{"GroupId": data, "Description": "from the data"}, {"GroupId": web}]),
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "echo"}]},
        {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "10.4.0.2/32"}]},
    ]
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=rules)
    ec2.authorize_security_group_ingress(GroupId=data, IpPermissions=[_tcp(5432, 5432, UserIdGroupPairs=[{"GroupId": web}])])
    ec2.authorize_security_group_ingress(
        GroupId=data, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": data}]}]
    )
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.revoke_security_group_egress(GroupId=data, IpPermissions=[everything])
    ec2.authorize_security_group_egress(GroupId=data, IpPermissions=[_tcp(443, 443, IpRanges=[{"CidrIp": "10.4.0.0/16"}])])


def seed_default_group(session: Any) -> None:
    """A VPC whose default group was emptied and given rules of its own; one whose default group another names."""
    ec2 = session.client("ec2")
    vpc = _vpc(ec2, "10.5.0.0/16", "seed-default")
    default = _default(ec2, vpc)
    ec2.revoke_security_group_ingress(
        GroupId=default, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": default}]}]
    )
    ec2.authorize_security_group_ingress(GroupId=default, IpPermissions=[_tcp(22, 22, IpRanges=[{"CidrIp": "10.5.0.0/24"}])])
    ec2.revoke_security_group_egress(GroupId=default, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    other = _vpc(ec2, "10.6.0.0/16", "seed-default-named")
    group = ec2.create_security_group(GroupName="seed-behind", Description="Behind the default group", VpcId=other)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[_tcp(80, 80, UserIdGroupPairs=[{"GroupId": _default(ec2, other)}])]
    )


def _default(ec2: Any, vpc: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    found: str = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    return found
