"""IAM role. It stands first with a trust that admits nobody where its own names other things; trust, boundary and attachments
follow, so that roles, policies and what they name may name each other."""

from resettle.kind import Call, Human, Kind, Make, Named, Read, Undo, strong, weak

NOT_THERE = ("NoSuchEntity",)
SWEEP = {"Filter": ["Role", "LocalManagedPolicy"]}  # equal for roles and policies: it is sent once
LISTED = ("RoleName", "Description", "MaxSessionDuration")
OWN = (
    "!starts_with(Path, '/aws-service-role/') && !starts_with(Path, '/aws-reserved/') && !starts_with(RoleName, 'AWSReservedSSO_')"
)
NOBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
ROLE = {"RoleName": "{self}"}

KIND = Kind(
    "AWS::IAM::Role",
    "iam",
    scope="global",
    read=Read(
        list=Call("get_account_authorization_details", SWEEP, each=f"RoleDetailList[?{OWN}]"),
        # RoleDetail has neither Description nor MaxSessionDuration (IAM API Reference, RoleDetail); ListRoles has both
        detail=(
            Call("list_roles", each=f"Roles[].{{{', '.join(f'{field}: {field}' for field in LISTED)}}}", batch=("", 0, "RoleName")),
            Call("get_role", {"RoleName": "{RoleName}"}, at="Role", when="!MaxSessionDuration"),  # made since that list
        ),
        tags="Tags",
        rename={
            "ManagedPolicyArns": "AttachedManagedPolicies[].PolicyArn",
            "PermissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn",
        },
        drop={
            "CreateDate": "read only",
            "InstanceProfileList": "instance profiles are things of their own",
            "RoleLastUsed": "read only",
            "RolePolicyList": "inline policies are things of their own",
            "SourceRoleTemplate": "read only: the template that AWS made the role from",
        },
        json=("AssumeRolePolicyDocument",),
        sets=("ManagedPolicyArns",),
        absent={"Description": "", "ManagedPolicyArns": [], "MaxSessionDuration": 3600},
        gone=NOT_THERE,
    ),
    name=Named(
        id="RoleName",
        names={"arn": strong("Arn"), "role id": strong("RoleId"), "name": weak("RoleName")},
        key=("RoleName",),
    ),
    make=Make(
        calls=(Call("create_role"),),
        first={"AssumeRolePolicyDocument": NOBODY},
        late=(
            Call("put_role_permissions_boundary", ROLE, fields=("PermissionsBoundary",)),
            Call(
                "update_assume_role_policy",
                {**ROLE, "PolicyDocument": "{AssumeRolePolicyDocument}"},
                fields=("AssumeRolePolicyDocument",),
            ),
            Call(
                "attach_role_policy",
                {**ROLE, "PolicyArn": "{item}"},
                each="ManagedPolicyArns",
                fields=("ManagedPolicyArns",),
            ),
        ),
        id="Role.RoleName",
        taken=("EntityAlreadyExists",),
        settles=15,
        # a principal of the trust, a policy or the role itself that IAM does not show everywhere yet
        retry=(*NOT_THERE, "MalformedPolicyDocument", "ConcurrentModification"),
    ),
    undo=Undo(
        delete=Call("delete_role", ROLE),
        before=(
            Call(
                "detach_role_policy",
                {**ROLE, "PolicyArn": "{item}"},
                each="ManagedPolicyArns",
                fields=("ManagedPolicyArns",),
                already=NOT_THERE,
            ),
        ),
        gone=NOT_THERE,
    ),
    human=Human(caveats=("whoever outside assumes the role must be told its new ARN",)),
)
