"""The jobs run by crontab or systemd: both texts follow from the registry."""

from __future__ import annotations

import shlex
from pathlib import Path

from agent_os.config.services import ScheduleSettings
from agent_os.jobs.registry import DESCRIPTIONS
from agent_os.policy.cadence import Cadence

_EVERY_MINUTE = "* * * * *"


def crontab(schedule: ScheduleSettings | None, program: str, path: Path) -> str:
    """Crontab lines. A cadence shorter than a minute needs the daemon, so it runs each minute."""
    schedule = schedule or ScheduleSettings()
    lines = [
        "# Agent OS without a daemon. Made by `agent-os crontab`.",
        "# cron has an environment of its own: the variables that the config names belong here.",
        "# AGENT_OS_GITHUB_TOKEN=…",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "",
    ]
    for name, description in DESCRIPTIONS.items():
        command = f"{shlex.quote(program)} job {name} --scheduled --config {shlex.quote(str(path))}"
        lines += [f"# {description}", f"{_line(schedule.of(name))} {command}"]
    return "\n".join(lines) + "\n"


def _line(cadence: Cadence) -> str:
    if cadence.seconds is None:
        return str(cadence)
    minutes = max(1, round(cadence.seconds / 60))
    return _EVERY_MINUTE if minutes == 1 else f"*/{min(minutes, 59)} * * * *"


def systemd_unit(program: str, config: Path) -> str:
    """KillMode=process: a stop of the daemon leaves running attempts alone."""
    return f"""\
# Agent OS as a service. Made by `agent-os systemd`.
# ~/.config/systemd/user/agent-os.service, then: systemctl --user enable --now agent-os
[Unit]
Description=Agent OS
After=network-online.target
Wants=network-online.target

[Service]
# The variables that the config names, such as AGENT_OS_GITHUB_TOKEN; readable by you only.
EnvironmentFile=%h/.config/agent-os.env
ExecStart={shlex.quote(program)} up --config {shlex.quote(str(config))}
KillMode=process
TimeoutStopSec=10
Restart=on-failure
RestartSec=5

[Install]
WantedBy=default.target
"""
