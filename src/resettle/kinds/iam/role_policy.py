"""Inline policy of a role, as CloudFormation has it a thing of its own: what it names waits without holding up the role."""

from resettle.kind import Call, Kind, Make, Named, Read, Undo
from resettle.kinds.iam.role import NOT_THERE

KIND = Kind(
    "AWS::IAM::RolePolicy",
    "iam",
    scope="global",
    read=Read(
        within="AWS::IAM::Role",
        each="RolePolicyList",
        inherit=("RoleName",),
        json=("PolicyDocument",),
        gone=NOT_THERE,
    ),
    name=Named(id="PolicyName", key=("RoleName", "PolicyName"), refs={"RoleName": "AWS::IAM::Role"}),
    make=Make(
        calls=(Call("put_role_policy"),),
        settles=15,
        retry=(*NOT_THERE, "ConcurrentModification"),
    ),
    undo=Undo(
        delete=Call("delete_role_policy", {"RoleName": "{RoleName}", "PolicyName": "{PolicyName}"}),
        gone=NOT_THERE,
    ),
)
