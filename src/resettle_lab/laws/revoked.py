"""Credentials of a revoked account fail at once, in every service, also inside URLs that they signed earlier."""

from __future__ import annotations

from ..law import Law
from ..world import Request, Response, World
from .accounts import refuse_key


def install(world: World) -> None:
    """Refuse whoever belongs to an account in `world.revoked`, before any other rule is asked."""

    def refuse_revoked(request: Request) -> Response | None:
        return refuse_key(request) if request.account in world.revoked else None

    world.before(refuse_revoked, first=True)


LAW = Law(
    name="revoked",
    rule="A key that was deleted, or whose account is closed, is an unknown key to every service, and a presigned URL "
    "that it signed is as dead as the key.",
    source="Amazon S3 User Guide, 'Download and upload objects with presigned URLs' (expiration); AWS Account Management "
    "Reference Guide, 'Close an AWS account'",
    install=install,
)
