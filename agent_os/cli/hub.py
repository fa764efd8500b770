"""The embedded GitHub, for demo, tests and trying things out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The local hub: a small GitHub on this machine.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The local hub: a small GitHub on this machine."""


@app.command()
def serve(
    root: Annotated[Path, typer.Option(help="Folder for its database and repositories.")],
    user: Annotated[list[str], typer.Option(help="LOGIN=TOKEN; may be given several times.")],
    port: Annotated[int, typer.Option(help="0 picks a free one.", min=0, max=65535)] = 0,
    ci_jobs: Annotated[int, typer.Option(help="CI jobs at the same time.", min=1)] = 2,
) -> None:
    """Serve until stopped. Prints one JSON line with its addresses when it is ready."""
    from agent_os.localhub import server

    users: dict[str, str] = {}
    for entry in user:
        login, _, token = entry.partition("=")
        if not login or not token:
            raise typer.BadParameter(f"`{entry}` is not LOGIN=TOKEN.", param_hint="--user")
        users[login] = token
    try:
        server.serve(root, port, users, ci_jobs=ci_jobs)
    except OSError as error:
        typer.secho(f"Error: the hub can't start: {error}", err=True, fg="red")
        raise typer.Exit(1) from error
