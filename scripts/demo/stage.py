"""What both demos do on their stage: follow the tasks, kill once, and show what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent_os.domain.tasks import Status, Task
from scripts.demo import screen
from scripts.demo.following import Follower
from scripts.demo.keys import Keys
from scripts.demo.killing import Killer, at_work, commits_made, counted, look_back
from scripts.demo.people import Person

Row = dict[str, Any]
_HINT = "[bold]Press k[/bold] to kill the daemon and an attempt with SIGKILL, at any moment."


@dataclass
class Stage:
    """Everybody on it. `keys` are read while it is followed."""

    person: Person
    follower: Follower
    killer: Killer
    keys: Keys
    hinted: bool = False

    def play(self, until: Callable[[Sequence[Task]], bool], seconds: float) -> bool:
        """Follow until it is so; kill and start again meanwhile, once, when it is time."""
        if self.keys.attended and not self.hinted:
            screen.say(_HINT)
            self.hinted = True
        told: set[Path] = set()

        def look(tasks: Sequence[Task]) -> bool:
            self._kill(tasks)
            self._hint(tasks, told)
            return until(tasks)

        return self.follower.follow(look, seconds)

    def aftermath(self) -> Row | None:
        """Say what is there after the kill, as seen on the hub and in the mirror; and as data."""
        killed = self.killer.killed
        if killed is None:
            return None
        seen = look_back(killed, self.person)
        screen.say(f"\n[bold]{seen.line}[/bold]")
        screen.say(
            f"  (issue #{killed.issue}, counted on the hub and in the mirror; the killed agent had "
            f"made {counted(len(killed.commits), 'commit')})"
        )
        return {"issue": killed.issue, "commits": len(killed.commits), **asdict(seen)}

    def _kill(self, tasks: Sequence[Task]) -> None:
        asked = "k" in self.keys.pressed()
        killed = self.killer.look(tasks, asked=asked)
        if killed is not None:
            made = counted(len(killed.commits), "commit")
            said = f"SIGKILL to the daemon and {killed.processes - 1} processes of this attempt"
            self.follower.say(killed.issue, f"{said}; its agent had made {made}")
            self.killer.daemon.start()
            self.follower.say(killed.issue, "the daemon is started again")

    def _hint(self, tasks: Sequence[Task], told: set[Path]) -> None:
        if not self.keys.attended or self.killer.killed is not None:
            return
        for task in tasks:
            attempt = Path(task.running.directory) if task.running else None
            if attempt and attempt not in told and at_work(attempt) and commits_made(attempt):
                told.add(attempt)
                self.follower.say(task.number, "the agent has committed something: now would be k")


def all_over(issues: Sequence[int]) -> Callable[[Sequence[Task]], bool]:
    """Whether each of these tasks is blocked, or over with nothing left to do."""

    def over(tasks: Sequence[Task]) -> bool:
        held = {t.number for t in tasks if t.settled or t.status is Status.BLOCKED}
        return held >= set(issues)

    return over


def row(follower: Follower, issue: int, title: str, limit_seconds: float) -> Row:
    """A task's line in the summary."""
    task = next((t for t in follower.tasks if t.number == issue), None)
    return {
        "issue": issue,
        "title": title,
        "attempts": len(task.attempts) if task else 0,
        "charged": sum(a.charged for a in task.attempts) if task else 0,
        "pull_request": task.pull.number if task and task.pull else None,
        "state": task.status.value if task else "not taken",
        "seconds": round(follower.ended.get(issue, limit_seconds), 1),
    }
