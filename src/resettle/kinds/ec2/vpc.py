"""VPC. Its default group, main route table and default network ACL are AWS's own and are mapped, not made."""

from typing import Any

from resettle.kind import Call, Human, Kind, Make, Named, Read, Undo, Until, extent, strong


def _attribute(name: str, field: str) -> Call:
    """DescribeVpcAttribute answers one attribute a call."""
    return Call("describe_vpc_attribute", {"VpcId": "{VpcId}", "Attribute": name}, at=f"{{{field}: {field}.Value}}")


def further_ranges(live: dict[str, Any]) -> dict[str, Any]:
    """The ranges besides the first, which CreateVpc takes; the set that holds them all has no order."""
    ranges = live.get("CidrBlockAssociationSet", ())
    standing = [part["CidrBlock"] for part in ranges if part["CidrBlockState"]["State"] == "associated"]
    return {"SecondaryCidrBlocks": [cidr for cidr in standing if cidr != live["CidrBlock"]]}


KIND = Kind(
    "AWS::EC2::VPC",
    "ec2",
    read=Read(
        list=Call("describe_vpcs", each="Vpcs[]"),
        one={"VpcIds": ["{self}"]},
        detail=(
            _attribute("enableDnsSupport", "EnableDnsSupport"),
            _attribute("enableDnsHostnames", "EnableDnsHostnames"),
            _attribute("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics"),
        ),
        tags="Tags",
        derive=further_ranges,
        drop={
            "DhcpOptionsId": "the account's default options, until there is a kind for them",
            "OwnerId": "per account",
            "Ipv6CidrBlockAssociationSet": "an Amazon-provided range cannot be kept",
            "EncryptionControl": "off unless asked for, and there is no kind for it",
            "BlockPublicAccessStates": "a setting of the account",
        },
        absent={"EnableNetworkAddressUsageMetrics": False, "SecondaryCidrBlocks": []},
        sets=("SecondaryCidrBlocks",),
        gone=("InvalidVpcID.NotFound",),
    ),
    name=Named(id="VpcId", names={"id": strong("VpcId"), "cidr": extent("CidrBlock")}),
    make=Make(
        calls=(
            Call("create_vpc"),
            Call("modify_vpc_attribute", {"VpcId": "{self}"}, fields=("EnableDnsSupport",)),  # hostnames need support
            Call("modify_vpc_attribute", {"VpcId": "{self}"}, split=True),
            Call("associate_vpc_cidr_block", {"VpcId": "{self}", "CidrBlock": "{item}"}, each="SecondaryCidrBlocks"),
        ),
        id="Vpc.VpcId",
        tag_type="vpc",
        ready=Until(path="State", good=("available",), within=120, every=2),
        settles=5,
        theirs="IsDefault",
    ),
    undo=Undo(delete=Call("delete_vpc", {"VpcId": "{self}"}), gone=("InvalidVpcID.NotFound",)),
    human=Human(caveats=("the range is kept, so this VPC and its successor cannot be peered",)),
)
