"""A process that runs the jobs until every task is over, and that a test may kill.

`python -m tests.crash.drive` reads orders from stdin, a JSON object a line, and forks a process
for each: with everything imported already it is at work at once. It answers `{"pid": N}`, and
`{"status": N}` (as of `os.waitstatus_to_exitcode`) when that process has ended.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent_os.attempt import failpoints as runner_failpoints
from agent_os.cli.context import build_world, configure_logging, load
from agent_os.domain.clock import OFFSET_FILE
from agent_os.effects.failpoints import watched
from agent_os.effects.world import World
from agent_os.executor.local import LocalExecutor
from agent_os.jobs import registry
from agent_os.policy import history
from agent_os.store import log, tasks

POLL_SECONDS = 0.03
LIMIT_SECONDS = 60.0
TOO_LONG = 4
CRASHED = 5


@dataclass
class Killer:
    """Ends this process (or stops it) at the `count`-th point whose name is `pattern`, and notes it
    before."""

    pattern: str
    count: int
    note: Path
    signal: int
    met: int = field(default=0, init=False)
    lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __call__(self, name: str) -> None:
        if not re.fullmatch(self.pattern, name):
            return
        with self.lock:  # effects of different tasks are applied side by side
            self.met += 1
            if self.met == self.count:
                with self.note.open("a") as file:
                    file.write(f"{name}\n")
                os.kill(os.getpid(), self.signal)


class KillingExecutor(LocalExecutor):
    """Gives each runner that it starts the next point of a plan, to be killed there.

    The plan is a file, so that it goes on when the job process is killed, too; a line is `POINT`,
    or `POINT*` for every runner from now on. When it is empty, runners live. Their clock is ours.
    """

    def __init__(self, plan: Path, note: Path) -> None:
        self._plan = plan
        self._note = note

    def start(self, dir: Path, env: Mapping[str, str]) -> None:
        if self.poll(dir.resolve()) in ("alive", "ended"):
            return
        if file := os.environ.get(OFFSET_FILE):
            env = {**env, OFFSET_FILE: file}
        lines = self._plan.read_text().split() if self._plan.exists() else []
        point = lines[0] if lines else ""
        if lines and not point.endswith("*"):
            self._plan.write_text("\n".join(lines[1:]))
        names = {
            runner_failpoints.VARIABLE: point.rstrip("*"),
            runner_failpoints.NOTE: str(self._note),
        }
        super().start(dir, {**env, **names} if point else env)


def drive(world: World) -> int:
    """0 when every task is settled and no job finds anything to do; TOO_LONG otherwise."""
    deadline = time.monotonic() + LIMIT_SECONDS
    quiet = 0
    while time.monotonic() < deadline:
        changed = any([registry.run(world, name) for name in registry.FREQUENT])
        quiet = quiet + 1 if _over(world) and not changed else 0
        if quiet == 2:
            return 0
        time.sleep(POLL_SECONDS)
    _tell(world)
    return TOO_LONG


def _over(world: World) -> bool:
    with world.store.read() as tx:
        found = [task for _, task in tasks.listed(tx)]
    return bool(found) and all(task.settled for task in found)


def _tell(world: World) -> None:
    with world.store.read() as tx:
        for _, task in tasks.listed(tx):
            print(task.name, task.status, task.hold, task.waiting)
        for _, event in log.history(tx):
            print(f"#{event.number} {history.line(event)}")


def _child(order: Mapping[str, Any]) -> int:
    os.setsid()
    out = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, target in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (out, 2)):
        os.dup2(number, target)
    os.environ.update(order["env"])
    configure_logging()
    world = build_world(load(Path(order["config"])))
    executor = KillingExecutor(Path(order["runner_plan"]), Path(order["runner_kills"]))
    world = replace(world, executor=executor)
    pattern, _, count = order["point"].rpartition("#")
    killer = Killer(pattern, int(count or 0), Path(order["kills"]), int(order["signal"]))
    try:
        with watched(killer):
            return drive(world)
    finally:
        world.store.close()


def _fork(order: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        status = CRASHED
        try:
            status = _child(order)
        except Exception:  # noqa: BLE001 - a process's boundary: the log says what happened
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return pid


def main() -> None:
    for line in sys.stdin:
        pid = _fork(json.loads(line))
        print(json.dumps({"pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
