"""Law: whose key may be used by whom, in which state, and by which name; it never changes what the cipher is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws import _keys
from resettle_lab.laws._policy import Caller, caller_of
from resettle_lab.world import AwsError, World, aws_error

_CRYPTOGRAPHIC = {
    "encrypt": "Encrypt",
    "decrypt": "Decrypt",
    "generate_data_key": "GenerateDataKey",
    "generate_data_key_without_plaintext": "GenerateDataKeyWithoutPlaintext",
    "generate_mac": "GenerateMac",
    "verify_mac": "VerifyMac",
    "sign": "Sign",
    "verify": "Verify",
}
_SHARED = {
    "describe_key": "DescribeKey",
    "get_public_key": "GetPublicKey",
    "get_key_rotation_status": "GetKeyRotationStatus",
    "create_grant": "CreateGrant",
    "list_grants": "ListGrants",
    "revoke_grant": "RevokeGrant",
}
_OWN = {
    "get_key_policy": "GetKeyPolicy",
    "put_key_policy": "PutKeyPolicy",
    "list_key_policies": "ListKeyPolicies",
    "list_resource_tags": "ListResourceTags",
    "tag_resource": "TagResource",
    "untag_resource": "UntagResource",
    "update_key_description": "UpdateKeyDescription",
    "enable_key": "EnableKey",
    "disable_key": "DisableKey",
    "enable_key_rotation": "EnableKeyRotation",
    "disable_key_rotation": "DisableKeyRotation",
    "schedule_key_deletion": "ScheduleKeyDeletion",
    "cancel_key_deletion": "CancelKeyDeletion",
    "rotate_key_on_demand": "RotateKeyOnDemand",
    "list_key_rotations": "ListKeyRotations",
}
# AWS page "Key states of AWS KMS keys": what still works while a key is pending deletion.
_WHILE_PENDING = {
    "describe_key",
    "get_key_policy",
    "put_key_policy",
    "list_key_policies",
    "list_resource_tags",
    "list_grants",
    "revoke_grant",
    "cancel_key_deletion",
}


def install(world: World) -> None:
    """Resolves, judges and routes every operation that names a key."""
    from moto.kms.responses import KmsResponse

    for method, action in {**_CRYPTOGRAPHIC, **_SHARED, **_OWN}.items():
        world.patch(KmsResponse, method, _guarded(method, action))
    world.patch(KmsResponse, "re_encrypt", lambda original: _re_encrypt)
    world.patch(KmsResponse, "kms_backend", _routed_backend)
    world.patch(KmsResponse, "_validate_key_policy", lambda original: lambda response, key_id, action: None)


def _guarded(method: str, action: str) -> Callable[[Callable[[Any], str]], Callable[[Any], str]]:
    def make(original: Callable[[Any], str]) -> Callable[[Any], str]:
        def guarded(response: Any) -> str:
            if getattr(response, "_routed", None) is not None:  # generate_data_key_without_plaintext calls its sibling
                return original(response)
            params = json.loads(response.body)
            key = _key_of(response, params, method)
            authorize(caller_of(response), key, action, shared=method not in _OWN)
            _check_state(key, method)
            response._routed = key
            response.body = json.dumps({**params, "KeyId": key.id})
            return _with_arn(method, key, original(response))

        return guarded

    return make


def _key_of(response: Any, params: dict[str, Any], method: str) -> Any:
    if method != "decrypt":
        return resolve(response, params["KeyId"])
    held = _key_of_ciphertext(response, params["CiphertextBlob"])
    if params.get("KeyId") and resolve(response, params["KeyId"]) is not held:
        raise aws_error("IncorrectKeyException", "The key ID in the request does not identify the key used.", 400)
    return held


def resolve(response: Any, name: str) -> Any:
    """The key that a request names; an absent one is NotFound at home and AccessDenied abroad."""
    account = str(response.current_account)
    key = _keys.find(name, account=account, region=response.region)
    if key is not None:
        return key
    if _keys.owner(name) not in (None, account):
        raise _not_authorized(caller_of(response), "kms:*", name)
    kind = "Alias" if "alias/" in name else "Key"
    text = name if name.startswith("arn:") else f"arn:aws:kms:{response.region}:{account}:{name}"
    raise aws_error("NotFoundException", f"{kind} '{text}' does not exist", 400)


def _key_of_ciphertext(response: Any, blob: str) -> Any:
    from moto.kms.models import kms_backends
    from moto.kms.utils import HEADER_LEN, _deserialize_ciphertext_blob

    raw = base64.b64decode(blob)
    if len(raw) <= HEADER_LEN:
        raise aws_error("InvalidCiphertextException", "", 400)
    key_id = _deserialize_ciphertext_blob(raw).key_id
    for account in list(kms_backends):
        key = kms_backends[account][response.region].keys.get(key_id)
        if key is not None:
            return key
    message = "The ciphertext refers to a customer master key that does not exist, or you are not allowed to access."
    raise aws_error("AccessDeniedException", message, 400)


def authorize(caller: Caller, key: Any, action: str, *, shared: bool) -> None:
    """Raises AccessDenied unless the key's policy or a grant lets the caller; some operations never leave the account."""
    foreign = caller.account != key.account_id
    if (foreign and not shared) or not _keys.may(caller, key, action):
        raise _not_authorized(caller, f"kms:{action}", key.arn)


def _not_authorized(caller: Caller, action: str, arn: str) -> AwsError:
    message = (
        f"User: {caller.session or caller.arn} is not authorized to perform: {action} on resource: {arn} because the "
        "resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy "
        "explicitly denies access"
    )
    return aws_error("AccessDeniedException", message, 400)


def _check_state(key: Any, method: str) -> None:
    if key.key_state == "PendingDeletion" and method not in _WHILE_PENDING:
        raise aws_error("KMSInvalidStateException", f"{key.arn} is pending deletion.", 400)
    if method == "cancel_key_deletion" and key.key_state != "PendingDeletion":
        raise aws_error("KMSInvalidStateException", f"{key.arn} is not pending deletion.", 400)
    if not key.enabled and method in _CRYPTOGRAPHIC and key.key_state == "Disabled":
        raise aws_error("DisabledException", f"{key.arn} is disabled.", 400)


def _with_arn(method: str, key: Any, reply: str) -> str:
    """Replies name a key by its ARN, whatever the request said."""
    if method not in ("schedule_key_deletion", "cancel_key_deletion", "list_grants"):
        return reply
    body = json.loads(reply)
    if method == "list_grants":
        for grant in body["Grants"]:
            grant["KeyId"] = key.arn
    else:
        body["KeyId"] = key.arn
    if method == "schedule_key_deletion":
        body["KeyState"] = key.key_state
    return json.dumps(body)


def _routed_backend(original: Any) -> property:
    def kms_backend(response: Any) -> Any:
        from moto.kms.models import kms_backends

        key = getattr(response, "_routed", None)
        return original.fget(response) if key is None else kms_backends[key.account_id][key.region]

    return property(kms_backend)


def _re_encrypt(response: Any) -> str:
    """One caller needs ReEncryptFrom on the source key and ReEncryptTo on the destination key."""
    from moto.kms.models import kms_backends

    params = json.loads(response.body)
    caller = caller_of(response)
    held = _key_of_ciphertext(response, params["CiphertextBlob"])
    if params.get("SourceKeyId") and resolve(response, params["SourceKeyId"]) is not held:
        raise aws_error("IncorrectKeyException", "The key ID in the request does not identify the key used.", 400)
    wanted = resolve(response, params["DestinationKeyId"])
    authorize(caller, held, "ReEncryptFrom", shared=True)
    authorize(caller, wanted, "ReEncryptTo", shared=True)
    for key in (held, wanted):
        _check_state(key, "encrypt")
    plaintext, _ = kms_backends[held.account_id][held.region].decrypt(
        base64.b64decode(params["CiphertextBlob"]), params.get("SourceEncryptionContext", {})
    )
    blob, _ = kms_backends[wanted.account_id][wanted.region].encrypt(
        wanted.id, plaintext, params.get("DestinationEncryptionContext", {})
    )
    text = base64.b64encode(blob).decode()
    return json.dumps({"CiphertextBlob": text, "KeyId": wanted.arn, "SourceKeyId": held.arn})


LAW = Law(
    name="kms-access",
    rule="A key is used only by whom its own policy (or a grant) names, by ARN across accounts; callers in the lab are "
    "administrators, so the identity half is granted; a key pending deletion or disabled refuses use.",
    source="AWS KMS Developer Guide: Allowing users in other accounts to use a KMS key; Key states of AWS KMS keys; "
    "Default key policy; API reference, section Cross-account use of each operation",
    install=install,
)
