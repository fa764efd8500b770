"""Issues that the organization opens, whoever is at it at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent_os.domain.effects import TellIssue
from agent_os.domain.events import EventKind
from agent_os.domain.signals import Signal
from agent_os.domain.tasks import TaskKey
from agent_os.effects.applier import Applier
from agent_os.effects.world import World
from agent_os.jobs import desk, organization, registry
from agent_os.jobs.organization import Decided, Run
from agent_os.store import leases
from agent_os.store.repositories import Repository

from .conftest import Build

#: Put together here, so that no scan of this repository finds one.
TOKEN = "ghp_" + "aB3dE5gH7jK9" * 3


class _Finder:
    """A job that finds three things; `meanwhile` happens after it has decided."""

    def __init__(self, row: Repository, name: str, meanwhile: Callable[[], object]) -> None:
        self.name = name
        self._row = row
        self._meanwhile = meanwhile

    def due(self, world: World) -> Sequence[str]:
        return [self._row.name]

    def turn(self, run: Run) -> list[Decided]:
        if run.turn:
            return []
        found = desk.file_all(run.world, self._row, [self._signal(n) for n in range(3)])
        self._meanwhile()
        return found

    def follow(self, world: World, key: TaskKey) -> Decided | None:
        return None

    def after(self, run: Run) -> None:
        pass

    def _signal(self, number: int) -> Signal:
        return Signal(
            id=f"test:{self.name}:{number}",
            kind="test",
            by="analyzer",
            repo_id=self._row.repo_id,
            repo=self._row.name,
            title=f"Mend {self.name} {number}",
            problem="It fails.",
        )


def test_two_jobs_that_decide_at_the_same_time_keep_the_cap_of_the_week(build: Build) -> None:
    town = build()
    registry.run(town.world, "dispatcher")
    row = town.row()
    assert row is not None
    other = _Finder(row, "other", lambda: None)
    organization.run(_Finder(row, "one", lambda: organization.run(other, town.world)), town.world)
    titles = sorted(issue["title"] for issue in town.ask("GET", "/issues?state=all"))
    assert titles == [f"Mend other {n}" for n in range(3)]
    assert town.kinds().count(EventKind.ISSUE_FILED.value) == 3


def test_a_secret_of_the_repository_is_not_pushed_once_more(build: Build) -> None:
    """The map is a commit of ours: no gate has looked at it."""
    code = {f"app/part{n}.py": f"x = {n}\n" * 50 for n in range(6)}
    town = build(files={**code, "app/README.md": f"# App\n\nCalls with {TOKEN} only.\n"})
    registry.run(town.world, "dispatcher")
    registry.run(town.world, "backlog-groomer")
    (pull,) = town.pulls()
    drawn = town.file("CODEBASE.md", pull["head"]["ref"])
    assert drawn and "Calls with" in drawn and TOKEN not in drawn


def test_on_an_issue_that_is_gone_there_is_nobody_to_tell(build: Build) -> None:
    town = build()
    registry.run(town.world, "dispatcher")
    row = town.row()
    assert row is not None
    number = town.issue("Gone soon")
    town.delete(number)
    lease = leases.take(town.world.store, "test", organization.LEASE)
    assert lease is not None
    about = {"repo_id": row.repo_id, "repo": row.name, "number": number}
    tell = TellIssue.model_validate({**about, "purpose": "evidence:1", "body": "Again."})
    assert Applier(town.world, lease).apply(tell, 0).changed
    assert town.kinds(number) == [EventKind.ISSUE_TOLD.value]
