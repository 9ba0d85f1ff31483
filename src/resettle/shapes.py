"""botocore's service models, read without a client: what an operation takes and answers, cut and encoded accordingly."""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping
from typing import Any

from resettle.canon import canonical_json

OUR_TAGS = "resettle:"  # tags of ours stand outside spec, comparison and leaks
STEP_TAG = "resettle:step"


@functools.cache
def service_model(service: str) -> Any:
    """The newest model of a botocore service; an unknown service is botocore's UnknownServiceError."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(_loader(Loader).load_service_model(service, "service-2"), service_name=service)


@functools.cache
def _loader(make: Any) -> Any:
    return make()


@functools.cache
def _names(service: str) -> dict[str, str]:
    from botocore import xform_name

    return {xform_name(name): name for name in service_model(service).operation_names}


def operation_name(service: str, op: str) -> str:
    """`create_queue` of `sqs` as `CreateQueue`; KeyError where the service has no such operation."""
    return _names(service)[op]


def known(service: str, op: str) -> bool:
    return op in _names(service)


def qualified(service: str, op: str) -> str:
    """`sqs:CreateQueue`, the form of the guard, the log and the read list."""
    return f"{service}:{operation_name(service, op)}"


@functools.cache
def input_shape(service: str, op: str) -> Any:
    """The structure that the operation takes (None where it takes nothing)."""
    return service_model(service).operation_model(operation_name(service, op)).input_shape


@functools.cache
def output_shape(service: str, op: str) -> Any:
    return service_model(service).operation_model(operation_name(service, op)).output_shape


def members(service: str, op: str) -> Mapping[str, Any]:
    """The top-level parameters of an operation, by name."""
    shape = input_shape(service, op)
    return shape.members if shape is not None else {}


def cut(value: Any, shape: Any) -> Any:
    """The value restricted, recursively, to the members that the shape has; scalars pass, bytes become base64 text."""
    if value is None or shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, Mapping):
        if not shape.members:
            return dict(value)
        return {key: cut(item, shape.members[key]) for key, item in value.items() if key in shape.members and item is not None}
    if shape.type_name == "list" and isinstance(value, list):
        return [cut(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {key: cut(item, shape.value) for key, item in value.items() if item is not None}
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def fit(value: Any, shape: Any) -> Any:
    """The value as the operation wants it: documents as JSON text where the shape is a string, the rest cut to the shape."""
    if shape is None or value is None:
        return value
    if shape.type_name == "string" and isinstance(value, dict | list):
        return canonical_json(value)
    if isinstance(value, str) and shape.type_name == "blob":
        return base64.b64decode(value)
    if isinstance(value, bool) and shape.type_name == "structure" and list(shape.members) == ["Value"]:
        return {"Value": value}  # EC2's AttributeBooleanValue, which describe replies show bare
    if shape.type_name == "structure" and isinstance(value, Mapping) and shape.members:
        return {key: fit(item, shape.members[key]) for key, item in value.items() if key in shape.members}
    if shape.type_name == "list" and isinstance(value, list):
        return [fit(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {key: fit(item, shape.value) for key, item in value.items()}
    return value


def read_tags(value: Any) -> dict[str, str]:
    """Tags in any of AWS's forms as one map, without AWS's own (`aws:…`) and without ours."""
    if isinstance(value, Mapping):
        pairs = list(value.items())
    else:
        pairs = [(tag.get("Key", tag.get("TagKey")), tag.get("Value", tag.get("TagValue"))) for tag in value or ()]
    return {key: text for key, text in pairs if not key.startswith(("aws:", OUR_TAGS))}


def step_tag(value: Any) -> str:
    """The id of the step that made a thing, from its raw tags; "" where it bears no tag of ours."""
    if isinstance(value, Mapping):
        return str(value.get(STEP_TAG, ""))
    for tag in value or ():
        if tag.get("Key", tag.get("TagKey")) == STEP_TAG:
            return str(tag.get("Value", tag.get("TagValue")))
    return ""


def tag_member(service: str, op: str) -> str:
    """The parameter by which an operation takes tags; "" where it takes none."""
    return next((name for name in ("Tags", "tags", "TagSpecifications") if name in members(service, op)), "")


def write_tags(service: str, op: str, tags: Mapping[str, str], tag_type: str) -> dict[str, Any]:
    """The tag parameter of a creating call, in the form that its shape asks for; empty where it takes none."""
    name = tag_member(service, op)
    if not name or not tags:
        return {}
    if name == "TagSpecifications":
        return {name: [{"ResourceType": tag_type, "Tags": tag_list(tags)}]}
    shape = members(service, op)[name]
    if shape.type_name == "map":
        return {name: dict(tags)}
    key = "TagKey" if "TagKey" in shape.member.members else "Key"
    return {name: tag_list(tags, key)}


def tag_list(tags: Mapping[str, str], key: str = "Key") -> list[dict[str, str]]:
    """Tags as AWS's list of pairs, in the order of their keys."""
    value = key.replace("Key", "Value")
    return [{key: name, value: text} for name, text in sorted(tags.items())]
