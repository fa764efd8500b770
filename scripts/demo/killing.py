"""SIGKILL in the middle, once; and afterwards a count of what is really there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_os.attempt.directory import AttemptDirectory
from agent_os.domain.errors import BadInput
from agent_os.domain.tasks import Task
from agent_os.workspace.candidates import candidate_shas
from agent_os.workspace.git import run_git
from scripts.demo import screen
from scripts.demo.people import Person
from scripts.demo.servers import Daemon, kill_attempt, runner_of


@dataclass(frozen=True)
class Killed:
    """What was killed. `commits` are those that the killed agent had made, `mirror` is ours."""

    issue: int
    branch: str
    processes: int
    commits: frozenset[str]
    mirror: Path


@dataclass(frozen=True)
class Aftermath:
    """What is on the hub and in the mirror now."""

    pulls: int
    merges: int
    lost: int

    @property
    def line(self) -> str:
        return (
            f"killed once: {counted(self.pulls, 'pull request')}, "
            f"{counted(self.merges, 'merge')}, {counted(self.lost, 'commit')} lost"
        )


class Killer:
    """Kills the daemon and one attempt that runs, when asked or (`by_itself`) at the best moment:
    while an agent that has committed something is still at work."""

    def __init__(self, daemon: Daemon, *, by_itself: bool) -> None:
        self.daemon = daemon
        self.killed: Killed | None = None
        self._by_itself = by_itself
        self._asked = False

    def look(self, tasks: Sequence[Task], *, asked: bool) -> Killed | None:
        """Kill now if it is time; what was killed just now."""
        if self.killed is not None:
            return None
        if asked and not self._asked:
            self._asked = True
            if not self._running(tasks):
                screen.say("[bold]k[/bold]: no attempt runs just now; the next one is killed.")
        if not (self._asked or self._by_itself):
            return None
        for task, attempt in self._running(tasks):
            if self._asked or (at_work(attempt) and commits_made(attempt)):
                self.killed = self._kill(task, attempt)
                return self.killed
        return None

    def _running(self, tasks: Sequence[Task]) -> list[tuple[Task, Path]]:
        """Attempts whose runner lives; those that have committed something come first."""
        found = [(task, Path(task.running.directory)) for task in tasks if task.running]
        living = [(task, attempt) for task, attempt in found if runner_of(attempt)]
        return sorted(living, key=lambda pair: not commits_made(pair[1]))

    def _kill(self, task: Task, attempt: Path) -> Killed:
        self.daemon.kill()
        processes = kill_attempt(attempt)
        return Killed(
            issue=task.number,
            branch=task.branch,
            processes=1 + len(processes),
            commits=commits_made(attempt),
            mirror=_mirror(attempt),
        )


def at_work(attempt: Path) -> bool:
    """Whether the attempt's agent runs."""
    directory = AttemptDirectory(attempt)
    return directory.agent_process.exists() and not directory.agent_done.exists()


def commits_made(attempt: Path) -> frozenset[str]:
    """The commits in the attempt's work dir that are neither its base nor its start's.

    The agent's `.git` is read as text and as objects; no git command runs with its settings.
    """
    directory = AttemptDirectory(attempt)
    try:
        order = directory.read_order()
    except BadInput:
        return frozenset()
    known = {order.base, order.start}
    named = candidate_shas(directory.work / ".git") - known
    if not named:
        return frozenset()
    env = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(directory.work / ".git" / "objects")}
    mirror = _mirror(attempt)
    args = ("cat-file", "--batch-check=%(objectname) %(objecttype)")
    lines = run_git(*args, git_dir=mirror, env_extra=env, input="\n".join(sorted(named)))
    tips = [line.split()[0] for line in lines.splitlines() if line.endswith(" commit")]
    asked = "\n".join([*tips, *(f"^{sha}" for sha in known)])
    found = run_git("rev-list", "--stdin", git_dir=mirror, env_extra=env, input=asked)
    return frozenset(found.split()) if tips else frozenset()


def _mirror(attempt: Path) -> Path:
    return (attempt / AttemptDirectory(attempt).read_order().mirror).resolve()


def look_back(killed: Killed, person: Person) -> Aftermath:
    """Count on the hub and in the mirror; nothing is taken from what the daemon says."""
    pulls = [p["number"] for p in person.pulls() if p["head"]["ref"] == killed.branch]
    events = [e["event"] for number in pulls for e in person.events(number)]
    kept = set(run_git("rev-list", "--all", git_dir=killed.mirror).split())
    return Aftermath(len(pulls), events.count("merged"), len(killed.commits - kept))


def counted(number: int, noun: str) -> str:
    """`1 merge`, `2 merges`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
