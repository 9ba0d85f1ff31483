"""Law: a secret's name after deletion, its key, and who reads it from another account; it shows no value to anyone else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws import _keys
from resettle_lab.laws._policy import Caller, Request, caller_of, decide
from resettle_lab.laws._principals import first_unknown
from resettle_lab.world import AwsError, World, aws_error

_ARN = re.compile(r"arn:aws:secretsmanager:[a-z0-9-]+:(?P<account>\d{12}):secret:.+")
# AWS page "Access Secrets Manager secrets from a different account"; the rest never leaves the account in the lab.
_SHARED = {
    "get_secret_value": "GetSecretValue",
    "describe_secret": "DescribeSecret",
    "get_resource_policy": "GetResourcePolicy",
    "list_secret_version_ids": "ListSecretVersionIds",
    "put_secret_value": "PutSecretValue",
    "update_secret": "UpdateSecret",
    "delete_secret": "DeleteSecret",
    "put_resource_policy": "PutResourcePolicy",
    "tag_resource": "TagResource",
}
_DEFAULT = "alias/aws/secretsmanager"


def install(world: World) -> None:
    """Routes ARNs to their owners and asks policy and key."""
    from moto.secretsmanager.models import SecretsManagerBackend
    from moto.secretsmanager.responses import SecretsManagerResponse

    for method, action in _SHARED.items():
        world.patch(SecretsManagerResponse, method, _guarded(action))
    world.patch(SecretsManagerResponse, "backend", _owners_backend)
    world.patch(SecretsManagerBackend, "create_secret", _created)
    world.patch(SecretsManagerBackend, "put_resource_policy", _policy_checked)


def _owner(response: Any) -> str:
    match = _ARN.fullmatch(str(response._get_param("SecretId") or ""))
    return match["account"] if match else str(response.current_account)


def _owners_backend(original: Any) -> property:
    def backend(response: Any) -> Any:
        from moto.secretsmanager.models import secretsmanager_backends

        return secretsmanager_backends[_owner(response)][response.region]

    return property(backend)


def _guarded(action: str) -> Callable[[Callable[[Any], str]], Callable[[Any], str]]:
    def make(original: Callable[[Any], str]) -> Callable[[Any], str]:
        def guarded(response: Any) -> str:
            caller = caller_of(response)
            found = response.backend.secrets.get(response._get_param("SecretId") or "")
            if _owner(response) != caller.account:
                _check_foreign(found, caller, action)
            if found is not None and action in ("GetSecretValue", "PutSecretValue"):
                _check_key(found, caller, action, response.region)
            return original(response)

        return guarded

    return make


def _check_foreign(found: Any | None, caller: Caller, action: str) -> None:
    request = None if found is None else Request(action=f"secretsmanager:{action}", resource=found.arn)
    if found is None or request is None or decide(found.policy, caller, request) != "Allow":
        message = f"User: {caller.arn} is not authorized to perform: secretsmanager:{action} because no policy allows it"
        raise aws_error("AccessDeniedException", message, 400)


def _check_key(found: Any, caller: Caller, action: str, region: str) -> None:
    """The default key's own policy admits its own account only, so a secret under it is never read from abroad."""
    name = getattr(found, "kms_key_id", None) or _DEFAULT
    key = _keys.find(name, account=found.account_id, region=region)
    needed = "Decrypt" if action == "GetSecretValue" else "GenerateDataKey"
    if key is None or not key.enabled:
        code = "DecryptionFailure" if action == "GetSecretValue" else "EncryptionFailure"
        raise aws_error(code, "Secrets Manager can't use the KMS key of this secret.", 400)
    if not _keys.may(caller, key, needed, via="secretsmanager"):
        raise aws_error("AccessDeniedException", "Access to KMS is not allowed", 400)


def _created(original: Callable[..., str]) -> Callable[..., str]:
    def create_secret(backend: Any, name: str, *arguments: Any, **named: Any) -> str:
        held = backend.secrets.get(name)
        if held is not None and held.is_deleted():
            message = "You can't create this secret because a secret with this name is already scheduled for deletion."
            raise aws_error("InvalidRequestException", message, 400)
        _check_exists(backend, named.get("kms_key_id"))
        return original(backend, name, *arguments, **named)

    return create_secret


def _check_exists(backend: Any, key: str | None) -> None:
    if key and _keys.find(key, account=backend.account_id, region=backend.region_name) is None:
        raise _no_key(key)


def _no_key(key: str) -> AwsError:
    message = f"Secrets Manager can't encrypt the protected secret text using the provided KMS key {key}."
    return aws_error("EncryptionFailure", message, 400)


def _policy_checked(original: Callable[..., Any]) -> Callable[..., Any]:
    def put_resource_policy(backend: Any, secret_id: str, policy: str) -> Any:
        if first_unknown(policy) is not None:
            message = "This resource policy contains an unsupported principal."
            raise aws_error("MalformedPolicyDocumentException", message, 400)
        return original(backend, secret_id, policy)

    return put_resource_policy


LAW = Law(
    name="secrets",
    rule="A secret in its recovery window keeps its name; from another account it is read by ARN only, with its policy and a "
    "customer-managed key that both allow it.",
    source="AWS Secrets Manager User Guide: Access AWS Secrets Manager secrets from a different account; API reference: "
    "CreateSecret, DeleteSecret, GetSecretValue",
    install=install,
)
