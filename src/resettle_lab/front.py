"""What stands before moto: it says who calls what, asks the laws' hooks, hands the rest to moto, and counts.

It decides nothing itself: which caller is refused, and why, is written in the laws.
"""

from __future__ import annotations

import io
import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from botocore.exceptions import UnknownServiceError
from moto.core.exceptions import ServiceException
from moto.core.request import Request as HttpRequest
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from .snapshot import Gate
from .wire import Environ, Reply
from .world import AwsError, Request, Response, World, aws_error, render_error

SCOPE = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/aws4_request")
SIGNATURE_V2 = re.compile(r"AWS ([^:]+):")

# The name in a credential's scope where it is not the name of the botocore service.
SERVICE_OF_SCOPE = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "email": "ses",
    "execute-api": "apigatewaymanagementapi",
    "monitoring": "cloudwatch",
    "mobiletargeting": "pinpoint",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
UNSIGNED_STS = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")

log = logging.getLogger(__name__)


class Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]
    """Moto's choice of a service for a request, which overlooks the credential in a presigned URL."""

    def infer_service_region_host(self, environ: Environ, path: str) -> str | None:
        """Return the host of the service that the request was signed for."""
        query = environ.get("QUERY_STRING", "")
        if "HTTP_AUTHORIZATION" not in environ and "X-Amz-Credential=" in query:
            credential = parse_qs(query)["X-Amz-Credential"][0]
            environ = environ | {"HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={credential}, "}
        host: str | None = super().infer_service_region_host(environ, path)
        return host


class Front:
    """Answers every request that is not for the control plane."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._moto = Dispatcher(create_backend_app)
        self.reopen()

    def answer(self, environ: Environ) -> Reply | None:
        """Return the reply to a request, or None where a hook lost it on the wire."""
        with self.gate.shared():
            request = identify(environ)
            self._count(request)
            # moto's backends are plain dictionaries: one request at a time, but for those that only wait for messages.
            with nullcontext() if request.operation == "ReceiveMessage" else self._serving:
                response = self._ask_hooks(request) or self._ask_moto(request, environ)
            for hook in self.world.after_hooks:
                changed = hook(request, response)
                if changed is None:
                    return None
                response = changed
        return as_reply(response)

    def reopen(self) -> None:
        """Start with a fresh gate and lock, as a fork must, whose other threads are gone."""
        self.gate = Gate()
        self._counting, self._serving = threading.Lock(), threading.RLock()

    def _count(self, request: Request) -> None:
        if request.service:
            call = request.account, f"{request.service}:{request.operation}"
            with self._counting:
                self.world.calls[call] += 1

    def _ask_hooks(self, request: Request) -> Response | None:
        for hook in tuple(self.world.hooks):
            response = hook(request)
            if response is not None:
                return response
        return None

    def _ask_moto(self, request: Request, environ: Environ) -> Response:
        environ["wsgi.input"] = io.BytesIO(request.body)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            started.append((status, headers))

        try:
            parts: Iterable[bytes] = self._moto(environ, start_response)
            body = b"".join(parts)
        except ServiceException as error:
            return render_error(request, error)
        except Exception as crash:  # the one place where moto's own crashes end: they must not look like AWS's
            return emulator_failed(request, crash)
        status, headers = started[-1]
        return int(status.split()[0]), dict(headers), body


def honour_status(world: World) -> None:
    """Let an `aws_error` raised inside moto keep the HTTP status that it was given; moto knows only its models'."""

    def make(original: Callable[..., Response]) -> Callable[..., Response]:
        def serialized(self: BaseResponse, action_result: ActionResult) -> Response:
            status, headers, body = original(self, action_result)
            error = action_result.result
            return error.status if isinstance(error, AwsError) else status, headers, body

        return serialized

    world.patch(BaseResponse, "serialized", make)


def emulator_failed(request: Request, crash: Exception) -> Response:
    """Say that the emulator, not AWS, failed: status 501, which no SDK retries."""
    log.error("%s:%s crashed\n%s", request.service, request.operation, traceback.format_exc())
    text = f"the emulator failed on {request.service}:{request.operation}: {type(crash).__name__}: {crash}"
    return render_error(request, aws_error("LabEmulatorFailed", text, 501))


def identify(environ: Environ) -> Request:
    """Return who calls which service; a presigned URL names its key in the query."""
    http = HttpRequest(environ)
    http.get_data(cache=True)  # before anything parses the form, which would leave no body behind
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    query = environ.get("QUERY_STRING", "")
    access_key, region, scope = "", "", ""
    if match := SCOPE.search(authorization):
        access_key, region, scope = match.groups()
    elif match := SIGNATURE_V2.match(authorization):
        access_key, scope = match.group(1), "s3"
    elif "X-Amz-Credential=" in query or "AWSAccessKeyId=" in query:
        access_key, region, scope = presigned(query)
    else:
        scope = unsigned_service(http)
    service = service_of(scope.lower(), http)
    return Request(account=account_of(access_key), access_key=access_key, service=service, region=region, http=http)


def presigned(query: str) -> tuple[str, str, str]:
    """Return the access key, region and service that a presigned URL's query names."""
    values = parse_qs(query)
    if "X-Amz-Credential" not in values:
        return values["AWSAccessKeyId"][0], "", "s3"
    parts = [*values["X-Amz-Credential"][0].split("/"), "", "", ""]
    return parts[0], parts[2], parts[3]


def unsigned_service(http: HttpRequest) -> str:
    """Return the service of a request that nobody signed: the STS calls that need no key, a JSON target, else S3."""
    if http.headers.get("X-Amz-Target"):
        return ""
    action = http.values.get("Action", "")
    return "sts" if action in UNSIGNED_STS else "" if action else "s3"


def service_of(scope: str, http: HttpRequest) -> str:
    """Return the botocore service of a request; some services share one name in the credential's scope."""
    if scope == "elasticloadbalancing" and http.values.get("Version") == "2012-06-01":
        return "elb"
    if scope == "ses" and http.path.startswith("/v2/"):
        return "sesv2"
    if scope == "s3" and http.path.startswith("/v20180820/"):
        return "s3control"
    if scope == "dynamodb" and "Streams" in http.headers.get("X-Amz-Target", ""):
        return "dynamodbstreams"
    return known(SERVICE_OF_SCOPE.get(scope, scope))


@cache
def known(service: str) -> str:
    """Return the service's name if botocore knows it, else an empty text."""
    try:
        get_service_model(service)
    except UnknownServiceError:
        return ""
    return service


def account_of(access_key: str) -> str:
    """Return the account in which an access key is alive, or an empty text."""
    for account, partitions in list(iam_backends.items()):
        backend = dict.get(partitions, "aws")
        if backend is not None and access_key in backend.access_keys:
            active = backend.access_keys[access_key].status == "Active"
            return str(account) if active else ""
    return ""


def as_reply(response: Response) -> Reply:
    """Return a hook's or moto's response as bytes for the wire."""
    status, headers, body = response
    return int(status), list(headers.items()), body.encode() if isinstance(body, str) else body
