"""`python -m resettle_lab.checker`: prints the report as JSON; exit 6 if anything was found. It never writes."""

from __future__ import annotations

import argparse
import json
import os
import sys
from configparser import ConfigParser
from pathlib import Path

import boto3
from botocore.session import Session

from resettle_lab import ledger as ledgers
from resettle_lab.checker import check

FOUND = 6


def main(arguments: list[str] | None = None) -> int:
    """Check the target of a lab's configuration file against a ledger."""
    parser = argparse.ArgumentParser(prog="resettle_lab.checker", description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--config-file", type=Path, required=True)
    parser.add_argument("--target-profile", default="lab-target")
    given = parser.parse_args(arguments)
    config = ConfigParser(interpolation=None)
    config.read(given.config_file)
    if not config.has_section(f"profile {given.target_profile}"):
        parser.error(f"{given.config_file} has no profile {given.target_profile}")
    target = _session(given.config_file, given.target_profile)
    account = str(target.client("sts").get_caller_identity()["Account"])
    report = check(given.ledger, target, _seeder(given.ledger), account)
    print(json.dumps(report.json(), ensure_ascii=False, indent=1))
    return 0 if report.clean else FOUND


def _session(config_file: Path, profile: str) -> boto3.Session:
    core = Session(profile=profile)
    core.set_config_variable("config_file", str(config_file))
    core.set_config_variable("credentials_file", os.devnull)
    return boto3.Session(botocore_session=core)


def _seeder(ledger: Path) -> str:
    """Return the account that the ledger's first call was answered for."""
    for entry in ledgers.entries(ledger):
        if entry.operation == "GetCallerIdentity":
            return str(entry.reply["Account"])
    raise SystemExit(f"{ledger} does not say which account it seeded")


if __name__ == "__main__":
    sys.exit(main())
