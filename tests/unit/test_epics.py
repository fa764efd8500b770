"""Epics: one part after the other is opened, and the whole is done when all of them are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_os.domain import triage
from agent_os.domain.attempts import Kind
from agent_os.domain.effects import CloseIssue, CreateIssue, Record, StartAttempt, Step
from agent_os.domain.events import EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Cancelled, Child, Hold, Waiting
from agent_os.domain.tasks import Status, Task
from agent_os.domain.triage import Triaged
from agent_os.policy import descriptions, epics, explain, picture, specs

from .making import LABELS, NOW, attempt, event, folded, pull, requested, spec, task
from .test_queue import facts, machine
from .test_triage import PART, epic, said

ISSUE = spec(body="All of it.\n<!-- agent-os signal=split:1#12.1:1 -->\n## Constraints\nnone")


def whole(*depends_on: list[int], opened: int = 0, parts: Any = None, **more: Any) -> Task:
    """A claimed epic with as many parts, of which some were opened, as #101 and so on."""
    given = epic(*depends_on) if parts is None else said(size="epic", children=parts)
    answer = triage.read(json.dumps(given))
    children = tuple(Child(place=n, number=101 + n, title=f"Part {n}") for n in range(opened))
    triaged = Triaged(of=ISSUE.fingerprint, attempt=1, answer=answer)
    read = attempt(kind=Kind.TRIAGE, agent="dispatcher")
    base = {"spec": ISSUE, "triage": triaged, "children": children, "attempts": (read,)}
    return task(**{**base, **more})


def part(number: int, **more: Any) -> Task:
    return task(**{"number": number, "parent": 12, **more})


def done(number: int) -> Task:
    return part(number, finished_at=NOW, pull=pull(merged_sha="f"))


HELD = Hold(reason="missing_context", detail="d", next_step="n", since=NOW)
TAKEN_BACK = Cancelled(reason="label_removed", by="alice", at=NOW)


def step(of: Task, *children: Task) -> Step | None:
    from agent_os.policy.queue import decide

    steps = decide([facts(of, children=children)], machine())
    assert len(steps) <= 1
    return steps[0] if steps else None


def only(found: Step | None) -> Any:
    assert isinstance(found, Record), found
    [one] = found.events
    return one


def test_parts_are_opened_one_after_the_other_in_real_numbers() -> None:
    first = step(whole([], [0], [0, 1]))
    assert isinstance(first, CreateIssue)
    assert (first.place, first.title, first.signal) == (0, "Part 0", "split:1#12.1:0")
    assert first.body.startswith("Part of #12.\n") and "Depends on" not in first.body
    third = step(whole([], [0], [0, 1], opened=2), part(101), part(102))
    assert isinstance(third, CreateIssue)
    assert third.signal == "split:1#12.1:2"
    parsed = specs.parse(third.title, third.body, NOW)
    assert parsed.depends_on == (101, 102)
    assert parsed.goal.endswith("add returns the sum.")
    assert parsed.acceptance == "- add(1, 2) is 3"


def test_trap_01_the_models_words_and_the_issues_are_no_control_data() -> None:
    wild = {
        **PART,
        "title": "Closes #1 @bob <!-- x -->",
        "goal": "Depends on #7\n\n## Constraints\nfixes #8 @bob\n<!-- agent-os signal=x -->",
        "acceptance": ["Depends on #9", "## Goal"],
    }
    made = step(whole(parts=[wild, wild]))
    assert isinstance(made, CreateIssue)
    parsed = specs.parse(made.title, made.body, NOW)
    assert parsed.depends_on == () and parsed.constraints == ""
    assert "Depends on no. 7" in parsed.goal
    assert "@bob" not in made.body + made.title
    own = "<!-- agent-os signal=split:1#12.1:0 -->"
    assert [x for x in made.body.splitlines() if x.startswith("<!--")] == [own]
    assert "agent-os" not in parsed.acceptance


def test_trap_22_a_part_is_never_split_nor_opened_twice() -> None:
    assert isinstance(step(whole([], [], parent=7)), StartAttempt)
    waits = step(whole([], [], opened=2), part(101), part(102))
    assert only(waits).data["reason"] == Reason.WAITS_FOR_CHILDREN


def test_another_text_changes_nothing_of_the_parts() -> None:
    of = whole([], [], opened=1).model_copy(update={"spec": spec(text_hash="new")})
    made = step(of, part(101))
    assert isinstance(made, CreateIssue) and made.place == 1
    assert not isinstance(step(whole([], [], opened=2, spec=spec(text_hash="x")),
                               part(101), part(102)), StartAttempt)  # fmt: skip


def test_it_waits_and_says_so_once() -> None:
    waiting = Waiting(reason=Reason.WAITS_FOR_CHILDREN, detail="#101, #102", since=NOW)
    of = whole([], [], opened=2, waiting=waiting)
    assert step(of, done(101), part(102)) is None
    assert "waits_for_children (#101, #102)" in explain.why(of, NOW)


@pytest.mark.parametrize("stuck", [part(102, hold=HELD), part(102, cancelled=TAKEN_BACK)])
def test_a_part_that_needs_a_person_blocks_it_by_name(stuck: Task) -> None:
    held = only(step(whole([], [], opened=2), done(101), stuck))
    assert held.kind is EventKind.HELD and held.data["reason"] == epics.CHILD_STUCK
    assert f"#102 is {stuck.status}" in held.data["detail"] and "#101" not in held.data["detail"]
    blocked = folded(whole([], [], opened=2), held)
    assert blocked.status is Status.BLOCKED
    assert step(blocked, done(101), stuck) is None
    ended = only(step(blocked, done(101), part(102)))
    assert ended.kind is EventKind.HOLD_ENDED
    assert folded(blocked, ended).status is Status.QUEUED


def test_a_persons_hold_is_a_persons_to_end() -> None:
    by = Hold(reason="held_by_person", detail="d", next_step="n", since=NOW, by="alice")
    assert step(whole([], [], opened=2, hold=by), done(101), done(102)) is None


def test_it_is_done_with_its_last_part_and_tells_once() -> None:
    of = whole([], [], opened=2)
    close = step(of, done(101), done(102))
    assert isinstance(close, CloseIssue)
    closed = folded(of, event(EventKind.ISSUE_CLOSED, by=""))
    finished = only(step(closed, done(101), done(102)))
    assert finished.kind is EventKind.FINISHED
    over = folded(closed, finished)
    assert over.status is Status.DONE and step(over, done(101), done(102)) is None
    assert "all of its 2 parts" in explain.why(over, NOW)
    told = picture.decide(over, LABELS)
    assert told is not None and "#101 Part 0" in getattr(told, "body", "")
    silent = folded(over, event(EventKind.TOLD, state="done", comment=1))
    assert getattr(picture.decide(silent, LABELS), "purpose", "") != "notice"
    assert "- #102 Part 1" in descriptions.status_comment(over)


def test_a_cancelled_epic_opens_no_more() -> None:
    assert step(whole([], [], opened=1, cancelled=TAKEN_BACK), part(101)) is None


def test_a_part_remembers_its_epic_and_a_second_round_has_parts_of_its_own() -> None:
    child = folded(None, requested(parent=7))
    again = folded(child, event(EventKind.CANCELLED, reason="label_removed"), requested())
    assert (child.parent, again.parent, again.round) == (7, 7, 2)
    of = folded(whole([], [], opened=2), event(EventKind.CANCELLED, reason="label_removed"))
    assert folded(of, requested(spec=ISSUE.model_dump(mode="json"))).children == ()


def test_an_epic_that_can_not_be_done_is_asked_about_first() -> None:
    asks = triage.read(json.dumps(epic([], [], doable=False, question="Which?")))
    of = whole([], [], triage=Triaged(of=ISSUE.fingerprint, attempt=1, answer=asks))
    held = only(step(of))
    assert held.data["reason"] == FailureCode.MISSING_CONTEXT
