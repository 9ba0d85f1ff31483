"""Makes VPCs, subnets and security groups; group rules last, since groups name each other in cycles."""

from __future__ import annotations

from typing import Any

from resettle_lab.seed.design import Group, Network, Rule, Subnet
from resettle_lab.seed.making import WAIT, Making, tag_list


def make(making: Making, networks: tuple[Network, ...]) -> None:
    """Make each network in turn; learned as `vpc_id:vpc`, `subnet_id:vpc/subnet`, `group_id:vpc/group`."""
    for network in networks:
        _make_one(making, network)


def _make_one(making: Making, network: Network) -> None:
    ec2 = making.client("ec2")
    vpc = ec2.create_vpc(CidrBlock=network.cidr, TagSpecifications=_tags("vpc", network.name, network.name))
    vpc_id = vpc["Vpc"]["VpcId"]
    making.learn("vpc_id", network.name, vpc_id)
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc_id], WaiterConfig=WAIT)
    # DNS support stands before host names, one attribute a call: ModifyVpcAttribute.
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": True})
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": network.hostnames})
    for subnet in network.subnets:
        _make_subnet(making, vpc_id, subnet, network.name)
    for group in network.groups:
        made = ec2.create_security_group(
            GroupName=group.name,
            Description=group.note,
            VpcId=vpc_id,
            TagSpecifications=_tags("security-group", group.name, network.name),
        )
        making.learn("group_id", f"{network.name}/{group.name}", made["GroupId"])
    for group in network.groups:
        _make_rules(making, network.name, group)


def _tags(kind: str, name: str, project: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": tag_list({"Name": name, "Project": project})}]


def _make_subnet(making: Making, vpc_id: str, subnet: Subnet, project: str) -> None:
    ec2 = making.client("ec2")
    made = ec2.create_subnet(
        VpcId=vpc_id,
        CidrBlock=subnet.cidr,
        AvailabilityZone=f"{making.region}{subnet.zone}",
        TagSpecifications=_tags("subnet", subnet.name, project),
    )
    subnet_id = made["Subnet"]["SubnetId"]
    making.learn("subnet_id", f"{project}/{subnet.name}", subnet_id)
    if subnet.public:
        ec2.modify_subnet_attribute(SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})


def _make_rules(making: Making, network: str, group: Group) -> None:
    ec2 = making.client("ec2")
    group_id = making.values[f"group_id:{network}/{group.name}"]
    if not group.open_egress:
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=[everything])
    entering = [_permission(making, network, rule) for rule in group.rules if not rule.egress]
    leaving = [_permission(making, network, rule) for rule in group.rules if rule.egress]
    if entering:
        ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=entering)
    if leaving:
        ec2.authorize_security_group_egress(GroupId=group_id, IpPermissions=leaving)


def _permission(making: Making, network: str, rule: Rule) -> dict[str, Any]:
    note = {"Description": rule.note} if rule.note else {}
    permission: dict[str, Any] = {"IpProtocol": rule.protocol}
    if rule.protocol != "-1":
        permission |= {"FromPort": rule.low, "ToPort": rule.high if rule.high >= 0 else rule.low}
    if "/" in rule.peer:
        return permission | {"IpRanges": [{"CidrIp": rule.peer, **note}]}
    return permission | {"UserIdGroupPairs": [{"GroupId": making.values[f"group_id:{network}/{rule.peer}"], **note}]}
