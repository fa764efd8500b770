"""Gate `sources`: an answer names what it rests on, and what it names here is there."""

from __future__ import annotations

import re
from pathlib import Path

from agent_os.attempt.answer import SOURCES, sections
from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.failures import FailureCode
from agent_os.workspace.git import git_start, try_git

NAME = "sources"
_URL = re.compile(r"https?://[^\s<>()\[\]`\"']{3,2000}")
_PLACE = re.compile(r"(?<![\w./-])([\w.@+-][\w./@+-]{0,400}):(\d{1,7})(?:-(\d{1,7}))?(?!\w)")
_COMMIT = re.compile(r"(?<![\w./-])[0-9a-f]{7,40}(?![\w./-])")
_MOST = 100
_SHOWN = 5
_MAX_FILE = 5_000_000


def check_sources(git_dir: Path, base: str, answer: str) -> GateResult:
    """URLs are taken as they are: nothing is fetched. Places are looked up on the base."""
    named = sections(answer).get(SOURCES.casefold(), "").strip()
    if not named:
        return _failed(f"There is no section `## {SOURCES}` with text.")
    urls = _URL.findall(named)[:_MOST]
    rest = _URL.sub(" ", named)
    places = list(dict.fromkeys(_PLACE.findall(rest)))[:_MOST]
    lacking, there = list[str](), 0
    for path, first, last in places:
        line = int(last or first)
        if _is_there(git_dir, base, path, line):
            there += 1
        elif "/" in path or "." in path:  # words such as `note:3` name no file
            lacking.append(f"{path}:{line}")
    commits = list(dict.fromkeys(_COMMIT.findall(rest)))[:_MOST]
    found = [sha for sha in commits if _is_before(git_dir, sha, base)]
    if lacking:
        return _failed(f"Not on the base {base[:10]}: {', '.join(lacking[:_SHOWN])}.")
    if not (urls or there or found):
        return _failed(f"The section `## {SOURCES}` names no URL, no `path:line` and no commit.")
    counts = {"URL": len(urls), "place": there, "commit": len(found)}
    said = ", ".join(f"{n} {what}{'s' if n > 1 else ''}" for what, n in counts.items() if n)
    return GateResult(name=NAME, verdict=Verdict.PASS, detail=f"Named: {said}.")


def _failed(detail: str) -> GateResult:
    code = FailureCode.GATE_FAILED
    return GateResult(name=NAME, verdict=Verdict.FAIL, detail=detail, code=code)


def _is_there(git_dir: Path, base: str, path: str, line: int) -> bool:
    name = f"{base}:{path.removeprefix('./')}"
    if try_git("cat-file", "-t", name, git_dir=git_dir).text.strip() != "blob":
        return False
    data = git_start("cat-file", "blob", name, git_dir=git_dir, max_bytes=_MAX_FILE)
    return 0 < line <= len(data.splitlines()) or len(data) == _MAX_FILE


def _is_before(git_dir: Path, sha: str, base: str) -> bool:
    """Whether it is the base or a commit of its history: the agent's own ones are no source."""
    return try_git("merge-base", "--is-ancestor", sha, base, git_dir=git_dir).code == 0
