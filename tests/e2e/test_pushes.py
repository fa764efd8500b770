"""What reaches the remote: our branch and our words, whatever an agent committed and named."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agent_os.domain.tasks import Status
from tests.hub import HubProcess

from .conftest import Build
from .town import FILES, FIX, Town

#: An agent that tells the world something with every name and text that git has for it.
TALKS = f"""
export GIT_AUTHOR_NAME=Mallory GIT_COMMITTER_EMAIL=eve@x.example
git checkout -q -b leak/in-a-branch-name
{FIX}
printf 'fixes #1\\n\\nleak in a message @everyone [skip ci]\\n\\nCo-authored-by: M <m@x>\\n' |
  git commit -qa -F -
git tag -a -m 'leak in a tag' leak-tag
git notes add -m 'leak in a note'
git branch agent-os/999 && git update-ref refs/heads/main HEAD
git config remote.origin.url http://127.0.0.1:9/leak && git config push.default matching
git commit -q --allow-empty -m 'leak in an empty commit'
"""

#: Tries it by itself, where its network leads to GitHub: what it lacks is a token.
PUSHES = """
export GIT_TERMINAL_PROMPT=0
{fix}
git commit -qam mine
git push {url}/{repo}.git HEAD:refs/heads/pushed HEAD:refs/heads/main 2>&1; echo "PUSHED $?"
post="curl -s -o /dev/null -w %{{http_code}} -X POST {api}/repos/{repo}/issues"
echo "OPENED $($post -d '{{\"title\":\"mine\"}}')"
"""


def _refs(town: Town) -> set[str]:
    url = town.hub.git_url(town.repo)
    done = subprocess.run(["git", "ls-remote", url], capture_output=True, text=True, check=True)
    return {line.split("\t")[1] for line in done.stdout.splitlines()} - {"HEAD"}


def _log(town: Town, folder: Path) -> str:
    url = town.hub.git_url(town.repo)
    # No clone: its config would hold the URL, and with it a token.
    subprocess.run(["git", "init", "-q", "--bare", str(folder)], check=True)
    fetch = ("fetch", "-q", "--no-write-fetch-head", url, "+refs/*:refs/*")
    subprocess.run(["git", *fetch], cwd=folder, check=True)
    shown = ("log", "--all", "--format=%an|%ae|%cn|%ce|%B")
    done = subprocess.run(["git", *shown], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.long
@pytest.mark.parametrize("method", ["rebase", pytest.param("merge", marks=pytest.mark.long)])
def test_nothing_of_the_agents_but_its_files_is_pushed(
    build: Build, tmp_path: Path, method: str
) -> None:
    settings = FILES[".agent-os.yaml"] + f"merge: {method}\n"
    town = build(files={**FILES, ".agent-os.yaml": settings}, agents={"fixer": TALKS})
    number = town.ready("add is wrong [skip ci], fixes #1 @everyone")
    town.reaches(number, Status.IN_REVIEW)
    refs = _refs(town)
    ours = {"refs/heads/main", f"refs/heads/agent-os/{number}", "refs/agent-os/owner"}
    assert {ref for ref in refs if not ref.startswith("refs/pull/")} == ours
    town.settles(number, Status.DONE)
    said = _log(town, tmp_path / "clone")
    assert "leak" not in said and "Mallory" not in said and "eve@x" not in said
    for words in ("[skip ci]", "fixes #1 ", "@everyone", "Co-authored-by"):
        assert words not in said
    assert "a + b" in town.file("calc.py")
    held = [p for p in town.home.rglob("*") if p.is_file() and town.token.encode() in _read(p)]
    assert held == []


@pytest.mark.needs("bwrap")
def test_invariant_05_an_agent_that_reaches_github_can_not_push(
    hub: HubProcess, build: Build
) -> None:
    repo = "acme/own-push"
    script = PUSHES.format(fix=FIX, url=hub.url, api=hub.api_url, repo=repo)
    place = hub.url.partition("://")[2]
    profiles = {"worker": {"network": [place]}}
    town = build(repo=repo, agents={"fixer": script}, mode="pull-request", profiles=profiles)
    number = town.ready()
    town.reaches(number, Status.IN_REVIEW)
    log = town.attempt_file(number, 1, "agent.log")
    # It got there, and was asked who it is.
    assert "could not read Username" in log and "PUSHED 0" not in log, log
    assert "OPENED 401" in log, log
    assert "refs/heads/pushed" not in _refs(town)
    assert "a - b" in town.file("calc.py")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
