"""Pytest fixtures over a lab, for any test folder's `conftest.py` to import; each test gets a world of its own by fork."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from .lab import Lab, OwnedLab

if TYPE_CHECKING:
    import boto3


@pytest.fixture(scope="session")
def lab() -> Iterator[OwnedLab]:
    """Yield a lab in which nothing was ever made; tests fork it and leave it so."""
    with Lab.start(ids=1) as empty:
        yield empty


@pytest.fixture
def fresh(lab: OwnedLab) -> Iterator[Lab]:
    """Yield a copy of the empty lab for one test."""
    with lab.fork() as copy:
        yield copy


@pytest.fixture
def source(fresh: Lab) -> boto3.Session:
    """Return a session of the source account of `fresh`."""
    return fresh.source


@pytest.fixture
def target(fresh: Lab) -> boto3.Session:
    """Return a session of the target account of `fresh`."""
    return fresh.target
