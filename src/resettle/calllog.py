"""How a call ended: one line in the log for each that was sent, and the error that its failure means.

Neither ever holds a parameter's value except the one that names the resource; secrets, bodies and queries stay out.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

from resettle.errors import BadInput, CallFailed, CredentialsGone, Denied, ResettleError, Throttled
from resettle.model import Side

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_IDENTIFIES = re.compile(r"(?:Id|ID|Identifier|Name|Arn|ARN|Bucket|QueueUrl|^name|^arn)$")


def resource_of(params: Mapping[str, Any], required: Iterable[str] = ()) -> str:
    """The text of the one top-level parameter that names what a call is about, else "".

    Required members come first, in the model's order; only members named like an identity are looked at, so that a
    value (`SecretString`, `Value`, `Body`) can never be taken for one.
    """
    for member in (*required, *params):
        value = params.get(member)
        if isinstance(value, str) and _IDENTIFIES.search(member):
            return value
    return ""


class CallLog:
    """Appends one JSON object a call to `path`, and counts calls by side and operation; without a path it only counts.

    Threads and processes may share a file: each line is one write to a file that was opened for appending.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.counts: Counter[tuple[Side, str]] = Counter()
        self._lock = threading.Lock()
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            self._file = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)

    def record(
        self,
        *,
        side: Side,
        account: str,
        service: str,
        operation: str,
        resource: str,
        status: str,
        retries: int,
        milliseconds: float,
    ) -> None:
        """Write down a call that was sent; `status` is "ok", or AWS's error code, or the name of what broke."""
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "side": side.value,
            "account": account,
            "service": service,
            "operation": operation,
            "resource": resource,
            "status": status,
            "retries": retries,
            "milliseconds": round(milliseconds, 1),
        }
        text = json.dumps(line, ensure_ascii=False) + "\n"
        with self._lock:
            self.counts[side, f"{service}:{operation}"] += 1
            if self._file is not None:
                self._file.write(text)

    def close(self) -> None:
        """Close the file; calls that come later are only counted."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None


REPLY_LOST = "Resettle.ReplyLost"
"""The `code` of a CallFailed after which nobody knows whether AWS did what was asked: look before asking again."""

THROTTLES = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException"}
    | {"TooManyRequestsException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "SlowDown"}
    | {"BandwidthLimitExceeded", "EC2ThrottledException", "PriorRequestNotComplete", "429"}
    | {"TransactionInProgressException"}
)
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation", "403"}
    | {"AuthorizationError", "AuthorizationErrorException", "NotAuthorized", "Forbidden", "AllAccessDisabled"}
    | {"KMSAccessDeniedException", "KMSAccessDenied", "KmsAccessDenied", "KMS.AccessDeniedException"}
)
_GONE = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "RequestExpired"}
    | {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "InvalidToken", "InvalidTokenId"}
    | {"TokenRefreshRequired", "MissingAuthenticationToken", "MissingAuthenticationTokenException"}
)
_TO_GET_CREDENTIALS = frozenset(
    {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetRoleCredentials", "CreateToken"}
)
_CREDENTIAL_ERRORS = frozenset(
    {"NoCredentialsError", "NoAuthTokenError", "TokenRetrievalError", "CredentialRetrievalError", "SSOError"}
    | {"LoginError", "MetadataRetrievalError", "RefreshWithMFAUnsupportedError", "PartialCredentialsError"}
)
_INPUT_ERRORS = frozenset(
    {"ProfileNotFound", "ConfigParseError", "ConfigNotFound", "NoRegionError", "InvalidRegionError"}
    | {"InfiniteLoopConfigError", "InvalidConfigError"}
)
_LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of whom, as far as an error may tell: "service:Operation", the account in words, its profile.

    `repeatable`: whether it may be asked again unseen. `secrets`: values that AWS's text must not carry into ours.
    """

    operation: str
    on: str
    profile: str
    repeatable: bool = True
    secrets: tuple[str, ...] = ()

    @property
    def doing(self) -> str:
        return f"calling {self.operation}"

    @property
    def login(self) -> str:
        with_profile = f" --profile {self.profile}" if self.profile else ""
        return f"aws sso login{with_profile} (or renew these credentials as you got them), then the same command again"


def failure(error: Exception, asked: Asked) -> ResettleError:
    """The error of ours that botocore's means, told by AWS's code or botocore's class and never by the text.

    `LimitExceededException` is a quota although botocore retries it like a throttle, and is no `Throttled`. EC2's
    AuthFailure means the credentials where the status is 401, and else something not shared with us (RunInstances).
    """
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return _refusal(error, asked)
    classes = {cls.__name__ for cls in type(error).__mro__}
    name = type(error).__name__
    if classes & _INPUT_ERRORS:
        return BadInput(asked.doing, asked.on, _short(str(error)), "name a profile and region that exist in ~/.aws/config")
    if classes & _CREDENTIAL_ERRORS:
        return CredentialsGone(asked.doing, asked.on, f"{name}: {_short(str(error))}", asked.login, code=name)
    if name == "ParamValidationError":
        because = f"the parameters do not fit the model ({_misfits(str(error))})"
        return CallFailed(asked.doing, asked.on, because, code=name)
    host = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url", ""))).hostname
    because = f"{name}{f' at {host}' if host else ''}"
    if not asked.repeatable and classes & {"HTTPClientError", "ResponseParserError"}:
        return _lost(asked, because)
    return CallFailed(asked.doing, asked.on, because, "check the network, its proxy and the profile's endpoint_url", code=name)


def _refusal(error: ClientError, asked: Asked) -> ResettleError:
    code, status = code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    because = f"{code}: {_redacted(str(error.response.get('Error', {}).get('Message') or 'no text'), asked.secrets)}"
    name = asked.operation.partition(":")[2]
    if error.operation_name != name and error.operation_name in _TO_GET_CREDENTIALS:
        return CredentialsGone(f"getting credentials by {error.operation_name}", asked.on, because, asked.login, code=code)
    if code in _GONE or (code == "AuthFailure" and status in (401, None)):
        return CredentialsGone(asked.doing, asked.on, because, asked.login, code=code)
    if code in _DENIED or code == "AuthFailure":
        allow = f"allow what {asked.operation} needs to the identity of profile {asked.profile or 'in use'}"
        return Denied(asked.doing, asked.on, because, allow, code=code)
    if code in THROTTLES:
        return Throttled(asked.doing, asked.on, because, "the same command again in some minutes", code=code)
    if not asked.repeatable and isinstance(status, int) and status >= 500:
        return _lost(asked, because)
    return CallFailed(asked.doing, asked.on, because, code=code)


def code_of(error: ClientError) -> str:
    """AWS's own code of an error, such as "NoSuchBucketPolicy"; a reply without a body has its status ("404")."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _lost(asked: Asked, because: str) -> CallFailed:
    told = f"no usable reply came back ({because}), so it may have been done or not"
    return CallFailed(asked.doing, asked.on, told, "the same command again: it looks first", code=REPLY_LOST)


def _misfits(report: str) -> str:
    """The names of the parameters in botocore's report, which itself quotes their values."""
    names = re.findall(r'^(?:Missing required|Unknown) parameter in [\w.\[\]]+: "(\w+)"', report, re.MULTILINE)
    names += re.findall(r"^Invalid (?:type|length|range) for parameter ([\w.\[\]]+),", report, re.MULTILINE)
    return ", ".join(names) or "see the API reference"


def _redacted(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "•••")
    return _short(text)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def sensitive(shape: Any, value: object) -> Iterator[str]:
    """The strings in `value` that the service's model marks as sensitive: AWS may quote them when it refuses them."""
    if isinstance(value, str) and len(value) > 3 and shape.metadata.get("sensitive"):
        yield value
    elif isinstance(value, Mapping) and shape.type_name == "structure":
        for name, inner in value.items():
            if name in shape.members:
                yield from sensitive(shape.members[name], inner)
    elif isinstance(value, Mapping) and shape.type_name == "map":
        for inner in value.values():
            yield from sensitive(shape.value, inner)
    elif isinstance(value, (list, tuple)) and shape.type_name == "list":
        for inner in value:
            yield from sensitive(shape.member, inner)
