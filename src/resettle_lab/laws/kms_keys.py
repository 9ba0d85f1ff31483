"""Law: what a key is made with and what its policy may not say; AWS-managed keys are never changed by customers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws import _keys
from resettle_lab.laws._policy import Caller, Request, caller_of, decide, parse, statements
from resettle_lab.laws._principals import first_unknown
from resettle_lab.world import AwsError, World, aws_error

_YEAR = 365


def install(world: World) -> None:
    """Adds the policy's lock-out check, AWS-managed keys and the reply fields that moto forgets."""
    from moto.kms.models import Alias, KmsBackend
    from moto.kms.responses import KmsResponse

    world.patch(KmsBackend, "_generate_default_keys", lambda original: _default_key)
    world.patch(KmsResponse, "create_key", _policy_checked)
    world.patch(KmsResponse, "put_key_policy", _policy_checked)
    world.patch(KmsResponse, "list_aliases", lambda original: _list_aliases)
    world.patch(KmsResponse, "_set_alias", _alias_checked)
    world.patch(KmsResponse, "delete_alias", _alias_checked)
    world.patch(KmsResponse, "schedule_key_deletion", _window_checked)
    world.patch(KmsResponse, "enable_key_rotation", _period_kept)
    world.patch(KmsResponse, "get_key_rotation_status", _period_told)
    world.patch(Alias, "__init__", _dated)


def _default_key(backend: Any, alias_name: str) -> str:
    service = alias_name.removeprefix("alias/aws/")
    return str(_keys.managed(service, account=backend.account_id, region=backend.region_name).id)


def _policy_checked(original: Callable[[Any], str]) -> Callable[[Any], str]:
    def checked(response: Any) -> str:
        params = json.loads(response.body)
        policy = params.get("Policy")
        at_home = _keys.owner(params.get("KeyId", "")) in (None, response.current_account)
        if policy is not None and at_home:
            _check_policy(policy, caller_of(response), lock_out=not params.get("BypassPolicyLockoutSafetyCheck"))
        return original(response)

    return checked


def _check_policy(policy: str, caller: Caller, *, lock_out: bool) -> None:
    if not parse(policy) or not statements(policy):
        raise _malformed("Policy document is not valid JSON or has no statement")
    unknown = first_unknown(policy)
    if unknown is not None:
        raise _malformed("Policy contains a statement with one or more invalid principals.")
    request = Request(action="kms:PutKeyPolicy", resource="*", context={"kms:calleraccount": caller.account})
    if lock_out and decide(_anywhere(policy), caller, request) != "Allow":
        raise _malformed("The new key policy will not allow you to update the key policy in the future.")


def _anywhere(policy: str) -> dict[str, Any]:
    """A key policy's Resource is always the key itself, however it is written."""
    return {"Statement": [{**one, "Resource": "*"} for one in statements(policy)]}


def _malformed(message: str) -> AwsError:
    return aws_error("MalformedPolicyDocumentException", message, 400)


def _list_aliases(response: Any) -> str:
    """AWS page "ListAliases": predefined aliases are listed also before they have a key, then without TargetKeyId."""
    from moto.kms.utils import RESERVED_ALIASES

    backend = response.kms_backend
    asked = json.loads(response.body).get("KeyId")
    key = None if asked is None else _own_key(response, asked)
    listed = [_told(alias) for alias in backend.list_aliases(key_id=None if key is None else key.id)]
    if key is None:
        present = {one["AliasName"] for one in listed}
        prefix = f"arn:aws:kms:{response.region}:{response.current_account}:"
        absent = [name for name in RESERVED_ALIASES if name not in present]
        listed += [{"AliasName": name, "AliasArn": f"{prefix}{name}"} for name in absent]
    return json.dumps({"Truncated": False, "Aliases": sorted(listed, key=lambda one: str(one["AliasName"]))})


def _own_key(response: Any, name: str) -> Any:
    key = _keys.find(name, account=response.current_account, region=response.region)
    if key is None or key.account_id != response.current_account:
        raise aws_error("NotFoundException", f"Key '{name}' does not exist", 400)
    return key


def _told(alias: Any) -> dict[str, Any]:
    return {
        "AliasArn": alias.alias_arn,
        "AliasName": alias.alias_name,
        "TargetKeyId": alias.target_key_id,
        "CreationDate": alias.created,
        "LastUpdatedDate": alias.created,
    }


def _dated(original: Callable[..., None]) -> Callable[..., None]:
    def __init__(alias: Any, *arguments: Any, **named: Any) -> None:
        from moto.core.utils import unix_time

        original(alias, *arguments, **named)
        alias.created = unix_time()

    return __init__


def _alias_checked(original: Callable[..., str]) -> Callable[..., str]:
    """The prefix `alias/aws/` is AWS's own, and an alias points to a key of its own account by id or ARN."""

    def checked(response: Any, **named: Any) -> str:
        params = json.loads(response.body)
        name = str(params.get("AliasName", ""))
        if name.startswith("alias/aws/"):
            raise aws_error("NotAuthorizedException", f"{name} is reserved for AWS", 400)
        target = params.get("TargetKeyId")
        if target is not None and _own_key(response, target).key_state == "PendingDeletion":
            raise aws_error("KMSInvalidStateException", f"{target} is pending deletion.", 400)
        return original(response, **named)

    return checked


def _window_checked(original: Callable[[Any], str]) -> Callable[[Any], str]:
    def schedule_key_deletion(response: Any) -> str:
        days = json.loads(response.body).get("PendingWindowInDays", 30)
        if not 7 <= days <= 30:
            raise aws_error("ValidationException", "PendingWindowInDays must be between 7 and 30 (inclusive).", 400)
        return json.dumps({**json.loads(original(response)), "PendingWindowInDays": days})

    return schedule_key_deletion


def _period_kept(original: Callable[[Any], str]) -> Callable[[Any], str]:
    def enable_key_rotation(response: Any) -> str:
        params = json.loads(response.body)
        key = _own_key(response, params["KeyId"])
        reply = original(response)
        key.rotation_period = params.get("RotationPeriodInDays", getattr(key, "rotation_period", _YEAR))
        return reply

    return enable_key_rotation


def _period_told(original: Callable[[Any], str]) -> Callable[[Any], str]:
    def get_key_rotation_status(response: Any) -> str:
        name = json.loads(response.body)["KeyId"]
        status = json.loads(original(response))
        key = _keys.find(name, account=response.current_account, region=response.region)
        if key is not None and status["KeyRotationEnabled"]:
            status["RotationPeriodInDays"] = getattr(key, "rotation_period", _YEAR)
            status["NextRotationDate"] = key.creation_date + status["RotationPeriodInDays"] * 86400
        return json.dumps({"KeyId": re.sub(r".*/", "", name), **status})

    return get_key_rotation_status


LAW = Law(
    name="kms-keys",
    rule="A key policy must name principals that exist and leave its author able to put it again; AWS-managed keys are made "
    "per account on demand, and alias/aws/ is reserved.",
    source="AWS KMS API reference: PutKeyPolicy, CreateKey, ListAliases, EnableKeyRotation, ScheduleKeyDeletion; AWS KMS "
    "Developer Guide: AWS managed keys",
    install=install,
)
