import contextlib
import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resettle.errors import BadInput, Busy, ResettleError
from resettle.workspace import Workspace, write_text_atomic


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path, create=True)


@contextlib.contextmanager
def another_process(root: Path, command: str) -> Iterator[subprocess.Popen[str]]:
    script = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from resettle.workspace import Workspace
        with Workspace.open(Path({str(root)!r}), create=False).lock({command!r}):
            print("held", flush=True)
            sys.stdin.readline()
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None:
            process.kill()


def test_a_new_workspace_is_its_owners_only_and_stays_out_of_repositories(tmp_path: Path) -> None:
    os.umask(previous := os.umask(0))
    try:
        os.umask(0)
        workspace = Workspace.open(tmp_path, create=True)
        workspace.seal_key()
        with workspace.lock("scan"):
            pass
        write_text_atomic(workspace.path("plan.json"), "{}")
        Workspace.open(tmp_path, create=False)
    finally:
        os.umask(previous)

    assert mode(tmp_path / ".resettle") == 0o700
    assert {entry.name: mode(entry) for entry in (tmp_path / ".resettle").iterdir()} == {
        ".gitignore": 0o600,
        "lock": 0o600,
        "plan.json": 0o600,
        "seal.key": 0o600,
    }
    assert (tmp_path / ".resettle" / ".gitignore").read_text() == "*\n"


def test_a_workspace_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    Workspace.open(tmp_path, create=True).seal_key()
    (tmp_path / ".resettle").chmod(0o755)
    (tmp_path / ".resettle" / "seal.key").chmod(0o644)

    Workspace.open(tmp_path, create=False)

    assert mode(tmp_path / ".resettle") == 0o700
    assert mode(tmp_path / ".resettle" / "seal.key") == 0o600


def test_tightening_does_not_follow_a_link_out_of_the_workspace(tmp_path: Path, workspace: Workspace) -> None:
    outside = tmp_path / "shared.txt"
    outside.write_text("everybody's")
    outside.chmod(0o644)
    workspace.path("link").symlink_to(outside)

    Workspace.open(tmp_path, create=False)

    assert mode(outside) == 0o644


def test_where_there_is_no_workspace_init_is_advised(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        Workspace.open(tmp_path, create=False)

    assert "resettle init" in str(caught.value)
    assert not (tmp_path / ".resettle").exists()


@pytest.mark.parametrize("create", [True, False])
def test_a_file_in_its_place_is_one_sentence(tmp_path: Path, create: bool) -> None:
    (tmp_path / ".resettle").write_text("a file")

    with pytest.raises(BadInput) as caught:
        Workspace.open(tmp_path, create=create)

    assert "it is not a directory" in str(caught.value)
    assert (tmp_path / ".resettle").read_text() == "a file"


def test_a_root_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        Workspace.open(tmp_path / "nowhere", create=True)

    assert "no such file or directory" in str(caught.value)


@pytest.mark.parametrize(("number", "advice"), [(errno.EACCES, "permission"), (errno.EROFS, "-C"), (errno.ENOSPC, "space")])
def test_a_workspace_that_cannot_be_made_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    monkeypatch.setattr(Path, "mkdir", raising(OSError(number, os.strerror(number))))

    with pytest.raises(BadInput) as caught:
        Workspace.open(tmp_path, create=True)

    assert os.strerror(number).lower() in str(caught.value).lower()
    assert advice in caught.value.try_this


def test_a_workspace_that_cannot_be_written_is_refused(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(BadInput) as caught:
        Workspace.open(tmp_path, create=False)

    assert "permission denied" in str(caught.value)


@pytest.mark.parametrize("name", ["", ".", "..", "../journal.db", "/etc/passwd", "a\0b"])
def test_a_name_cannot_lead_out_of_the_workspace(workspace: Workspace, name: str) -> None:
    with pytest.raises(ValueError):
        workspace.path(name)


def test_two_commands_do_not_run_at_once_and_the_second_learns_of_the_first(tmp_path: Path, workspace: Workspace) -> None:
    with (
        another_process(tmp_path, "move --plan\nplan.json") as process,
        pytest.raises(Busy) as caught,
        workspace.lock("scan"),
    ):
        pytest.fail("both held the lock")

    assert f"`move --plan plan.json` (process {process.pid})" in str(caught.value)
    assert caught.value.exit_code == 4


def test_the_lock_is_free_after_its_holder_was_killed(tmp_path: Path, workspace: Workspace) -> None:
    with another_process(tmp_path, "move") as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

        with workspace.lock("status"):
            held = workspace.path("lock").read_text()

    assert held == f"{os.getpid()} status\n"


def test_the_lock_is_free_after_an_error_and_not_taken_twice_in_one_process(workspace: Workspace) -> None:
    with pytest.raises(ZeroDivisionError), workspace.lock("scan"):
        raise ZeroDivisionError

    with workspace.lock("scan"), pytest.raises(Busy) as caught, workspace.lock("plan"):
        pytest.fail("both held the lock")

    assert f"`scan` (process {os.getpid()})" in str(caught.value)
    with workspace.lock("plan"):
        assert workspace.path("lock").read_text().endswith(" plan\n")


def test_a_holder_that_has_not_signed_yet_is_still_respected(workspace: Workspace) -> None:
    with workspace.lock("scan"):
        workspace.path("lock").write_bytes(b"\xff\xfe")

        with pytest.raises(Busy) as caught, workspace.lock("plan"):
            pytest.fail("both held the lock")

    assert "another command" in str(caught.value)


def test_a_file_system_without_locks_is_one_sentence(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", raising(OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))))

    with pytest.raises(BadInput) as caught, workspace.lock("scan"):
        pytest.fail("it was not locked")

    assert "no locks available" in str(caught.value)


def test_the_seals_key_is_made_once(tmp_path: Path, workspace: Workspace) -> None:
    key = workspace.seal_key()

    assert len(key) == 32
    assert Workspace.open(tmp_path, create=False).seal_key() == key
    assert sorted(entry.name for entry in workspace.directory.iterdir()) == [".gitignore", "seal.key"]


def test_those_who_race_for_the_first_key_get_the_same(workspace: Workspace) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: workspace.seal_key(), range(64)))

    assert len(keys) == 1


def test_a_key_that_another_command_made_meanwhile_is_not_replaced(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(count: int) -> bytes:
        workspace.path("seal.key").write_bytes(b"1" * count)
        return b"2" * count

    monkeypatch.setattr("secrets.token_bytes", overtaken)

    assert workspace.seal_key() == b"1" * 32


def test_a_damaged_key_is_never_remade(workspace: Workspace) -> None:
    workspace.path("seal.key").write_bytes(b"short")

    with pytest.raises(BadInput) as caught:
        workspace.seal_key()

    assert "5 bytes instead of 32" in str(caught.value)
    assert workspace.path("seal.key").read_bytes() == b"short"


def test_a_text_is_replaced_whole_and_keeps_the_mode_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "resettle.toml"
    file.write_text("old")
    file.chmod(0o640)

    write_text_atomic(file, "né\r\n")

    assert file.read_bytes() == "né\r\n".encode()
    assert mode(file) == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")

    write_text_atomic(tmp_path / "link", "new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


@pytest.mark.parametrize(
    ("owner", "name", "number"),
    [
        ("tempfile", "mkstemp", errno.EACCES),
        ("os", "fsync", errno.ENOSPC),
        ("os", "fchmod", errno.EPERM),
        ("pathlib.Path", "replace", errno.EBUSY),
    ],
)
def test_a_write_that_fails_leaves_the_old_text_and_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: str, name: str, number: int
) -> None:
    file = tmp_path / "resettle.toml"
    file.write_text("old")
    monkeypatch.setattr(f"{owner}.{name}", raising(OSError(number, os.strerror(number))))

    with pytest.raises(ResettleError) as caught:
        write_text_atomic(file, "new")

    assert os.strerror(number).lower() in str(caught.value).lower()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_system_that_is_full_leaves_the_old_text(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text("old")
    script = textwrap.dedent(f"""
        import resource, signal
        from pathlib import Path
        from resettle.errors import BadInput
        from resettle.workspace import write_text_atomic
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            write_text_atomic(Path({str(file)!r}), "x" * 100_000)
        except BadInput as error:
            print(error)
    """)

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "file too large" in done.stdout
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_directory_is_not_replaced_by_a_text(tmp_path: Path) -> None:
    (tmp_path / "plan.json").mkdir()

    with pytest.raises(BadInput) as caught:
        write_text_atomic(tmp_path / "plan.json", "{}")

    assert "is a directory" in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.json"]


def raising(error: OSError) -> Callable[..., None]:
    def call(*_: object, **__: object) -> None:
        raise error

    return call
