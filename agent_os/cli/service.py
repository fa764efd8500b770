"""Setting up for good: lines for crontab, a unit for systemd."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from agent_os.cli.context import DEFAULT_CONFIG, ConfigOption, failing, load


def crontab(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Print crontab lines that run the jobs without a daemon."""
    with failing():
        from agent_os.jobs import unattended

        settings = load(config) if config.exists() else None
        typer.echo(unattended.crontab(settings, _program(), config), nl=False)


def systemd(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Print a systemd unit for the daemon."""
    with failing():
        from agent_os.jobs import unattended

        typer.echo(unattended.systemd_unit(_program(), config.resolve()), nl=False)


def _program() -> str:
    beside = Path(sys.executable).with_name("agent-os")
    return str(beside) if beside.exists() else "agent-os"
