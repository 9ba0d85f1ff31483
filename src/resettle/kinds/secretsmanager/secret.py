"""Secrets Manager secret by its current value, carried sealed. Secrets that a service owns are that service's to make."""

from typing import Any

from resettle.kind import Call, Human, Kind, Make, Named, Read, Undo, strong, weak

NOT_THERE = ("ResourceNotFoundException",)
SECRET = {"SecretId": "{Name}"}
OURS = "!OwningService && !DeletedDate"
SUFFIX = len("-a1b2c3")


def partial_arns(live: dict[str, Any]) -> dict[str, Any]:
    """A secret also answers to its ARN without the random suffix, and policies write that with wildcards (Secrets Manager User
    Guide, "Determine who has permissions")."""
    partial = live["ARN"][:-SUFFIX]
    return {"PartialArns": [partial, f"{partial}-??????", f"{partial}-*"]}


KIND = Kind(
    "AWS::SecretsManager::Secret",
    "secretsmanager",
    read=Read(
        list=Call("list_secrets", each="SecretList[]"),
        one=Call("describe_secret", {"SecretId": "{self}"}),
        where=OURS,
        detail=(
            Call(
                "get_secret_value",
                SECRET,
                at="{SecretString: SecretString, SecretBinary: SecretBinary}",
                when=OURS,
                missing=NOT_THERE,  # a secret that was never given a value
            ),
            Call("get_resource_policy", SECRET, at="{ResourcePolicy: ResourcePolicy}", when=OURS),
        ),
        tags="Tags",
        derive=partial_arns,
        drop={
            "CreatedDate": "read only",
            "CrossAccountPrimary": "copies of other accounts' secrets are those accounts' to make",
            "CrossAccountReplicas": "copies in other accounts stay those accounts'",
            "ExternalSecretRotationMetadata": "rotation is switched on by a person, when the new side is the only one",
            "ExternalSecretRotationRoleArn": "rotation is switched on by a person, when the new side is the only one",
            "LastAccessedDate": "read only",
            "LastChangedDate": "read only",
            "LastRotatedDate": "read only",
            "NextRotationDate": "read only",
            "PrimaryRegion": "the move stays within one region",
            "ReplicationStatus": "the move stays within one region",
            "RotationEnabled": "rotation is switched on by a person, when the new side is the only one",
            "RotationLambdaARN": "rotation is switched on by a person, when the new side is the only one",
            "RotationRules": "rotation is switched on by a person, when the new side is the only one",
            "SecretVersionsToStages": "only the current version moves",
            "VersionIdsToStages": "only the current version moves",
        },
        json=("ResourcePolicy",),
        absent={"Description": ""},
        opaque=("SecretString", "SecretBinary"),
        gone=NOT_THERE,
    ),
    name=Named(
        id="Name",
        names={"arn": strong("ARN"), "partial arn": strong("PartialArns"), "name": weak("Name")},
        key=("Name",),
        refs={"KmsKeyId": "AWS::KMS::Alias"},
    ),
    make=Make(
        calls=(Call("create_secret"),),
        late=(Call("put_resource_policy", {"SecretId": "{self}"}, fields=("ResourcePolicy",)),),
        id="Name",
        taken=("ResourceExistsException",),
        settles=5,
        retry=("MalformedPolicyDocumentException",),  # a role in the policy that IAM does not show everywhere yet
    ),
    undo=Undo(
        delete=Call("delete_secret", {"SecretId": "{self}", "RecoveryWindowInDays": 7}),
        gone=NOT_THERE,
        remains="the secret can be restored for seven days, and its name is blocked that long",
    ),
    human=Human(
        caveats=(
            "only the current value moves, not the one before",
            "rotation and replicas in other regions are not set up again: do so when the new side is the only one",
        )
    ),
)
