"""Rewriting files: what is known changes, every other byte stays, and writing is whole or not at all."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from resettle.addresses import AddressBook, Claim
from resettle.errors import BadInput
from resettle.files import apply, plan_rewrite
from resettle.model import Ref, Side

SOURCE, TARGET = "111122223333", "444455556666"
OLD_HOST = "mybrary-user-db.c1a2b3c4d5e6.ap-northeast-2.rds.amazonaws.com"
NEW_HOST = "mybrary-user-db.z9y8x7w6v5u4.ap-northeast-2.rds.amazonaws.com"
OLD_QUEUE = f"https://sqs.ap-northeast-2.amazonaws.com/{SOURCE}/follow-queue"
NEW_QUEUE = f"https://sqs.ap-northeast-2.amazonaws.com/{TARGET}/follow-queue"
OLD_SECRET = f"arn:aws:secretsmanager:ap-northeast-2:{SOURCE}:secret:prod/jwt-AbCdEf"
NEW_SECRET = f"arn:aws:secretsmanager:ap-northeast-2:{TARGET}:secret:prod/jwt-GhIjKl"
DATABASE = Ref(Side.SOURCE, "ap-northeast-2", "AWS::RDS::DBInstance", "mybrary-user-db")
QUEUE = Ref(Side.SOURCE, "ap-northeast-2", "AWS::SQS::Queue", "follow-queue")
SECRET = Ref(Side.SOURCE, "ap-northeast-2", "AWS::SecretsManager::Secret", OLD_SECRET)
LATE = Ref(Side.SOURCE, "ap-northeast-2", "AWS::EC2::VPC", "vpc-0aaaaaaaaaaaaaaaa")


def make_book(**replaced: str) -> AddressBook:
    claims = [
        Claim(OLD_HOST, DATABASE, "host", "strong"),
        Claim(OLD_QUEUE, QUEUE, "url", "strong"),
        Claim(OLD_SECRET, SECRET, "arn", "strong"),
        Claim(LATE.id, LATE, "id", "strong"),
    ]
    learned = {
        (DATABASE, "host"): replaced.get("host", NEW_HOST),
        (QUEUE, "url"): NEW_QUEUE,
        (SECRET, "arn"): NEW_SECRET,
    }
    return AddressBook(claims, source_account=SOURCE, target_account=TARGET, learned=learned)


def test_only_the_claimed_tokens_change_and_every_other_byte_stays(tmp_path: Path) -> None:
    before = (
        f"# 한국어 주석\r\nurl: jdbc:mysql://{OLD_HOST}:3306/user?x=1  \n\tqueue:\t{OLD_QUEUE}   \r\n\r\nlast: {SOURCE}"
    ).encode()
    file = tmp_path / "notes.txt"
    file.write_bytes(b"\xef\xbb\xbf" + before)

    apply(plan_rewrite([tmp_path], make_book()))

    wanted = before.replace(OLD_HOST.encode(), NEW_HOST.encode()).replace(SOURCE.encode(), TARGET.encode())
    assert file.read_bytes() == b"\xef\xbb\xbf" + wanted


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_a_mark_stays_utf_16_with_its_mark(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "settings.ini"
    file.write_bytes("\ufeff".encode(encoding) + f"호스트={OLD_HOST}\r\n".encode(encoding))

    apply(plan_rewrite([file], make_book()))

    assert file.read_bytes() == "\ufeff".encode(encoding) + f"호스트={NEW_HOST}\r\n".encode(encoding)


def test_planning_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text(f"queue: {OLD_QUEUE}\n")

    plan = plan_rewrite([tmp_path], make_book())

    assert [change.path for change in plan.files] == [file]
    assert file.read_text() == f"queue: {OLD_QUEUE}\n"


def test_writing_returns_the_digests_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(f"queue: {OLD_QUEUE}\nvpc: {LATE.id}\nip: 10.1.2.3\n")
    (tmp_path / "b.env").write_text(f"SECRET={OLD_SECRET}\nOTHER=arn:aws:sns:ap-northeast-2:{SOURCE}:unknown\n")
    first = plan_rewrite([tmp_path], make_book())
    digests = apply(first)
    second = plan_rewrite([tmp_path], make_book())
    journalled = plan_rewrite([tmp_path], make_book(), done=digests)

    assert digests == [change.after_digest for change in first.files]
    assert second.files == ()
    assert journalled.files == ()
    assert first.residue == second.residue == journalled.residue != ()
    assert [skipped.reason for skipped in journalled.skipped] == ["rewritten before (its digest is in the journal)"] * 2


def test_a_file_known_to_the_journal_is_not_rewritten_along_a_chain(tmp_path: Path) -> None:
    first, second = (Ref(Side.SOURCE, "", "AWS::SQS::Queue", name) for name in ("one", "two"))
    claims = [Claim("arn:aws:sqs:::one", first, "arn", "strong"), Claim("arn:aws:sqs:::two", second, "arn", "strong")]
    learned = {(first, "arn"): "arn:aws:sqs:::two", (second, "arn"): "arn:aws:sqs:::three"}
    book = AddressBook(claims, source_account=SOURCE, target_account=TARGET, learned=learned)
    file = tmp_path / "a.txt"
    file.write_text("arn:aws:sqs:::one")

    digests = apply(plan_rewrite([file], book))
    again = plan_rewrite([file], book, done=digests)

    assert file.read_text() == "arn:aws:sqs:::two"
    assert again.files == ()
    assert again.residue == ()


def test_a_file_that_changed_since_it_was_read_is_refused_by_name_and_nothing_is_written(tmp_path: Path) -> None:
    one, two = tmp_path / "one.env", tmp_path / "two.env"
    one.write_text(f"Q={OLD_QUEUE}\n")
    two.write_text(f"Q={OLD_QUEUE}\n")
    plan = plan_rewrite([tmp_path], make_book())
    two.write_text(f"Q={OLD_QUEUE}\nNEW=1\n")

    with pytest.raises(BadInput, match=r"two\.env: it changed since it was read"):
        apply(plan)

    assert one.read_text() == f"Q={OLD_QUEUE}\n"


def test_a_file_that_vanished_or_became_a_link_is_refused_by_name(tmp_path: Path) -> None:
    file, other = tmp_path / "one.env", tmp_path / "other"
    file.write_text(f"Q={OLD_QUEUE}\n")
    plan = plan_rewrite([file], make_book())
    file.rename(other)

    with pytest.raises(BadInput, match=r"one\.env"):
        apply(plan)
    file.symlink_to(other)
    with pytest.raises(BadInput, match=r"one\.env"):
        apply(plan)

    assert other.read_text() == f"Q={OLD_QUEUE}\n"


def test_the_mode_is_kept_and_nothing_is_left_beside(tmp_path: Path) -> None:
    file = tmp_path / "deploy.sh"
    file.write_text(f"echo {OLD_QUEUE}\n")
    file.chmod(0o751)

    apply(plan_rewrite([file], make_book()))

    assert file.stat().st_mode & 0o7777 == 0o751
    assert list(tmp_path.iterdir()) == [file]


def test_a_successor_that_breaks_the_syntax_is_refused_and_the_file_is_left(tmp_path: Path) -> None:
    texts = {
        "a.json": f'{{"host": "{OLD_HOST}"}}',
        "a.yml": f"host: {OLD_HOST}\nother: 1\n",
        "a.toml": f'host = "{OLD_HOST}"\n',
        "a.xml": f"<a><host>{OLD_HOST}</host></a>",
        ".env": f"HOST={OLD_HOST}\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)

    plan = plan_rewrite([tmp_path], make_book(host='new" #<host: x'))
    apply(plan)

    assert plan.files == ()
    assert sorted(skipped.path.name for skipped in plan.skipped) == sorted(texts)
    assert all(skipped.reason.startswith("not rewritten: ") for skipped in plan.skipped)
    assert {name: (tmp_path / name).read_text() for name in texts} == texts
    assert {found.path.name for found in plan.residue} == set(texts)


def test_an_account_number_that_would_become_an_octal_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(f"account: {SOURCE}\n")
    (tmp_path / "b.yml").write_text(f"account: '{SOURCE}'\n")
    book = AddressBook([], source_account=SOURCE, target_account="012345671234")

    plan = plan_rewrite([tmp_path], book)

    assert [change.path.name for change in plan.files] == ["b.yml"]
    assert [skipped.reason for skipped in plan.skipped] == ["not rewritten: its structure would change"]


def test_yaml_of_many_documents_and_unknown_tags_is_rewritten(tmp_path: Path) -> None:
    text = f"---\na: &x !Sub '{OLD_QUEUE}'\nb: *x\n---\n- !Join ['', [{SOURCE}, \"{OLD_HOST}\"]]\n- |\n  host {OLD_HOST}\n"
    (tmp_path / "stack.yaml").write_text(text)

    apply(plan_rewrite([tmp_path], make_book()))

    assert (tmp_path / "stack.yaml").read_text() == text.replace(OLD_HOST, NEW_HOST).replace(SOURCE, TARGET)


def test_escaped_addresses_in_json_and_properties_are_rewritten_as_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"q": OLD_QUEUE}).replace("/", "\\/"))
    (tmp_path / "a.properties").write_text("q=" + OLD_QUEUE.replace(":", "\\:") + "\n")

    apply(plan_rewrite([tmp_path], make_book()))

    assert json.loads((tmp_path / "a.json").read_text()) == {"q": NEW_QUEUE}
    assert "\\/" in (tmp_path / "a.json").read_text()
    assert (tmp_path / "a.properties").read_text() == "q=" + NEW_QUEUE.replace(":", "\\:") + "\n"


def test_base64_is_rewritten_inside_a_kubernetes_secret(tmp_path: Path) -> None:
    packed = base64.b64encode(f"jdbc:mysql://{OLD_HOST}/user".encode()).decode()
    (tmp_path / "secret.yml").write_text(f"data:\n  url: {packed}\n")

    apply(plan_rewrite([tmp_path], make_book()))

    packed = (tmp_path / "secret.yml").read_text().split("url: ")[1]
    assert base64.b64decode(packed).decode() == f"jdbc:mysql://{NEW_HOST}/user"


def test_a_file_in_another_encoding_is_residue_and_left(tmp_path: Path) -> None:
    content = f"# 한국어\nhost={OLD_HOST}\n".encode("cp949")
    (tmp_path / "old.properties").write_bytes(content)
    (tmp_path / "silent.txt").write_bytes("한국어".encode("cp949"))

    plan = plan_rewrite([tmp_path], make_book())

    assert plan.files == ()
    assert [(found.path.name, found.line, found.text) for found in plan.residue] == [
        ("old.properties", 2, OLD_HOST),
        ("silent.txt", 1, ""),
    ]
    assert (tmp_path / "old.properties").read_bytes() == content


def test_lock_files_and_bundles_are_counted_and_left_for_a_rebuild(tmp_path: Path) -> None:
    (tmp_path / "app.min.js").write_text(f'a="{OLD_QUEUE}";b="{OLD_HOST}"')
    (tmp_path / "main.js").write_text("x=1;" * 2000 + f'"{OLD_HOST}"')
    (tmp_path / "package-lock.json").write_text("{}")

    plan = plan_rewrite([tmp_path], make_book())

    assert [(skipped.path.name, skipped.reason) for skipped in plan.skipped] == [
        ("app.min.js", "minified bundle: 2 places in it name the old account; rebuild it"),
        ("main.js", "minified bundle: 1 place in it name the old account; rebuild it"),
        ("package-lock.json", "lock file: nothing in it names the old account"),
    ]
    assert len(plan.residue) == 3
    assert plan.files == ()


def test_a_bundle_that_is_named_is_rewritten(tmp_path: Path) -> None:
    (tmp_path / "app.min.js").write_text(f'a="{OLD_QUEUE}"')

    plan = plan_rewrite([tmp_path / "app.min.js"], make_book())

    assert plan.files[0].after == f'a="{NEW_QUEUE}"'.encode()


def test_the_diff_shows_the_edit_and_hides_secrets_on_the_lines_around_it(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        f"password: hunter2hunter2\nurl: jdbc:mysql://root:swordfish@{OLD_HOST}/x\nvalue: '{{cipher}}AQB1c2VsZXNz'\n"
        f'env: [{{"name": "DB_PASSWORD", "value": "opensesame"}}]\nsecret: {OLD_SECRET}'
    )

    diff = plan_rewrite([tmp_path], make_book()).files[0].diff()

    assert f"-secret: {OLD_SECRET}\n\\ No newline at end of file\n" in diff
    assert f"+secret: {NEW_SECRET}\n\\ No newline at end of file\n" in diff
    assert f"@{NEW_HOST}/x\n" in diff
    assert not [secret for secret in ("hunter2", "swordfish", "AQB1", "opensesame") if secret in diff]


def test_a_plan_does_not_show_contents_in_its_repr(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text(f"PASSWORD=hunter2\nQ={OLD_QUEUE}\n")

    plan = plan_rewrite([tmp_path], make_book())

    assert "hunter2" not in repr(plan)
