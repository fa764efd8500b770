"""Issues of ours by the signal that they were opened for: the line in them that says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.github.client import Json
from agent_os.policy.trust import MARKER

#: GitHub's clock and ours may differ by more than we know.
_BEFORE = timedelta(minutes=10)


def signal_mark(signal: str) -> str:
    """The line that tells whose issue it is, should our ledger be lost."""
    return f"{MARKER} signal={signal} -->"


def find_issue(world: World, repo: str, signal: str, since: datetime) -> Json | None:
    """The signal's issue on GitHub, by us and not before `since` of our clock; the first of
    several."""
    mark = signal_mark(signal)
    # Whole minutes, so that it is the same address each time.
    stamp = f"{world.github_time(since - _BEFORE):%Y-%m-%dT%H:%M}:00Z"
    found = [
        issue
        for issue in world.client.all(f"/repos/{repo}/issues", state="all", since=stamp)
        if mark in (issue["body"] or "").splitlines()  # not where somebody is quoted
        and "pull_request" not in issue
        and readers.login(issue["user"]).lower() == world.client.login.lower()
    ]
    return min(found, key=lambda issue: issue["number"]) if found else None
