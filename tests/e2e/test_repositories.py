"""Repositories that are out of the config, archived, gone, renamed, empty, or that refuse us."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from agent_os.domain.tasks import Status
from agent_os.effects.world import World
from agent_os.jobs import organization, overview, registry
from agent_os.jobs.organization import Decided, Run
from agent_os.store import pauses

from .conftest import Build
from .people import People
from .town import FILES, FIX, GREEN, WORK, Town

SLOW = f"while [ ! -e go ]; do sleep 0.05; done; {FIX}"


def _second(town: Town, files: dict[str, str] = FILES, name: str = "") -> People:
    """Another repository in the same config, with the same mode."""
    name = name or f"{town.repo}b"
    if files:
        town.hub.seed(name, files)
    mode = town.config["repositories"][0]["mode"]
    town.config["repositories"].append({"name": name, "mode": mode})
    town.open()
    return People(town.hub, name)


@pytest.mark.long
def test_out_of_the_config_is_frozen_and_back_is_reconciled(build: Build) -> None:
    town = build(agents={"slow": SLOW})
    number = town.ready()
    task = town.reaches(number, Status.RUNNING)
    kept = town.config["repositories"]
    town.config["repositories"] = []
    town.open()
    town.hub.reset_requests()
    town.until(lambda: not town.task(number).running)
    town.rests()
    assert town.writes() == [] and task.attempts[0].code is None
    town.comment(number, "still here")
    town.config["repositories"] = kept
    town.config["agents"]["slow"]["command"] = FIX
    town.open()
    task = town.settles(number, Status.DONE)
    assert not task.attempts[0].charged


@pytest.mark.long
def test_closed_while_out_of_the_config_is_seen_when_back(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    town.waits(number, "person_merges")
    kept = town.config["repositories"]
    town.config["repositories"] = []
    town.open()
    town.rests()
    town.people.close(number)
    town.rests()
    assert town.task(number).status is Status.IN_REVIEW
    town.config["repositories"] = kept
    town.open()
    town.settles(number, Status.CANCELLED)


@pytest.mark.long
def test_archived_freezes_and_unarchived_goes_on(build: Build) -> None:
    town = build(agents={"slow": SLOW})
    number = town.ready()
    town.reaches(number, Status.RUNNING)
    town.until(lambda: town.comments(number))
    town.rests()
    town.ask("PATCH", "", {"archived": True})
    (town.attempt_path(number, 1) / "work" / "go").touch()
    town.until(lambda: (row := town.row()) and row.frozen == "it is archived")
    town.rests()
    before = len(town.events())
    town.rests()
    assert len(town.events()) == before
    assert town.task(number).status in (Status.QUEUED, Status.RUNNING)
    town.ask("PATCH", "", {"archived": False})
    town.settles(number, Status.DONE)


@pytest.mark.long
def test_gone_freezes_and_says_so(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    town.waits(number, "person_merges")
    town.ask("DELETE", "")
    town.until(lambda: (row := town.row()) and "can't be found" in row.frozen)
    town.rests()
    assert town.task(number).status is Status.IN_REVIEW


@pytest.mark.long
def test_renamed_is_frozen_until_the_config_says_the_new_name(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    town.waits(number, "person_merges")
    new = f"{town.repo}-new"
    town.ask("PATCH", "", {"name": new.partition("/")[2]})
    town.resync()
    town.until(lambda: (row := town.row()) and "is called" in row.frozen)
    town.rests()
    town.config["repositories"][0] |= {"name": new, "mode": "auto-merge"}
    town.open()
    town.repo, town.people.repo = new, new
    task = town.settles(number, Status.DONE)
    assert task.repo == new
    files = [p.name for p in (town.home / "runtime/mailbox").rglob("*.md")]
    assert files == [f"{new.replace('/', '-')}-{number}.md"]


@pytest.mark.long
def test_a_refused_token_infers_nothing(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    town.waits(number, "person_merges")
    town.rests()
    good, town.token = town.token, "wrong"
    town.open()
    before = [k for k in town.kinds()]
    for _ in range(3):
        town.jobs()
    row = town.row()
    assert row and "token" in row.last_error and row.not_before
    assert [k for k in town.kinds() if k != "waiting"] == [k for k in before if k != "waiting"]
    town.token = good
    town.open()
    town.people.close(number)
    town.settles(number, Status.CANCELLED)


def test_trap_09_one_repositorys_failure_stops_no_other(build: Build) -> None:
    town = build()
    bad = town.ready()
    other = _second(town)
    good = other.issue("add", labels=("Ready",))
    path = f"/repos/{town.repo}(/|$)"
    town.hub.fault("*", path, "status", status=500, count=10_000)
    town.reaches(good, Status.DONE, 25, other.repo)
    assert town.task(bad) is None
    town.hub.admin("DELETE", "/faults")
    town.settles(bad, Status.DONE)


class _Faulty:
    """A job that has a fault where one repository is concerned."""

    name = "faulty"

    def __init__(self, bad: str) -> None:
        self.bad = bad
        self.ran: list[str] = []

    def due(self, world: World) -> Sequence[str]:
        return [r.name for r in world.config.repositories]

    def turn(self, run: Run) -> list[Decided]:
        if run.key == self.bad:
            raise KeyError("unexpected")
        self.ran.append(run.key)
        return []

    def after(self, run: Run) -> None:
        pass


def test_trap_09_a_fault_in_a_job_stops_no_other_repository(build: Build) -> None:
    town = build()
    other = _second(town)
    town.rests()
    job = _Faulty(town.repo)
    with pytest.raises(KeyError, match="unexpected"):
        organization.run(job, town.world)
    assert job.ran == [other.repo]
    row = town.row()
    assert row and "KeyError" in row.last_error and row.not_before


def test_a_repository_that_was_never_there_is_asked_for_less_and_less(build: Build) -> None:
    town = build()
    town.config["limits"]["backoff_seconds"] = 600
    gone = _second(town, {}, f"{town.repo}-gone").repo
    town.hub.reset_requests()
    for _ in range(5):
        registry.run(town.world, "dispatcher")
    asked = [r for r in town.hub.requests() if r["path"].endswith(gone)]
    assert len(asked) == 1
    shown = {r["name"]: r for r in overview.status(town.world)["repositories"]}
    assert "404" in shown[gone]["last_error"] and not shown[town.repo]["last_error"]


@pytest.mark.long
def test_another_repository_of_the_same_name_is_another_one(build: Build) -> None:
    town = build(agents={"lazy": "true"}, limits={"attempts": 1})
    old = town.reaches(town.ready(), Status.BLOCKED)
    assert town.hub.api("DELETE", f"/repos/{town.repo}").status_code == 204
    town.resync()
    town.until(lambda: (row := town.row()) and row.frozen)
    town.hub.seed(town.repo, FILES)
    town.config["agents"]["lazy"]["command"] = FIX
    town.open()
    number = town.ready()
    assert number == old.number
    named = {town.repo, f"{town.repo}.was-{old.repo_id}"}
    town.until(
        lambda: (
            {(t.repo, t.status) for t in town.tasks()}
            == set(zip(sorted(named), (Status.DONE, Status.BLOCKED), strict=True))
        )
    )
    new = next(t for t in town.tasks() if t.repo == town.repo)
    assert new.repo_id != old.repo_id and new.attempts[0].directory != old.attempts[0].directory


@pytest.mark.long
def test_an_empty_repository_waits_for_its_first_commit(build: Build) -> None:
    town = build(files={})
    made = town.hub.api("POST", "/orgs/acme/repos", {"name": town.repo.partition("/")[2]})
    assert made.status_code == 201
    number = town.ready()
    other = _second(town)
    good = other.issue("add", labels=("Ready",))
    town.reaches(good, Status.DONE, 25, other.repo)
    assert town.row().empty
    assert town.waits(number, "empty_repository").attempts == ()
    town.hub.seed(town.repo, FILES)
    town.settles(number, Status.DONE)


@pytest.mark.long
def test_paused_repositories_start_nothing(build: Build) -> None:
    town = build()
    other = _second(town)
    for scope, waits in ((town.repo, "repo_paused"), (pauses.ALL, "all_paused")):
        with town.world.store.write() as tx:
            pauses.pause(town.world.store, tx, scope)
        number = town.ready()
        task = town.waits(number, waits)
        assert task.attempts == ()
        if scope != pauses.ALL:
            good = other.issue("add", labels=("Ready",))
            town.reaches(good, Status.DONE, 25, other.repo)
        with town.world.store.write() as tx:
            pauses.resume(tx, scope)
        town.reaches(number, Status.RUNNING)
        town.unlabel(number, town.labels(number).pop())
        town.reaches(number, Status.CANCELLED)


def test_trap_16_an_issue_beyond_the_first_page_is_seen(build: Build) -> None:
    town = build(mode="dry-run")
    number = town.issue("first")
    town.label(number, "Ready")
    for count in range(101):
        town.issue(f"other {count}")
    town.waits(number, "dry_run")


def test_trap_08_an_error_says_nothing_about_a_branch(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    town.waits(number, "person_merges")
    path = f"/repos/{town.repo}/(pulls|git|branches|issues)"
    town.hub.fault("GET", path, "status", status=404, count=8)
    for _ in range(4):
        registry.run(town.world, "pr-monitor")
        registry.run(town.world, "dispatcher")
    town.hub.admin("DELETE", "/faults")
    town.rests()
    assert f"agent-os/{number}" in town.branches()
    assert town.task(number).status is Status.IN_REVIEW
