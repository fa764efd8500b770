"""`kill -9` around what an agent asked for: each request is done exactly once."""

from __future__ import annotations

import signal

import pytest

from agent_os.domain.tasks import Status

from .aftermath import sent_once
from .conftest import Make
from .fates import STAGES
from .ground import FIX, Drives, Ground

ASKS = """
cat > .agent_result.md <<'E'
---
status: complete
requests:
  - {kind: comment, text: A word on it.}
  - {kind: follow_up, title: Next, body: Do this next.}
  - {kind: question, text: 'Is it right?'}
  - {kind: label, label: needs docs}
---
## Summary
Done.
E
"""
#: The first two comments of ours are requests, as is the second change of labels.
KILLED = [
    *(f"create_issue.{stage}#1" for stage in STAGES),
    *(f"write_comment.{stage}#{n}" for stage in STAGES for n in (1, 2, 3)),
    *(f"set_labels.{stage}#{n}" for stage in STAGES for n in (2, 3)),
    *(f"accept_outcome.{stage}#1" for stage in STAGES),
]
DEFAULT = ("create_issue.performed#1",)
POINTS = [p if p in DEFAULT else pytest.param(p, marks=pytest.mark.long) for p in KILLED]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at(make: Make, drives: Drives, point: str) -> None:
    ground = make(
        agents={"fixer": {"driver": "command", "command": FIX + ASKS}},
        grant={"labels": ["needs docs"]},
    )
    assert ground.drive(drives, point=point) == -signal.SIGKILL, ground.story()
    ground.finishes(drives)
    each_once(ground)


def each_once(ground: Ground) -> None:
    task = ground.task()
    assert task is not None and task.status is Status.DONE and task.settled, ground.story()
    assert [(bool(a.done), a.refused) for a in task.asked] == [(True, "")] * 4
    found = [i for i in ground.ask("GET", "/issues?state=all") if "pull_request" not in i]
    assert sorted(i["title"] for i in found) == ["Next", "add is wrong"], ground.story()
    bodies = [c["body"] for c in ground.ask("GET", f"/issues/{ground.number}/comments")]
    for words in ("A word on it.", "Is it right?"):
        assert sum(words in body for body in bodies) == 1, bodies
    labels = [label["name"] for label in ground.ask("GET", f"/issues/{ground.number}")["labels"]]
    assert labels == ["needs docs"]
    events = ground.ask("GET", f"/issues/{ground.number}/events?per_page=100")
    assert [(e.get("label") or {}).get("name") for e in events].count("needs docs") == 1
    sent_once(ground)
