"""Law: a bucket gives back the lifecycle, notifications and payer that it was given, whole; it acts on none of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

from resettle_lab.law import Law
from resettle_lab.laws._bucket import bucket_named, query_of
from resettle_lab.world import World

_SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
# The element under which each entry of a configuration gets an id where the caller gave none.
_IDENTIFIED = {
    "lifecycle": ("Rule", "ID"),
    "notification": ("QueueConfiguration TopicConfiguration CloudFunctionConfiguration", "Id"),
}
_KEPT = ("lifecycle", "notification", "requestPayment")
_SMALLEST = "x-amz-transition-default-minimum-object-size"


def install(world: World) -> None:
    """Keeps each configuration as the XML that it came in, because moto keeps only the parts that it knows."""
    from moto.s3.responses import S3Response

    world.patch(S3Response, "_bucket_response_put", _keep)
    world.patch(S3Response, "_bucket_response_get", _give_back)
    world.patch(S3Response, "_bucket_response_delete", _forget)


def _kept(bucket: Any) -> dict[str, str]:
    if not hasattr(bucket, "lab_configuration"):
        bucket.lab_configuration = {}
    kept: dict[str, str] = bucket.lab_configuration
    return kept


def _named_in(response: Any) -> str | None:
    query = query_of(response)
    return next((name for name in _KEPT if name in query), None)


def _keep(original: Callable[..., Any]) -> Callable[..., Any]:
    def bucket_put(response: Any, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        name, bucket = _named_in(response), bucket_named(bucket_name)
        reply = "" if name == "requestPayment" else original(response, request, bucket_name, querystring)
        if name is not None and bucket is not None:
            _kept(bucket)[name] = _with_ids(name, response.body)
            if name == "lifecycle":
                bucket.lab_smallest = response.headers.get(_SMALLEST) or "all_storage_classes_128K"
        return reply

    return bucket_put


def _with_ids(name: str, body: bytes) -> str:
    ElementTree.register_namespace("", _SPACE)
    root = ElementTree.fromstring(body)
    entries, identifier = _IDENTIFIED.get(name, ("", ""))
    for entry in root:
        tag = re.sub(r"{.*}", "", entry.tag)
        held = entry.find(f"{{*}}{identifier}") if tag in entries.split() else entry
        if held is None:
            space = entry.tag[: -len(tag)]
            ElementTree.SubElement(entry, f"{space}{identifier}").text = str(uuid4())
    return ElementTree.tostring(root, encoding="unicode")


def _give_back(original: Callable[..., Any]) -> Callable[..., Any]:
    def bucket_get(response: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        name, bucket = _named_in(response), bucket_named(bucket_name)
        held = None if bucket is None or name is None else _kept(bucket).get(name)
        if name == "requestPayment" and held is None and bucket is not None:
            held = f'<RequestPaymentConfiguration xmlns="{_SPACE}"><Payer>BucketOwner</Payer></RequestPaymentConfiguration>'
        if held is None:
            return original(response, bucket_name, querystring)
        headers = {"content-type": "application/xml"}
        if name == "lifecycle":
            headers[_SMALLEST] = bucket.lab_smallest if bucket is not None else ""
        return 200, headers, f'<?xml version="1.0" encoding="UTF-8"?>\n{held}'

    return bucket_get


def _forget(original: Callable[..., Any]) -> Callable[..., Any]:
    def bucket_delete(response: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        name, bucket = _named_in(response), bucket_named(bucket_name)
        reply = original(response, bucket_name, querystring)
        if name is not None and bucket is not None:
            _kept(bucket).pop(name, None)
        return reply

    return bucket_delete


LAW = Law(
    name="bucket-configuration",
    rule="What was put as a bucket's lifecycle, notifications (EventBridge among them) and payer comes back whole, each rule with "
    "an id.",
    source="Amazon S3 API reference: PutBucketLifecycleConfiguration, PutBucketNotificationConfiguration, PutBucketRequestPayment",
    install=install,
)
