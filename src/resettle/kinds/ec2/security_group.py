"""Security group. It is made without rules; the rules follow when every group that they name stands, so cycles dissolve."""

from typing import Any

from resettle.kind import Call, Kind, Make, Named, Read, SetDiff, Undo, strong, weak

SOURCES = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")


def one_rule_each(live: dict[str, Any]) -> dict[str, Any]:
    """Each rule with one source, as AWS counts them: describe groups them by port, and any grouping means the same."""
    return {
        way: [rule for group in live.get(way, ()) for rule in _rules(group)] for way in ("IpPermissions", "IpPermissionsEgress")
    }


def _rules(group: dict[str, Any]) -> list[dict[str, Any]]:
    ports = {name: group[name] for name in ("IpProtocol", "FromPort", "ToPort") if group.get(name) is not None}
    return [
        {**ports, sort: [{name: text for name, text in source.items() if name in KEPT and text}]}
        for sort in SOURCES
        for source in group.get(sort, ())
    ]


KEPT = ("CidrIp", "CidrIpv6", "PrefixListId", "GroupId", "UserId", "Description")


def _rule_calls(way: str) -> tuple[Call, Call]:
    send = {"GroupId": "{self}", "IpPermissions": "{items}"}
    return (
        Call(f"authorize_security_group_{way}", send, already=("InvalidPermission.Duplicate",)),
        Call(f"revoke_security_group_{way}", send, already=("InvalidPermission.NotFound",)),
    )


KIND = Kind(
    "AWS::EC2::SecurityGroup",
    "ec2",
    read=Read(
        list=Call("describe_security_groups", each="SecurityGroups[]"),
        one={"GroupIds": ["{self}"]},
        tags="Tags",
        derive=one_rule_each,
        drop={"OwnerId": "per account"},
        sets=("IpPermissions", "IpPermissionsEgress"),
        gone=("InvalidGroup.NotFound", "InvalidGroupId.Malformed"),
    ),
    name=Named(
        id="GroupId",
        names={"id": strong("GroupId"), "arn": strong("SecurityGroupArn"), "name": weak("GroupName")},
        key=("VpcId", "GroupName"),
    ),
    make=Make(
        calls=(Call("create_security_group"),),
        late=(
            SetDiff("IpPermissions", *_rule_calls("ingress")),
            SetDiff("IpPermissionsEgress", *_rule_calls("egress")),
        ),
        id="GroupId",
        tag_type="security-group",
        taken=("InvalidGroup.Duplicate",),
        settles=5,
        theirs="GroupName=='default'",
        theirs_by=("VpcId", "GroupName"),
    ),
    undo=Undo(
        delete=Call("delete_security_group", {"GroupId": "{self}"}),
        before=(
            Call(
                "revoke_security_group_ingress",
                {"GroupId": "{self}", "IpPermissions": "{IpPermissions}"},
                when="IpPermissions",
            ),
            Call(
                "revoke_security_group_egress",
                {"GroupId": "{self}", "IpPermissions": "{IpPermissionsEgress}"},
                when="IpPermissionsEgress",
            ),
        ),
        gone=("InvalidGroup.NotFound",),
    ),
)
