"""Customer-managed KMS key. Ciphertext does not follow: what a service encrypted is encrypted anew on its way."""

from resettle.kind import Call, Grant, Human, Kind, Make, Named, Read, Undo, strong

OURS = "KeyManager=='CUSTOMER'"
ADMIN = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Root",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}
READERS = "arn:aws:iam::{target_account}:root"

KIND = Kind(
    "AWS::KMS::Key",
    "kms",
    read=Read(
        list=Call("list_keys", each="Keys[].{KeyId: KeyId}"),
        item={"KeyId": "{self}"},
        where=f"{OURS} && (KeyState=='Enabled' || KeyState=='Disabled')",
        detail=(
            Call("describe_key", {"KeyId": "{KeyId}"}, at="KeyMetadata"),
            Call("get_key_policy", {"KeyId": "{KeyId}", "PolicyName": "default"}, at="{Policy: Policy}", when=OURS),
            Call(
                "get_key_rotation_status",
                {"KeyId": "{KeyId}"},
                at="{KeyRotationEnabled: KeyRotationEnabled, RotationPeriodInDays: RotationPeriodInDays}",
                when=f"{OURS} && KeySpec=='SYMMETRIC_DEFAULT' && Origin=='AWS_KMS'",
                missing=("UnsupportedOperationException", "DisabledException", "KMSInvalidStateException"),
            ),
            Call("list_resource_tags", {"KeyId": "{KeyId}"}, at="{Tags: Tags}", when=OURS),
        ),
        tags="Tags",
        rename={"Rotating": "KeyRotationEnabled"},
        drop={
            "AWSAccountId": "per account",
            "CloudHsmClusterId": "a custom key store does not move",
            "CustomKeyStoreId": "a custom key store does not move",
            "CreationDate": "read only",
            "CustomerMasterKeySpec": "the old name of KeySpec",
            "CurrentKeyMaterialId": "read only",
            "DeletionDate": "keys about to go are not moved",
            "EncapsulationAlgorithms": "follows from KeySpec",
            "EncryptionAlgorithms": "follows from KeySpec",
            "ExpirationModel": "imported material is a person's to import again",
            "KeyAgreementAlgorithms": "follows from KeySpec",
            "MacAlgorithms": "follows from KeySpec",
            "MultiRegionConfiguration": "replicas do not move yet",
            "PendingDeletionWindowInDays": "keys about to go are not moved",
            "SigningAlgorithms": "follows from KeySpec",
            "ValidTo": "imported material is a person's to import again",
            "XksKeyConfiguration": "an external key store does not move",
        },
        json=("Policy",),
        absent={"Rotating": False},
        gone=("NotFoundException",),
    ),
    name=Named(id="KeyId", names={"id": strong("KeyId"), "arn": strong("Arn")}),
    make=Make(
        calls=(
            Call("create_key"),
            Call(
                "enable_key_rotation",
                {"KeyId": "{self}"},
                fields=("Rotating", "RotationPeriodInDays"),
                when="Rotating",
                already=("DisabledException",),  # a key is disabled after it rotates: an earlier run came that far
            ),
            Call("disable_key", {"KeyId": "{self}"}, fields=("Enabled",), when="Enabled==`false`"),
        ),
        first={"Policy": ADMIN},
        late=(Call("put_key_policy", {"KeyId": "{self}", "PolicyName": "default"}, fields=("Policy",)),),
        id="KeyMetadata.KeyId",
        settles=10,
        retry=("MalformedPolicyDocumentException",),  # a role in the policy that IAM does not show everywhere yet
    ),
    undo=Undo(
        delete=Call(
            "schedule_key_deletion",
            {"KeyId": "{self}", "PendingWindowInDays": 7},
            already=("KMSInvalidStateException",),
        ),
        gone=("NotFoundException",),
        remains="a key waits seven days before it is gone; nothing shortens that",
    ),
    human=Human(caveats=("what an application itself encrypted with the key cannot be read with its successor",)),
    grant=Grant(
        read=Call("get_key_policy", {"KeyId": "{self}", "PolicyName": "default"}, at="Policy"),
        write=Call("put_key_policy", {"KeyId": "{self}", "PolicyName": "default", "Policy": "{document}"}),
        delete=None,
        statements=(
            {
                "Sid": "ResettleReads",
                "Effect": "Allow",
                "Principal": {"AWS": READERS},
                "Action": ["kms:DescribeKey", "kms:Decrypt", "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
                "Resource": "*",
            },
            {
                "Sid": "ResettleGrants",
                "Effect": "Allow",
                "Principal": {"AWS": READERS},
                "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
                "Resource": "*",
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
        ),
        resource="{self}",
    ),
)
