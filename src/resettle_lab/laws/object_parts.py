"""Law: one part of an object is asked for by number and answered with the object's own headers; it changes no object."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws._bucket import query_of
from resettle_lab.world import World, aws_error


def install(world: World) -> None:
    """Remembers the sizes of the parts that completed an upload, and answers HeadObject and GetObject by part number."""
    from moto.s3.models import FakeMultipart, S3Backend
    from moto.s3.responses import S3Response

    world.patch(FakeMultipart, "complete", _sizes_kept)
    world.patch(S3Backend, "copy_object", _of_one_part)
    world.patch(S3Response, "head_object", _headed)
    world.patch(S3Response, "get_object", _got)


def _sizes_kept(original: Callable[..., Any]) -> Callable[..., Any]:
    """Only parts that the completing call lists are in the object; moto remembers every part that was uploaded."""

    def complete(upload: Any, body: Iterable[tuple[int, str]]) -> Any:
        listed = list(body)
        made = original(upload, iter(listed))
        upload.lab_sizes = [upload.parts[number].size for number, _ in listed]
        return made

    return complete


def _of_one_part(original: Callable[..., None]) -> Callable[..., None]:
    """AWS page "CopyObject": what one call copies is one piece, whatever the source was put together from."""

    def copy_object(backend: Any, src_key: Any, dest_bucket_name: str, dest_key_name: str, **named: Any) -> None:
        original(backend, src_key, dest_bucket_name, dest_key_name, **named)
        backend.get_object(dest_bucket_name, dest_key_name).multipart = None

    return copy_object


def _headed(original: Callable[..., Any]) -> Callable[..., Any]:
    def head_object(response: Any, bucket_name: str, query: dict[str, Any], key_name: str, headers: Any) -> Any:
        asked = query.get("partNumber", [None])[0]
        whole = {name: value for name, value in query.items() if name != "partNumber"}
        status, given, body = original(response, bucket_name, whole, key_name, headers=headers)
        if asked is None or status != 200:
            return status, given, body
        version = query.get("versionId", [None])[0]
        key = response.backend.get_object(bucket_name, key_name, version_id=version)
        place = _place(key, int(asked))
        if place is None:
            return 416, {}, ""
        return _status(key), given | _part_headers(key, *place), ""

    return head_object


def _got(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def get_object(response: Any) -> Any:
        query = query_of(response)
        asked = query.get("partNumber", [None])[0]
        if asked is None:
            return original(response)
        version = query.get("versionId", [None])[0]
        key = response.backend.get_object(response.bucket_name, response.parse_key_name(), version_id=version)
        place = None if key is None else _place(key, int(asked))
        if key is not None and place is None:
            raise aws_error("InvalidPartNumber", "The requested partnumber is not satisfiable", 416)
        status, given, body = original(response)
        if place is None or status not in (200, 206):
            return status, given, body
        start, size = place
        whole = {name: value for name, value in given.items() if not _of_the_whole(name, key)}
        return _status(key), whole | _part_headers(key, start, size), body[start : start + size]

    return get_object


def _of_the_whole(name: str, key: Any) -> bool:
    """A header that part headers replace, or a checksum that speaks of more than the part."""
    lowered = name.lower()
    return lowered in ("content-length", "content-range") or (lowered.startswith("x-amz-checksum-") and bool(_sizes(key)))


def _sizes(key: Any) -> list[int]:
    sizes: list[int] = getattr(key.multipart, "lab_sizes", [])
    return sizes


def _place(key: Any, number: int) -> tuple[int, int] | None:
    """Where a part starts and how long it is; an object put in one piece is its own part 1."""
    sizes = _sizes(key) or [key.size]
    if not 1 <= number <= len(sizes):
        return None
    return sum(sizes[: number - 1]), sizes[number - 1]


def _status(key: Any) -> int:
    return 206 if key.size else 200


def _part_headers(key: Any, start: int, size: int) -> dict[str, str]:
    headers = {"content-length": str(size)}
    if key.size:
        headers["content-range"] = f"bytes {start}-{start + size - 1}/{key.size}"
    if _sizes(key):
        headers["x-amz-mp-parts-count"] = str(len(_sizes(key)))
    return headers


LAW = Law(
    name="object-parts",
    rule="HeadObject and GetObject with a part number answer with the object's own headers (ETag, type, metadata), the length "
    "of that part and the count of parts; a copy made by one CopyObject has no parts.",
    source="Amazon S3 API reference: HeadObject, GetObject (partNumber, x-amz-mp-parts-count), CompleteMultipartUpload",
    install=install,
)
