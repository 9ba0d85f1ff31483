"""Writes the generated pages of this folder; `python -m docs.generate --check` fails if one is not as it would be written."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from resettle import cli, kinds, shapes, specs
from resettle.cli.group import VERBS
from resettle.kind import Call, Kind, SetDiff
from resettle.permissions import Policy, source_policies, target_policies
from resettle_lab.cli import lab
from resettle_lab.demo import demo
from resettle_lab.law import every_law

HERE = Path(__file__).parent
NOTE = "<!-- written by `make docs`; do not edit -->\n\n"
WIDTH = 100


def kinds_page() -> str:
    """Every kind: how it is read, made, parked and undone, and what a person must know."""
    lines = ["# Kinds\n\n", NOTE, "What Resettle moves today, by CloudFormation name.\n"]
    for kind in kinds.load():
        lines.append(f"\n## {kind.type}\n\n{_first_sentence(kind)}\n\n")
        lines += [f"* **{name}**: {text}\n" for name, text in _facts(kind) if text]
    return "".join(lines)


def _first_sentence(kind: Kind) -> str:
    module = next(name for name, found in sys.modules.items() if getattr(found, "KIND", None) is kind)
    return " ".join((sys.modules[module].__doc__ or "").split())


def _facts(kind: Kind) -> list[tuple[str, str]]:
    content = kind.make.content
    calls = [call.op for call in kind.make.calls]
    late = [f"{item.add.op} / {item.remove.op}" if isinstance(item, SetDiff) else item.op for item in kind.make.late]
    reads = [call.op for call in (kind.read.list, *kind.read.detail) if call] + (
        [kind.read.tags.op] if isinstance(kind.read.tags, Call) else []
    )
    hops = [f"{hop.name} ({hop.on}: `{hop.make.op}`)" for hop in kind.make.hops]
    return [
        ("read by", _ops(kind, reads) or f"what {kind.read.within} says"),
        ("made by", _ops(kind, calls)),
        ("when both ends exist", _ops(kind, late)),
        ("fields", ", ".join(f"`{name}`" for name in sorted(specs.fields(kind)))),
        ("sealed", ", ".join(f"`{path}`" for path in kind.read.opaque)),
        ("not taken over", "; ".join(f"`{name}` ({reason})" for name, reason in sorted(kind.read.drop.items()))),
        ("hops", " → ".join(hops)),
        ("content", f"by the carrier `{content.carrier}`, catching up by `{content.sync}`" if content else ""),
        ("admits the target by", f"`{kind.grant.write.op}` in the source" if kind.grant else ""),
        ("undone by", f"`{kind.undo.delete.op}`" if kind.undo.delete else "nothing: it stays"),
        ("stays behind", kind.undo.remains),
        ("to know", "; ".join(kind.human.caveats)),
        ("gaps", "; ".join(kind.human.gaps)),
    ]


def _ops(kind: Kind, names: list[str]) -> str:
    return ", ".join(f"`{name.split(' / ')[0] if not shapes.known(kind.service, name) else name}`" for name in names)


def cli_page() -> str:
    """Every verb with its options, as `--help` shows them; the lab's last."""
    lines = ["# Command line\n\n", NOTE]
    shown = {**cli.cli.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(cli.cli, info_name="resettle", **shown)
    lines.append(f"```\n{cli.cli.get_help(context)}\n```\n")
    for name in VERBS:
        command = cli.cli.get_command(context, name)
        assert command is not None, name  # noqa: S101 - a verb of our own table
        lines.append(_verb(name, command, context))
    lines.append("\n# The lab's verbs\n")
    inner = click.Context(lab, info_name="lab", parent=context, terminal_width=WIDTH, max_content_width=WIDTH)
    lines += [_verb(f"lab {name}", command, inner, name) for name, command in lab.commands.items()]
    lines.append(_verb("demo", demo, context))
    return "".join(lines)


def _verb(title: str, command: click.Command, parent: click.Context, name: str = "") -> str:
    context = click.Context(command, info_name=name or title, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH)
    return f"\n## {title}\n\n```\n{command.get_help(context)}\n```\n"


def permissions_page() -> str:
    """What the two identities are meant to be allowed, by side, purpose and service."""
    registry = kinds.load()
    writes = sorted({operation for carrier in _carriers() for operation in carrier})
    lines = [
        "# Permissions\n\n",
        NOTE,
        "What the identity of each side is meant to be allowed, derived from the calls of the kinds.\n"
        "`resettle init --policies DIR` writes the documents, cut to the size that IAM takes. No policy engine has judged them.\n",
    ]
    for title, policies in (("Source", source_policies(registry)), ("Target", target_policies(registry, writes))):
        lines.append(f"\n## {title}\n\n")
        lines += [_statement(statement) for policy in policies for statement in policy["Statement"]]
    return "".join(lines)


def _carriers() -> Iterator[Iterable[str]]:
    from resettle.carriers.code import Code
    from resettle.carriers.objects import Objects

    yield from (Code.writes, Objects.writes)


def _statement(statement: Policy) -> str:
    actions = ", ".join(f"`{action}`" for action in statement["Action"])
    where = "" if statement["Resource"] == "*" else f" on `{statement['Resource']}`"
    conditions = statement.get("Condition", {}).get("StringEquals", {})
    only = "".join(f", where `{key}` is {' or '.join(f'`{value}`' for value in values)}" for key, values in conditions.items())
    return f"* **{statement['Sid']}**: {actions}{where}{only}\n"


def laws_page() -> str:
    """Every law of the lab with its rule and the AWS page that it follows."""
    lines = [
        "# Laws\n\n",
        NOTE,
        "What the [lab](lab.md) enforces because moto does not, each by the AWS document that states it.\n",
    ]
    lines += [f"\n## {law.name}\n\n{law.rule}\n\nSource: {law.source}.\n" for law in every_law()]
    return "".join(lines)


PAGES = {"kinds.md": kinds_page, "cli.md": cli_page, "permissions.md": permissions_page, "laws.md": laws_page}


def main(arguments: Sequence[str]) -> int:
    """Writes what is not current, or with `--check` only tells it; 1 if something was not current and was not written."""
    stale = []
    for name, page in PAGES.items():
        text, path = page(), HERE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in arguments:
        click.echo(f"stale: {', '.join(stale)}; write them anew with `make docs`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
