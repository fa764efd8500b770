"""What agents were given and may not pass on: keys, and the login that the owner lent.

Found as it was given only: who encodes it is not noticed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from agent_os.agents.registry import driver_named
from agent_os.domain.attempts import AgentOrder, Order, Outcome
from agent_os.domain.errors import BadInput
from agent_os.workspace.git import checked_sha, git_tells

HIDDEN = "[key]"
#: Shorter ones stand in ordinary texts too.
_SHORTEST = 8
_SHORTEST_IN_LOGIN = 16
_NAMES = re.compile(r"(?i)token|key|secret|passw|^access$|^refresh$")
_LARGEST_LOGIN = 1_000_000


def secrets_of(order: Order) -> tuple[str, ...]:
    """Those of the worker and of everybody who may look at its work, the longest first."""
    reviewers = order.review.reviewers if order.review else ()
    found = {text for agent in (order.agent, *reviewers) if agent for text in _given(agent)}
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def told(git_dir: Path, head: str, known: Iterable[str], secrets: Iterable[str]) -> bool:
    """Whether one stands in a commit that `head` has and `known` have not: in its message, its
    authors, its files or their names. GitError when that can't be told."""
    needles = [secret.encode() for secret in secrets]
    if not needles:
        return False
    # Of a merge, what none of its parents has.
    shown = ("--format=%B%n%an%n%ae%n%cn%n%ce", "-p", "--cc", "--root", "--text", "--no-renames")
    plain = ("--no-color", "--no-textconv", "--no-ext-diff")
    without = (f"^{checked_sha(sha)}" for sha in known)
    args = ("log", *shown, *plain, checked_sha(head), *without)
    return git_tells(*args, needles=needles, git_dir=git_dir)


def hidden(outcome: Outcome, secrets: Iterable[str]) -> Outcome:
    """The same without them: what it holds goes on to people, other agents and other vendors."""
    text = outcome.model_dump_json()
    for secret in secrets:
        text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], HIDDEN)
    return Outcome.model_validate_json(text)


def _given(agent: AgentOrder) -> Iterator[str]:
    names = [name for name in agent.env if _NAMES.search(name)]
    names += [agent.provider.key_variable] if agent.provider else []
    held = (os.environ.get(name, "") for name in names)
    yield from (text for text in held if len(text) >= _SHORTEST)
    if agent.own_login:
        yield from _in_login(agent)


def _in_login(agent: AgentOrder) -> Iterator[str]:
    try:
        files = driver_named(agent.driver).login_files
    except BadInput:
        return
    for name in files:
        try:
            with (Path.home() / name).open("rb") as file:
                found: object = json.loads(file.read(_LARGEST_LOGIN))
        except (OSError, ValueError, RecursionError):
            continue
        yield from _tokens(found)


def _tokens(found: object, name: str = "") -> Iterator[str]:
    if isinstance(found, dict):
        for key, value in cast("dict[str, object]", found).items():
            yield from _tokens(value, key)
    elif isinstance(found, str) and len(found) >= _SHORTEST_IN_LOGIN and _NAMES.search(name):
        yield found
