"""Walking: what is done, what is left and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resettle.addresses import AddressBook
from resettle.errors import BadInput
from resettle.files import apply, plan_rewrite
from resettle.files.walk import walk

OLD, NEW = "111122223333", "444455556666"
BOOK = AddressBook([], source_account=OLD, target_account=NEW)


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(OLD)


def done(folder: Path, *paths: Path) -> list[str]:
    return [change.path.relative_to(folder).as_posix() for change in plan_rewrite(paths or [folder], BOOK).files]


def reasons(folder: Path, *paths: Path) -> dict[str, str]:
    return {left.path.relative_to(folder).as_posix(): left.reason for left in walk(paths or [folder])[1]}


def test_ignore_rules_of_every_level_count_and_the_nearest_wins(tmp_path: Path) -> None:
    write(tmp_path, "a.log", "deep/a.log", "deep/kept.log", "deep/own.txt", "out/x.yml", "b.yml", "local.yml")
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("local.yml\n")
    (tmp_path / ".gitignore").write_text("*.log\n/out/\n!\n[z-a]\n")
    (tmp_path / "deep" / ".gitignore").write_text("!kept.log\nown.txt\n")

    assert done(tmp_path) == ["b.yml", "deep/kept.log"]
    assert reasons(tmp_path) == {
        ".git": "git's own",
        "a.log": "ignored by git",
        "deep/a.log": "ignored by git",
        "deep/own.txt": "ignored by git",
        "local.yml": "ignored by git",
        "out": "ignored by git",
    }


def test_rules_above_the_given_folder_count_up_to_the_repository(tmp_path: Path) -> None:
    write(tmp_path, "repository/part/a.log", "repository/part/b.yml", "repository/part/c.tmp")
    (tmp_path / ".gitignore").write_text("*.tmp\n")
    (tmp_path / "repository" / ".git").mkdir()
    (tmp_path / "repository" / ".gitignore").write_text("*.log\n")
    part = tmp_path / "repository" / "part"

    assert done(part) == ["b.yml", "c.tmp"]


def test_a_path_that_is_named_is_done_even_if_ignored(tmp_path: Path) -> None:
    write(tmp_path, ".env", "build/x.yml", "a.yml")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text(".env\nbuild/\n")

    assert done(tmp_path, tmp_path, tmp_path / ".env") == [".env", "a.yml"]
    assert done(tmp_path, tmp_path / "build") == ["build/x.yml"]
    assert ".env" not in reasons(tmp_path, tmp_path, tmp_path / ".env")


def test_vendored_folders_are_left_with_the_reason(tmp_path: Path) -> None:
    folders = ["node_modules", "vendor", ".venv", "dist", "build", ".terraform", "target"]
    write(tmp_path, "src/a.yml", *(f"sub/{name}/a.yml" for name in folders))

    assert done(tmp_path) == ["src/a.yml"]
    assert set(reasons(tmp_path)) == {f"sub/{name}" for name in folders}


def test_symbolic_links_are_never_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    write(tmp_path, "outside/secret.yml", "inside/a.yml")
    (inside / "folder").symlink_to(outside)
    (inside / "file.yml").symlink_to(outside / "secret.yml")
    (inside / "loop").symlink_to(inside)

    apply(plan_rewrite([inside, inside / "file.yml"], BOOK))

    assert (outside / "secret.yml").read_text() == OLD
    assert (inside / "a.yml").read_text() == NEW
    assert (inside / "file.yml").is_symlink()
    assert set(reasons(inside)) == {"folder", "file.yml", "loop"}


def test_binary_large_and_special_files_are_left(tmp_path: Path) -> None:
    (tmp_path / "image.bin").write_bytes(b"\x89PNG\0" + OLD.encode())
    (tmp_path / "dump.sql").write_bytes(OLD.encode() + b" " * (8 * 1024 * 1024))
    os.mkfifo(tmp_path / "pipe")

    plan = plan_rewrite([tmp_path], BOOK)

    assert plan.files == ()
    assert [(left.path.name, left.reason) for left in plan.skipped] == [
        ("dump.sql", "larger than 8 MiB"),
        ("image.bin", "binary"),
        ("pipe", "not a regular file"),
    ]


def test_a_file_reached_by_two_paths_is_done_once(tmp_path: Path) -> None:
    write(tmp_path, "sub/a.yml")

    assert done(tmp_path, tmp_path, tmp_path / "sub", tmp_path / "sub" / ".." / "sub") == ["sub/a.yml"]


def test_a_path_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"absent\.yml: No such file or directory"):
        plan_rewrite([tmp_path / "absent.yml"], BOOK)


def test_a_link_to_nowhere_and_a_link_to_itself_are_refused(tmp_path: Path) -> None:
    (tmp_path / "nowhere").symlink_to(tmp_path / "absent")
    (tmp_path / "itself").symlink_to(tmp_path / "itself")

    for name in ("nowhere", "itself"):
        with pytest.raises(BadInput, match=name):
            plan_rewrite([tmp_path / name], BOOK)


def test_the_files_of_resettle_itself_go_on_naming_the_old_account(tmp_path: Path) -> None:
    write(tmp_path, "resettle.toml", ".resettle/plan.json", "plan.json", "a.yml")

    plan = plan_rewrite([tmp_path], BOOK, own=[tmp_path / "plan.json"])

    assert [change.path.name for change in plan.files] == ["a.yml"]
    assert {left.reason for left in plan.skipped} == {"resettle's own"}


def test_an_unreadable_or_unwritable_file_is_left_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "closed.yml", "fixed.yml")
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "closed.yml":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != "fixed.yml")

    plan = plan_rewrite([tmp_path], BOOK)

    assert [(left.path.name, left.reason) for left in plan.skipped] == [
        ("closed.yml", "cannot be read: Permission denied"),
        ("fixed.yml", "not rewritten: the file may not be written"),
    ]
    assert [(found.path.name, found.text) for found in plan.residue] == [("fixed.yml", OLD)]
    assert plan.files == ()
