"""What the laws and the control plane of one lab share: accounts, settings, hooks and reversible patches.

It never opens a file, a socket or a thread, so that a fork of the lab's process is an independent copy of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as HttpRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.s3.exceptions import S3ClientError
from werkzeug.exceptions import NotFound

SOURCE = "111122223333"
TARGET = "444455556666"
REGION = "ap-northeast-2"

Response = tuple[int, dict[str, str], str | bytes]
Hook = Callable[["Request"], Response | None]
AfterHook = Callable[["Request", Response], Response | None]


class AwsError(S3ClientError):  # type: ignore[misc]
    """An error that moto serializes in the shape of whichever service raised it, with the status that the law gave."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(code, message)
        self.status = status


def aws_error(code: str, message: str, status: int = 400, **fields: Any) -> AwsError:
    """Return an exception to raise from inside moto; the caller gets `code` in the shape of its service's protocol.

    `fields` are further members of the service's error shape (`BucketName`, …).
    """
    error = AwsError(code, message, status)
    for name, value in fields.items():
        setattr(error, name, value)
    return error


@dataclass(kw_only=True, eq=False)
class Request:
    """One signed request as a hook sees it, before moto does.

    `account` and `access_key` are empty for an unsigned request; `account` is empty for an unknown key as well.
    `service` is botocore's name of it (`elbv2`, `stepfunctions`), or empty where nobody can tell.
    """

    account: str
    access_key: str
    service: str
    region: str
    http: HttpRequest

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return str(self.http.method)

    @property
    def path(self) -> str:
        """Return the path as it arrived, not percent-decoded."""
        return str(self.http.raw_path)

    @property
    def headers(self) -> Any:
        """Return the headers; names are looked up in any case."""
        return self.http.headers

    @cached_property
    def body(self) -> bytes:
        """Return the whole body."""
        data: bytes = self.http.get_data(cache=True)
        return data

    @cached_property
    def operation(self) -> str:
        """Return the name of the API operation, or an empty text where none matches."""
        target = self.headers.get("X-Amz-Target")
        if target:
            return str(target).rpartition(".")[2]
        model = self._routed[0]
        return "" if model is None else str(model.name)

    @cached_property
    def params(self) -> dict[str, Any]:
        """Return the operation's input, parsed by the botocore model; empty where no operation matches."""
        model, uri = self._routed
        if model is None:
            return {}
        protocol = determine_request_protocol(model.service_model, self.http.content_type)
        parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol](model).parse(
            {
                "method": self.method,
                "values": self.http.values,
                "headers": self.headers,
                "body": self.body,
                "url_path": self.http.path,
                "url_params": uri,
            }
        )
        return parsed

    @cached_property
    def _routed(self) -> tuple[OperationModel | None, dict[str, Any]]:
        try:
            operation, uri = get_service_router(self.service).match(self.http)
        except (NotFound, NotImplementedError):
            return None, {}
        return operation, dict(uri)


def protocol_of(request: Request) -> str:
    """Return the wire protocol that this request speaks: `ec2`, `query`, `json`, `rest-json` or `rest-xml`."""
    return str(determine_request_protocol(get_service_model(request.service), request.http.content_type))


def error_response(request: Request, code: str, message: str, status: int = 400) -> Response:
    """Return what a hook answers with to fail `request` with an AWS error code, in its service's own error shape."""
    return render_error(request, aws_error(code, message, status))


def render_error(request: Request, error: Exception, status: int | None = None) -> Response:
    """Serialize any moto service exception for `request`; `status` overrides the one that the error itself carries."""
    asked: int | None = status or getattr(error, "status", None)
    if not request.service:
        code, message = getattr(error, "code", type(error).__name__), getattr(error, "message", str(error))
        return asked or 400, {"Content-Type": "text/plain"}, f"{code}: {message}"
    model = get_service_model(request.service)
    serializer = get_serializer_class(request.service, protocol_of(request))
    reply = serializer(operation_model=OperationModel({}, model)).serialize(error)
    headers = {str(name): str(value) for name, value in reply["headers"].items()}
    body = "" if request.method == "HEAD" else str(reply["body"])
    return asked or int(reply["status_code"]), headers, body


def default_settings() -> dict[str, Any]:
    """Return the settings that a lab starts with; tests change them over `/lab/settings`."""
    return {"single_copy_limit": 5 * 1024**3, "slow": 0.0}


@dataclass(slots=True)
class World:
    """One lab: its two accounts, its settings, and what has been laid over moto."""

    source: str = SOURCE
    target: str = TARGET
    region: str = REGION
    settings: dict[str, Any] = field(default_factory=default_settings)
    revoked: set[str] = field(default_factory=set)
    hooks: list[Hook] = field(default_factory=list)
    after_hooks: list[AfterHook] = field(default_factory=list)
    vanish_hooks: list[Callable[[str], None]] = field(default_factory=list)
    patches: list[Callable[[], None]] = field(default_factory=list)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)

    def before(self, hook: Hook, *, first: bool = False) -> None:
        """Ask `hook` before moto sees a request; what it returns is the answer, and None lets the request go on.

        Hooks are asked in the order in which they came; `first` puts one ahead of all (credentials come before rules).
        """
        if first:
            self.hooks.insert(0, hook)
        else:
            self.hooks.append(hook)
        self.patches.append(lambda: self.hooks.remove(hook))

    def after(self, hook: AfterHook) -> None:
        """Hand every answer of moto to `hook`, which returns the answer to send, or None to lose it on the wire."""
        self.after_hooks.append(hook)
        self.patches.append(lambda: self.after_hooks.remove(hook))

    def on_vanish(self, hook: Callable[[str], None]) -> None:
        """Call `hook` with an account number when that account vanishes; for a law that keeps state outside moto."""
        self.vanish_hooks.append(hook)
        self.patches.append(lambda: self.vanish_hooks.remove(hook))

    def patch(self, owner: Any, attribute: str, make: Callable[[Any], Any]) -> None:
        """Replace `owner.attribute` by `make(original)` and remember the undo.

        `owner` is a class, a module or an instance. A static or class method is handed over as its plain function and
        wrapped again; a property is handed over and returned as a property.
        """
        own = attribute in vars(owner)
        raw = vars(owner)[attribute] if own else getattr(owner, attribute)
        made = type(raw)(make(raw.__func__)) if isinstance(raw, staticmethod | classmethod) else make(raw)
        setattr(owner, attribute, made)
        self.patches.append(lambda: setattr(owner, attribute, raw) if own else delattr(owner, attribute))

    def uninstall(self) -> None:
        """Undo every patch and hook, newest first."""
        while self.patches:
            self.patches.pop()()
