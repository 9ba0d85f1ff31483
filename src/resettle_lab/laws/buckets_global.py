"""Law: a bucket's name is taken once in the world, and a bucket goes only when it is empty; it keeps no name reserved."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.world import World, aws_error

_NAME = re.compile(r"(?!xn--)(?!sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def install(world: World) -> None:
    """moto has the global name and BucketNotEmpty; this adds the naming rules that it does not check."""
    from moto.s3.models import S3Backend

    world.patch(S3Backend, "create_bucket", _well_named)


def _well_named(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_bucket(backend: Any, bucket_name: str, region_name: str, bucket_namespace: str | None = None) -> Any:
        address = re.fullmatch(r"\d+\.\d+\.\d+\.\d+", bucket_name)
        if _NAME.fullmatch(bucket_name) is None or ".." in bucket_name or address:
            raise aws_error("InvalidBucketName", "The specified bucket is not valid.", 400)
        return original(backend, bucket_name, region_name, bucket_namespace=bucket_namespace)

    return create_bucket


LAW = Law(
    name="buckets-global",
    rule="A bucket name belongs to one account of the world: BucketAlreadyExists for others, BucketAlreadyOwnedByYou for "
    "its owner outside us-east-1; a bucket with versions or delete markers is not deleted (BucketNotEmpty).",
    source="Amazon S3 User Guide: General purpose bucket naming rules; API reference: CreateBucket, DeleteBucket",
    install=install,
)
