"""A small HTTP/1.1 server for the lab: one thread a connection, connections kept alive, nothing logged.

It speaks to whoever `answer` serves and knows nothing of AWS; it never binds to anything but the loopback address.
"""

from __future__ import annotations

import io
import os
import socket
import socketserver
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)

LOOPBACK = "127.0.0.1"
Environ = dict[str, Any]
Reply = tuple[int, list[tuple[str, str]], bytes]
Answer = Callable[[Environ], Reply | None]


class Connection(socketserver.StreamRequestHandler):
    """Serves the requests of one connection, one after another, until either side closes it."""

    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        """Answer requests until the peer goes away; a connection that breaks is the peer's affair."""
        try:
            while self._serve_one():
                pass
        except (ConnectionError, TimeoutError, ValueError):
            return

    def _serve_one(self) -> bool:
        line = self.rfile.readline(65537)
        if not line.strip() or not line.endswith(b"\n"):
            return False
        method, target, version = line.decode("latin-1").split()
        headers = self._read_headers()
        environ = environ_of(method, target, version, headers, self.server.server_port)
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._read_body(environ)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        reply = self.server.answer(environ)
        if reply is None:
            return False
        self.wfile.write(encode_reply(reply, method))
        if self.server.stopping:
            self.server.shutdown()
            return False
        return environ.get("HTTP_CONNECTION", "").lower() != "close" and version != "HTTP/1.0"

    def _read_headers(self) -> list[tuple[str, str]]:
        headers: list[tuple[str, str]] = []
        while (line := self.rfile.readline(65537)) not in (b"\r\n", b"\n"):
            if not line.endswith(b"\n"):
                raise ConnectionError("the peer went away in the middle of the headers")
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name.strip(), value.strip()))
        return headers

    def _read_body(self, environ: Environ) -> bytes:
        if environ.pop("HTTP_TRANSFER_ENCODING", "").lower() != "chunked":
            return self._read_exactly(int(environ.get("CONTENT_LENGTH") or 0))
        chunks: list[bytes] = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self._read_exactly(size))
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b"\n", b""):
            continue
        return b"".join(chunks)

    def _read_exactly(self, size: int) -> bytes:
        """What was announced, or nothing happens at all: AWS carries out no request whose body broke off (S3: IncompleteBody)."""
        body = self.rfile.read(size)
        if len(body) < size:
            raise ConnectionError("the peer went away in the middle of the body")
        return body


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens on the loopback address; `answer` turns a WSGI environ into a reply, or into None to drop the line.

    Once `stopping` is set the server shuts down as soon as the reply under way is sent.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, answer: Answer) -> None:
        super().__init__((LOOPBACK, port), Connection)
        self.answer = answer
        self.stopping = False
        self._open: set[socket.socket] = {self.socket}
        self._lock = threading.Lock()

    @property
    def server_port(self) -> int:
        """Return the port that this server listens on."""
        port: int = self.server_address[1]
        return port

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection in a thread of its own, and remember its socket."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and forget its socket."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def abandon(self) -> None:
        """Close this process's copies of all sockets without a word on the wire: what a forked child must do first."""
        for each in self._open:
            descriptor = each.detach()
            if descriptor >= 0:
                os.close(descriptor)
        self._open.clear()


def environ_of(method: str, target: str, version: str, headers: list[tuple[str, str]], port: int) -> Environ:
    """Return the WSGI environ of a request; header names of S3 metadata keep their spelling, as moto wants it."""
    split = urlsplit(target) if "://" in target[:8] else None
    raw = target if split is None else target[target.index(split.netloc) + len(split.netloc) :] or "/"
    path, _, query = raw.partition("?")
    environ: Environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": raw,
        "REQUEST_URI": raw,
        "SERVER_NAME": LOOPBACK,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": version,
        "REMOTE_ADDR": LOOPBACK,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    names: dict[str, str] = {}
    for name, value in headers:
        key = environ_key_for_header(name)
        if "_" in name:
            if not should_preserve_original_header_name(name):
                continue
            names.setdefault(key, name)
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = names
    return environ


def encode_reply(reply: Reply, method: str) -> bytes:
    """Return the bytes of a reply; a HEAD reply keeps the length that it announces and sends no body."""
    status, headers, body = reply
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
    bodiless = method == "HEAD" or status in (204, 304)
    lines = [f"HTTP/1.1 {status} {phrase}"]
    announced = None
    for name, value in headers:
        lowered = name.lower()
        if lowered == "content-length":
            announced = value
        elif lowered not in ("connection", "transfer-encoding", "status"):
            lines.append(f"{name}: {value}")
    length = announced if method == "HEAD" and announced is not None else str(len(body))
    if status != 204:
        lines.append(f"Content-Length: {length}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
    return head if bodiless else head + body
