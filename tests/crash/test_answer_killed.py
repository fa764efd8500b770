"""`kill -9` around the post of an answer: exactly one comment, and the round is over."""

from __future__ import annotations

import signal

import pytest

from agent_os.domain.tasks import Status

from .aftermath import sent_once
from .conftest import Make
from .ground import Drives, Ground

SAY = "printf -- 'It subtracts.\\n\\n## Sources\\n- `calc.py:2`\\n' > .agent_answer.md"
#: The second comment of ours is the answer; the first shows the state.
POINTS = [
    "write_comment.performed#2",
    *(
        pytest.param(point, marks=pytest.mark.long)
        for point in (
            "write_comment.intended#2",
            "write_comment.recorded#2",
            "accept_outcome.performed#1",
            "close_issue.performed#1",
        )
    ),
]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at(make: Make, drives: Drives, point: str) -> None:
    ground = make(agents={"fixer": {"driver": "command", "command": SAY}})
    ground.ask("POST", f"/issues/{ground.number}/labels", {"labels": ["question"]})
    assert ground.drive(drives, point=point) == -signal.SIGKILL, ground.story()
    ground.finishes(drives)
    answered_once(ground)


def answered_once(ground: Ground) -> None:
    task = ground.task()
    assert task is not None and task.status is Status.DONE and task.settled, ground.story()
    comments = ground.ask("GET", f"/issues/{ground.number}/comments?per_page=100")
    found = [c["id"] for c in comments if "It subtracts." in c["body"]]
    assert task.answered is not None and found == [task.answered.comment]
    assert len(task.attempts) == 1 and ground.pulls() == []
    assert ground.ask("GET", f"/issues/{ground.number}")["state"] == "closed"
    sent_once(ground)
