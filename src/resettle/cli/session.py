"""What a verb works with: settings, working directory, both accounts, kinds and carriers; made only when asked for.

An account is handed out only after AWS has said that it is the one that resettle.toml names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from resettle import __version__, scan, settings, workspace
from resettle.account import Account, Identity
from resettle.calllog import CallLog
from resettle.carriers import Carrier
from resettle.cli.invocation import Invocation
from resettle.cli.output import Output
from resettle.errors import BadInput, PlanMismatch
from resettle.journal import Journal
from resettle.model import Side
from resettle.plan import Plan
from resettle.plan import read as read_plan
from resettle.plan import write as write_plan
from resettle.registry import Registry
from resettle.settings import Settings
from resettle.workspace import Workspace

JOURNAL, CALLS, INVENTORY, PLAN = "journal.sqlite", "calls.jsonl", "inventory.json", "plan.json"
PACE = "RESETTLE_PACE"
MANIFEST_NOTE = "manifest"  # in the journal: the parking bucket holds all that was done before it


@dataclass(kw_only=True)
class Session:
    """One call of a verb in one directory."""

    invocation: Invocation
    _identities: dict[Side, Identity] = field(default_factory=dict)

    @property
    def out(self) -> Output:
        return self.invocation.output

    @property
    def root(self) -> Path:
        return self.invocation.root

    @cached_property
    def settings(self) -> Settings:
        """resettle.toml; BadInput tells how to get one where there is none."""
        path = self.root / settings.FILE_NAME
        if not path.exists():
            raise BadInput("reading", str(path), "there is no such file", "`resettle init`, or -C DIR")
        return settings.load(path)

    @cached_property
    def workspace(self) -> Workspace:
        """The directory .resettle/, made if there is none."""
        return Workspace.open(self.root, create=True)

    @cached_property
    def registry(self) -> Registry:
        """All kinds."""
        from resettle import kinds

        return kinds.load()

    @cached_property
    def carriers(self) -> Mapping[str, Carrier]:
        """All carriers, by the name that kinds call them."""
        from resettle.carriers.code import Code
        from resettle.carriers.objects import Objects

        return {"objects": Objects(), "code": Code()}

    @cached_property
    def calls(self) -> CallLog:
        """The log of every call to AWS."""
        return CallLog(self.workspace.path(CALLS))

    def account(self, side: Side) -> Account:
        """The account of a side, after AWS has confirmed its number; WrongAccount names both numbers if it has not."""
        wanted = self.settings.source if side is Side.SOURCE else self.settings.target
        account = Account(side, profile=wanted.profile, region=wanted.region, expected=wanted.account, log=self.calls)
        self._identities[side] = account.identify()
        return account

    def called(self, side: Side) -> str:
        """An account as a person knows it, by number and alias."""
        wanted = self.settings.source if side is Side.SOURCE else self.settings.target
        identity = self._identities.get(side)
        return f"account {wanted.account}" + (f" (alias {identity.alias})" if identity and identity.alias else "")

    def scope(self) -> scan.Scope:
        """What of the source belongs to the move."""
        wanted = self.settings.scope
        return scan.Scope(exclude=wanted.exclude, tags=tuple(sorted(wanted.tags.items())))

    def plan(self, given: Path | None, *, followed: bool = False) -> Plan:
        """The plan in the file that was named, else in plan.json beside resettle.toml; with `followed`, rather the one that
        the move here began with. PlanMismatch for a plan of other accounts than those of resettle.toml."""
        path = self.plan_path(given, followed=followed)
        plan, wanted = load_plan(path), self.settings
        expected = (wanted.source.account, wanted.target.account, wanted.target.region)
        if (plan.source, plan.target, plan.region) != expected:
            raise PlanMismatch(
                "reading",
                str(path),
                f"it moves {plan.source} to {plan.target} in {plan.region}, "
                f"and {settings.FILE_NAME} names {expected[0]} and {expected[1]} in {expected[2]}",
                "the plan of this pair, or -C with the directory of that one",
            )
        return plan

    def plan_path(self, given: Path | None, *, followed: bool = False) -> Path:
        """Where the plan lies that is meant."""
        kept = self.root / workspace.DIRECTORY / PLAN
        if given is not None:
            return given
        return kept if followed and kept.exists() else self.root / PLAN

    @contextmanager
    def journal(self, plan: Plan, *, begin: bool = False) -> Iterator[Journal]:
        """The journal of this plan, held by this command alone, with the command written into it. The plan is kept beside
        it, so that no later `plan` can take away what a move began with. Without `begin` there must be one already."""
        with self.workspace.lock(f"resettle {self.invocation.verb}"):
            path = self.workspace.path(JOURNAL)
            if not begin and not path.exists():
                raise BadInput("opening the journal", str(path), "no move has begun here", "`resettle move`")
            with self._opened(plan) as journal:
                kept, text = self.workspace.path(PLAN), write_plan(plan)
                if not kept.exists() or kept.read_bytes() != text.encode():
                    workspace.write_text_atomic(kept, text)
                journal.command(["resettle", *self.invocation.arguments])
                yield journal

    def _opened(self, plan: Plan) -> Journal:
        kept = self.workspace.path(PLAN)
        try:
            return Journal.open(
                self.workspace.path(JOURNAL),
                source=plan.source,
                target=plan.target,
                region=plan.region,
                plan_hash=plan.hash(),
                version=__version__,
            )
        except PlanMismatch as error:
            if not kept.exists():
                raise
            advice = f"--plan {kept} to go on with the plan that this move began with"
            raise PlanMismatch(error.doing, error.on, error.because, advice) from error


def load_plan(path: Path) -> Plan:
    """The plan in this file; PlanMismatch or BadInput, naming the file, for whatever is wrong with it."""
    try:
        return read_plan(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput("reading", str(path), "there is no such file", "`resettle plan` to make one") from None
    except OSError as error:
        raise BadInput("reading", str(path), (error.strerror or type(error).__name__).lower()) from error
    except UnicodeDecodeError:
        raise PlanMismatch("reading", str(path), "it is not UTF-8", "make a new one with `resettle plan`") from None
    except PlanMismatch as error:
        raise PlanMismatch(error.doing, str(path), error.because, error.try_this) from error


def pace() -> float:
    """By how much every wait is multiplied: 1, or what RESETTLE_PACE says (for a lab, whose clocks run faster)."""
    text = os.environ.get(PACE, "1")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 100:
        raise BadInput("reading", f"the environment variable {PACE}", f"{text!r} is no factor", "a number such as 0.1")
    return value
