"""`python -m tests.agents.record PROGRAM...`: records what the programs really write, trimmed.

Each file of `lines/` is one run: how it ended, then its lines, each with where it was written.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent_os.agents.driver import Assignment
from agent_os.agents.registry import driver_named
from tests.agents.programs import NAMED, SECRET, Agent, order, search_path
from tests.attempt.world import git
from tests.models import NAMED as SCENARIOS
from tests.models import ModelServer

LINES = Path(__file__).parent / "lines"
CASES = ("succeed", "parallel", "unauthorized", "rate_limited", "quota", "quota_plan")
CASES += (
    "overloaded",
    "overloaded_in_stream",
    "model_missing",
    "truncated",
    "overflow",
    "says_only",
)
_SECONDS = 15
_LONGEST = 160
_MOST_ITEMS = 12
#: Of the first line, and of what says nothing about the run.
_WITHOUT = ("uuid", "timestamp", "tools", "slash_commands", "terminal_slash_commands")
_WITHOUT += ("skills", "agents", "plugins")
_KEPT_NOTES = ('"token_count"', '"task_complete"', '"type":"gemini"', "[RETRY]", "providerMessage")


def main(names: list[str]) -> None:
    LINES.mkdir(exist_ok=True)
    for name in names:
        for case in CASES:
            (LINES / f"{name}-{case}.txt").write_text(record(NAMED[name], case))
            print(name, case)


def record(agent: Agent, case: str) -> str:
    with tempfile.TemporaryDirectory() as folder, ModelServer(SCENARIOS[case]) as server:
        work, home = Path(folder, "work"), Path(folder, "home")
        work.mkdir()
        home.mkdir()
        git(work, "init", "-q")
        wanted = order(agent, server.url)
        launch = driver_named(agent.driver).launch(
            Assignment(
                order=wanted,
                work=work,
                home=home,
                task_file=work / "task.md",
                handoff_file=work / "handoff.md",
                prompt="Please do the work.\n",
                seconds=_SECONDS,
                key=SECRET,
            )
        )
        for file, text in launch.files.items():
            (home / file).parent.mkdir(parents=True, exist_ok=True)
            (home / file).write_text(text)
        argv = ("bwrap", "--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc")
        process = subprocess.Popen(
            [*argv, "--die-with-parent", "--", *launch.argv],
            cwd=work,
            env={**launch.env, "PATH": search_path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        began = time.monotonic()
        try:
            out, err = process.communicate(launch.stdin, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        print(f"{time.monotonic() - began:.1f} s", end=" ")
        notes = b"".join(
            path.read_bytes()
            for pattern in launch.notes
            for path in sorted(home.glob(pattern))
            if not path.is_symlink()
        )
        lines = [f"exit {process.returncode}"]
        for where, data in (("err", err), ("note", notes), ("out", out)):
            lines += [f"{where} {line}" for line in _trimmed(where, data.decode())]
        text = "\n".join(lines).replace(str(folder), "/attempt").replace(server.url, "http://model")
        assert SECRET not in text, "the key is in what it wrote"
        return text + "\n"


def _trimmed(where: str, text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("at "):
            continue
        if where == "note" and not any(words in line for words in _KEPT_NOTES):
            continue
        try:
            found = json.loads(line)
        except ValueError:
            yield line[: 4 * _LONGEST]
            continue
        yield json.dumps(_small(found), ensure_ascii=False)


def _small(value: Any, longest: int = _LONGEST) -> Any:
    match value:
        case str():
            return value[:longest]
        case list():
            return [_small(item) for item in value[:_MOST_ITEMS]]
        case dict():
            words = {"error": 2_000, "message": 2_000, "responseBody": 2_000, "result": 2_000}
            return {
                key: _small(item, words.get(key, _LONGEST))
                for key, item in value.items()
                if key not in _WITHOUT
            }
        case _:
            return value


if __name__ == "__main__":
    main(sys.argv[1:])
