"""`agent-os metrics` and `agent-os replay` on a record that was written by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent_os.config.loading import load_config
from agent_os.domain.clock import RandomIds, SystemClock
from agent_os.domain.events import Event, EventKind
from agent_os.store import log, repositories
from agent_os.store.database import Store
from agent_os.store.repositories import Repository
from tests.unit.making import NOW
from tests.unit.test_replay import RETRIED, merge

from .conftest import CommandLine

CONFIG: dict[str, Any] = {
    "home": "./runtime",
    "github": {"api_url": "http://127.0.0.1:9", "token": "$TOKEN"},
    "repositories": [{"name": "acme/todo", "mode": "auto-merge"}],
    "agents": {name: {"driver": "command", "command": "true"} for name in ("first", "second")},
    "routing": {"default": ["first", "second"]},
}


@pytest.fixture
def command(tmp_path: Path) -> CommandLine:
    """Three tasks: failed once, then merged; nothing is ever asked of GitHub."""
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    settings = load_config(path, {"TOKEN": "t0ken"})
    settings.home.mkdir()
    store = Store(settings.database_url, SystemClock(), RandomIds())
    url = "http://127.0.0.1:9/acme/todo.git"
    row = Repository(repo_id=1, name="acme/todo", clone_url=url, default_branch="main", seen_at=NOW)
    with store.write() as tx:
        repositories.put(store, tx, row)
        for number in (12, 13, 14):
            log.append(store, tx, [_of(number, each) for each in [*RETRIED, *merge()]])
        text = {"reason": "tests_failed", "detail": "d", "next_step": "n"}
        held = Event(kind=EventKind.HELD, at=RETRIED[-1].at, repo_id=1, number=14, data=text)
        hour = {"resource": "core", "used": 600, "limit": 5000, "resets_at": NOW.isoformat()}
        log.append(store, tx, [held, Event(kind=EventKind.API_USED, at=NOW, data=hour)])
    store.close()
    return CommandLine(path, "t0ken")


def _of(number: int, event: Event) -> Event:
    return event.model_copy(update={"number": number})


@pytest.mark.long
def test_figures_and_another_config(command: CommandLine) -> None:
    said = command.run("metrics", "--since", "2026-01-01", "--until", "2026-02-01")
    assert re.search(r"success +Success +100% +53–100% +3 of 3", said)
    assert re.search(r"first_attempt +First attempt +0% +0–47% +0 of 3", said)
    assert "core: 12% of 5,000 an hour in the median, 12% at most, over 1 hours" in said
    other = {**CONFIG, "routing": {"default": ["second", "first"]}, "limits": {"attempts": 1}}
    path = command.config.parent / "other.yaml"
    path.write_text(yaml.safe_dump(other))
    told = command.json("replay", "--policy", str(path), "--since", "2026-01-01")
    assert told["decisions"] == {"routing": 3, "review": 3, "retry": 3, "merge": 3}
    assert [(d["recorded"], d["other"], d["count"]) for d in told["differences"]] == [
        ("implement by second", "blocked: no_change", 3),
        ("implement by first", "implement by second", 3),
    ]
    assert told["differences"][0]["examples"][0] == "acme/todo#12"


@pytest.mark.long
def test_groups_counts_comparisons_and_mistakes(command: CommandLine) -> None:
    window = ("--since", "2026-01-01", "--until", "2026-02-01")
    by = command.json("metrics", *window, "--by", "agent", "--figure", "success")
    assert [(f["group"], f["value"]["samples"]) for f in by["figures"]] == [
        ("first", 3),
        ("second", 3),
    ]
    counts = command.json("metrics", *window, "--by", "reason", "--repo", "acme/todo")
    assert [(c["name"], c["hits"], c["samples"]) for c in counts["counts"]] == [
        ("tests_failed", 1, 3)
    ]
    assert "no_change" in command.run("metrics", *window, "--by", "code")
    compared = command.run("metrics", *window, "--compare", "--figure", "success")
    assert "too early" in compared and "– (0 samples)" in compared
    assert " 0 " in command.run("metrics", "--since", "1h", "--figure", "merged")
    assert "Known: repo" in command.run("metrics", "--by", "moon", code=1)
    assert "Known: lead_time_hours" in command.run("metrics", "--figure", "moon", code=1)
    assert "Write `28d`" in command.run("metrics", "--since", "soon", code=1)
    assert "agent-os status" in command.run("metrics", "--repo", "acme/none", code=1)
    same = command.run("replay", "--policy", "config.yaml", "--since", "2026-01-01")
    assert re.search(r"retry +3 +0 of 3 +3 of 3", same)
    assert "no config file" in command.run("replay", "--policy", "none.yaml", code=1)
    assert "no page" in command.run("report", "run", "--out", "run.html", code=1)
    assert "No lessons yet" in command.run("memory", "search")
