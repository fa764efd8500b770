"""`./demo.sh`: the main job on a hub of its own, killed once in the middle."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from tests.agents import programs
from tests.cli.demo_runs import ROOT, environment, play
from tests.cli.demo_terminal import Terminal, nothing_runs
from tests.models.scenarios import succeed
from tests.models.server import ModelServer

_KILLED_ONCE = "killed once: 1 pull request, 1 merge, 0 commits lost"


def test_unattended_it_kills_once_and_loses_nothing(tmp_path: Path) -> None:
    played = play(tmp_path, "--reports", tmp_path / "pages")
    assert played.code == 0, played.said
    assert _KILLED_ONCE in played.said
    pages = {page.name: page.read_text() for page in (tmp_path / "pages").iterdir()}
    assert set(pages) == {"week.html", "task-1.html", "task-2.html", "task-3.html"}
    assert "acme/tally" in pages["week.html"] and "tests_weakened" in pages["task-2.html"]
    assert not any(re.search(r"<script|(src|href)=.?https?://(?!127)", t) for t in pages.values())
    assert [t["state"] for t in played.summary["tasks"]] == ["done", "done", "blocked"]
    killed = {"issue": 2, "commits": 1, "pulls": 1, "merges": 1, "lost": 0}
    assert played.summary["killed"] == killed
    # It really was an attempt's end: the attempt is lost, and charged to nobody.
    assert "attempt ended: lost" in played.said
    assert [(t["attempts"], t["charged"]) for t in played.summary["tasks"]][1] == (3, 1)
    assert nothing_runs(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        *(pytest.param(n, marks=pytest.mark.needs(n)) for n in ("claude", "codex", "gemini")),
        "native",
    ],
)
def test_a_real_agent_does_the_work(tmp_path: Path, name: str) -> None:
    """The real program against a scripted model; its patch mends the second issue only."""
    source = (ROOT / "scripts/demo/sample/tally/amounts.py").read_text()
    mended = source.replace("int(cents or 0)", 'int((cents or "0").ljust(2, "0"))')
    with ModelServer(succeed({"tally/amounts.py": mended})) as server:
        variables = {
            "claude": {"ANTHROPIC_API_KEY": "x", "ANTHROPIC_BASE_URL": server.url},
            "codex": {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": f"{server.url}/v1"},
            "gemini": {"GEMINI_API_KEY": "x", "GOOGLE_GEMINI_BASE_URL": server.url},
            "native": {"AGENT_OS_LLM_MODEL": "m", "AGENT_OS_LLM_BASE_URL": f"{server.url}/v1"},
        }
        env = environment(tmp_path, **variables[name])
        env["PATH"] = f"{env['PATH']}{os.pathsep}{programs.INSTALLED}"
        env["NO_PROXY"] = "127.0.0.1"
        played = play(tmp_path, "--agent", name, env=env)
        assert server.count > 0
    assert played.code == 0, played.said
    states = [t["state"] for t in played.summary["tasks"]]
    # Which of the two issues lands first is open: the other then has nothing left to mend.
    assert states[0] == "done" and "done" in states[1:] and set(states) <= {"done", "blocked"}
    assert "real model at work on your account" in played.said
    assert nothing_runs(tmp_path)


def test_an_agent_that_can_not_work_is_said_with_what_it_lacks(tmp_path: Path) -> None:
    env = environment(tmp_path)
    played = play(tmp_path, "--agent", "native", env=env)
    assert played.code == 2
    assert "export ANTHROPIC_API_KEY or OPENAI_API_KEY or GEMINI_API_KEY=" in played.said


@pytest.mark.long
def test_press_k_kills_and_the_terminal_is_as_before(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    try:
        terminal.read_until("Press k")
        terminal.read_until("now would be k")
        assert terminal.now != terminal.before, "keys are read one at a time"
        terminal.press(b"xk")
        terminal.read_until("SIGKILL")
        assert terminal.end() == 0, terminal.said
        assert _KILLED_ONCE in terminal.plain
        assert "xk" not in terminal.said, "keys are not echoed"
        assert terminal.now == terminal.before
    finally:
        terminal.close()
    assert nothing_runs(tmp_path)


@pytest.mark.long
def test_k_at_once_kills_the_first_attempt_that_runs(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    try:
        terminal.read_until("Press k")
        terminal.press(b"k")
        assert terminal.end() == 0, terminal.said
        seen = r"killed once: \d pull requests?, \d merges?, 0 commits lost"
        assert re.search(seen, terminal.plain)
    finally:
        terminal.close()


@pytest.mark.long
def test_without_k_nothing_is_killed_in_a_terminal(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    try:
        assert terminal.end() == 0, terminal.said
        assert "SIGKILL to" not in terminal.said and "killed once" not in terminal.said
    finally:
        terminal.close()


@pytest.mark.long
@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "SIGHUP"])
def test_stopped_in_the_middle_it_leaves_nothing(tmp_path: Path, how: str) -> None:
    """Neither a process nor a file, and the terminal as it was."""
    terminal = Terminal(tmp_path)
    try:
        terminal.read_until("now would be k")
        if how == "Ctrl-C":
            terminal.press(b"\x03")
        else:
            terminal.process.send_signal(getattr(signal, how))
        assert terminal.end() == 130, terminal.said
        assert "Traceback" not in terminal.said
        assert terminal.now == terminal.before
    finally:
        terminal.close()
    assert list((tmp_path / "tmp").iterdir()) == []
    assert nothing_runs(tmp_path)


@pytest.mark.long
def test_kept_it_goes_on_until_it_is_stopped(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "--keep")
    try:
        terminal.read_until("Running until Ctrl-C")
        terminal.press(b"\x03")
        assert terminal.end() == 0, terminal.said
        assert terminal.now == terminal.before
    finally:
        terminal.close()
    assert nothing_runs(tmp_path)
