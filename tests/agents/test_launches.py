"""How drivers start their programs: where the key, the prompt and the address go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_os.agents.driver import Assignment, Launch
from agent_os.agents.installed import program_paths
from agent_os.agents.registry import driver_named
from agent_os.domain.attempts import AgentOrder
from tests.agents.programs import NAMED, SECRET, order
from tests.agents.test_drivers import PROGRAMS

URL = "http://127.0.0.1:4100"
PROMPT = "Do it. " * 150_000


def launch(
    root: Path,
    name: str,
    url: str = URL,
    session: str = "",
    usd: float | None = None,
    **changes: object,
) -> Launch:
    wanted = order(NAMED[name], url).model_copy(update=changes)
    return _launch(root, wanted, session, usd)


def _launch(root: Path, wanted: AgentOrder, session: str, usd: float | None) -> Launch:
    return driver_named(wanted.driver).launch(
        Assignment(
            order=wanted,
            work=root / "work",
            home=root / "home",
            task_file=root / "task.md",
            handoff_file=root / "handoff.md",
            prompt=PROMPT,
            seconds=60,
            usd=usd,
            key="" if wanted.own_login else SECRET,
            session=session,
        )
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_trap_12_the_prompt_is_no_argument(tmp_path: Path, name: str) -> None:
    made = launch(tmp_path, name)
    assert made.stdin == PROMPT.encode()
    assert sum(len(word) for word in made.argv) < 4_000


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_key_is_in_one_variable_and_nowhere_else(tmp_path: Path, name: str) -> None:
    made = launch(tmp_path, name)
    assert [value for value in made.env.values() if SECRET in value] == [SECRET]
    assert not any(SECRET in text for text in (*made.argv, *made.files.values()))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_address_is_told_or_the_vendors_own(tmp_path: Path, name: str) -> None:
    def said(made: Launch) -> str:
        return "\n".join((*made.argv, *made.env.values(), *made.files.values()))

    assert URL in said(launch(tmp_path, name))
    assert URL not in said(launch(tmp_path, name, provider=None))


@pytest.mark.parametrize("name", PROGRAMS)
def test_our_own_environment_stays_with_us(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("GITHUB_TOKEN", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.setenv(variable, "ours")
    made = launch(tmp_path, name)
    assert "ours" not in made.env.values()
    assert made.env["HOME"] == str(tmp_path / "home")


@pytest.mark.parametrize("name", ["claude", "codex", "gemini", "opencode"])
def test_with_its_own_login_it_gets_no_key(tmp_path: Path, name: str) -> None:
    made = launch(tmp_path, name, own_login=True, provider=None)
    assert not any("KEY" in variable for variable in made.env)
    assert driver_named(NAMED[name].driver).login_files


@pytest.mark.parametrize("name", ["claude", "codex"])
def test_a_session_is_gone_on_with(tmp_path: Path, name: str) -> None:
    assert driver_named(NAMED[name].driver).resumes
    assert "abc-1" in launch(tmp_path, name, session="abc-1").argv
    assert "resume" in " ".join(launch(tmp_path, name, session="abc-1").argv)


def test_claude_is_told_the_cap_too(tmp_path: Path) -> None:
    assert "--max-budget-usd=1.5000" in launch(tmp_path, "claude", usd=1.5).argv


def test_programs_are_found_behind_their_links(tmp_path: Path) -> None:
    """As npm installs them, as their own installers do, and not at all."""
    package = tmp_path / "there" / "node_modules"
    (package / "tool").mkdir(parents=True)
    (package / ".bin").mkdir()
    _program(package / "tool" / "cli.js")
    (package / ".bin" / "tool").symlink_to("../tool/cli.js")
    versions = tmp_path / "versions"
    versions.mkdir()
    _program(versions / "2.1")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "tool").symlink_to(package / ".bin" / "tool")
    (bin_ / "other").symlink_to(versions / "2.1")
    path = str(bin_)
    assert program_paths("tool", path) == (package,)
    assert program_paths("other", path) == (versions / "2.1",)
    assert program_paths("none", path) == ()


def _program(path: Path) -> None:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    assert os.access(path, os.X_OK)
