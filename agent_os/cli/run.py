"""Running the organization: one job once, or all of them until stopped."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from agent_os.cli.context import DEFAULT_CONFIG, ConfigOption, opened

if TYPE_CHECKING:
    from agent_os.domain.effects import Step


class JobName(StrEnum):
    DISPATCHER = "dispatcher"
    QUEUE_ENGINE = "queue-engine"
    PR_MONITOR = "pr-monitor"
    LOG_ANALYZER = "log-analyzer"
    BACKLOG_GROOMER = "backlog-groomer"
    STRATEGIC_PLANNER = "strategic-planner"


def job(
    name: Annotated[JobName, typer.Argument(help="Which job.")],
    config: ConfigOption = DEFAULT_CONFIG,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what it would do; change nothing.")
    ] = False,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="Only if its due time was not run yet (crontab).")
    ] = False,
) -> None:
    """Run one job once. Safe at any time, also beside the daemon."""
    with opened(config) as world:
        from agent_os.jobs import registry

        if dry_run:
            shown: list[Step] = []
            registry.run(world, name.value, preview=shown.append)
            for step in shown:
                typer.echo(_described(step))
            steps = "1 step" if len(shown) == 1 else f"{len(shown)} steps"
            typer.echo(f"{steps} would be taken; nothing was changed.")
        elif scheduled:
            registry.run_slot(world, name.value)
        else:
            registry.run(world, name.value)


def _described(step: Step) -> str:
    from agent_os.domain.effects import Record
    from agent_os.policy import history

    if isinstance(step, Record):
        said = "; ".join(history.what(e) for e in step.events) or "notes our own changes as seen"
        return f"record   #{step.key.number}: {said}"
    return f"effect   {step.name}: {step.kind} ({step.why})"


def up(
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Run all jobs until stopped (Ctrl-C or SIGTERM). Running attempts go on without it."""
    with opened(config) as world:
        from agent_os.jobs.daemon import Daemon

        daemon = Daemon(world)
        typer.echo(f"Agent OS is up: {len(world.config.repositories)} repositories.", err=True)
        webhooks = world.config.webhooks
        if not webhooks.listen:
            daemon.serve()
            return
        from agent_os.jobs.own_acts import is_own_act
        from agent_os.web.server import served
        from agent_os.web.webhooks import Receiver

        ours = partial(is_own_act, replace(world, client=world.client.copy()))
        secret = webhooks.secret.get_secret_value()
        token = webhooks.token.get_secret_value()
        receiver = Receiver(secret, daemon.wake, daemon.working, ours, token)
        with served(receiver.app(), *webhooks.address) as port:
            typer.echo(f"Webhooks are received at port {port}.", err=True)
            daemon.serve()
