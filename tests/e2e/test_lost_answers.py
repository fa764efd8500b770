"""Each kind of write gets no answer once: it is looked up, and nothing happens twice."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import sqlalchemy as sa

from agent_os.domain.tasks import Status
from agent_os.store import schema

from .conftest import Build
from .town import GREEN, WORK, Town

#: Effect: (method, end of the path below the repository).
WRITES = {
    "set_labels": ("mutation", "Labels"),
    "write_comment": ("POST", "/issues/[0-9]+/comments"),
    "edit_comment": ("PATCH", "/issues/comments/[0-9]+"),
    "open_pull": ("POST", "/pulls"),
    "ask_review": ("POST", "/pulls/[0-9]+/requested_reviewers"),
    "merge_pull": ("PUT", "/pulls/[0-9]+/merge"),
    "edit_pull": ("PATCH", "/pulls/[0-9]+"),
    "close_issue": ("PATCH", "/issues/[0-9]+"),
}


def _lose(town: Town, effect: str, kind: str) -> None:
    if effect == "set_labels":
        town.fault_on_labels(kind)
        return
    method, path = WRITES[effect]
    town.hub.fault(method, f"/repos/{town.repo}{path}$", kind)


def _lose_pushes(town: Town, kind: str) -> None:
    # git sends a request again by itself when the connection was dropped.
    town.hub.fault("POST", f"/{town.repo}.git/git-receive-pack", kind, count=2)


def _intents(town: Town) -> list[tuple[str, str]]:
    with town.world.store.read() as tx:
        rows = tx.execute(sa.select(schema.intents.c.kind, schema.intents.c.state)).all()
    return [(r.kind, r.state) for r in rows]


def _sent_once_each(town: Town) -> None:
    """As many requests reached the hub as intents were performed, of each kind over REST."""
    absent = ("absent", "failed")
    found = Counter(
        kind for kind, state in _intents(town) if kind in WRITES and state not in absent
    )
    sent: Counter[str] = Counter()
    for line in town.writes():
        method, _, path = line.partition(" ")
        for effect, (verb, pattern) in WRITES.items():
            if verb == method and re.fullmatch(pattern, path):
                sent[effect] += 1
    del found["close_issue"]  # it only looked: GitHub had closed it by the merge
    assert sent == found


def _nothing_unresolved(town: Town) -> None:
    assert {state for _, state in _intents(town)} <= {"done", "absent", "undone"}


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_every_write_of_the_main_path_may_lose_its_answer(build_as: Build, kind: str) -> None:
    town = build_as(files=GREEN, agents={"w": WORK})
    number = town.ready()
    town.hub.reset_requests()
    for effect in ("set_labels", "write_comment", "edit_comment", "open_pull", "merge_pull"):
        _lose(town, effect, kind)
    _lose_pushes(town, kind)
    town.settles(number, Status.DONE)
    assert town.faults_left() == []
    (pull,) = town.pulls()
    assert pull["merged_at"] and town.seen(number)["state"] == "closed"
    assert town.labels(number) == set() and set(town.branches()) == {"main"}
    assert len(town.comments(number)) == 1
    _sent_once_each(town)
    _nothing_unresolved(town)
    absent = [each for each, state in _intents(town) if state == "absent"]
    assert bool(absent) == (kind == "drop_before")


@pytest.mark.long
@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_the_writes_of_a_refresh_and_the_last_steps(build: Build, kind: str) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    _lose(town, "ask_review", kind)
    task = town.waits(number, "person_merges")
    town.rests()
    town.edit_pull(task.pull.number, body="No word that closes it.")
    town.push("main", {"other.txt": "x"})
    town.config["repositories"][0]["mode"] = "auto-merge"
    town.open()
    town.hub.admin("POST", "/ci", {"paused": True})
    try:
        _lose(town, "edit_pull", kind)
        town.until(lambda: "pull_edited" in town.kinds(number))
        town.edit_pull(task.pull.number, body="No word that closes it.")
    finally:
        town.hub.admin("POST", "/ci", {"paused": False})
    _lose(town, "close_issue", kind)
    _lose_pushes(town, kind)
    town.settles(number, Status.DONE)
    assert town.faults_left() == []
    assert town.seen(number)["state"] == "closed" and set(town.branches()) == {"main"}
    _nothing_unresolved(town)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_closing_our_pull_request_may_lose_its_answer(build: Build, kind: str) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    town.waits(number, "person_merges")
    town.rests()
    _lose(town, "edit_pull", kind)
    town.people.close(number)
    task = town.settles(number, Status.CANCELLED)
    assert task.cancelled and task.cancelled.reason == "issue_closed"
    assert town.faults_left() == [] and town.pulls()[0]["state"] == "closed"
    _nothing_unresolved(town)


@pytest.mark.long
def test_a_label_that_a_person_takes_off_meanwhile_stays_off(build: Build) -> None:
    """The lost write happened, and a person undid it: his act is a command, not ours to undo."""
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    town.fault_on_labels("drop_after")
    town.until(lambda: "effect_unanswered" in town.kinds(number))
    if "In Progress" in town.labels(number):
        town.unlabel(number, "In Progress")
    task = town.settles(number, Status.CANCELLED)
    assert task.cancelled and task.cancelled.by == "alice"
    assert "In Progress" not in town.labels(number)


def test_trap_06_a_merged_pull_request_leaves_no_issue_open(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    task = town.waits(number, "person_merges")
    town.edit_pull(task.pull.number, body="No word that closes it.")
    town.merge(task.pull.number)
    town.settles(number, Status.DONE)
    assert town.seen(number)["state"] == "closed"


@pytest.mark.long
def test_a_refused_write_is_tried_again_with_patience_and_then_a_person_is_told(
    build: Build,
) -> None:
    town = build(files=GREEN, agents={"w": WORK}, limits={"backoff_seconds": 0.05})
    number = town.ready()
    town.hub.fault("PUT", f"/repos/{town.repo}/pulls/[0-9]+/merge", status=405, count=4)
    town.reaches(number, Status.BLOCKED)
    town.until(lambda: any("needs you" in c for c in town.comments_of(number)))
    assert [i for i in _intents(town) if i[0] == "merge_pull"] == [("merge_pull", "failed")] * 4
    town.label(number, "Ready")
    town.settles(number, Status.DONE)


def test_trap_37_a_rate_limit_stops_everything_until_it_is_over(build_alone: Build) -> None:
    town = build_alone(files=GREEN, agents={"w": WORK})
    number = town.ready()
    town.hub.fault("POST", f"/repos/{town.repo}/pulls$", status=429, headers={"retry-after": "60"})
    town.until(lambda: (row := town.row()) and row.not_before)
    town.hub.reset_requests()
    for _ in range(3):
        town.jobs()
    assert [r for r in town.hub.requests() if r["user"] == town.login] == []
    town.advance(61)
    town.settles(number, Status.DONE)
    assert len(town.pulls()) == 1
