"""`agent-os`: the command line."""

from __future__ import annotations

import sys

import typer

from agent_os.cli import (
    agents,
    control,
    doctor,
    hub,
    memory,
    metrics,
    plan,
    replay,
    report,
    run,
    service,
    simulate,
    tasks,
)

app = typer.Typer(
    name="agent-os",
    help="Label a GitHub issue Ready, get a verified, merged pull request.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

SEE = "See"
ACT = "Act"
RUN = "Run"
SET_UP = "Set up"

app.command(rich_help_panel=SEE)(tasks.status)
app.command("show", rich_help_panel=SEE)(tasks.show_)
app.command(rich_help_panel=SEE)(tasks.why)
app.command(rich_help_panel=SEE)(tasks.logs)
app.command(rich_help_panel=SEE)(agents.agents)
app.command(rich_help_panel=SEE)(metrics.metrics)
app.command(rich_help_panel=SEE)(replay.replay)
app.command(rich_help_panel=ACT)(plan.plan)
app.command(rich_help_panel=ACT)(control.retry)
app.command(rich_help_panel=ACT)(control.stop)
app.command(rich_help_panel=ACT)(control.undo)
app.command(rich_help_panel=ACT)(control.pause)
app.command(rich_help_panel=ACT)(control.resume)
app.command("off", hidden=True)(control.pause)
app.command("on", hidden=True)(control.resume)
app.command(rich_help_panel=ACT)(control.takeover)
app.command(rich_help_panel=RUN)(run.up)
app.command(rich_help_panel=RUN)(run.job)
app.command(rich_help_panel=RUN)(simulate.simulate)
app.command(rich_help_panel=SET_UP)(doctor.doctor)
app.command(rich_help_panel=SET_UP)(service.crontab)
app.command(rich_help_panel=SET_UP)(service.systemd)
app.add_typer(doctor.config_app, name="config", rich_help_panel=SET_UP)
app.add_typer(hub.app, name="hub", rich_help_panel=SET_UP)
app.add_typer(memory.app, name="memory", rich_help_panel=SEE)
app.add_typer(report.app, name="report", rich_help_panel=SEE)


def main() -> None:
    # Most of us can't even be imported there, `doctor` among it.
    if sys.platform == "win32":
        from agent_os.workspace.sandbox.host import HostFacts, judge

        judged = judge(HostFacts(system="Windows"))
        raise SystemExit(f"Error (sandbox_failed): {judged.reason}.\nNext: {judged.fix}")
    app()
