import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as examined
from hypothesis import strategies as st

from resettle.errors import BadInput
from resettle.settings import (
    Accept,
    Limits,
    Names,
    Network,
    Scope,
    Settings,
    SideSettings,
    bucket_fault,
    bucket_name,
    load,
    template,
    with_accepted,
)

SOURCE = SideSettings(profile="sponsor", region="ap-northeast-2", account="111122223333")
TARGET = SideSettings(profile="team", region="ap-northeast-2", account="444455556666")
SIDES = """\
[source]
profile = "sponsor"
region = "ap-northeast-2"
account = "111122223333"

[target]
profile = "team"
region = "ap-northeast-2"
account = "444455556666"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "resettle.toml"


def refused(file: Path, text: str | bytes) -> BadInput:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInput) as caught:
        load(file)
    assert "\n" not in str(caught.value)
    assert (caught.value.doing, caught.value.exit_code) == ("reading", 2)
    assert caught.value.on.startswith("resettle.toml")
    return caught.value


def test_every_key_is_read(file: Path) -> None:
    file.write_text(
        SIDES
        + """
        [scope]
        exclude = ["AWS::Logs::*", "AWS::*::Alias", "AWS::Logs::*"]
        tags = { Project = "mybrary", "a b" = "" }
        [network]
        layout = "keep"
        zones = []
        [names]
        bucket = "{name}.{source_account}-{region}"
        [accept]
        gaps = ["one", "two"]
        [limits]
        single_copy_bytes = 8388608
        """
    )

    assert load(file) == Settings(
        source=SOURCE,
        target=TARGET,
        scope=Scope(exclude=("AWS::Logs::*", "AWS::*::Alias"), tags={"Project": "mybrary", "a b": ""}),
        network=Network(layout="keep", zones=()),
        names=Names(bucket="{name}.{source_account}-{region}"),
        accept=Accept(gaps=("one", "two")),
        limits=Limits(single_copy_bytes=8 * 1024**2),
    )


def test_the_two_sides_are_all_that_must_be_written(file: Path) -> None:
    file.write_text(SIDES)

    settings = load(file)

    assert settings == Settings(source=SOURCE, target=TARGET)
    assert settings.limits.single_copy_bytes == 5 * 1024**3
    assert bucket_name(settings, "images") == "images-444455556666"


def test_a_file_saved_on_windows_is_read(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + SIDES.replace("\n", "\r\n").encode())

    assert load(file).source == SOURCE


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('profile = "sponsor"', 'profil = "sponsor"', 'line 2: [source] has no key "profil"; try: profile'),
        ("[target]", "[targets]", 'line 6: there is no table "targets"; try: [target]'),
        ("[source]", "verbose = true\n[source]", 'line 1: there is no table "verbose"; try: one of [source], [target]'),
        ("[target]", "[source.extra]\n[target]", 'line 6: [source] has no key "extra"'),
        ('profile = "sponsor"\n', "", "line 1: [source] has no profile"),
        ('region = "ap-northeast-2"\n', "", "[source] has no region"),
        ('account = "444455556666"\n', "", "line 6: [target] has no account"),
        ('profile = "sponsor"', "profile = 3", "[source] profile must be a string, not a number"),
        ('profile = "sponsor"', 'profile = " "', "[source] profile is empty"),
        ('profile = "sponsor"', 'profile = "a\\u0000b"', "character that cannot be printed"),
        ('"111122223333"', "111122223333", "account must be a string, not a number; try: quotation marks around it"),
        ('"111122223333"', '"11112222333"', 'line 4: [source] account is "11112222333", which is no account number'),
        ('"111122223333"', '"１１１１２２２２３３３３"', "which is no account number"),
        ("444455556666", "111122223333", "line 9: [target] account is 111122223333, the same as that of [source]"),
        ('"team"', '"sponsor"', '[target] profile is "sponsor", the same as that of [source]'),
        (
            'profile = "team"\nregion = "ap-northeast-2"',
            'profile = "team"\nregion = "eu-west-1"',
            "moves within one region",
        ),
        ('region = "ap-northeast-2"', 'region = "ap-northeast-2a"', "which is no region"),
        ('region = "ap-northeast-2"', 'region = "Seoul"', "which is no region"),
    ],
)
def test_sides_that_cannot_be_right_are_refused(file: Path, old: str, new: str, said: str) -> None:
    assert old in SIDES

    error = refused(file, SIDES.replace(old, new, 1) if old != "444455556666" else SIDES.replace(old, new))

    assert said in str(error)


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ('scope = "all"', "scope must be a table, not a string; try: [scope]"),
        ('[[network]]\nlayout = "keep"', "network must be a table, not a list"),
        ('[scope]\nexclude = "AWS::Logs::*"', "[scope] exclude must be a list of strings, not a string"),
        ("[scope]\nexclude = [1]", "[scope] exclude must hold strings only, not a number"),
        ('[scope]\nexclude = ["logs"]', "is not of the form AWS::Service::Thing"),
        ('[scope]\nexclude = ["AWS::Logs"]', "is not of the form AWS::Service::Thing"),
        ('[scope]\nexclude = ["aws::Logs::*"]', "is not of the form AWS::Service::Thing"),
        ('[scope]\nexclude = ["AWS::Logs::*::x"]', "is not of the form AWS::Service::Thing"),
        ('[scope]\nexcludes = []', 'no key "excludes"; try: exclude'),
        ('[scope]\ntags = ["a"]', "[scope] tags must be a table, not a list"),
        ("[scope.tags]\nProject = 1", '[scope] tags gives "Project" a number'),
        ("[scope.tags]\nProject = 2024-01-01", '[scope] tags gives "Project" a date or time'),
        ('[network]\nlayout = "by-domain"', "this version cannot do yet"),
        ('[network]\nlayout = "kept"', '"kept", which is no layout'),
        ('[network]\nzones = ["ap-northeast-2a"]', "is not the id of a zone"),
        ('[network]\nzones = ["apne2-az1"]', "every subnet stays in its own"),
        ('[names]\nbucket = "fixed"', "lacks {name}"),
        ('[names]\nbucket = "{name}"', "keeps the name"),
        ('[names]\nbucket = "{name}-{account}"', 'a placeholder "account" that is not known; try: {name}, {source_account}'),
        ('[names]\nbucket = "{name}-{}"', "a placeholder"),
        ('[names]\nbucket = "{name}-{name.real}"', "a placeholder"),
        ('[names]\nbucket = "{name!r}-x"', "a placeholder"),
        ('[names]\nbucket = "{name:>20}"', "a placeholder"),
        ('[names]\nbucket = "{name}-{"', "a brace without its partner"),
        ('[names]\nbucket = "{name}-}"', "a brace without its partner"),
        ('[names]\nbucket = "{{{name}}}"', "a-z, 0-9, hyphens and dots"),
        ('[names]\nbucket = "Team-{name}"', "a-z, 0-9, hyphens and dots"),
        ('[names]\nbucket = "{name}-"', "a-z, 0-9, hyphens and dots"),
        ('[names]\nbucket = "xn--{name}"', "S3 keeps 'xn--' for itself"),
        ('[names]\nbucket = "{name}--x-s3"', "S3 keeps '--x-s3' for itself"),
        (f'[names]\nbucket = "{{name}}-{"x" * 60}"', "64 characters"),
        ('[names]\nqueue = "{name}"', 'no key "queue"; try: bucket'),
        ('[accept]\ngaps = [""]', "[accept] gaps is empty"),
        ("[accept]\ngap = []", 'no key "gap"; try: gaps'),
        ("[limits]\nsingle_copy_bytes = true", "must be a number of bytes, not a boolean"),
        ("[limits]\nsingle_copy_bytes = 5.5", "must be a number of bytes, not a number"),
        ("[limits]\nsingle_copy_bytes = 0", "must lie between"),
        ("[limits]\nsingle_copy_bytes = 5368709121", "must lie between"),
    ],
)  # fmt: skip
def test_choices_that_cannot_be_right_are_refused(file: Path, added: str, said: str) -> None:
    before = added if added.startswith("scope =") else ""

    error = refused(file, f"{before}\n{SIDES}" if before else f"{SIDES}\n{added}\n")

    assert said in str(error)
    assert "line " in error.on


def test_a_syntax_error_is_told_with_its_line_and_column(file: Path) -> None:
    error = refused(file, SIDES + "[scope\n")

    assert "(at line 10, column 7)" in str(error)


def test_text_that_is_not_utf8_is_told_with_its_line(file: Path) -> None:
    error = refused(file, SIDES.encode() + b"# caf\xe9\n")

    assert error.on == "resettle.toml, line 10"
    assert "not UTF-8" in str(error)


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "{a=" * 5000, "x = " + "9" * 5000])
def test_a_text_that_the_parser_chokes_on_is_one_sentence(file: Path, text: str) -> None:
    assert "nested too deeply" in str(error := refused(file, text)) or "too long" in str(error)


def test_a_missing_file_says_how_to_begin(file: Path) -> None:
    with pytest.raises(BadInput) as caught:
        load(file)

    assert "resettle init" in caught.value.try_this
    assert str(file.parent) in str(caught.value)


def test_an_empty_file_lacks_its_sides(file: Path) -> None:
    assert "there is no table [source]" in str(refused(file, ""))


def test_a_directory_in_its_place_is_one_sentence(file: Path) -> None:
    file.mkdir()

    with pytest.raises(BadInput) as caught:
        load(file)

    assert "directory" in str(caught.value)


def test_a_value_that_may_be_a_secret_is_not_repeated_when_its_key_is_unknown(file: Path) -> None:
    error = refused(file, SIDES + 'aws_secret_access_key = "wJalrXUtnFEMI"\n')

    assert "wJalrXUtnFEMI" not in str(error)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("abc", True),
        ("a" * 63, True),
        ("a.b-c.1", True),
        ("ab", False),
        ("a" * 64, False),
        ("a..b", False),
        ("192.168.5.4", False),
        ("a_b", False),
        ("-ab", False),
        ("ab.", False),
        ("abc\n", False),
        ("sthree-x", False),
        ("x-s3alias", False),
        ("x-444455556666-ap-northeast-2-an", False),
    ],
)
def test_bucket_names_are_judged_as_s3_does(name: str, good: bool) -> None:
    assert (bucket_fault(name) == "") is good


@pytest.mark.parametrize("profile", ["sponsor", 'a "quoted" one', "back\\slash", "ünïcode 이름", "it's"])
def test_the_template_is_accepted_as_it_is(file: Path, profile: str) -> None:
    source = SideSettings(profile=profile, region="ap-northeast-2", account="111122223333")

    file.write_text(template(source, TARGET), encoding="utf-8")

    assert load(file) == Settings(source=source, target=TARGET)


def test_every_example_in_the_template_is_accepted_without_its_comment_sign(file: Path) -> None:
    lines = template(SOURCE, TARGET).splitlines()
    shown = [line.removeprefix("# ") if " = " in line else line for line in lines]

    file.write_text("\n".join(shown))

    assert load(file).scope == Scope(exclude=("AWS::Logs::*",), tags={"Project": "my-service"})


ARRAYS = {
    "none": "",
    "bare": "[accept]",
    "commented": "[accept]   # mine\n# nothing yet\n[limits]\n",
    "header elsewhere": '[accept]\n\n[scope]\nexclude = ["AWS::Logs::*"]\n',
    "empty": "[accept]\ngaps = []   # none yet\n",
    "empty over lines": "[accept]\ngaps = [\n]\n",
    "only a comment": "[accept]\ngaps = [\n  # later\n]\n",
    "one line": '[accept]\ngaps = ["old"] # why\n[limits]\n',
    "one line, spaced": "[accept]\ngaps = [ 'old' ]\n",
    "one line, comma": '[accept]\ngaps = ["old",]\n',
    "lines": '[accept]\ngaps = [\n    "old", # because\n    # and\n]\n[limits]\n',
    "lines without comma": '[accept]\ngaps = [\n    "old" # because ]\n    ]\n',
    "closed on the last line": '[accept]\ngaps = ["older",\n  "old"]\n',
    "brackets in strings": '[accept]\ngaps = ["o[l]d", \'a"b]\', """x] ""\\"" ]""", \'\'\'y\']\'\'\'\'] # ]\n',
    "quoted": '["accept"]\n"gaps" = ["old"]\n',
    "spaced header": '[ accept ]\ngaps=["old"]\n',
    "windows": '[accept]\r\ngaps = [\r\n    "old",\r\n]\r\n',
    "decoy": '[scope]\ntags = { gaps = "[accept]" } # [accept]\n# gaps = []\n[accept]\ngaps = ["old"]\n',
}


@pytest.mark.parametrize("shape", ARRAYS)
def test_accepted_gaps_are_added_and_nothing_else_changes(shape: str) -> None:
    text = SIDES.replace("\n", "\r\n") + ARRAYS[shape] if shape == "windows" else SIDES + ARRAYS[shape]
    old = tomllib.loads(text)

    new = with_accepted(text, ["old", 'ec2:"odd" \\ name', "old", "second"])

    known = old.get("accept", {}).get("gaps", [])
    added = [gap for gap in ["old", 'ec2:"odd" \\ name', "second"] if gap not in known]
    assert tomllib.loads(new) == {**old, "accept": {"gaps": known + added}}
    assert with_accepted(new, ["second", "old"]) == new
    assert comments(text) == comments(new)
    if shape == "windows":
        assert new.count("\n") == new.count("\r\n")


def test_a_dotted_list_of_gaps_grows_too() -> None:
    text = 'accept.gaps = ["old"]\n' + SIDES

    assert with_accepted(text, ["new"]) == 'accept.gaps = ["old", "new"]\n' + SIDES


def test_with_nothing_new_to_accept_the_text_stays_as_it_is() -> None:
    text = "\ufeff" + SIDES + '[accept]\ngaps=["a"  ,"b"]'

    assert with_accepted(text, ["b", "a"]) == text
    assert with_accepted(text, []) == text
    assert with_accepted(text, ["c"]) == "\ufeff" + SIDES + '[accept]\ngaps=["a"  ,"b", "c"]'


@pytest.mark.parametrize(
    "text", ["accept = { gaps = ['old'] }", "accept = {}", "accept.gaps = 3", "accept = 3", "[[accept]]", "[accept"]
)
def test_a_list_that_only_a_person_should_edit_is_left_to_a_person(text: str) -> None:
    with pytest.raises(BadInput):
        with_accepted(text, ["new"])


def comments(text: str) -> list[str]:
    return [line[line.index("# ") :].strip() for line in text.splitlines() if "# " in line]


WORDS = [
    *("source", "target", "scope", "network", "names", "accept", "limits", "tags", "x"),
    *("profile", "region", "account", "exclude", "layout", "zones", "bucket", "gaps", "single_copy_bytes"),
]
SCALARS = st.one_of(
    st.sampled_from(['"keep"', '"{name}-{region}"', '"{name', '"AWS::*::*"', '"111122223333"', '"us-east-1"', "nan", "1e3"]),
    st.integers().map(str),
    st.sampled_from(["true", "2024-01-01", "[]", "{}", "[[]]", '["a", 1]', "{a=1}", '"""a\nb"""', "'''\n'''", '"\\u0085"']),
)
KEYS = st.one_of(st.sampled_from(WORDS), st.sampled_from(['"a b"', "'q'", '""', "a.b", '"\\n"']))
LINES = st.one_of(
    st.builds("{} = {}".format, KEYS, SCALARS),
    st.builds("[{}]".format, KEYS),
    st.builds("[[{}]]".format, KEYS),
    st.text(max_size=20),
)


def outcome(call: Any, *values: Any) -> str:
    try:
        call(*values)
    except BadInput as error:
        return str(error)
    return ""


@examined(deadline=None, max_examples=400)
@given(st.one_of(st.lists(LINES, max_size=12).map("\n".join), st.text(max_size=60)), st.booleans())
@example("[scope]\ntags.a.b = 1", True)
@example('names = {bucket = "{name[0]}-x"}', True)
@example('[names]\nbucket = "{name:{region}}"', True)
@example('[names]\nbucket = "{name}{0}"', True)
def test_whatever_is_written_is_read_or_refused_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, text: str, with_sides: bool
) -> None:
    file = tmp_path_factory.getbasetemp() / "resettle.toml"
    text = SIDES + text if with_sides else text
    file.write_bytes(text.encode("utf-8", "surrogatepass"))

    said = outcome(load, file)

    assert "\n" not in said and len(said) < 400


@examined(deadline=None, max_examples=200)
@given(st.binary(max_size=80))
def test_whatever_bytes_there_are_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "resettle.toml"
    file.write_bytes(SIDES.encode() + content)

    assert "\n" not in outcome(load, file)


@examined(deadline=None, max_examples=400)
@given(st.lists(LINES, max_size=12).map("\n".join), st.lists(st.text(max_size=8), min_size=1, max_size=3))
@example("accept = {gaps = []}", ["new"])
@example("[accept.x]\n[accept]", ["new"])
@example("[accept]\ngaps.a = 1", ["new"])
def test_accepting_a_gap_never_changes_anything_else(text: str, gaps: list[str]) -> None:
    try:
        edited = with_accepted(text, gaps)
    except BadInput:
        return

    before, after = tomllib.loads(text.removeprefix("\ufeff")), tomllib.loads(edited.removeprefix("\ufeff"))
    accepted = after.pop("accept", {}).get("gaps", [])
    assert set(gaps) <= set(accepted)
    assert repr(after) == repr({name: value for name, value in before.items() if name != "accept"})
