"""The lock that an object is written under: asked for by headers, else the bucket's default; it enforces nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Mode and end of a retention, and the legal hold; each may be absent."""

    mode: str | None = None
    until: str | None = None
    hold: str | None = None

    @classmethod
    def asked(cls, headers: Any) -> Self:
        """The lock that a request's headers ask for."""
        prefix = "x-amz-object-lock-"
        return cls(
            mode=headers.get(f"{prefix}mode"),
            until=headers.get(f"{prefix}retain-until-date"),
            hold=headers.get(f"{prefix}legal-hold"),
        )

    @property
    def any(self) -> bool:
        """Whether it locks anything."""
        return self.mode is not None or self.until is not None or self.hold == "ON"


def lock_for(bucket: Any, asked: Lock | None) -> Lock:
    """What was asked for, with the bucket's default retention where no mode was."""
    wanted = asked or Lock()
    if wanted.mode is not None or not bucket.has_default_lock:
        return wanted
    return Lock(mode=bucket.default_lock_mode, until=bucket.default_retention(), hold=wanted.hold)


def put_under(key: Any, lock: Lock) -> None:
    """Write the lock onto a moto object."""
    key.lock_mode, key.lock_until, key.lock_legal_status = lock.mode, lock.until, lock.hold
