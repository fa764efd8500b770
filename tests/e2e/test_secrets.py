"""What the control plane knows or is told does not leave it, and is not stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import structlog

from agent_os.domain.effects import PushBranch, SetLabels, WriteComment
from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import Status, TaskKey
from agent_os.effects.applier import Applier
from agent_os.store import leases, log, memory, tasks

from .conftest import Build
from .town import Town

FAKE = "AKIA" + "QWERTYUIOPASDFGH"


def stored(town: Town) -> str:
    """The log, and what it was folded into."""
    return str(town.events()) + str(town.tasks()) + str(town.declined())


def apply(town: Town, number: int, kind: Any, **fields: Any) -> None:
    """Have an effect done that no decision wanted."""
    task = town.task(number)
    assert task is not None
    place = {"repo_id": task.repo_id, "repo": task.repo, "number": number, "round": task.round}
    lease = leases.take(town.world.store, "a test", timedelta(seconds=60))
    assert lease is not None
    with town.world.store.read() as tx:
        seen = tasks.seq(tx, TaskKey(task.repo_id, number))
    Applier(town.world, lease).apply(kind(**place, **fields), seen)
    leases.release(town.world.store, lease)


@pytest.mark.long
def test_a_token_in_an_issue_is_neither_stored_nor_repeated(build: Build) -> None:
    town = build(mode="pull-request")
    number = town.ready(f"add is wrong with {FAKE}", f"## Goal\nFix add, see {FAKE}.\n")
    task = town.waits(number, "person_merges")
    town.rests()
    assert FAKE not in stored(town) and "[key]" in task.title
    assert task.pull
    pull = town.pull(task.pull.number)
    assert FAKE not in str(pull) and "[key]" in pull["title"]
    assert FAKE not in str(town.comments(number))
    for path in (town.home / "runtime" / "attempts").rglob("*.*"):
        if path.is_file() and "work" not in path.parts:
            assert FAKE.encode() not in path.read_bytes(), path
    town.hub.reset_requests()
    town.rests()
    assert town.writes() == []  # what it wants and what it wrote are the same to it


def test_an_effect_is_sent_without_secrets_and_says_so_once(build: Build) -> None:
    town = build(mode="pull-request")
    number = town.ready()
    town.waits(number, "person_merges")
    body = f"Here: {town.token} and {FAKE}."
    apply(town, number, WriteComment, purpose="notice", state="x", body=body)
    said = [c["body"] for c in town.comments(number) if "Here:" in c["body"]]
    assert len(said) == 1 and "Here: [key] and [key]." in said[0]
    hidden = [e for e in town.events(number) if e.kind is EventKind.SECRET_HIDDEN]
    assert [e.data["kinds"] for e in hidden] == [["a secret that was given", "AWS Access Key"]]
    assert town.token not in stored(town) and FAKE not in stored(town)


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (PushBranch, {"branch": f"agent-os/{FAKE}", "sha": "0" * 40, "expected": ""}),
        (SetLabels, {"label": "", "add": (FAKE,), "remove": ()}),
    ],
)
def test_a_secret_in_a_name_blocks_the_task(build: Build, kind: Any, fields: Any) -> None:
    town = build(mode="pull-request")
    number = town.ready()
    town.waits(number, "person_merges")
    apply(town, number, kind, **fields)
    task = town.reaches(number, Status.BLOCKED)
    assert task.hold and task.hold.reason == "secret_found"
    assert FAKE not in task.hold.detail and "AWS Access Key" in task.hold.detail
    assert not any(FAKE in branch for branch in town.branches())


def test_events_lose_them_before_they_are_folded(build: Build) -> None:
    town = build(mode="dry-run")
    number = town.ready()
    task = town.waits(number, "dry_run")
    data = {"text": f"Never write {FAKE} or {town.token}."}
    now = town.world.clock.now()
    event = Event(kind=EventKind.LESSON, at=now, repo_id=task.repo_id, number=number, data=data)
    with town.world.store.write() as tx:
        log.append(town.world.store, tx, [event])
    with town.world.store.read() as tx:
        found = [one.text for one in memory.listed(tx, [task.repo_id])]
        assert found[0] == "Never write [key] or [key]."
    assert FAKE not in stored(town)


def test_log_lines_and_messages_of_errors_lose_them(capsys: pytest.CaptureFixture[str]) -> None:
    from agent_os.cli.context import configure_logging, failing
    from agent_os.domain.errors import BadInput
    from agent_os.secrets.finder import Finder

    finder = Finder(["the-token-of-ours-1"])
    before = structlog.get_config()
    try:
        configure_logging(finder.redact_data)
        try:
            raise LookupError("the-token-of-ours-1")
        except LookupError:
            structlog.get_logger().warning("x", url=f"{FAKE}/the-token-of-ours-1", exc_info=True)
    finally:
        structlog.configure(**before)
    with pytest.raises(Exception, match="1"), failing(finder.redact):
        raise BadInput(f"It is the-token-of-ours-1 or {FAKE}.")
    said = capsys.readouterr().err
    assert said.count("[key]") >= 4 and "It is [key] or [key]." in said
    assert "the-token-of-ours-1" not in said and FAKE not in said
