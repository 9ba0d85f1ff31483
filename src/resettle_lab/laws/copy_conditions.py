"""Law: a copy's conditions on its source and on its destination are honoured; it judges no permission."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws._bucket import bucket_named, copy_source, query_of
from resettle_lab.world import World, aws_error


def install(world: World) -> None:
    """Checks the conditions before moto copies; it knows one of the four on the source, and none on the destination."""
    from moto.s3.responses import S3Response

    world.patch(S3Response, "copy_object", _conditional)
    world.patch(S3Response, "upload_part_copy", _conditional)


def _conditional(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def copy(response: Any) -> Any:
        found = _source(response)
        if found is not None:
            _check_source(found, response.headers)
        if "partNumber" not in query_of(response):
            _check_destination(response)
        return original(response)

    return copy


def _source(response: Any) -> Any | None:
    from moto.s3.models import s3_backends

    source = copy_source(response)
    bucket = None if source is None else bucket_named(source[0])
    if source is None or bucket is None:
        return None
    return s3_backends[bucket.account_id][bucket.partition].get_object(bucket.name, source[1], version_id=source[2])


def _check_source(found: Any, headers: Any) -> None:
    """AWS page "CopyObject": a tag that matches outweighs the date beside it, a tag that must not match outweighs nothing."""
    prefix = "x-amz-copy-source-if-"
    match, none_match = headers.get(f"{prefix}match"), headers.get(f"{prefix}none-match")
    changed, unchanged = _date(headers.get(f"{prefix}modified-since")), _date(headers.get(f"{prefix}unmodified-since"))
    written = found.last_modified.replace(microsecond=0, tzinfo=None)
    if match is not None:
        _require(_matches(match, found), f"{prefix}match")
    elif unchanged is not None:
        _require(written <= unchanged, f"{prefix}unmodified-since")
    if none_match is not None:
        _require(not _matches(none_match, found), f"{prefix}none-match")
    elif changed is not None:
        _require(written > changed, f"{prefix}modified-since")


def _check_destination(response: Any) -> None:
    match, none_match = response.headers.get("If-Match"), response.headers.get("If-None-Match")
    if match is None and none_match is None:
        return
    held = response.backend.get_object(response.bucket_name, response.parse_key_name())
    if none_match == "*":
        _require(held is None, "If-None-Match")
    if match is not None:
        if held is None:
            raise aws_error("NoSuchKey", "The specified key does not exist.", 404)
        _require(_matches(match, held), "If-Match")


def _matches(asked: str, key: Any) -> bool:
    return asked.strip() == "*" or asked.strip().strip('"') == key.etag.strip('"')


def _date(text: str | None) -> datetime | None:
    """A date that cannot be read is no condition."""
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).replace(tzinfo=None)
    except ValueError:
        return None


def _require(holds: bool, condition: str) -> None:
    if not holds:
        message = "At least one of the pre-conditions you specified did not hold"
        raise aws_error("PreconditionFailed", message, 412, Condition=condition)


LAW = Law(
    name="copy-conditions",
    rule="CopyObject and UploadPartCopy honour the four conditions on their source, CopyObject also If-Match and If-None-Match "
    "on its destination; what does not hold is a 412.",
    source="Amazon S3 API reference: CopyObject, UploadPartCopy; Amazon S3 User Guide: Add preconditions to S3 operations with "
    "conditional requests",
    install=install,
)
