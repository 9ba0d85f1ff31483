"""Law: a bucket keeps its metrics, analytics, inventory and tiering configurations, each by its id; it reports nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from resettle_lab.law import Law
from resettle_lab.laws._bucket import bucket_named, query_of
from resettle_lab.world import World, aws_error

_SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
# Each subresource with the root element of its list.
_LISTS = {
    "analytics": "ListBucketAnalyticsConfigurationResult",
    "intelligent-tiering": "ListBucketIntelligentTieringConfigurationsOutput",
    "inventory": "ListInventoryConfigurationsResult",
    "metrics": "ListMetricsConfigurationsResult",
}
_PAGE = 100
_MOST = 1000
_XML = {"content-type": "application/xml"}


def install(world: World) -> None:
    """Keeps each configuration as the XML that it came in; moto takes one for a new bucket, and a deletion for the bucket's."""
    from moto.s3.responses import S3Response

    world.patch(S3Response, "_bucket_response_put", _keep)
    world.patch(S3Response, "_bucket_response_get", _give_back)
    world.patch(S3Response, "_bucket_response_delete", _forget)


def _kept(response: Any, bucket_name: str) -> tuple[str, dict[str, str]] | None:
    """The subresource that the request names and the bucket's configurations of it, by id; None for other requests."""
    query = query_of(response)
    name = next((one for one in _LISTS if one in query), None)
    if name is None:
        return None
    bucket = bucket_named(bucket_name)
    if bucket is None:
        raise aws_error("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=bucket_name)
    if not hasattr(bucket, "lab_reports"):
        bucket.lab_reports = {one: {} for one in _LISTS}
    return name, bucket.lab_reports[name]


def _keep(original: Callable[..., Any]) -> Callable[..., Any]:
    def bucket_put(response: Any, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        found = _kept(response, bucket_name)
        if found is None:
            return original(response, request, bucket_name, querystring)
        _, held = found
        identifier = query_of(response)["id"][0]
        held[identifier] = _checked(response.body, identifier)
        if len(held) > _MOST:
            del held[identifier]
            message = "You are attempting to create a new configuration but have already reached the 1,000-configuration limit."
            raise aws_error("TooManyConfigurations", message, 400)
        return 200, {}, ""

    return bucket_put


def _checked(body: bytes, identifier: str) -> str:
    """The configuration as text; its own id must be the one that the request names."""
    ElementTree.register_namespace("", _SPACE)
    root = ElementTree.fromstring(body)
    if root.findtext("{*}Id") != identifier:
        message = "The XML you provided was not well-formed or did not validate against our published schema"
        raise aws_error("MalformedXML", message, 400)
    return ElementTree.tostring(root, encoding="unicode")


def _give_back(original: Callable[..., Any]) -> Callable[..., Any]:
    def bucket_get(response: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        found = _kept(response, bucket_name)
        if found is None:
            return original(response, bucket_name, querystring)
        name, held = found
        identifier = query_of(response).get("id", [None])[0]
        if identifier is not None:
            return 200, dict(_XML), _declared(_one(held, identifier))
        after = query_of(response).get("continuation-token", [""])[0]
        return 200, dict(_XML), _declared(_listed(_LISTS[name], held, after))

    return bucket_get


def _one(held: dict[str, str], identifier: str) -> str:
    if identifier not in held:
        raise aws_error("NoSuchConfiguration", "The specified configuration does not exist.", 404)
    return held[identifier]


def _listed(root: str, held: dict[str, str], after: str) -> str:
    """A page of at most a hundred; the token is the id after which it goes on."""
    rest = [identifier for identifier in sorted(held) if identifier > after]
    page = rest[:_PAGE]
    more = len(rest) > _PAGE
    parts = [re.sub(r' xmlns="[^"]*"', "", held[one], count=1) for one in page]
    parts.append(f"<IsTruncated>{str(more).lower()}</IsTruncated>")
    if after:
        parts.append(f"<ContinuationToken>{escape(after)}</ContinuationToken>")
    if more:
        parts.append(f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>")
    return f'<{root} xmlns="{_SPACE}">{"".join(parts)}</{root}>'


def _declared(text: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'


def _forget(original: Callable[..., Any]) -> Callable[..., Any]:
    def bucket_delete(response: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        found = _kept(response, bucket_name)
        if found is None:
            return original(response, bucket_name, querystring)
        identifier = query_of(response)["id"][0]
        _one(found[1], identifier)
        del found[1][identifier]
        return 204, {}, ""

    return bucket_delete


LAW = Law(
    name="bucket-reports",
    rule="A bucket keeps up to 1,000 metrics, analytics, inventory and intelligent-tiering configurations each, lists them a "
    "hundred at a time and answers NoSuchConfiguration for an id that it has not.",
    source="Amazon S3 API reference: PutBucketMetricsConfiguration, PutBucketAnalyticsConfiguration, "
    "PutBucketInventoryConfiguration, PutBucketIntelligentTieringConfiguration, and the calls that get, list and delete them",
    install=install,
)
