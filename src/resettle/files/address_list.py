"""Reads an address list, a JSON object of old texts and new ones, as an address book; it asks neither journal nor AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from resettle.addresses import BUCKET, AddressBook, Claim
from resettle.errors import BadInput
from resettle.model import Ref, Side

_ACCOUNT = re.compile(r"[0-9]{12}")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ID = re.compile(r"[a-z]+(?:-[a-z]+)?-(?:[0-9a-f]{8}|[0-9a-f]{17})|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+(?:[a-z][a-z0-9-]*)|[0-9]+(?:\.[0-9]+){3}")
# Stands for the source account where none is given: a noncharacter, which no text holds.
_NO_ACCOUNT = "\uffff"


def book_from_addresses(path: Path) -> AddressBook:
    """The address book of a file such as {"111122223333": "444455556666", "old.example": "new.example"}.

    A pair of twelve digits names the two accounts. BadInput, in one sentence, for anything else than that.
    """
    addresses = _read(path)
    accounts = [(old, new) for old, new in addresses.items() if _ACCOUNT.fullmatch(old)]
    if len(accounts) > 1:
        _refuse(path, f"it names {len(accounts)} source accounts, and there is one")
    source, target = accounts[0] if accounts else (_NO_ACCOUNT, "")
    if accounts and not _ACCOUNT.fullmatch(target):
        _refuse(path, f"the successor of account {source} is no account number of twelve digits")
    texts = {old: new for old, new in addresses.items() if old != source}
    claims = [_claim(old) for old in texts]
    learned = {(claim.owner, claim.facet): texts[claim.text] for claim in claims}
    return AddressBook(claims, source_account=source, target_account=target, learned=learned)


def _claim(text: str) -> Claim:
    """A text that could be a bucket's name could be a plain word as well; every other one is unmistakable."""
    if _BUCKET.fullmatch(text) and not _ID.fullmatch(text) and not _HOST.fullmatch(text):
        return Claim(text, Ref(Side.SOURCE, "", BUCKET, text), "name", "distinct")
    return Claim(text, Ref(Side.SOURCE, "", "address", text), "text", "strong")


def _read(path: Path) -> Mapping[str, str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        _refuse(path, error.strerror or "it cannot be read")
    except UnicodeDecodeError:
        _refuse(path, "it is not UTF-8")
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        _refuse(path, f"it is no JSON (line {error.lineno}, column {error.colno})")
    except (ValueError, RecursionError):
        _refuse(path, "it is no JSON that can be read")
    if not isinstance(pairs, _Pairs):
        _refuse(path, "it is no JSON object of old texts and new ones")
    return _checked(path, pairs)


class _Pairs(list[tuple[str, object]]):
    """A JSON object with its double keys."""


def _checked(path: Path, pairs: _Pairs) -> Mapping[str, str]:
    addresses: dict[str, str] = {}
    for old, new in pairs:
        if not isinstance(new, str) or not _is_address(new):
            _refuse(path, f"the successor of {_quoted(old)} is no text of one line")
        if not _is_address(old):
            _refuse(path, f"{_quoted(old)} is no text of one line")
        if addresses.get(old, new) != new:
            _refuse(path, f"{_quoted(old)} has two successors")
        addresses[old] = new
    return addresses


def _is_address(text: str) -> bool:
    return text != "" and text.isprintable() and text == text.strip() and any(c.isalnum() for c in text)


def _quoted(text: str) -> str:
    return json.dumps(text[:80])


def _refuse(path: Path, because: str) -> NoReturn:
    raise BadInput("reading the addresses in", str(path), because, 'a JSON object such as {"old.example": "new.example"}')
