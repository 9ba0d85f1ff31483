"""Renders moto's answers in the same bytes with less work; it decides nothing about what they say.

Most of the time of a long answer goes into finding each member's value (moto asks every alias anew for every item of a
list) and into writing XML one event at a time; a short one's into guessing the form of its timestamps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from moto.core import responses, serialize
from moto.core.serialize import MISSING, AttributePickerContext, ResponseSerializer, XFormedAttributePicker, xmltodict
from moto.core.utils import get_value

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z")
_PROLOG = '<?xml version="1.0" encoding="utf-8"?>\n'


def lay() -> None:
    """Put the quick rendering in the place of moto's; doing so twice changes nothing."""
    if isinstance(serialize.xmltodict, Renderer):
        return
    serialize.xmltodict = Renderer()
    responses.XFormedAttributePicker = RememberingPicker
    ResponseSerializer.get_value = _picking(ResponseSerializer.get_value)
    serialize.parse_to_aware_datetime = moment_reader(serialize.parse_to_aware_datetime)


class Renderer:
    """Stands for the `xmltodict` module, of which moto's serializers use one function."""

    def unparse(self, body: dict[str, Any], *, full_document: bool, short_empty_elements: bool, pretty: bool | None) -> str:
        """Return the XML document of `body`, as `xmltodict.unparse` would."""
        if pretty or (full_document and len(body) != 1):
            text: str = xmltodict.unparse(
                body, full_document=full_document, short_empty_elements=short_empty_elements, pretty=pretty
            )
            return text
        written: list[str] = []
        for name, value in body.items():
            _write(written, name, value, short_empty_elements)
        return (_PROLOG if full_document else "") + "".join(written)


def _write(written: list[str], name: str, value: Any, short: bool) -> None:
    _check(name)
    several = hasattr(value, "__iter__") and not isinstance(value, str | bytes | bytearray | memoryview | dict)
    for one in value if several else (value,):
        if isinstance(one, dict):
            _write_parent(written, name, one, short)
            continue
        text = "" if one is None else _text(one)
        if text:
            written.append(f"<{name}>{escape(text)}</{name}>")
        else:
            written.append(f"<{name}/>" if short else f"<{name}></{name}>")


def _write_parent(written: list[str], name: str, members: dict[str, Any], short: bool) -> None:
    """Attributes stand under names with an at sign, text under `#text`, and an empty list is no child at all."""
    attributes, children, text = "", [], ""
    for key, value in members.items():
        if key == "#text":
            text = "" if value is None else escape(_text(value))
        elif key.startswith("@"):
            attributes += _attribute(key[1:], value)
        elif value or not isinstance(value, list):
            children.append((key, value))
    if not children and not text and short:
        written.append(f"<{name}{attributes}/>")
        return
    start = len(written)
    written.append(f"<{name}{attributes}>")
    for key, value in children:
        _write(written, key, value, short)
    if len(written) == start + 1 and not text and short:
        written[start] = f"<{name}{attributes}/>"
        return
    written.append(f"{text}</{name}>")


def _attribute(name: str, value: Any) -> str:
    if name == "xmlns" and isinstance(value, dict):
        return "".join(_attribute(f"xmlns:{key}" if key else "xmlns", one) for key, one in value.items())
    _check(name)
    return f" {name}={quoteattr('' if value is None else _text(value))}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


@lru_cache(maxsize=4096)
def _check(name: str) -> None:
    """Names come from AWS's models; one that is no XML name is a fault of the emulator."""
    xmltodict.unparse({name: ""}, full_document=False)


@cache
def _known(_paths: tuple[str, ...]) -> dict[str, str | None]:
    """Which of these endings each path met so far has; one table for each set of endings."""
    return {}


class RememberingPicker(XFormedAttributePicker):  # type: ignore[misc]
    """Finds a member's value under the same names as moto's picker, but works them out once for each shape and class."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._paths = tuple(self.response_transformers)
        self._endings = _known(self._paths)

    def pick(self, serializer: Any, value: Any, key: str, shape: Any) -> Any:
        """Return the value of the member `key`, transformed where the service says so, or None."""
        found = None
        for name in self._names(serializer, value, key, shape):
            found = get_value(value, name, MISSING)
            if found is not MISSING:
                break
        else:
            found = None
        if not self._paths:
            return found
        ending = self._ending(f"{'.'.join(serializer.path)}.{key}")
        return found if ending is None else self.response_transformers[ending](found)

    def _names(self, serializer: Any, value: Any, key: str, shape: Any) -> Iterable[str]:
        parent = getattr(shape, "parent", None)
        table: dict[Any, tuple[str, ...]] = shape.__dict__.setdefault("lab_names", {})
        asked = type(value), key, getattr(parent, "name", None)
        names = table.get(asked)
        if names is None:
            context = AttributePickerContext(
                obj=value,
                key=key,
                shape=shape,
                operation_model=serializer.operation_model,
                service_model=serializer.service_model,
                key_path="",
            )
            names = table[asked] = tuple(dict.fromkeys(self.get_possible_keys(context)))
        return names

    def _ending(self, path: str) -> str | None:
        if path not in self._endings:
            self._endings[path] = next((one for one in self._paths if path.endswith(one)), None)
        return self._endings[path]


def _picking(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_value(serializer: Any, value: Any, key: str, shape: Any) -> Any:
        picker = serializer._value_picker
        if type(picker) is RememberingPicker and shape is not None:
            return picker.pick(serializer, value, key, shape)
        return original(serializer, value, key, shape)

    return get_value


def moment_reader(original: Callable[[Any], datetime]) -> Callable[[Any], datetime]:
    """Return a reader of timestamps that gives the one form in which moto writes them to the standard library."""

    def parse_to_aware_datetime(value: Any) -> datetime:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value)
        return original(value)

    return parse_to_aware_datetime
