"""Setting up for good: lines for crontab, a unit for systemd."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from agent_os.cli.context import DEFAULT_CONFIG, ConfigOption, failing


def crontab(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Print crontab lines that run the jobs without a daemon."""
    with failing():
        from agent_os.config.loading import read_schedule
        from agent_os.jobs import unattended

        schedule = read_schedule(config) if config.exists() else None
        typer.echo(unattended.crontab(schedule, _program(), config.resolve()), nl=False)


def systemd(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Print a systemd unit for the daemon."""
    with failing():
        from agent_os.jobs import unattended

        typer.echo(unattended.systemd_unit(_program(), config.resolve()), nl=False)


def _program() -> str:
    beside = Path(sys.executable).with_name("agent-os")
    return str(beside) if beside.exists() else "agent-os"
