"""Two installations on one repository: one works there, the other is refused with the reason."""

from __future__ import annotations

import pytest

from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Status
from agent_os.jobs import steering
from tests.hub import git

from .conftest import Build
from .town import GREEN, WORK, Town

OWNER = "refs/agent-os/owner"


def _second(build: Build, first: Town) -> Town:
    """Another home with the same repository in its config."""
    return build(repo=first.repo, files={}, agents={"w": WORK}, mode="pull-request")


def _owner(town: Town) -> str:
    return git("ls-remote", town.hub.git_url(town.repo), OWNER).partition("\t")[0]


@pytest.mark.long
def test_the_second_home_is_refused_and_writes_nothing(build: Build) -> None:
    first = build(files=GREEN, agents={"w": WORK}, mode="pull-request")
    number = first.ready()
    first.waits(number, "person_merges")
    first.rests()
    second = _second(build, first)
    other = first.ready("another")
    second.hub.reset_requests()
    task = second.until(lambda: (t := second.task(other)) and t.waiting and t)
    assert task.waiting.reason is Reason.OWNED_ELSEWHERE and task.claimed_at is None
    assert f"agent-os takeover {first.repo}" not in task.waiting.detail
    assert second.task(number) is None, "its label says that it is taken"
    second.rests()
    assert second.writes() == []
    first.waits(other, "person_merges")
    assert len(first.pulls()) == 2 and len(first.comments(other)) == 1


@pytest.mark.long
def test_each_push_moves_the_owner_and_a_takeover_refuses_the_first(build: Build) -> None:
    first = build(files=GREEN, agents={"w": WORK}, mode="pull-request")
    number = first.ready()
    first.until(lambda: (t := first.task(number)) and t.claimed_at)
    taken = _owner(first)
    first.waits(number, "person_merges")
    pushed = _owner(first)
    assert taken and pushed and taken != pushed

    second = _second(build, first)
    said = steering.takeover(second.world, first.repo)
    assert f"taken from installation {first.world.store.installation}" in said
    waiting = first.waits(number, "owned_elsewhere")
    assert second.world.store.installation[:8] in waiting.waiting.detail
    assert first.task(number).status is Status.IN_REVIEW, "nothing of it is lost"

    other = first.ready("another")
    assert first.waits(other, "owned_elsewhere").claimed_at is None
    assert second.waits(other, "person_merges").result is not None
    steering.takeover(first.world, first.repo)
    first.until(lambda: (t := first.task(number)) and t.waiting.reason is Reason.PERSON_MERGES)


@pytest.mark.long
def test_a_push_is_refused_whole_when_another_took_over_meanwhile(build: Build) -> None:
    """The repository changes hands while an attempt runs: its result stays with us."""
    first = build(files=GREEN, agents={"slow": "sleep 1; date +%N >> log.txt"}, mode="pull-request")
    number = first.ready()
    first.reaches(number, Status.RUNNING)
    second = _second(build, first)
    steering.takeover(second.world, first.repo)
    task = first.waits(number, "owned_elsewhere")
    assert task.result is not None and task.pull is None and not task.branch_head
    assert set(first.branches()) == {"main"} and first.pulls() == []
    kept = first.world.mirror(task.repo_id).resolve(task.result.head)
    assert kept == task.result.head


@pytest.mark.long
def test_who_takes_the_ref_away_frees_the_repository(build: Build) -> None:
    first = build(files=GREEN, agents={"w": WORK}, mode="pull-request")
    number = first.ready()
    first.waits(number, "person_merges")
    git("init", "-q", first.home / "tmp")
    url = first.hub.git_url(first.repo)
    git("push", "-q", url, f":{OWNER}", cwd=first.home / "tmp")
    other = first.ready("another")
    first.waits(other, "person_merges")
    assert _owner(first)
