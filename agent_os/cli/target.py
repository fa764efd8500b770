"""TASK on the command line: `12`, `repo#12`, `owner/repo#12`, or a URL of issue or pull request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agent_os.domain.tasks import Task
    from agent_os.effects.world import World

TaskArgument = Annotated[
    str, typer.Argument(metavar="TASK", help="12, repo#12, owner/repo#12, or a URL.")
]

_URL = re.compile(
    r"^https?://[^/]+/(?P<repo>[^/]+/[^/]+)/(?P<kind>issues|pull)/(?P<number>\d{1,9})\b"
)
_NAME = re.compile(r"^(?:(?P<repo>[\w.-]+(?:/[\w.-]+)?)#|#)?(?P<number>\d{1,9})$")


def find(world: World, text: str) -> Task:
    """The one task that is meant. TaskNotFound when there is none, or more than one."""
    from agent_os.domain.errors import TaskNotFound
    from agent_os.store import log, tasks

    found = _URL.match(text) or _NAME.match(text)
    if found is None:
        raise TaskNotFound(
            f"`{text}` is not a task.",
            next_step="Write 12, repo#12, owner/repo#12, or the URL of its issue.",
        )
    parts = found.groupdict()
    number, repo = int(parts["number"]), parts["repo"] or ""
    with world.store.read() as tx:
        if parts.get("kind") == "pull":
            every = [t for _, t in tasks.listed(tx)]
            named = [t for t in every if t.pull and t.pull.number == number]
            matches = [t for t in named if t.repo.lower() == repo.lower()]
        else:
            matches = log.tasks_named(tx, number, repo)
    if not matches:
        raise TaskNotFound(f"There is no task `{text}`.")
    if len(matches) > 1:
        names = ", ".join(t.name for t in matches)
        raise TaskNotFound(f"`{text}` may be any of {names}.", next_step="Name the repository.")
    return matches[0]


def refusal(world: World, text: str) -> str | None:
    """Why a request was not taken, when TASK names one that never became a task."""
    from agent_os.policy import explain
    from agent_os.store import declined

    found = _URL.match(text) or _NAME.match(text)
    if found is None:
        return None
    number, repo = int(found["number"]), (found["repo"] or "").lower()
    with world.store.read() as tx:
        rows = declined.listed(tx)
    for row in rows:
        name = row.repo.lower()
        if row.key.number == number and (not repo or name == repo or name.endswith(f"/{repo}")):
            return explain.waiting(f"{row.repo}#{number}", row.reason, row.detail)
    return None
