"""Checking the set-up: `doctor` for everything, `config check` for the file alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from agent_os.cli.context import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    failing,
    load,
    opened,
    show,
    table,
)

if TYPE_CHECKING:
    from rich.console import Console

config_app = typer.Typer(help="The configuration file.", no_args_is_help=True)
_SIGNS = {"ok": "✓", "warn": "!", "fail": "✗"}


@config_app.callback()
def _group() -> None:
    """The configuration file."""


@config_app.command()
def check(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Read the file and say what it means; a wrong key or value names its line and the fix."""
    with failing():
        settings = load(config)
        data = settings.model_dump(mode="json")

        def draw(console: Console) -> None:
            rows = [
                [r.name, r.mode.value, _chains(settings.rules(r.name))]
                for r in settings.repositories
            ]
            console.print(table(f"{config} is valid", ["repository", "mode", "agents"], rows))

        show(json, data, draw)


def _chains(rules: Any) -> str:
    return "; ".join(f"{kind}: {' → '.join(chain)}" for kind, chain in rules.chains.items())


def doctor(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Check this machine, the config and each repository; every problem comes with its fix."""
    with opened(config) as world:
        from agent_os.jobs import doctor as checks

        found = list(checks.examine(world))
        data = [f.model_dump(mode="json") for f in found]

        def draw(console: Console) -> None:
            rows = [[_SIGNS[f.grade], f.name, f.detail, _in_a_cell(f.fix)] for f in found]
            console.print(table("", ["", "check", "what was found", "fix"], rows))
            for finding in found:
                if "\n" in finding.fix:
                    # Commands, to be copied as they are.
                    said = f"\n{finding.name}:\n{finding.fix}"
                    console.print(said, markup=False, highlight=False, soft_wrap=True)

        show(json, data, draw)
        if any(f.grade is checks.Grade.FAIL for f in found):
            raise typer.Exit(1)


def _in_a_cell(fix: str) -> str:
    return "see below" if "\n" in fix else fix
