"""Trap 38, invariant 1: work dirs go in time, and only what is kept elsewhere goes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from agent_os.domain.tasks import Status
from agent_os.effects import cleaning, mirrors
from agent_os.workspace import mirror as mirror_module
from tests.hub import git

from .conftest import Build
from .town import GREEN, WORK, Town


def _done(build: Build, **config: object) -> tuple[Town, Path]:
    town = build(**config)
    number = town.ready()
    town.settles(number, Status.DONE)
    return town, town.attempt_path(number, 1)


def test_trap_38_checkouts_go_first_and_the_rest_later(build: Build) -> None:
    town, path = _done(build)
    assert cleaning.clean(town.world) == cleaning.Freed()
    town.clock.ahead = timedelta(hours=25)
    assert cleaning.clean(town.world).checkouts == 1
    assert not (path / "work").exists()
    assert (path / "outcome.json").exists() and (path / "agent.log").exists()
    town.clock.ahead = timedelta(days=31)
    assert cleaning.clean(town.world).attempts == 1
    assert not path.exists()


@pytest.mark.long
def test_over_the_quota_the_oldest_go_at_once(build: Build) -> None:
    town, path = _done(build, retention={"disk_mb": 0})
    assert cleaning.clean(town.world) == cleaning.Freed(checkouts=1, attempts=1)
    assert not path.exists()


@pytest.mark.long
def test_a_merge_disposes_of_the_commits_and_nothing_else_does(build: Build) -> None:
    town, path = _done(build, agents={"w": WORK}, files=GREEN)
    town.config["repositories"][0]["mode"] = "pull-request"  # else it may be merged first
    town.open()
    stopped = town.ready("stopped")
    town.until(lambda: (t := town.task(stopped)) and t.pull)
    town.close(stopped)
    town.settles(stopped, Status.CANCELLED)
    row = town.row()
    assert row is not None
    mirror = town.world.mirror(row.repo_id)
    kept = mirror.refs("refs/agent-os/attempts/")
    assert {ref.split("/")[3] for ref in kept} == {f"{row.repo_id}-1", f"{row.repo_id}-{stopped}"}
    town.clock.ahead = timedelta(days=31)
    assert mirrors.tidy(town.world) == mirrors.Tidied(), "their files are still there"
    cleaning.clean(town.world)
    assert not path.exists()
    assert mirrors.tidy(town.world).refs == len([r for r in kept if f"{row.repo_id}-1/" in r])
    left = mirror.refs("refs/agent-os/attempts/")
    assert left and left.items() <= kept.items()
    assert {ref.split("/")[3] for ref in left} == {f"{row.repo_id}-{stopped}"}


@pytest.mark.long
def test_a_scattered_mirror_is_packed_and_loses_nothing(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, _ = _done(build, agents={"w": WORK}, files=GREEN)
    row = town.row()
    assert row is not None
    mirror = town.world.mirror(row.repo_id)
    before = mirror.refs("refs/")
    assert mirrors.tidy(town.world).packed == 0
    monkeypatch.setattr(mirror_module, "_MANY_OBJECTS", 1)
    assert mirrors.tidy(town.world).packed == 1
    assert mirror.refs("refs/") == before
    assert all(mirror.has(sha) for sha in before.values())
    git("fsck", "--strict", "--no-dangling", cwd=mirror.path)
    number = town.ready("another")
    town.settles(number, Status.DONE)


@pytest.mark.long
def test_the_mirror_of_a_repository_that_left_goes_when_nothing_is_kept_in_it(
    build: Build,
) -> None:
    town, _ = _done(build)
    row = town.row()
    assert row is not None
    town.config["repositories"] = [{"name": "acme/another"}]
    town.open()
    path = town.world.mirror(row.repo_id).path
    assert mirrors.tidy(town.world).mirrors == 0 and path.exists()
    town.clock.ahead = timedelta(days=31)
    cleaning.clean(town.world)
    assert mirrors.tidy(town.world).mirrors == 1 and not path.exists()


@pytest.mark.long
def test_what_is_not_proven_to_be_kept_stays(build: Build) -> None:
    town, path = _done(build)
    town.clock.ahead = timedelta(days=400)
    mirror = town.world.mirror(town.row().repo_id)  # type: ignore[union-attr]  # it was looked at
    hidden = mirror.path.rename(mirror.path.with_name("elsewhere"))
    assert cleaning.clean(town.world) == cleaning.Freed()
    hidden.rename(mirror.path)
    outcome = path / "outcome.json"
    text = outcome.read_text()
    outcome.write_text("{not json")
    assert cleaning.clean(town.world) == cleaning.Freed()
    outcome.write_text(text)
    snapshot = path / "snapshot.json"
    snapshot.rename(path / "aside")
    assert cleaning.clean(town.world) == cleaning.Freed()
    (path / "aside").rename(snapshot)
    assert path.exists() and (path / "work").exists()


def test_a_running_attempt_is_left_alone(build: Build) -> None:
    town = build(agents={"slow": "sleep 30"})
    number = town.ready()
    town.reaches(number, Status.RUNNING)
    town.clock.ahead = timedelta(days=400)
    assert cleaning.clean(town.world) == cleaning.Freed()
    town.clock.ahead = timedelta(0)
    assert (town.attempt_path(number, 1) / "work").exists()


@pytest.mark.long
def test_permissions_taken_away_and_links_do_not_stop_it(build: Build, tmp_path: Path) -> None:
    town, path = _done(build)
    kept = tmp_path / "kept.txt"
    kept.write_text("not ours to remove")
    locked = path / "work" / "locked"
    locked.mkdir()
    (locked / "file").write_text("x")
    (path / "work" / "link").symlink_to(tmp_path)
    locked.chmod(0)
    town.clock.ahead = timedelta(hours=25)
    assert cleaning.clean(town.world).checkouts == 1
    assert not (path / "work").exists() and kept.exists()


@pytest.mark.long
def test_it_runs_once_an_hour(build: Build) -> None:
    town, path = _done(build, retention={"work_hours": 0})
    cleaning.clean_if_due(town.world)
    assert (path / "work").exists(), (
        "it was looked at when the first job ran, less than an hour ago"
    )
    town.clock.ahead = timedelta(hours=2)
    cleaning.clean_if_due(town.world)
    assert not (path / "work").exists()
