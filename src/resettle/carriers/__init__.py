"""What a carrier is: it moves one sort of content itself, counts and digests it on both sides, and knows no kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from resettle.account import Account
from resettle.model import Spec, Tally

Progress = Callable[[str, int, int], None]  # what, how many done, of how many (0: not known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One content to carry. `source_id` and `target_id` are the things' ids on their sides ("" while the target has none yet);
    `parking` is the parking bucket; `cursor` what `save` kept when an earlier run was cut off."""

    source: Account
    target: Account
    source_id: str
    target_id: str
    spec: Spec
    live: Mapping[str, Any]
    parking: str
    key: str  # the prefix in the parking bucket that is this step's own
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    cursor: Mapping[str, Any] = field(default_factory=dict)
    save: Callable[[Mapping[str, Any]], None] = lambda cursor: None
    progress: Progress = lambda what, done, total: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What came of it: the tallies of both sides (of what lies in parking, where nothing stands yet), and `facts` that the
    making calls are told as `{copied.…}`."""

    source: Tally
    target: Tally
    facts: Mapping[str, str] = field(default_factory=dict)


class Carrier(Protocol):
    """Must be safe to run again after a cut; must not send to the source anything but reads."""

    name: str
    writes: frozenset[str]  # the target operations that it sends, "s3:CopyObject"

    def copy(self, job: Job) -> Copied:
        """Brings everything across and returns when both tallies are known. Raises StepFailed where they differ."""

    def tally(self, account: Account, identity: str, live: Mapping[str, Any]) -> Tally:
        """Counts and digests what a made thing holds, for verify."""

    def empty(self, account: Account, identity: str) -> None:
        """Takes all content out of a made thing, so that it can be deleted."""
