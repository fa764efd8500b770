"""A real repository, its mirror, and attempts on it: what the tests of this folder share."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent_os.domain.attempts import AgentOrder, GateOrder, Kind, Limits, Order, Outcome
from agent_os.workspace.mirror import Mirror
from tests import sandboxes

PROTECTED = (
    ".github/workflows/**",
    ".github/CODEOWNERS",
    "CODEOWNERS",
    "docs/CODEOWNERS",
    ".agent-os.yaml",
    ".github/agent-os.yml",
)
FILES = {
    "app.py": "def double(n):\n    return n * 3\n",
    "tests/test_app.sh": ". ./lib.sh\n",
    "check.sh": "grep -q 'n \\* 2' app.py || { echo 'double is wrong'; exit 1; }\necho fine\n",
    ".gitignore": "*.log\nbuild/\n",
    ".github/workflows/ci.yml": "on: push\n",
}
#: A machine that does other things beside may take its time.
_LONGEST_SECONDS = 150
#: What is the same in every order here.
FIXED = {
    "task": "o/r#12",
    "slug": "77-12",
    "round": 1,
    "fence": 5,
    "base_branch": "main",
    "title": "Mend double",
    "mirror": "../../mirror.git",
    "commit_message": "Mend double (#12)",
    "sandbox": sandboxes.USED,
}
FIX = "sed -i 's/n \\* 3/n * 2/' app.py"


def git(cwd: Path, *args: str) -> str:
    """Run git as a person would; returns stripped stdout."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(cwd),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "p",
        "GIT_AUTHOR_EMAIL": "p@x",
        "GIT_COMMITTER_NAME": "p",
        "GIT_COMMITTER_EMAIL": "p@x",
    }
    done = subprocess.run(
        ["git", *args], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def limits(seconds: float = 60, stall: float = 60, output: float = 50_000_000) -> Limits:
    """Limits that end soon; `seconds` from now."""
    deadline = datetime.now(UTC) + timedelta(seconds=seconds)
    return Limits(deadline=deadline, stall_seconds=int(stall), output_bytes=int(output))


def wait_for(met: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


@dataclass
class World:
    root: Path

    def __post_init__(self) -> None:
        self.origin = self.root / "origin"
        self.origin.mkdir()
        git(self.origin, "init", "-q", "-b", "main")
        self.base = self.commit(FILES)
        self.mirror = Mirror(self.root / "mirror.git")
        self.sync()
        self.count = 0

    def commit(self, files: Mapping[str, str | None]) -> str:
        """Commit files (None: delete) on the checked-out branch of the origin."""
        for name, text in files.items():
            path = self.origin / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        git(self.origin, "add", "-A", "-f")
        git(self.origin, "commit", "-q", "-m", "change")
        return git(self.origin, "rev-parse", "HEAD")

    def sync(self) -> None:
        self.mirror.ensure(str(self.origin))
        self.mirror.fetch(str(self.origin))

    def attempt(
        self,
        command: str | None = FIX,
        *,
        kind: Kind = Kind.IMPLEMENT,
        checks: Mapping[str, str] | None = None,
        gates: Mapping[str, Any] | None = None,
        env: tuple[str, ...] = (),
        **changes: Any,
    ) -> Attempt:
        """A new attempt directory with its order; `changes` are fields of the order."""
        self.count += 1
        path = self.root / "attempts" / f"1.{self.count}"
        path.mkdir(parents=True)
        agent = None
        if command is not None:
            agent = AgentOrder(name="sh", driver="command", command=command, env=env)
        checked = {"check": "sh check.sh"} if checks is None else checks
        wanted = {"checks": checked, "protected_paths": PROTECTED, **(gates or {})}
        fields: dict[str, Any] = {
            "number": self.count,
            "kind": kind,
            "base": self.base,
            "start": self.base,
            "agent": agent,
            "gates": GateOrder.model_validate(wanted),
            "limits": limits(300),
        }
        order = Order.model_validate({**FIXED, **fields, **changes})
        (path / "order.json").write_text(order.model_dump_json())
        (path / "task.md").write_text("# Mend double\n")
        return Attempt(path, order, self)


@dataclass
class Attempt:
    path: Path
    order: Order
    world: World

    def environment(self, **extra: str) -> dict[str, str]:
        venv = str(Path(sys.executable).parent)
        return {"PATH": f"{venv}:{os.environ['PATH']}", "HOME": str(self.world.root), **extra}

    def popen(self, **extra: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "agent_os.attempt", str(self.path)],
            env=self.environment(**extra),
            stdin=subprocess.DEVNULL,
            cwd="/",
        )

    def run(self, **extra: str) -> Outcome:
        """Run to the end in a process of its own, and read the outcome."""
        process = self.popen(**extra)
        try:
            code = process.wait(timeout=_LONGEST_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        assert code == 0, (code, self.text("runner.log"), self.text("agent.log"))
        return self.outcome()

    def outcome(self) -> Outcome:
        return Outcome.model_validate_json((self.path / "outcome.json").read_bytes())

    def text(self, name: str) -> str:
        path = self.path / name
        return path.read_text(errors="replace") if path.exists() else ""

    def imported(self) -> Outcome:
        """The outcome, after its bundle was taken into the mirror."""
        outcome = self.outcome()
        self.world.mirror.import_bundle(self.path / "work.bundle", outcome.kept)
        return outcome
