"""Customer-managed IAM policy, by its default version. AWS's own policies are the same in every account and are not things."""

from typing import Any

from resettle.kind import Call, Human, Kind, Make, Named, Read, Undo, strong, weak
from resettle.kinds.iam.role import NOT_THERE, SWEEP


def other_versions(live: dict[str, Any]) -> dict[str, Any]:
    """The versions that are not in force: they stand in the way of a delete."""
    versions = live.get("PolicyVersionList", ())
    return {"OtherVersions": [version["VersionId"] for version in versions if not version["IsDefaultVersion"]]}


KIND = Kind(
    "AWS::IAM::ManagedPolicy",
    "iam",
    scope="global",
    read=Read(
        list=Call("get_account_authorization_details", SWEEP, each="Policies[]"),
        # ManagedPolicyDetail has no Tags (IAM API Reference, ManagedPolicyDetail)
        detail=(Call("get_policy", {"PolicyArn": "{Arn}"}, at="Policy"),),
        tags="Tags",
        derive=other_versions,
        rename={"PolicyDocument": "PolicyVersionList[?IsDefaultVersion].Document | [0]"},
        drop={
            "AttachmentCount": "read only",
            "CreateDate": "read only",
            "DefaultVersionId": "versions are counted anew",
            "IsAttachable": "read only",
            "PermissionsBoundaryUsageCount": "read only",
            "UpdateDate": "read only",
        },
        json=("PolicyDocument",),
        absent={"Description": ""},
        gone=NOT_THERE,
    ),
    name=Named(
        id="Arn",
        names={"arn": strong("Arn"), "policy id": strong("PolicyId"), "name": weak("PolicyName")},
        key=("PolicyName",),
    ),
    make=Make(
        calls=(Call("create_policy"),),
        id="Policy.Arn",
        taken=("EntityAlreadyExists",),
        settles=15,
        retry=("ConcurrentModification",),
    ),
    undo=Undo(
        delete=Call("delete_policy", {"PolicyArn": "{self}"}),
        before=(
            Call(
                "delete_policy_version",
                {"PolicyArn": "{self}", "VersionId": "{item}"},
                each="OtherVersions",
                fields=("OtherVersions",),
                already=NOT_THERE,
            ),
        ),
        gone=NOT_THERE,
    ),
    human=Human(caveats=("only the version in force moves",)),
)
