"""One side of the move: its identity, clients, paging, retries, rate limits, call log and guard. The only way out.

Every call to AWS and every request by address passes the guard before it is sent and stands in the call log after it;
botocore's errors never leave this module, and no parameter's value stands in an error.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import urljoin, urlsplit

from resettle import __version__
from resettle.calllog import Asked, CallLog, failure, resource_of, sensitive
from resettle.errors import CallFailed, Denied, Refused, WrongAccount
from resettle.guard import Allowed, Guard, Inspect, veto_blind_retry
from resettle.limits import Limits
from resettle.model import Side
from resettle.reads import READS, page_size, pages, repeatable

_CONTEXT = "resettle"
_CONNECT_SECONDS, _READ_SECONDS = 10, 60
_ATTEMPTS = 10
_HTTP_ATTEMPTS, _HTTP_HOPS = 5, 3
_PIECE = 1 << 20


class Identity(NamedTuple):
    """Whom AWS takes a side for; `alias` is "" where the account has none or we may not ask."""

    account: str
    arn: str
    alias: str = ""


@dataclass(slots=True)
class _Sent:
    """What travels with a request through botocore's events."""

    service: str
    operation: str
    resource: str
    repeatable: bool
    started: float = 0.0


class Response:
    """An answer to `Account.http`: its status, its headers, and a body that streams. Close it, or use it in `with`."""

    def __init__(self, status: int, headers: Mapping[str, str], raw: Any, asked: Asked) -> None:
        self.status, self.headers = status, headers
        self._raw, self._asked = raw, asked

    def chunks(self, size: int = _PIECE) -> Iterator[bytes]:
        """The body in pieces; a body that breaks off raises CallFailed, so a short file is never taken for a whole."""
        from urllib3.exceptions import HTTPError

        try:
            yield from self._raw.stream(size, decode_content=False)
        except HTTPError as error:
            because = f"the body broke off ({type(error).__name__})"
            raise CallFailed(self._asked.doing, self._asked.on, because, code=type(error).__name__) from error

    def read(self) -> bytes:
        """The whole body; for small answers."""
        return b"".join(self.chunks())

    def save(self, to: BinaryIO) -> int:
        """Write the body to a file, and say how many bytes that was."""
        return sum(to.write(piece) for piece in self.chunks())

    def close(self) -> None:
        """Give the connection back; a body that was not read is thrown away with it."""
        self._raw.close()
        self._raw.release_conn()

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Body:
    """The streamed body of a reply, in botocore's words, whose errors are ours."""

    def __init__(self, body: Any, told: Callable[[], AbstractContextManager[None]]) -> None:
        self._body, self._told = body, told

    def read(self, amount: int | None = None) -> bytes:
        """The next `amount` bytes, or all that is left; raises CallFailed if the body breaks off."""
        with self._told():
            return bytes(self._body.read(amount))

    def iter_chunks(self, chunk_size: int = _PIECE) -> Iterator[bytes]:
        """What is left in pieces; raises CallFailed if the body breaks off."""
        while piece := self.read(chunk_size):
            yield piece

    def close(self) -> None:
        """Give the connection up."""
        self._body.close()

    def __enter__(self) -> Body:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Account:
    """The account on one side, in one region, as an AWS profile shows it; threads share it.

    `expected` is its number, asserted by `identify` and, where nobody called that, before the first write. `allowed` and
    `inspect`: see `guard.Guard`. `connections` is how many requests a client may have under way at once.
    """

    def __init__(
        self,
        side: Side,
        *,
        profile: str,
        region: str,
        expected: str,
        allowed: Allowed = frozenset(),
        log: CallLog,
        inspect: Inspect | None = None,
        connections: int = 32,
        limits: Limits | None = None,
    ) -> None:
        if side is Side.NEW:
            raise ValueError("an account is the source or the target")
        self.side, self.region, self.id = side, region, expected
        self._profile, self._connections, self._log = profile, connections, log
        self._on = f"account {expected} ({side})" if expected else f"the {side} account"
        self._guard = Guard(side, self._on, allowed, inspect)
        self._limits = limits or Limits()
        self._making, self._identifying = threading.RLock(), threading.RLock()
        self._identified = not expected
        self._caller: dict[str, Any] = {}
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._transports: dict[str, Any] = {}

    def permit(self, allowed: Allowed) -> None:
        """Replace what may be written; see `guard.Guard.permit`."""
        self._guard.permit(allowed)

    def permitted(self, allowed: Allowed) -> AbstractContextManager[None]:
        """Allow these writes as well, in every thread, while a `with` block runs."""
        return self._guard.permitted(allowed)

    def inspect(self, inspect: Inspect | None) -> None:
        """Show every call's parameters to this function from now on, before it is sent; it may raise."""
        self._guard.watch(inspect)

    def refuse(self, reason: str) -> None:
        """After this no call at all leaves: each raises Refused with this reason. It is not undone."""
        self._guard.refuse(reason)

    def identify(self) -> Identity:
        """Ask AWS which account this is; WrongAccount unless it is the expected one ("" expects none in particular)."""
        caller = self._assert_identity()
        try:
            aliases = self.call("iam", "list_account_aliases")["AccountAliases"]
        except Denied:
            aliases = []
        return Identity(account=caller["Account"], arn=caller["Arn"], alias=aliases[0] if aliases else "")

    def call(self, service: str, operation: str, /, **params: Any) -> dict[str, Any]:
        """One call with all its retries: the reply without ResponseMetadata, or an error of `errors.CallFailed`.

        What was throttled is sent again up to 9 times, and so is what failed on the way or with a 5xx, unless sending
        it twice could make two things: that raises CallFailed with the code `calllog.REPLY_LOST` at once.
        """
        client, model = self._client(service), self._model(service, operation)
        if not self._identified and f"{service}:{model.name}" not in READS:
            self._assert_identity()
        with self._told(service, model, params):
            reply: dict[str, Any] = getattr(client, operation)(**params)
        reply.pop("ResponseMetadata", None)
        for member, value in reply.items():
            if hasattr(value, "iter_chunks"):
                reply[member] = Body(value, partial(self._told, service, model, params))
        return reply

    def every(self, service: str, operation: str, /, **params: Any) -> Iterator[dict[str, Any]]:
        """Every page of a read, in order and as large as AWS gives them; an operation without pages gives one.

        Where botocore has no paginator, the tokens are derived from the model; one that comes twice raises CallFailed.
        """
        client, model = self._client(service), self._model(service, operation)
        asked = {**params, **page_size(f"{service}:{model.name}", model, params)}
        with self._told(service, model, asked):
            for page in pages(client, operation, model, asked):
                page.pop("ResponseMetadata", None)
                yield page

    def http(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | BinaryIO | None = None
    ) -> Response:
        """A request to an address that somebody else signed, or that needs no signature; any status is an answer.

        On the source only GET and HEAD leave. A redirect is followed on the same host only, else Refused. What failed
        on the way, with a 5xx or 429 is sent again up to 4 times, if its method is idempotent and its body can rewind.
        """
        method = method.upper()
        start = body.tell() if body is not None and not isinstance(body, bytes) and body.seekable() else 0
        again = method in ("GET", "HEAD", "PUT", "DELETE") and (body is None or isinstance(body, bytes) or body.seekable())
        for _ in range(_HTTP_HOPS + 1):
            self._guard.check_http(method, url, headers or {}, body)
            if not self._identified and method not in ("GET", "HEAD"):
                self._assert_identity()
            response = self._sent_until(method, url, dict(headers or {}), body, start, again)
            location = response.headers.get("Location")
            if response.status not in (301, 302, 303, 307, 308) or not location or method not in ("GET", "HEAD"):
                return response
            response.close()
            url = self._followed(method, url, location)
        raise CallFailed(f"calling http:{method}", f"on {self._on}", f"more than {_HTTP_HOPS} redirects", code="Redirects")

    def _assert_identity(self) -> dict[str, Any]:
        with self._identifying:
            if self._caller:
                return self._caller
            caller = self.call("sts", "get_caller_identity")
            number = str(caller["Account"])
            if self.id and number != self.id:
                profile = f"profile {self._profile or 'in use'}"
                because = f"it leads to account {number}, not to {self.id}"
                advice = "give the profile of that account, or correct the account number"
                raise WrongAccount(f"checking the {self.side} account", f"by {profile}", because, advice)
            self.id, self._identified, self._caller = number, True, caller
            return caller

    @contextmanager
    def _told(self, service: str, model: Any, params: Mapping[str, Any]) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
        from botocore.parsers import ResponseParserError

        try:
            yield
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            operation = f"{service}:{model.name}"
            asked = Asked(
                operation=operation,
                on=f"on {self._on}",
                profile=self._profile,
                repeatable=repeatable(operation, model, params),
                secrets=tuple(sensitive(model.input_shape, params)) if model.input_shape else (),
            )
            # A report of misfits quotes the values, which a chained traceback would show.
            cause = None if isinstance(error, ParamValidationError) else error
            raise failure(error, asked) from cause

    def _model(self, service: str, operation: str) -> Any:
        client = self._client(service)
        name = client.meta.method_to_api_mapping.get(operation)
        if name is None:
            raise ValueError(f"{service} has no operation {operation}")
        return client.meta.service_model.operation_model(name)

    def _client(self, service: str) -> Any:
        client = self._clients.get(service)
        if client is None:
            with self._making:
                client = self._clients.get(service)
                if client is None:
                    client = self._clients[service] = self._made(service)
        return client

    def _made(self, service: str) -> Any:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        config = Config(
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            max_pool_connections=self._connections,
            tcp_keepalive=True,
            user_agent_extra=f"resettle/{__version__}",
            s3={"addressing_style": "auto"},
            request_checksum_calculation="when_supported",
        )
        try:
            client = self._opened().create_client(service, region_name=self.region, config=config)
        except BotoCoreError as error:
            asked = Asked(operation=f"{service}:(client)", on=f"on {self._on}", profile=self._profile)
            raise failure(error, asked) from error
        events = client.meta.events
        # Ahead of every handler of botocore's, so that what is checked and inspected is what the caller wrote.
        events.register_first("before-parameter-build.*.*", partial(self._before_build, service))
        events.register_first("needs-retry.*.*", _before_retry)
        events.register("before-call.*.*", self._before_call)
        events.register("after-call.*.*", self._after_call)
        events.register("after-call-error.*.*", self._after_error)
        return client

    def _opened(self) -> Any:
        with self._making:
            if self._session is None:
                from botocore.session import Session

                self._session = Session(profile=self._profile or None)
            return self._session

    def _before_build(self, service: str, *, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        operation = f"{service}:{model.name}"
        self._guard.check(operation, params)
        required = model.input_shape.required_members if model.input_shape else ()
        resource = resource_of(params, required)
        context[_CONTEXT] = _Sent(service, model.name, resource, repeatable(operation, model, params))

    def _before_call(self, *, context: dict[str, Any], **_: Any) -> None:
        sent: _Sent = context[_CONTEXT]
        self._limits.wait(sent.service, sent.operation)
        sent.started = time.monotonic()

    def _after_call(self, *, http_response: Any, parsed: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        failed = http_response.status_code >= 300
        code = context.get("error_code_override") or parsed.get("Error", {}).get("Code", http_response.status_code)
        self._record(context, str(code) if failed else "ok")

    def _after_error(self, *, exception: Exception, context: dict[str, Any], **_: Any) -> None:
        response = getattr(exception, "response", None)
        code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
        self._record(context, str(code or type(exception).__name__))

    def _record(self, context: dict[str, Any], status: str) -> None:
        sent: _Sent = context[_CONTEXT]
        retries = max(0, context.get("retries", {}).get("attempt", 1) - 1)
        self._write_down(sent.service, sent.operation, sent.resource, status, retries, sent.started)

    def _write_down(self, service: str, operation: str, resource: str, status: str, retries: int, started: float) -> None:
        self._log.record(
            side=self.side,
            account=self.id,
            service=service,
            operation=operation,
            resource=resource,
            status=status,
            retries=retries,
            milliseconds=(time.monotonic() - started) * 1000,
        )

    def _sent_until(
        self, method: str, url: str, headers: dict[str, str], body: bytes | BinaryIO | None, start: int, again: bool
    ) -> Response:
        from botocore.exceptions import BotoCoreError

        asked = Asked(operation=f"http:{method}", on=f"on {self._on}", profile=self._profile, repeatable=again)
        host, started = urlsplit(url).hostname or "", time.monotonic()
        for attempt in range(_HTTP_ATTEMPTS):
            last = not again or attempt == _HTTP_ATTEMPTS - 1
            if body is not None and not isinstance(body, bytes) and attempt:
                body.seek(start)
            try:
                answer = self._transport(url).send(_prepared(method, url, headers, body))
            except BotoCoreError as error:
                if last:
                    self._write_down("http", method, host, type(error).__name__, attempt, started)
                    raise failure(error, asked) from None  # botocore's text holds the address with its signature
            else:
                status = answer.status_code
                if last or (status < 500 and status != 429):
                    self._write_down("http", method, host, "ok" if status < 400 else str(status), attempt, started)
                    return Response(status, answer.headers, answer.raw, asked)
                answer.raw.drain_conn()
                answer.raw.release_conn()
            time.sleep(0.25 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _transport(self, url: str) -> Any:
        from botocore.httpsession import URLLib3Session
        from botocore.utils import get_environ_proxies

        proxies = get_environ_proxies(url)
        key = repr(sorted(proxies.items()))
        with self._making:
            if key not in self._transports:
                self._transports[key] = URLLib3Session(
                    verify=self._opened().get_config_variable("ca_bundle") or True,
                    proxies=proxies,
                    timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                    max_pool_connections=self._connections,
                )
            return self._transports[key]

    def _followed(self, method: str, url: str, location: str) -> str:
        there, here = urlsplit(urljoin(url, location)), urlsplit(url)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            because = f"{here.netloc} redirects to another host, {there.netloc}"
            raise Refused(f"calling http:{method}", f"on {self._on}", because)
        return there.geturl()


def _before_retry(*, request_dict: dict[str, Any], **event: Any) -> None:
    if not request_dict["context"][_CONTEXT].repeatable:
        veto_blind_retry(**event)


def _prepared(method: str, url: str, headers: Mapping[str, str], body: bytes | BinaryIO | None) -> Any:
    from botocore.awsrequest import AWSRequest

    named = {"User-Agent": f"resettle/{__version__}", **headers}
    return AWSRequest(method=method, url=url, headers=named, data=body, stream_output=True).prepare()
