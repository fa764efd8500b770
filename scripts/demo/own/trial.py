"""A check tried on one commit exactly as the gates run it: `python -m scripts.demo.own.trial`.

In a process of its own, because running programs makes a process the parent of all orphans below.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent_os.attempt.directory import AttemptDirectory
from agent_os.attempt.gates.checkout import CommandRun
from agent_os.attempt.gates.checks import run_side
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.journal import Journal
from agent_os.attempt.stopping import Stopped, StopRequest
from agent_os.domain.attempts import GateOrder, Kind, Limits, Order
from agent_os.domain.clock import SystemClock
from agent_os.workspace.sandbox.choosing import choose
from agent_os.workspace.snapshot import Author, SnapshotRepository
from scripts.demo import sandbox

_STOP_SECONDS = 20
_RAN = re.compile(r"^Ran (\d+) tests? in ", re.M)


@dataclass(frozen=True)
class Tried:
    """One command on the base: how it ended (`passed`, `exit code 2` …), and its last words."""

    command: str
    passed: bool
    missing: bool
    ended: str
    seconds: float
    tail: str

    @property
    def last_line(self) -> str:
        lines = [line.strip() for line in self.tail.splitlines() if line.strip()]
        return lines[-1][:200] if lines else ""

    @property
    def tests_nothing(self) -> bool:
        """It passed, but says itself that it ran no test."""
        ran = _RAN.findall(self.tail)
        lines = [line for line in self.tail.splitlines() if line.strip()]
        go = bool(lines) and all(line.endswith("[no test files]") for line in lines)
        return go or (bool(ran) and not any(int(number) for number in ran))


def try_on(
    copied: Path,
    sha: str,
    folder: Path,
    setup: str,
    checks: Mapping[str, str],
    seconds: int,
    env: Mapping[str, str],
) -> list[Tried]:
    """Run setup and checks on commit `sha` of the bare repository `copied`; `folder` is new.

    Ends with the first that fails.
    """
    order = {"copied": str(copied), "sha": sha, "folder": str(folder), "setup": setup}
    order |= {"checks": dict(checks), "seconds": seconds}
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.demo.own.trial"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(env),
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(json.dumps(order))
    finally:
        if process.poll() is None:
            _stop(process)
        shutil.rmtree(folder, ignore_errors=True)
    return [Tried(**entry) for entry in json.loads(said)]


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> int:
    """The order on stdin, what was tried on stdout, both as JSON."""
    order = json.loads(sys.stdin.read())
    try:
        found = _run(order)
    except Stopped:
        return 1
    print(json.dumps([asdict(entry) for entry in found]))
    return 0


def _run(order: dict[str, Any]) -> list[Tried]:
    folder = Path(order["folder"])
    folder.mkdir(parents=True)
    context = _context(AttemptDirectory(folder), order)
    side = run_side(context, "base", order["sha"])
    runs = [*([side.setup] if side.setup else []), *side.checks.values()]
    return [_tried(run) for run in runs]


def _tried(run: CommandRun) -> Tried:
    return Tried(run.command, run.passed, run.missing, run.words, round(run.seconds, 1), run.tail)


def _context(directory: AttemptDirectory, order: dict[str, Any]) -> GateContext:
    sha, copied = order["sha"], Path(order["copied"])
    repository = SnapshotRepository(directory.repository, copied, Author("demo", "demo@invalid"))
    repository.create((sha,))
    stop = StopRequest(directory.cancel)
    stop.listen()
    deadline = datetime.now(UTC) + timedelta(seconds=order["seconds"])
    return GateContext(
        order=Order(
            task="demo",
            slug="0-0",
            round=1,
            number=1,
            fence=1,
            kind=Kind.VERIFY,
            base=sha,
            base_branch="main",
            start=sha,
            title="The check on the base",
            mirror=str(copied),
            agent=None,
            gates=GateOrder(
                setup=order["setup"], checks=order["checks"], check_seconds=order["seconds"]
            ),
            limits=Limits(deadline=deadline, stall_seconds=order["seconds"]),
            commit_message="",
        ),
        directory=directory,
        repository=repository,
        sandbox=choose(sandbox.wanted()),
        journal=Journal(directory.events, SystemClock()),
        clock=SystemClock(),
        stop=stop,
        head=sha,
        merge_base=sha,
        changes=(),
    )


if __name__ == "__main__":
    sys.exit(main())
