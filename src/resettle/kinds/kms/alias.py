"""KMS alias. `alias/aws/…` are AWS's own: they stand for the AWS-managed key of each side."""

from typing import Any

from resettle.kind import Call, Kind, Make, Named, Read, Undo, strong, weak


def names_of_key(live: dict[str, Any]) -> dict[str, Any]:
    """An AWS-managed key has no thing of its own in an inventory: its alias answers to its id and ARN."""
    if not live["AliasName"].startswith("alias/aws/") or "TargetKeyId" not in live:
        return {}
    return {
        "ManagedId": live["TargetKeyId"],
        "ManagedArn": f"{live['AliasArn'].rsplit(':', 1)[0]}:key/{live['TargetKeyId']}",
    }


KIND = Kind(
    "AWS::KMS::Alias",
    "kms",
    read=Read(
        list=Call("list_aliases", each="Aliases[]"),
        where="TargetKeyId",
        derive=names_of_key,
        drop={"CreationDate": "read only", "LastUpdatedDate": "read only"},
    ),
    name=Named(
        id="AliasName",
        names={
            "arn": strong("AliasArn"),
            "name": weak("AliasName"),
            "key id": strong("ManagedId"),
            "key arn": strong("ManagedArn"),
        },
        key=("AliasName",),
    ),
    make=Make(
        calls=(Call("create_alias"),),
        taken=("AlreadyExistsException",),
        settles=2,
        theirs="starts_with(AliasName, 'alias/aws/')",
        theirs_by=("AliasName",),
        summon=Call("describe_key", {"KeyId": "{AliasName}"}, fields=()),
    ),
    undo=Undo(delete=Call("delete_alias", {"AliasName": "{self}"}), gone=("NotFoundException",)),
)
