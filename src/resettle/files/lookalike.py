"""Recognises, by their form alone, texts that may name the old account though no claim is known of them.

It knows the forms of AWS, of GitHub and of Spring Cloud Config; it decides nothing and changes nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_SHOWN_OF_A_SECRET = 6
_ID_PREFIXES = (
    "acl|aclassoc|ami|cgw|dopt|eigw|eipalloc|eipassoc|eni|fl|fs|fsap|fsmt|i|igw|key|lt|nat|pcx|pl|rtb|rtbassoc|sg|sgr"
    "|snap|subnet|tgw|tgw-attach|tgw-rtb|vgw|vol|vpc|vpce|vpce-svc|vpn"
)
_ACCOUNT_HOSTS = "rds|cache|elb|docdb|neptune|redshift|es|aoss|mq|efs|kafka|execute-api|dax-clusters|memorydb|compute|appsync-api"
_AMAZON = r"amazonaws\.com(?:\.cn)?"
_NAME = r"[A-Za-z0-9:/._%+*?~$-]"
_CIPHER = re.compile(r"\{cipher\}[^\s'\",;]+")
_ACCESS_KEY = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])")
_EXPRESSION = re.compile(r"\$\{\{(?:(?!\$\{\{).){0,4000}?\}\}", re.DOTALL)
_GITHUB = re.compile(r"(?<![\w./-])(secrets|vars)(?:\.([A-Za-z_]\w*)|\[\s*['\"]([A-Za-z_]\w*)['\"]\s*\])")
_ARN = re.compile(rf"(?<![A-Za-z0-9])arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{{12}}):{_NAME}+")
_ACCOUNT_URL = re.compile(rf"(?<![A-Za-z0-9.-])(?:[a-z0-9+]+://)?(?:[a-z0-9-]+\.)+{_AMAZON}(?::[0-9]+)?/([0-9]{{12}})/{_NAME}+")
_ACCOUNT_HOST = re.compile(
    rf"(?<![A-Za-z0-9._-])(?:[a-z0-9.-]{{0,120}}-)?([0-9]{{12}})(?:[.-][a-z0-9.-]{{1,120}})?\.{_AMAZON}(?![A-Za-z0-9-])(?:/{_NAME}+)?"
)
_HOST = re.compile(
    rf"(?<![A-Za-z0-9_.*-])(?:[a-z0-9_-]+\.)+(?:{_ACCOUNT_HOSTS})(?:\.[a-z0-9-]+)?\.{_AMAZON}(?![A-Za-z0-9-])"
    rf"|(?<![A-Za-z0-9_.*-])(?:[a-z0-9_-]+\.)+(?:elb|es|redshift)\.{_AMAZON}(?![A-Za-z0-9-])"
    r"|(?<![A-Za-z0-9_.*-])(?:[a-z0-9-]+\.)+(?:cloudfront\.net|on\.aws|awsapprunner\.com)(?![A-Za-z0-9-])"
    r"|(?<![A-Za-z0-9_.-])ip(?:-[0-9]{1,3}){4}(?:\.[a-z0-9-]+)*\.internal(?![A-Za-z0-9-])",
    re.IGNORECASE,
)
_ID = re.compile(rf"(?<![A-Za-z0-9-])(?:{_ID_PREFIXES})-(?:[0-9a-f]{{17}}|[0-9a-f]{{8}})(?![A-Za-z0-9-])")
_IP = re.compile(r"(?<![0-9A-Za-z.])((?:10|172|192)(?:\.[0-9]{1,3}){3})(/[0-9]{1,2})?(?![0-9A-Za-z]|\.[0-9])")
_PRIVATE = tuple(ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_KEY_WORD = (
    r"(?<![A-Za-z0-9_:/.-])[\w.-]{0,60}?(?:passwo?r?d|passphrase|pwd|secret|token|credential|private.?key|api.?key"
    r"|access.?key)[\w.-]{0,60}[\"']?"
)
_SECRET_VALUES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_KEY_WORD}[ \t]*[:=][ \t]*[\"']?(?P<value>[^\s\"',;&{{\[|>][^\"'\r\n]*)",
        rf"name[\"']?\s*:\s*[\"']?{_KEY_WORD}\s*,?\s*[\"']?value[\"']?\s*:[ \t]*[\"']?(?P<value>[^\s\"'][^\"'\r\n]*)",
        r"\{cipher\}(?P<value>[^\s'\",;]+)",
        r"[a-z]://[^\s:/@]{0,200}:(?P<value>[^\s/@]+)@",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<value>(?:(?!-----BEGIN)(?s:.)){0,20000}?)-----END",
        r"(?<![A-Za-z0-9])(?:AKIA|ASIA)(?P<value>[A-Z2-7]{16})(?![A-Za-z0-9])",
    )
)
# A reference to a secret is no secret, and is what a person wants to see rewritten.
_NO_SECRET = re.compile(r"arn:|https?://|\$\{|\$[A-Z_]+\Z|•••")


@dataclass(frozen=True, slots=True)
class Hit:
    """A span of a text, what may be shown of it, and why a person should look at it; `account` if it names one."""

    start: int
    end: int
    text: str
    reason: str
    account: str = ""


def shown(text: str) -> str:
    """As much of a text that could be a secret as may be shown."""
    return text[:_SHOWN_OF_A_SECRET] + "…"


def ciphers(text: str) -> Iterator[Hit]:
    """`{cipher}` values of Spring Cloud Config: only the config server's key opens them."""
    for hit in _CIPHER.finditer(text):
        yield Hit(*hit.span(), shown(hit[0]), "encrypted: cannot be looked into")


def access_keys(text: str) -> Iterator[Hit]:
    """Ids of access keys: they belong to one account and cannot be carried (IAM: Managing access keys)."""
    for hit in _ACCESS_KEY.finditer(text):
        yield Hit(*hit.span(), shown(hit[0]), "an access key belongs to one account: issue a new one")


def github_names(text: str, *, workflow: bool) -> Iterator[Hit]:
    """Secrets and variables that a workflow takes from GitHub, but for the token that GitHub itself makes."""
    spans = [(0, len(text))] if workflow else [hit.span() for hit in _EXPRESSION.finditer(text)]
    for start, end in spans:
        for hit in _GITHUB.finditer(text, start, end):
            name = hit[2] or hit[3]
            if name.upper() != "GITHUB_TOKEN":
                sort = "secret" if hit[1] == "secrets" else "variable"
                yield Hit(*hit.span(), hit[0], f"value is known to GitHub alone: check the {sort} {name}")


def account_addresses(text: str) -> Iterator[Hit]:
    """ARNs, URLs and hosts that hold an account number."""
    for pattern, noun in ((_ARN, "ARN"), (_ACCOUNT_URL, "URL"), (_ACCOUNT_HOST, "host")):
        for hit in pattern.finditer(text):
            whole = hit[0].rstrip(".:,/")
            if whole.endswith(":root") and ":iam::" in whole:  # an account itself: its number is all there is to it
                continue
            yield Hit(hit.start(), hit.start() + len(whole), whole, f"an {noun}" if noun == "ARN" else f"a {noun}", hit[1])


def hosts(text: str) -> Iterator[Hit]:
    """Hosts that AWS makes for one thing of one account."""
    for hit in _HOST.finditer(text):
        yield Hit(*hit.span(), hit[0], "looks like an AWS host that is not in the plan")


def ids(text: str) -> Iterator[Hit]:
    """Ids of the form that EC2 and its neighbours give (EC2: Resource IDs: 8 or 17 hexadecimal digits)."""
    for hit in _ID.finditer(text):
        yield Hit(*hit.span(), hit[0], "looks like an AWS id that is not in the plan")


def private_addresses(text: str) -> Iterator[Hit]:
    """Private IPv4 addresses and ranges (RFC 1918)."""
    for hit in _IP.finditer(text):
        try:
            address = ipaddress.IPv4Address(hit[1])
            ipaddress.IPv4Network(hit[0], strict=False)
        except ValueError:
            continue
        if any(address in block for block in _PRIVATE):
            yield Hit(*hit.span(), hit[0], "private range: check" if hit[2] else "private address: check")


def unmistakable(text: str) -> Iterator[Hit]:
    """Hosts, ids and private addresses, in this order: what a text names by its form, wherever it stands."""
    yield from hosts(text)
    yield from ids(text)
    yield from private_addresses(text)


def veiled(text: str, kept: Collection[str]) -> str:
    """A text for the eyes of a person: of a value that could be a secret, only the texts in `kept` remain."""
    known = re.compile("|".join(re.escape(one) for one in sorted(kept, key=len, reverse=True)) or r"(?!)")

    def veil(hit: re.Match[str]) -> str:
        value = hit["value"]
        if _NO_SECRET.match(value):
            return hit[0]
        remaining = "•••".join(["", *known.findall(value), ""])
        return hit[0][: hit.start("value") - hit.start()] + remaining + hit[0][hit.end("value") - hit.start() :]

    for pattern in _SECRET_VALUES:
        text = pattern.sub(veil, text)
    return text
