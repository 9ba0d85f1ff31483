"""Writes the generated pages of this folder; `python -m docs.generate --check` fails if one is not as it would be written."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from resettle import cli, kinds, shapes, specs
from resettle.kind import Call, Kind, SetDiff

HERE = Path(__file__).parent
NOTE = "<!-- written by `make docs`; do not edit -->\n\n"


def kinds_page() -> str:
    """Every kind: how it is read, made, parked and undone, and what a person must know."""
    lines = ["# Kinds\n", NOTE, "What Resettle moves today, by CloudFormation name.\n"]
    for kind in kinds.load():
        lines.append(f"\n## {kind.type}\n\n{_first_sentence(kind)}\n\n")
        lines += [f"* **{name}**: {text}\n" for name, text in _facts(kind) if text]
    return "".join(lines)


def _first_sentence(kind: Kind) -> str:
    module = next(name for name, found in sys.modules.items() if getattr(found, "KIND", None) is kind)
    return (sys.modules[module].__doc__ or "").strip()


def _facts(kind: Kind) -> list[tuple[str, str]]:
    content = kind.make.content
    calls = [call.op for call in kind.make.calls]
    late = [f"{item.add.op} / {item.remove.op}" if isinstance(item, SetDiff) else item.op for item in kind.make.late]
    reads = [call.op for call in (kind.read.list, *kind.read.detail) if call] + (
        [kind.read.tags.op] if isinstance(kind.read.tags, Call) else []
    )
    hops = [f"{hop.name} ({hop.on}: {hop.make.op})" for hop in kind.make.hops]
    return [
        ("read by", _ops(kind, reads) or f"what {kind.read.within} says"),
        ("made by", _ops(kind, calls)),
        ("when both ends exist", _ops(kind, late)),
        ("fields", ", ".join(f"`{name}`" for name in sorted(specs.fields(kind)))),
        ("sealed", ", ".join(f"`{path}`" for path in kind.read.opaque)),
        ("not taken over", "; ".join(f"`{name}` ({reason})" for name, reason in sorted(kind.read.drop.items()))),
        ("hops", " → ".join(hops)),
        ("content", f"by the carrier `{content.carrier}`, catching up by `{content.sync}`" if content else ""),
        ("undone by", kind.undo.delete.op if kind.undo.delete else "nothing: it stays"),
        ("stays behind", kind.undo.remains),
        ("to know", "; ".join(kind.human.caveats)),
        ("gaps", "; ".join(kind.human.gaps)),
    ]


def _ops(kind: Kind, names: list[str]) -> str:
    return ", ".join(f"`{name.split(' / ')[0] if not shapes.known(kind.service, name) else name}`" for name in names)


def cli_page() -> str:
    """Every verb with its options, as `--help` shows them."""
    lines = ["# Command line\n", NOTE]
    context = click.Context(cli.main, info_name="resettle", terminal_width=100, max_content_width=100)
    lines.append(f"```\n{cli.main.get_help(context)}\n```\n")
    for name in cli.main.list_commands(context):
        command = cli.main.get_command(context, name)
        if command is not None and command.callback is not None and command.callback.__module__.startswith("resettle."):
            inner = click.Context(command, info_name=name, parent=context, terminal_width=100, max_content_width=100)
            lines.append(f"\n## {name}\n\n```\n{command.get_help(inner)}\n```\n")
    return "".join(lines)


PAGES = {"kinds.md": kinds_page, "cli.md": cli_page}


def main() -> int:
    stale = []
    for name, page in PAGES.items():
        text, path = page(), HERE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}; write them anew with `make docs`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
