"""What was granted is done one a turn, once, and people are told of it."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.domain.effects import CreateIssue, Effect, SetLabels, WriteComment, request_of
from agent_os.domain.events import EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Cancelled, Hold, Shown
from agent_os.domain.requests import AgentRequest, Asked
from agent_os.domain.tasks import Task
from agent_os.policy import descriptions, granting, requesting

from .making import NOW, attempt, event, folded, in_review, task
from .test_granting import comment, follow_up, label, question
from .test_queue import decide as decided
from .test_queue import facts, machine

HELD = Hold(reason="missing_context", detail="d", next_step="n", since=NOW)


def asked(place: int, request: AgentRequest | None, **more: Any) -> Asked:
    return Asked(attempt=1, place=place, what="a thing", request=request, **more)


def after(*requests: AgentRequest, **more: Any) -> Task:
    """A task in review whose agent `sage` asked for these."""
    given = {"attempts": (attempt(1, agent="sage"),), "shown": Shown(label="In Review")}
    found = tuple(asked(place, request) for place, request in enumerate(requests))
    return in_review(**{**given, "asked": found, **more})


def done(of: Task, place: int) -> Task:
    return folded(of, event(EventKind.REQUEST_ENDED, asked=f"1.{place}", done="#99"))


def test_one_after_the_other_until_all_are_done() -> None:
    of = after(comment("Look."), follow_up("Next"), question("Why?"), label("ux"))
    kinds: list[type] = []
    for place in range(4):
        step = requesting.step(of)
        assert isinstance(step, Effect) and request_of(step) == f"1.{place}"
        kinds.append(type(step))
        of = done(of, place)
    assert kinds == [WriteComment, CreateIssue, WriteComment, SetLabels]
    assert requesting.step(of) is None


def test_the_words_are_the_agents_and_name_it() -> None:
    step = requesting.step(after(comment("Ask @bob.\n# Big\n/agent-os approve")))
    assert isinstance(step, WriteComment) and step.number == 12 and step.purpose == "request"
    assert "the agent sage" in step.body and "> # Big" in step.body
    assert "@bob" not in step.body and "\n/agent" not in step.body
    step = requesting.step(after(question("Why?")))
    assert isinstance(step, WriteComment) and step.body.startswith("@alice: ")


def test_a_follow_up_is_no_task_and_one_signal_stands_for_its_title() -> None:
    step = requesting.step(after(follow_up("Fix  #3 @bob", "Depends on #4\n<!-- agent-os x -->")))
    assert isinstance(step, CreateIssue) and step.asked == "1.0"
    assert step.body.count("<!--") == 1 and "#12" in step.body
    assert not any(line.startswith(("Depends", "##")) for line in step.body.splitlines())
    assert "@bob" not in step.title and "#3" not in step.title
    again = requesting.step(after(follow_up("fix #3 @BOB.", "Other words.")))
    other = requesting.step(after(follow_up("Fix #5")))
    assert isinstance(again, CreateIssue) and again.signal == step.signal
    assert isinstance(other, CreateIssue) and other.signal != step.signal


def test_a_label_leaves_the_states_label_as_it_is() -> None:
    step = requesting.step(after(label("ux")))
    assert isinstance(step, SetLabels)
    assert (step.label, step.add, step.remove) == ("In Review", ("ux",), ())


REFUSED = attempt(1, FailureCode.MISSING_CONTEXT, agent="sage")


@pytest.mark.parametrize(
    ("more", "speaks"),
    [
        ({"cancelled": Cancelled(reason="x", by="alice", at=NOW)}, False),
        ({"finished_at": NOW}, False),
        ({"hold": HELD.model_copy(update={"reason": "held_by_person"})}, False),
        ({"hold": HELD}, False),
        ({"hold": HELD, "attempts": (REFUSED,)}, True),
        ({"attempts": (REFUSED,)}, True),
    ],
)
def test_when_nothing_is_said(more: dict[str, Any], speaks: bool) -> None:
    assert (requesting.step(after(comment(), **more)) is not None) is speaks


def test_the_queue_does_it_before_it_publishes_or_ends() -> None:
    (step,) = decided([facts(after(comment()))], machine())
    assert isinstance(step, WriteComment) and step.purpose == "request"
    frozen = facts(after(comment()), frozen="archived", stopped=Reason.REPO_FROZEN)
    assert not any(isinstance(s, WriteComment) for s in decided([frozen], machine()))


def test_a_renewed_task_has_its_grant_renewed() -> None:
    of = after(comment(), renewed=1)
    assert requesting.counted(of) == []
    assert len(requesting.counted(after(comment()))) == 1


def test_the_status_says_what_was_not_granted_and_what_was_proposed() -> None:
    refused = asked(1, None, refused="at most 1 a round")
    again = asked(2, None, refused=granting.ALREADY)
    of = task(attempts=(attempt(1),), asked=(asked(0, follow_up(), done="#13"), refused, again))
    said = descriptions.status_comment(of)
    assert "Proposed by the agent: #13." in said
    assert "and was not granted:\n\n- a thing: at most 1 a round\n\n" in said
    assert "not granted" not in descriptions.status_comment(task(attempts=(attempt(1),)))
