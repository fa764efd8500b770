"""What every command needs: the config, the world, one way to fail and one to print."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from agent_os.config.settings import Config
    from agent_os.effects.world import World

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", envvar="AGENT_OS_CONFIG", help="The configuration file.", show_default=True
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DEFAULT_CONFIG = Path("config.yaml")


@contextmanager
def failing(redact: Callable[[str], str] = lambda text: text) -> Generator[None]:
    """Our errors become a message and exit code 1; every command runs inside."""
    from agent_os.domain.errors import AgentOSError

    try:
        yield
    except AgentOSError as error:
        typer.secho(f"Error ({error.code}): {redact(error.message)}", err=True, fg="red")
        if error.next_step:
            typer.echo(f"Next: {error.next_step}", err=True)
        raise typer.Exit(1) from error
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None


def load(config: Path) -> Config:
    from agent_os.config.loading import load_config

    return load_config(config)


def configure_logging(redact: Callable[[Any], Any] = lambda data: data) -> None:
    """Logs go to stderr: short lines on a terminal, JSON elsewhere. `redact`: without secrets."""
    import logging

    import structlog

    renderer: Any = (
        # A plain traceback: the pretty one shows local variables, and with them the token.
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            lambda _logger, _method, event: redact(event),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@contextmanager
def opened(config: Path) -> Generator[World]:
    """The world of this config; errors are printed; the database is closed."""
    with failing():
        configure_logging()
        world = build_world(load(config))
    with failing(world.finder.redact):
        configure_logging(world.finder.redact_data)
        try:
            yield world
        finally:
            world.store.close()


def build_world(settings: Config) -> World:
    from agent_os.domain.clock import RandomIds, SystemClock
    from agent_os.effects.world import World
    from agent_os.executor.local import LocalExecutor
    from agent_os.github.client import GitHubClient
    from agent_os.github.governor import Governor
    from agent_os.store.database import Store

    # Private code and people's texts are in there. What is there already stays as its owner has it.
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    clock = SystemClock()
    store = Store(settings.database_url, clock, RandomIds())
    client = GitHubClient(
        settings.github.api_url,
        settings.github.token.get_secret_value(),
        settings.github.request_timeout_seconds,
        Governor(clock),
        store,
    )
    return World(settings, store, client, LocalExecutor())


def show(as_json: bool, data: Any, draw: Callable[[Console], None]) -> None:
    """Print `data` as JSON, or let `draw` print it for people."""
    if as_json:
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))
        return
    from rich.console import Console

    draw(Console())


def table(
    title: str, columns: list[str], rows: list[list[str]], *, whole: int = 0
) -> RenderableType:
    """`whole`: so many columns from the left are short names, never broken over lines."""
    from rich.markup import escape
    from rich.table import Table

    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        made.add_column(column, overflow="fold", no_wrap=number < whole)
    for row in rows:
        made.add_row(*(escape(cell) for cell in row))
    return made
