"""Every kind that Resettle knows: found by walking this folder, nothing registers itself."""

from __future__ import annotations

import importlib
import pkgutil

from resettle.kind import Kind
from resettle.registry import Registry


def load() -> Registry:
    """All kinds. A module of this folder without a KIND is an error: AttributeError names it."""
    found: list[Kind] = []
    for module in pkgutil.walk_packages(__path__, prefix=f"{__name__}."):
        if not module.ispkg:
            found.append(importlib.import_module(module.name).KIND)
    return Registry(found)
