"""Law: how large one copy may be, and that an object's tags travel with it; it never judges who may copy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws._bucket import bucket_named, copy_source
from resettle_lab.world import World, aws_error


def install(world: World) -> None:
    """Bounds CopyObject and UploadPartCopy by `settings["single_copy_limit"]` and lets tags cross accounts."""
    from moto.s3.models import S3Backend
    from moto.s3.responses import S3Response

    world.patch(S3Response, "copy_object", lambda original: _bounded(original, world))
    world.patch(S3Response, "upload_part_copy", lambda original: _bounded_part(original, world))
    world.patch(S3Backend, "copy_object", _tags_follow)


def _source_size(response: Any) -> int:
    from moto.s3.models import s3_backends

    source = copy_source(response)
    bucket = None if source is None else bucket_named(source[0])
    if source is None or bucket is None:
        raise aws_error("NoSuchBucket", "The specified bucket does not exist", 404)
    backend = s3_backends[bucket.account_id][bucket.partition]
    found = backend.get_object(bucket.name, source[1], version_id=source[2])
    if found is None:
        if source[2] is not None:
            raise aws_error("NoSuchVersion", "The specified version does not exist.", 404)
        raise aws_error("NoSuchKey", "The specified key does not exist.", 404)
    return int(found.size)


def _refuse_over(limit: int, size: int) -> None:
    if size > limit:
        message = f"The specified copy source is larger than the maximum allowable size for a copy source: {limit}"
        raise aws_error("InvalidRequest", message, 400)


def _bounded(original: Callable[[Any], Any], world: World) -> Callable[[Any], Any]:
    def copy_object(response: Any) -> Any:
        _refuse_over(world.settings["single_copy_limit"], _source_size(response))
        return original(response)

    return copy_object


def _bounded_part(original: Callable[[Any], Any], world: World) -> Callable[[Any], Any]:
    def upload_part_copy(response: Any) -> Any:
        size = _source_size(response)
        asked = response.headers.get("x-amz-copy-source-range")
        _refuse_over(world.settings["single_copy_limit"], size if asked is None else _length(asked, size))
        return original(response)

    return upload_part_copy


def _length(asked: str, size: int) -> int:
    match = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
    first, last = (int(match[1]), int(match[2])) if match else (1, 0)
    if first > last or last >= size:
        message = f"Range specified is not valid for source object of size: {size}"
        raise aws_error("InvalidArgument", message, 400, argument_name="x-amz-copy-source-range", argument_value=asked)
    return last - first + 1


def _tags_follow(original: Callable[..., None]) -> Callable[..., None]:
    """moto keeps tags by account and looks for the source's in the destination's account."""

    def copy_object(backend: Any, src_key: Any, dest_bucket_name: str, dest_key_name: str, **named: Any) -> None:
        from moto.s3.models import s3_backends

        original(backend, src_key, dest_bucket_name, dest_key_name, **named)
        if src_key.account_id == backend.account_id:
            return
        tags = s3_backends[src_key.account_id][src_key.partition].tagger.list_tags_for_resource(src_key.arn)["Tags"]
        if tags:
            made = backend.get_object(dest_bucket_name, dest_key_name)
            backend.tagger.tag_resource(made.arn, tags)

    return copy_object


LAW = Law(
    name="bucket-copies",
    rule="One CopyObject or UploadPartCopy takes at most 5 GiB (the lab's setting single_copy_limit); an object's tags "
    "are copied with it, between accounts too.",
    source="Amazon S3 API reference: CopyObject, UploadPartCopy; Amazon S3 User Guide: Amazon S3 multipart upload limits",
    install=install,
)
