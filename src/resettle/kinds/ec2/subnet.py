"""Subnet. It stands in the same zone by zone id: zone letters differ between accounts."""

from resettle.kind import Call, Kind, Make, Named, Read, Undo, Until, extent, strong

NAME_OPTIONS = "PrivateDnsNameOptionsOnLaunch"

KIND = Kind(
    "AWS::EC2::Subnet",
    "ec2",
    read=Read(
        list=Call("describe_subnets", each="Subnets[]"),
        one={"SubnetIds": ["{self}"]},
        tags="Tags",
        rename={
            "PrivateDnsHostnameTypeOnLaunch": f"{NAME_OPTIONS}.HostnameType",
            "EnableResourceNameDnsARecordOnLaunch": f"{NAME_OPTIONS}.EnableResourceNameDnsARecord",
            "EnableResourceNameDnsAAAARecordOnLaunch": f"{NAME_OPTIONS}.EnableResourceNameDnsAAAARecord",
        },
        drop={
            "AvailabilityZone": "its letter is per account, the zone id is kept",
            "AvailableIpAddressCount": "read only",
            "BlockPublicAccessStates": "a setting of the account",
            "CustomerOwnedIpv4Pool": "belongs to an Outpost, which does not move",
            "EnableLniAtDeviceIndex": "belongs to an Outpost, which does not move",
            "Ipv6CidrBlockAssociationSet": "an Amazon-provided range cannot be kept",
            "Ipv6Native": "an IPv6-only subnet has no range that could be kept",
            "MapCustomerOwnedIpOnLaunch": "belongs to an Outpost, which does not move",
            "OutpostArn": "an Outpost does not move",
            "OwnerId": "per account",
            "Type": "read only",
        },
        absent={
            "AssignIpv6AddressOnCreation": False,
            "EnableDns64": False,
            "EnableResourceNameDnsAAAARecordOnLaunch": False,
            "EnableResourceNameDnsARecordOnLaunch": False,
            "MapPublicIpOnLaunch": False,
            "PrivateDnsHostnameTypeOnLaunch": "ip-name",
        },
        gone=("InvalidSubnetID.NotFound",),
    ),
    name=Named(id="SubnetId", names={"id": strong("SubnetId"), "arn": strong("SubnetArn"), "cidr": extent("CidrBlock")}),
    make=Make(
        calls=(Call("create_subnet"), Call("modify_subnet_attribute", {"SubnetId": "{self}"}, split=True)),
        id="Subnet.SubnetId",
        tag_type="subnet",
        ready=Until(path="State", good=("available",), within=120, every=2),
        settles=5,
        theirs="DefaultForAz",
        theirs_by=("VpcId", "AvailabilityZoneId"),
    ),
    undo=Undo(delete=Call("delete_subnet", {"SubnetId": "{self}"}), gone=("InvalidSubnetID.NotFound",)),
)
