"""Every error that Resettle raises on purpose; each says what was being done, on what, why it failed and what to try.

    ResettleError            exit 1 unless a subclass says otherwise
    ├── BadInput             2  a file, option or profile that cannot be right
    │   ├── WrongAccount     2  a side is not the account that was named
    │   └── PlanMismatch     2  a plan or journal of another pair of accounts, or altered by hand
    ├── GapsOpen             3  gaps that nobody has accepted
    ├── StepFailed           4  a step of the plan failed
    │   ├── Unresolved       4  a text mentions something that has no successor yet
    │   ├── Undecided        4  a text mentions something that only a person can decide
    │   ├── Drifted          4  the source is no longer what the plan saw
    │   └── NameTaken        4  something that is not ours stands where ours should
    ├── Refused              4  the guard stopped a call before it was sent
    ├── CallFailed           4  AWS answered with an error
    │   ├── Denied           4  AWS refused for lack of permission
    │   ├── CredentialsGone  4  the credentials expired or were revoked
    │   └── Throttled        4  AWS went on refusing for its rate after all retries
    └── Busy                 4  another command holds this working directory

No message holds a secret: `because` is an AWS code and AWS's own text, or a sentence of ours.
"""

from __future__ import annotations


class ResettleError(Exception):
    """An expected failure, told in one sentence."""

    exit_code = 1

    def __init__(self, doing: str, on: str, because: str, try_this: str = "") -> None:
        super().__init__(doing, on, because, try_this)
        self.doing, self.on, self.because, self.try_this = doing, on, because, try_this

    def __str__(self) -> str:
        on = f" {self.on}" if self.on else ""
        advice = f"; try: {self.try_this}" if self.try_this else ""
        return f"while {self.doing}{on}: {self.because}{advice}"


class BadInput(ResettleError):
    exit_code = 2


class WrongAccount(BadInput):
    pass


class PlanMismatch(BadInput):
    pass


class GapsOpen(ResettleError):
    exit_code = 3


class StepFailed(ResettleError):
    exit_code = 4


class Unresolved(StepFailed):
    """A text mentions `on`, which has no successor in the target yet."""


class Undecided(StepFailed):
    """A text mentions `on` in a way that only a person can decide."""


class Drifted(StepFailed):
    pass


class NameTaken(StepFailed):
    pass


class Refused(ResettleError):
    exit_code = 4


class CallFailed(ResettleError):
    """AWS answered with an error; `code` is AWS's own, for matching."""

    exit_code = 4

    def __init__(self, doing: str, on: str, because: str, try_this: str = "", *, code: str = "") -> None:
        super().__init__(doing, on, because, try_this)
        self.code = code


class Denied(CallFailed):
    pass


class CredentialsGone(CallFailed):
    pass


class Throttled(CallFailed):
    pass


class Busy(ResettleError):
    exit_code = 4
