"""Address ranges under `layout = "keep"`: every range stays what it was, so nothing that names one has to change."""

from __future__ import annotations

from dataclasses import replace

from resettle.adjust import Adjusted


def keep(before: Adjusted) -> Adjusted:
    """Decides every extent of every resource to be its own text."""
    decided = dict(before.decided)
    for resource in before.inventory.resources:
        for name in resource.names:
            if name.strength == "extent":
                decided[resource.ref, name.facet] = name.text
    return replace(before, decided=decided)
