"""Adjustments: pure functions from one wanted inventory to the next, each change with its reason; none calls AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from resettle.inventory import Inventory
from resettle.model import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """A wanted inventory; `decided` are target texts fixed before anything is made, `reasons` what changed and why."""

    inventory: Inventory
    decided: Mapping[tuple[Ref, str], str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
