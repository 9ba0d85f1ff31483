"""Law: an access control list is told grant by grant, one grantee and one permission each; it lets nobody in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.world import World


def install(world: World) -> None:
    """Spells out grants in which moto holds several grantees or permissions and tells only the first."""
    from moto.s3.responses import S3Response

    world.patch(S3Response, "_acl_to_dict", _spelled_out)


def _spelled_out(original: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    def acl_to_dict(acl: Any) -> dict[str, Any]:
        from moto.s3.models import FakeAcl, FakeGrant

        single = [
            FakeGrant([grantee], [permission])
            for grant in acl.grants
            for grantee in grant.grantees
            for permission in grant.permissions
        ]
        return original(FakeAcl(single))

    return acl_to_dict


LAW = Law(
    name="bucket-grants",
    rule="GetBucketAcl and GetObjectAcl give one Grant for each grantee and permission.",
    source="Amazon S3 API reference: GetBucketAcl, Grant; Amazon S3 User Guide: Access control list (ACL) overview, Canned ACL",
    install=install,
)
