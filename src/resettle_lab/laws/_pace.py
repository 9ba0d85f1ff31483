"""Lets a made thing become ready only after it was asked for: once without waiting, or after `settings["slow"]` seconds."""

from __future__ import annotations

import time
from typing import Any

from resettle_lab.world import World


def begin(world: World, thing: Any, *, now: str, then: str, attribute: str = "status") -> None:
    """Puts the thing into the state `now`; it reaches `then` at a later `look`."""
    setattr(thing, attribute, now)
    thing.lab_pace = (time.monotonic() + float(world.settings.get("slow", 0.0)), 0, then, attribute)


def look(thing: Any) -> None:
    """Somebody describes the thing: the first look always finds it unready, the next one after its time ready."""
    pace = getattr(thing, "lab_pace", None)
    if pace is None:
        return
    due, looks, then, attribute = pace
    if looks >= 1 and time.monotonic() >= due:
        setattr(thing, attribute, then)
        thing.lab_pace = None
    else:
        thing.lab_pace = (due, looks + 1, then, attribute)
