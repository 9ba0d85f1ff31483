"""`resettle.toml`: what a person has decided about the move, checked in full before anything is called.

It never guesses: an unknown key is refused with the nearest known one, and nothing is read from anywhere else.
"""

from __future__ import annotations

import difflib
import re
import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from resettle.errors import BadInput
from resettle.settings_text import extend_array, line_of, quote

FILE_NAME = "resettle.toml"
_MEBIBYTE = 1024**2
_SINGLE_COPY_MINIMUM = 5 * _MEBIBYTE  # smaller than this no part but the last may be
_SINGLE_COPY_MAXIMUM = 5 * 1024 * _MEBIBYTE  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
_SHORTEST_BUCKET = "abc"
_SHOWN = 60

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
_ZONE_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*-(az|wlz)[0-9]+")
_KIND_PATTERN = re.compile(r"AWS::[A-Za-z0-9*?]+::[A-Za-z0-9*?]+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}")
_BUCKET_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_BUCKET_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an")


@dataclass(frozen=True, slots=True, kw_only=True)
class SideSettings:
    """One side: the AWS profile that reaches it, its region, and the account number that it must turn out to be."""

    profile: str
    region: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What moves: all but the kinds that a pattern excludes and, if tags are given, only what bears every one of them."""

    exclude: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How the network is laid out in the target, and in which zones (by id: letters differ between accounts)."""

    layout: str = "keep"
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Templates for names that are unique across all of AWS, so that the target needs others."""

    bucket: str = "{name}-{target_account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """The gaps that a person has accepted, by name."""

    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`single_copy_bytes`: a larger object is copied in parts."""

    single_copy_bytes: int = _SINGLE_COPY_MAXIMUM


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of `resettle.toml`."""

    source: SideSettings
    target: SideSettings
    scope: Scope = field(default_factory=Scope)
    network: Network = field(default_factory=Network)
    names: Names = field(default_factory=Names)
    accept: Accept = field(default_factory=Accept)
    limits: Limits = field(default_factory=Limits)


_TABLES: dict[str, type] = {
    "source": SideSettings,
    "target": SideSettings,
    "scope": Scope,
    "network": Network,
    "names": Names,
    "accept": Accept,
    "limits": Limits,
}


def load(path: Path) -> Settings:
    """The settings in this file; BadInput, in one sentence, for whatever cannot be right in it."""
    document = _Document.parse(_text(path), path.name)
    document.check_names("", document.data, list(_TABLES))
    tables = {name: document.table(name, shape) for name, shape in _TABLES.items()}
    source, target = _side(tables["source"]), _side(tables["target"])
    _check_pair(tables["target"], source, target)
    return Settings(
        source=source,
        target=target,
        scope=_scope(tables["scope"]),
        network=_network(tables["network"]),
        names=_names(tables["names"], source, target),
        accept=_accept(tables["accept"]),
        limits=_limits(tables["limits"]),
    )


def bucket_name(settings: Settings, name: str) -> str:
    """What a bucket of the source is called in the target; `bucket_fault` tells whether S3 takes that."""
    return settings.names.bucket.format_map(_placeholders(name, settings.source, settings.target))


def bucket_fault(name: str) -> str:
    """Why S3 would refuse this name for a general purpose bucket; empty if it would not.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    if not 3 <= len(name) <= 63:
        return f"it has {len(name)} characters, and S3 wants 3 to 63"
    if not _BUCKET.fullmatch(name):
        return "S3 takes a-z, 0-9, hyphens and dots, and a letter or digit at both ends"
    if ".." in name or _ADDRESS.fullmatch(name):
        return "S3 takes neither two dots in a row nor the form of an IP address"
    reserved = [part for part in _BUCKET_PREFIXES if name.startswith(part)]
    reserved += [part for part in _BUCKET_SUFFIXES if name.endswith(part)]
    return f"S3 keeps {reserved[0]!r} for itself" if reserved else ""


def template(source: SideSettings, target: SideSettings) -> str:
    """What `init` writes: the two sides, and everything else as a comment that shows its default or an example."""
    return _TEMPLATE.substitute(
        {f"source_{name}": quote(getattr(source, name)) for name in ("profile", "region", "account")}
        | {f"target_{name}": quote(getattr(target, name)) for name in ("profile", "region", "account")}
    )


def with_accepted(text: str, gaps: Sequence[str]) -> str:
    """The text with these gaps added to `[accept] gaps`, all else as it was; what is there already is not repeated.

    BadInput if the text is no TOML, or if that list is written in a way that only a person should edit.
    """
    document = _Document.parse(text, FILE_NAME)
    accepted = _accept(document.table("accept", Accept)).gaps
    fresh = [gap for gap in dict.fromkeys(gaps) if gap not in accepted]
    if not fresh:
        return text
    table = document.data.get("accept", {})
    wanted = {**document.data, "accept": {**table, "gaps": [*table.get("gaps", []), *fresh]}}
    mark, body = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    edited = extend_array(body, "accept", "gaps", fresh)
    if edited is None or _Document.parse(edited, FILE_NAME).data != wanted:
        listed = ", ".join(map(quote, fresh))
        raise BadInput("adding to", FILE_NAME, "[accept] gaps is not a plain list", f"add {listed} to it by hand")
    return mark + edited


@dataclass(frozen=True, slots=True)
class _Document:
    """The parsed text, and how to refuse something in it with its place."""

    text: str
    name: str
    data: dict[str, Any]

    @classmethod
    def parse(cls, text: str, name: str) -> _Document:
        text = text.removeprefix("\ufeff")
        try:
            return cls(text, name, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise BadInput("reading", name, f"it is not TOML: {error}") from None
        except RecursionError:
            raise BadInput("reading", name, "it is nested too deeply") from None
        except ValueError:  # the one other complaint of tomllib: an integer longer than Python converts
            raise BadInput("reading", name, "a number in it is too long") from None

    def refuse(self, path: Sequence[str], because: str, try_this: str = "") -> BadInput:
        line = line_of(self.text, *path) if path else 0
        return BadInput("reading", f"{self.name}, line {line}" if line else self.name, because, try_this)

    def table(self, name: str, shape: type) -> _Table:
        values = self.data.get(name, {})
        if not isinstance(values, dict):
            raise self.refuse([name], f"{name} must be a table, not {_sort(values)}", f"[{name}] on a line of its own")
        self.check_names(name, values, [entry.name for entry in fields(shape)])
        return _Table(self, name, values)

    def check_names(self, table: str, values: Mapping[str, Any], known: Sequence[str]) -> None:
        unknown = next((name for name in values if name not in known), None)
        if unknown is None:
            return
        nearest = difflib.get_close_matches(unknown, known, 1)
        sort = f"[{table}] has no key" if table else "there is no table"
        names = [name if table else f"[{name}]" for name in nearest or known]
        choices = names[0] if len(names) == 1 else "one of " + ", ".join(names)
        raise self.refuse([table, unknown] if table else [unknown], f"{sort} {_shown(unknown)}", choices)


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of the document, read key by key."""

    document: _Document
    name: str
    values: Mapping[str, Any]

    def refuse(self, key: str, because: str, try_this: str = "") -> BadInput:
        return self.document.refuse([self.name, key], f"[{self.name}] {key} {because}", try_this)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.values.get(key, default)
        if value is None:
            raise self.document.refuse([self.name], f"[{self.name}] has no {key}", f'{key} = "…" below [{self.name}]')
        return self.as_text(key, value, "must be a string")

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list):
            raise self.refuse(key, f"must be a list of strings, not {_sort(value)}")
        return tuple(dict.fromkeys(self.as_text(key, entry, "must hold strings only") for entry in value))

    def as_text(self, key: str, value: object, demand: str) -> str:
        if not isinstance(value, str):
            raise self.refuse(key, f"{demand}, not {_sort(value)}", "quotation marks around it")
        if not value.strip() or not value.isprintable():
            raise self.refuse(key, "is empty" if not value.strip() else "holds a character that cannot be printed")
        return value


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise BadInput("reading", path.name, f"there is no such file in {path.parent}", "`resettle init`") from None
    except OSError as error:
        raise BadInput("reading", path.name, error.strerror or type(error).__name__) from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput("reading", f"{path.name}, line {line}", "it is not UTF-8", "save it as UTF-8") from None


def _side(table: _Table) -> SideSettings:
    if table.name not in table.document.data:
        raise table.document.refuse([], f"there is no table [{table.name}]", "`resettle init` in an empty directory")
    profile, region = table.text("profile"), table.text("region")
    account = table.text("account")
    if not _REGION.fullmatch(region):
        raise table.refuse("region", f"is {_shown(region)}, which is no region", 'one such as "ap-northeast-2"')
    if not _ACCOUNT.fullmatch(account):
        raise table.refuse("account", f"is {_shown(account)}, which is no account number", "its 12 digits in quotes")
    return SideSettings(profile=profile, region=region, account=account)


def _check_pair(table: _Table, source: SideSettings, target: SideSettings) -> None:
    if source.account == target.account:
        raise table.refuse("account", f"is {target.account}, the same as that of [source]", "the other account's number")
    if source.profile == target.profile:
        raise table.refuse("profile", f"is {_shown(target.profile)}, the same as that of [source]", "a profile for each")
    if source.region != target.region:
        because = f"is {target.region} and that of [source] {source.region}: the first version moves within one region"
        raise table.refuse("region", because, "the same region on both sides")


def _scope(table: _Table) -> Scope:
    exclude = table.texts("exclude")
    for pattern in exclude:
        if not _KIND_PATTERN.fullmatch(pattern):
            because = f"holds {_shown(pattern)}, which is not of the form AWS::Service::Thing"
            raise table.refuse("exclude", because, '"AWS::Logs::*" or "AWS::SQS::Queue"')
    tags = table.values.get("tags", {})
    if not isinstance(tags, dict):
        raise table.refuse("tags", f"must be a table, not {_sort(tags)}", '{ Project = "mine" }')
    for name, value in tags.items():
        if not isinstance(value, str):
            raise table.refuse("tags", f"gives {_shown(name)} {_sort(value)}, and a tag's value is a string")
    return Scope(exclude=exclude, tags=tags)


def _network(table: _Table) -> Network:
    layout, zones = table.text("layout", "keep"), table.texts("zones")
    if layout == "by-domain":
        raise table.refuse("layout", 'is "by-domain", which this version cannot do yet', 'layout = "keep"')
    if layout != "keep":
        raise table.refuse("layout", f"is {_shown(layout)}, which is no layout", 'layout = "keep"')
    for zone in zones:
        if not _ZONE_ID.fullmatch(zone):
            because = f"holds {_shown(zone)}, which is not the id of a zone (its letter differs between accounts)"
            raise table.refuse("zones", because, 'an id such as "apne2-az1"')
    if zones:
        because = 'chooses zones, which goes with layout = "by-domain"; with "keep" every subnet stays in its own'
        raise table.refuse("zones", because, "leave it out")
    return Network(layout=layout, zones=zones)


def _names(table: _Table, source: SideSettings, target: SideSettings) -> Names:
    bucket = table.text("bucket", Names().bucket)
    values = _placeholders(_SHORTEST_BUCKET, source, target)
    known = ", ".join(f"{{{name}}}" for name in values)
    try:
        parts = [part[1:] for part in string.Formatter().parse(bucket) if part[1] is not None]
    except ValueError:
        raise table.refuse("bucket", "has a brace without its partner", known) from None
    for name, form, conversion in parts:
        if name not in values or form or conversion:
            raise table.refuse("bucket", f"has a placeholder {_shown(str(name))} that is not known", known)
    if "name" not in [name for name, _, _ in parts]:
        raise table.refuse("bucket", "lacks {name}, so all buckets would get one name", Names().bucket)
    example = bucket.format_map(values)
    if example == _SHORTEST_BUCKET:
        raise table.refuse("bucket", "keeps the name, which the source's bucket holds in all of AWS", Names().bucket)
    if fault := bucket_fault(example):
        raise table.refuse("bucket", f"makes names such as {_shown(example)}: {fault}", Names().bucket)
    return Names(bucket=bucket)


def _accept(table: _Table) -> Accept:
    return Accept(gaps=table.texts("gaps"))


def _limits(table: _Table) -> Limits:
    size = table.values.get("single_copy_bytes", _SINGLE_COPY_MAXIMUM)
    if isinstance(size, bool) or not isinstance(size, int):
        raise table.refuse("single_copy_bytes", f"must be a number of bytes, not {_sort(size)}")
    if not _SINGLE_COPY_MINIMUM <= size <= _SINGLE_COPY_MAXIMUM:
        because = f"must lie between {_SINGLE_COPY_MINIMUM} and {_SINGLE_COPY_MAXIMUM}, as S3's parts and copies do"
        raise table.refuse("single_copy_bytes", because)
    return Limits(single_copy_bytes=size)


def _placeholders(name: str, source: SideSettings, target: SideSettings) -> dict[str, str]:
    return {
        "name": name,
        "source_account": source.account,
        "target_account": target.account,
        "region": target.region,
    }


def _sort(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")


def _shown(text: str) -> str:
    return quote(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


_TEMPLATE = string.Template("""\
# The move of one service from the AWS account [source] into the AWS account [target].
# A key or table that Resettle does not know is refused, never passed over.

[source]                     # where the service runs today
# a profile of ~/.aws/config (SSO, assume-role, endpoint_url all work), and the number that it must turn out to be
profile = $source_profile
region = $source_region
account = $source_account

[target]                     # where it will run
profile = $target_profile
region = $target_region
account = $target_account

[scope]                      # default: everything that is not AWS's own
# exclude = ["AWS::Logs::*"]            # kinds that stay behind
# tags = { Project = "my-service" }     # only what bears all of these tags

[network]
layout = "keep"              # the same ranges and subnets as in the source

[names]                      # names that are unique across all of AWS
bucket = "{name}-{target_account}"      # also known: {source_account}, {region}

[accept]                     # gaps that you have read and accept, by the name that `resettle plan` shows
gaps = []

[limits]
# single_copy_bytes = 5368709120        # larger objects are copied in parts
""")
