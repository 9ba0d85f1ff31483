"""Raw looks at the target: each reply is kept, so that all text in it can be searched afterwards.

It promises to call reading operations only, and to page wherever AWS pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import ClientError

from resettle_lab.ledger import READS

Params = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One reply of the target and what was asked."""

    operation: str
    params: Params
    reply: Params


@dataclass(slots=True)
class Reader:
    """The target's raw describes."""

    session: boto3.Session
    looks: list[Look] = field(default_factory=list)
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the one client of a service."""
        if service not in self.clients:
            self.clients[service] = self.session.client(service)
        return self.clients[service]

    def call(self, service: str, operation: str, **params: Any) -> Params:
        """Call one reading operation; refusals pass through as ClientError."""
        if not operation.title().startswith(READS):
            raise ValueError(f"the checker only reads, and was asked to {operation}")
        reply: Params = getattr(self.client(service), operation)(**params)
        reply.pop("ResponseMetadata", None)
        self.looks.append(Look(operation=f"{service}.{operation}", params=params, reply=reply))
        return reply

    def maybe(self, service: str, operation: str, absent: tuple[str, ...], **params: Any) -> Params:
        """Call, but take the given error codes for an empty reply."""
        try:
            return self.call(service, operation, **params)
        except ClientError as refused:
            if refused.response["Error"]["Code"] in absent:
                return {}
            raise

    def pages(self, service: str, operation: str, **params: Any) -> Iterator[Params]:
        """Call an operation page by page, or once where botocore has no pages for it."""
        client = self.client(service)
        if not client.can_paginate(operation):
            yield self.call(service, operation, **params)
            return
        for page in client.get_paginator(operation).paginate(**params):
            page.pop("ResponseMetadata", None)
            self.looks.append(Look(operation=f"{service}.{operation}", params=params, reply=page))
            yield page

    def all(self, service: str, operation: str, member: str, **params: Any) -> list[Any]:
        """Collect one member of all pages."""
        return [entry for page in self.pages(service, operation, **params) for entry in page.get(member, ())]

    def content(self, where: Params) -> tuple[bytes, Params]:
        """Read one version of an object: its bytes, and the rest of the reply."""
        reply: Params = self.client("s3").get_object(**where)
        body = reply.pop("Body").read()
        reply.pop("ResponseMetadata", None)
        self.looks.append(Look(operation="s3.get_object", params=where, reply=reply))
        return body, reply
