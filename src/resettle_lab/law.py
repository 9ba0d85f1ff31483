"""A law is one rule of real AWS that the lab enforces because the emulator does not.

Laws are found by walking `resettle_lab/laws`; a law never knows what the product does.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One rule: its name, what real AWS does, the AWS page that says so, and how it is put on top of moto.

    `install` must keep every patch reversible (`World.patch`, `World.before`) and hold no open file, socket or
    thread, because the lab's process is forked.
    """

    name: str
    rule: str
    source: str
    install: Callable[[World], None]


def every_law() -> tuple[Law, ...]:
    """Return the `LAW` of every module in `resettle_lab.laws`, sorted by name.

    Raises `TypeError` for a module without one, `ValueError` when two laws bear one name.
    """
    package = importlib.import_module("resettle_lab.laws")
    found: dict[str, Law] = {}
    for entry in pkgutil.iter_modules(package.__path__):
        if entry.name.startswith("_"):
            continue
        law = getattr(importlib.import_module(f"{package.__name__}.{entry.name}"), "LAW", None)
        if not isinstance(law, Law):
            raise TypeError(f"resettle_lab/laws/{entry.name}.py has no LAW")
        if law.name in found:
            raise ValueError(f"two laws are named {law.name}")
        found[law.name] = law
    return tuple(found[name] for name in sorted(found))
