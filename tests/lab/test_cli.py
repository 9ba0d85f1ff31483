import sys
from types import ModuleType

import click
from click.testing import CliRunner

from resettle_lab import cli


def test_seed_hands_the_source_session_and_the_ledger_to_the_workload(lab, monkeypatch, tmp_path):
    given = {}
    workload = ModuleType("resettle_lab.seed.mybrary")
    workload.seed = lambda session, **named: given.update(named, account=session.client("sts").get_caller_identity()["Account"])
    monkeypatch.setitem(sys.modules, "resettle_lab.seed.mybrary", workload)
    ledger = tmp_path / "ledger"
    asked = ["seed", "mybrary", "--seed", "7", "--ledger", str(ledger), "--config-file", str(lab.config_file)]

    result = CliRunner().invoke(cli.lab, asked)

    assert result.exit_code == 0, result.output
    assert given == {"seed": 7, "ledger": ledger, "account": "111122223333"}


def test_seed_refuses_a_config_file_that_no_lab_wrote(tmp_path):
    other = tmp_path / "config"
    other.write_text("[profile mine]\nregion = ap-northeast-2\n")

    result = CliRunner().invoke(cli.lab, ["seed", "mybrary", "--config-file", str(other)])

    assert result.exit_code == 1
    assert "it is not a lab's file" in result.output


def test_demo_passes_its_arguments_on(monkeypatch):
    said = []

    @click.command()
    @click.option("--fast", is_flag=True)
    def demo(fast):
        said.append(fast)

    module = ModuleType("resettle_lab.demo")
    module.demo = demo
    monkeypatch.setitem(sys.modules, "resettle_lab.demo", module)

    result = CliRunner().invoke(cli.demo, ["--fast"])

    assert result.exit_code == 0
    assert said == [True]


def test_the_config_file_is_for_its_owner_only(lab):
    assert lab.config_file.stat().st_mode & 0o077 == 0
