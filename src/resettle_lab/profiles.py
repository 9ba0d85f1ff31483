"""The AWS config file of a lab: one profile a side, each with its own session credentials, all for the same endpoint.

The file holds only credentials that the lab itself made up; it never touches the user's own AWS files.
"""

from __future__ import annotations

import configparser
from dataclasses import asdict, dataclass
from pathlib import Path

SOURCE_PROFILE = "lab-source"
TARGET_PROFILE = "lab-target"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKey:
    """Session credentials as `sts:AssumeRole` hands them out."""

    access_key: str
    secret_key: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """What a client needs to know to talk to both sides of one lab."""

    endpoint: str
    config_file: str
    source_account: str
    target_account: str
    region: str
    source_profile: str = SOURCE_PROFILE
    target_profile: str = TARGET_PROFILE

    def as_json(self) -> dict[str, str]:
        """Return the fields by name."""
        return asdict(self)


def write_config(path: Path, *, endpoint: str, region: str, source: SessionKey, target: SessionKey) -> None:
    """Write the two profiles to `path`, readable by its owner only."""
    config = configparser.ConfigParser(interpolation=None)
    for name, key in ((SOURCE_PROFILE, source), (TARGET_PROFILE, target)):
        config[f"profile {name}"] = {
            "region": region,
            "endpoint_url": endpoint,
            "aws_access_key_id": key.access_key,
            "aws_secret_access_key": key.secret_key,
            "aws_session_token": key.token,
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as file:
        config.write(file)
