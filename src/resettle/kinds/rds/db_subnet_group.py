"""RDS DB subnet group. Its subnets are the successors of those that it names; which VPC it stands in follows from them."""

from resettle.kind import Call, Kind, Make, Named, Read, Undo, Until, strong, weak

NOT_THERE = ("DBSubnetGroupNotFoundFault",)

KIND = Kind(
    "AWS::RDS::DBSubnetGroup",
    "rds",
    read=Read(
        list=Call("describe_db_subnet_groups", each="DBSubnetGroups[]"),
        one={"DBSubnetGroupName": "{self}"},
        where="DBSubnetGroupName!='default'",
        tags=Call("list_tags_for_resource", {"ResourceName": "{DBSubnetGroupArn}"}, at="TagList", into="Tags"),
        rename={"SubnetIds": "Subnets[].SubnetIdentifier"},
        drop={
            "SubnetGroupStatus": "read only",
            "SupportedNetworkTypes": "follows from the subnets",
            "VpcId": "follows from the subnets",
        },
        sets=("SubnetIds",),
        gone=NOT_THERE,
    ),
    name=Named(
        id="DBSubnetGroupName",
        names={"arn": strong("DBSubnetGroupArn"), "name": weak("DBSubnetGroupName")},
        key=("DBSubnetGroupName",),
    ),
    make=Make(
        calls=(Call("create_db_subnet_group"),),
        id="DBSubnetGroup.DBSubnetGroupName",
        ready=Until(path="SubnetGroupStatus", good=("Complete",), within=120, every=2),
        taken=("DBSubnetGroupAlreadyExists",),
        settles=5,
        retry=("InvalidSubnet",),  # a subnet that was just made
    ),
    undo=Undo(delete=Call("delete_db_subnet_group", {"DBSubnetGroupName": "{self}"}), gone=NOT_THERE),
)
