"""A running lab as tests and the demo hold it: two boto3 sessions, copies by fork, and the levers of its control plane.

It imports neither moto nor a law; the lab itself is another process, which ends with this one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .profiles import Profiles

if TYPE_CHECKING:
    import boto3

# Bodies stay in memory, because forks would share the offset of a temporary file. Moto's sample images come with snapshots
# of disks in every account, which a real account does not have.
MOTO_ENVIRONMENT = {
    "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(1 << 40),
    "MOTO_DISABLE_GLOBAL_CORS": "1",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
}


@cache
def service_models() -> Any:
    """Return one loader of botocore's models for all sessions, since reading them takes longer than most calls."""
    from botocore.loaders import create_loader

    return create_loader()


class LabFailed(Exception):
    """The lab did not start, or refused what its control plane was asked to do."""


class Lab:
    """One lab that somebody serves, here or in another process."""

    def __init__(self, profiles: Profiles, *, pid: int) -> None:
        self.profiles = profiles
        self.pid = pid
        self.endpoint = profiles.endpoint
        self.config_file = Path(profiles.config_file)
        self.source_account = profiles.source_account
        self.target_account = profiles.target_account
        self.region = profiles.region

    @classmethod
    def start(cls, *, ids: int | None = None, without: tuple[str, ...] = ()) -> OwnedLab:
        """Start a lab in a child process, empty but for what AWS puts into every account.

        `ids` makes its ids repeat from run to run; `without` names laws to leave out. Raises `LabFailed`.
        """
        return OwnedLab.launch(ids=ids, without=without)

    @cached_property
    def source(self) -> boto3.Session:
        """Return a session of the source account."""
        return self.session(self.profiles.source_profile)

    @cached_property
    def target(self) -> boto3.Session:
        """Return a session of the target account."""
        return self.session(self.profiles.target_profile)

    def session(self, profile: str) -> boto3.Session:
        """Return a new session of one of the lab's profiles, whatever the environment says."""
        import boto3
        from botocore.session import Session

        core = Session(profile=profile)
        core.register_component("data_loader", service_models())
        core.set_config_variable("config_file", str(self.config_file))
        core.set_config_variable("credentials_file", os.devnull)
        return boto3.Session(botocore_session=core)

    def environment(self) -> dict[str, str]:
        """Return the environment in which a program finds the lab's profiles and no others."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | {
            "AWS_CONFIG_FILE": str(self.config_file),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @contextmanager
    def fork(self) -> Iterator[Lab]:
        """Yield an independent copy of this lab as it is now, with no calls counted yet; it ends with the block."""
        reply = self._control("POST", "fork")
        pid = reply.pop("pid")
        copy = Lab(Profiles(**reply), pid=pid)
        try:
            yield copy
        finally:
            with suppress(urllib.error.URLError):  # whoever killed it already ended it
                copy._control("POST", "stop")

    def revoke(self, account: str) -> None:
        """Refuse all credentials of an account from now on."""
        self._control("POST", "revoke", {"account": account})

    def restore_credentials(self) -> None:
        """Accept every account's credentials again."""
        self._control("POST", "restore-credentials")

    def vanish(self, account: str) -> None:
        """Delete everything that an account owns and revoke it."""
        self._control("POST", "vanish", {"account": account})

    def calls(self) -> dict[str, dict[str, int]]:
        """Return how often each account called each `service:Operation` since the last reset, refused calls included."""
        return self._control("GET", "calls")

    def reset_calls(self) -> None:
        """Start counting from nothing."""
        self._control("POST", "calls/reset")

    def set(self, **settings: Any) -> None:
        """Change settings of the lab (`single_copy_limit`, `slow`, and those that laws add)."""
        self._control("POST", "settings", settings)

    def settings(self) -> dict[str, Any]:
        """Return the settings of the lab."""
        return self._control("GET", "settings")

    def _control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        data = json.dumps(body or {}).encode() if method == "POST" else None
        asked = urllib.request.Request(f"{self.endpoint}/lab/{path}", data=data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=60) as reply:
                answer: dict[str, Any] = json.load(reply)
        except urllib.error.HTTPError as refused:
            raise LabFailed(f"the lab refused {method} /lab/{path}: {refused.read().decode()}") from refused
        return answer


class OwnedLab(Lab):
    """A lab whose process and files belong to whoever started it; leaving the block ends them."""

    def __init__(self, profiles: Profiles, process: subprocess.Popen[str], directory: Path) -> None:
        super().__init__(profiles, pid=process.pid)
        self._process = process
        self._directory = directory

    @classmethod
    def launch(cls, *, ids: int | None, without: tuple[str, ...]) -> Self:
        """Start the process and wait until it listens; raises `LabFailed` with what it said if it does not."""
        directory = Path(tempfile.mkdtemp(prefix="resettle-lab-"))
        command = [sys.executable, "-m", "resettle_lab.server", "--directory", str(directory)]
        command += [] if ids is None else ["--ids", str(ids)]
        command += [part for name in without for part in ("--without", name)]
        log = directory / "log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **MOTO_ENVIRONMENT},
            )
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            process.wait()
            said = log.read_text()
            shutil.rmtree(directory)
            raise LabFailed(f"the lab did not start:\n{said}")
        return cls(Profiles(**json.loads(line)), process, directory)

    @property
    def log(self) -> str:
        """Return what the lab's process said about its own failures."""
        return (self._directory / "log").read_text()

    def stop(self) -> None:
        """End the lab, all its forks, and remove its files."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
