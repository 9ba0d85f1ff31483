"""Law: AWS throttles, fails and loses replies now and then; a lab does so only when told, and the same way each time."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter

from resettle_lab.law import Law
from resettle_lab.world import Request, Response, World, error_response, protocol_of

_OFF = {"throttle": 0.0, "errors": 0.0, "lose": 0.0, "seed": 0}
_SLOW_DOWN = "Please reduce your request rate."
# Throttling by service where it differs from the rule of the protocol: code and HTTP status.
_BY_SERVICE = {
    "ec2": ("RequestLimitExceeded", 503),
    "lambda": ("TooManyRequestsException", 429),
    "s3": ("SlowDown", 503),
    "s3control": ("SlowDown", 503),
    "sqs": ("RequestThrottled", 403),
}
_BY_PROTOCOL = {
    "ec2": ("RequestLimitExceeded", 503),
    "json": ("ThrottlingException", 400),
    "query": ("Throttling", 400),
    "rest-json": ("TooManyRequestsException", 429),
    "rest-xml": ("Throttling", 400),
}
# What a service calls its own failure, with the status.
_FAILURES = {
    "ec2": ("InternalError", 500),
    "kms": ("KMSInternalException", 500),
    "lambda": ("ServiceException", 500),
    "logs": ("ServiceUnavailableException", 503),
    "s3": ("InternalError", 500),
    "secretsmanager": ("InternalServiceError", 500),
    "ssm": ("InternalServerError", 500),
}
_UNAVAILABLE = ("ServiceUnavailable", 503)


class Faults:
    """Draws the fate of each request from the seed, its account and operation, and how many of those came before it.

    So a run that calls one thing after another meets the same faults again; where calls of one operation race, the same
    number of them fails, whichever they are. Nothing is drawn for STS, for which no operation of a client could go on.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()
        self._as_set: tuple[float, ...] = ()

    def refuse(self, request: Request) -> Response | None:
        """Answer for the service if it throttles or fails this request, before anything took effect."""
        throttle, errors = self._share("throttle"), self._share("errors")
        if not throttle + errors or _exempt(request):
            return None
        drawn = self._draw(request, "refuse")
        if drawn < throttle:
            return _throttled(request)
        if drawn < throttle + errors:
            return _failed(request, drawn)
        return None

    def lose(self, request: Request, response: Response) -> Response | None:
        """Drop the connection in place of a reply to a request that took effect."""
        share = self._share("lose")
        if not share or _exempt(request) or response[0] >= 300:
            return response
        return None if self._draw(request, "lose") < share else response

    def _share(self, name: str) -> float:
        return float(self._world.settings.get(name) or 0.0)

    def _draw(self, request: Request, purpose: str) -> float:
        settings = self._world.settings
        with self._lock:
            as_set = tuple(float(settings.get(name) or 0) for name in _OFF)
            if as_set != self._as_set:
                self._seen.clear()
                self._as_set = as_set
            call = f"{settings.get('seed')} {purpose} {request.account} {request.service}:{request.operation}"
            self._seen[call] += 1
            text = f"{call} {self._seen[call]}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64


def _exempt(request: Request) -> bool:
    return request.service in ("", "sts")


def _throttled(request: Request) -> Response:
    code, status = _BY_SERVICE.get(request.service) or _BY_PROTOCOL.get(protocol_of(request), ("Throttling", 400))
    return error_response(request, code, _SLOW_DOWN if code == "SlowDown" else "Rate exceeded", status)


def _failed(request: Request, drawn: float) -> Response:
    """Half are the service's own failure, half a front that cannot reach it."""
    own = _FAILURES.get(request.service, ("InternalFailure", 500))
    code, status = own if int(drawn * 2**32) % 2 else _UNAVAILABLE
    return error_response(request, code, "The service failed; please retry.", status)


def install(world: World) -> None:
    """Adds the switches `throttle`, `errors` and `lose` (fractions of one) and `seed`, all off."""
    faults = Faults(world)
    world.settings.update(_OFF)
    world.before(faults.refuse, first=True)
    world.after(faults.lose)


LAW = Law(
    name="faults",
    rule="Any request may be throttled in its service's own words, fail with a 5xx, or take effect while its reply is lost; "
    "the switches throttle, errors and lose say how often (never, unless set).",
    source="AWS SDKs and Tools Reference Guide: Retry behavior; Amazon EC2 Developer Guide: Request throttling "
    "(RequestLimitExceeded); Amazon S3 User Guide: 503 Slow Down; AWS Lambda API reference: TooManyRequestsException; Amazon "
    "SQS API reference: RequestThrottled",
    install=install,
)
