"""Law: what Parameter Store refuses and how it shows a SecureString; it encrypts nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws import _keys
from resettle_lab.world import World, aws_error

_STANDARD_BYTES = 4096


def install(world: World) -> None:
    """Checks key and size, and hides a SecureString from who does not ask for decryption."""
    from moto.ssm.models import Parameter, SimpleSystemManagerBackend

    world.patch(SimpleSystemManagerBackend, "put_parameter", _checked)
    world.patch(Parameter, "encrypt", lambda original: _sealed)
    world.patch(Parameter, "decrypt", lambda original: _opened)


def _checked(original: Callable[..., Any]) -> Callable[..., Any]:
    def put_parameter(
        backend: Any,
        name: str,
        description: str,
        value: str,
        parameter_type: str,
        allowed_pattern: str,
        keyid: str | None,
        *rest: Any,
        **named: Any,
    ) -> Any:
        if keyid and parameter_type == "SecureString":
            key = _keys.find(keyid, account=backend.account_id, region=backend.region_name)
            if key is None or not key.enabled:
                raise aws_error("InvalidKeyId", f"Invalid keyId {keyid}", 400)
        elif keyid and parameter_type:
            raise aws_error("ValidationException", "KeyId is required for SecureString type parameter only.", 400)
        if named.get("tier") in (None, "Standard") and len(value.encode()) > _STANDARD_BYTES:
            message = "Standard tier parameters support a maximum parameter value of 4096 characters."
            raise aws_error("ValidationException", message, 400)
        return original(backend, name, description, value, parameter_type, allowed_pattern, keyid, *rest, **named)

    return put_parameter


def _sealed(parameter: Any, value: str) -> str:
    parameter.lab_plain = value
    return "AQICAHh" + base64.b64encode(hashlib.sha512(f"{parameter.keyid}{value}".encode()).digest()).decode()


def _opened(parameter: Any, value: str) -> str | None:
    return value if parameter.parameter_type != "SecureString" else str(parameter.lab_plain)


LAW = Law(
    name="ssm-parameters",
    rule="A parameter that exists is overwritten only when told to, never together with tags; a SecureString has a key that "
    "exists and shows ciphertext unless decryption is asked for; a standard one holds 4 KB.",
    source="AWS Systems Manager API reference: PutParameter, GetParameter; User Guide: Managing parameter tiers",
    install=install,
)
