"""What people made of a proposal, and kinds that stop because people mostly disagree."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent_os.domain.observed import Act
from agent_os.policy.grooming import answers
from agent_os.policy.grooming.answers import Answer, Past, Thumbs
from agent_os.policy.grooming.backlog import Item
from agent_os.policy.grooming.finding import Kind

from .making import LABELS, NOW

BODY = "It is wrong."
ITEM = Item(number=1, title="T", body=BODY, created_at=NOW, updated_at=NOW)
LISTED = f"{BODY}\n## Acceptance criteria\n- right\n"


def act(kind: str, actor: str = "alice", **more: Any) -> Act:
    return Act(id=1, kind=kind, actor=actor, at=NOW, **more)


def answer(
    kind: Kind, *acts: Act, closed: bool = False, up: int = 0, down: int = 0, **more: Any
) -> Answer:
    past = Past(number=1, kind=kind, digest=ITEM.digest, at=NOW, comment=3, closed=closed)
    return answers.answer(
        past, ITEM.model_copy(update=more), acts, Thumbs(up=up, down=down), LABELS
    )


SAID = act("commented", text="no, it is needed")
CLOSED = act("closed")


@pytest.mark.parametrize(
    ("name", "found", "expected"),
    [
        ("nothing", answer(Kind.STALE), Answer.SILENT),
        ("a mention elsewhere", answer(Kind.STALE, act("cross-referenced")), Answer.SILENT),
        ("a bot", answer(Kind.STALE, act("commented", "ci[bot]")), Answer.SILENT),
        (
            "our own words",
            answer(Kind.STALE, act("commented", text="x <!-- agent-os")),
            Answer.SILENT,
        ),
        ("a comment", answer(Kind.STALE, SAID), Answer.CONTRADICTED),
        ("thumbs down", answer(Kind.STALE, down=1), Answer.CONTRADICTED),
        ("thumbs up", answer(Kind.STALE, up=1), Answer.AGREED),
        ("closed", answer(Kind.STALE, CLOSED, open=False), Answer.AGREED),
        ("closed with a word", answer(Kind.STALE, SAID, CLOSED, open=False), Answer.AGREED),
        ("closed and reopened", answer(Kind.STALE, CLOSED, act("reopened")), Answer.CHANGED),
        ("our close undone", answer(Kind.STALE, act("reopened"), closed=True), Answer.CONTRADICTED),
        ("a label", answer(Kind.STALE, act("labeled", label="x")), Answer.CHANGED),
        ("rewritten", answer(Kind.STALE, body="new"), Answer.CHANGED),
        (
            "ours taken off",
            answer(Kind.NO_CRITERIA, act("unlabeled", label="Needs criteria")),
            Answer.CONTRADICTED,
        ),
        (
            "criteria written",
            answer(Kind.NO_CRITERIA, act("unlabeled", label="needs criteria"), body=LISTED),
            Answer.AGREED,
        ),
        ("something written", answer(Kind.NO_CRITERIA, body="new"), Answer.CHANGED),
        (
            "a type set",
            answer(Kind.NO_TYPE, act("labeled", label="bug"), labels=("bug",)),
            Answer.AGREED,
        ),
        ("ready", answer(Kind.UNBLOCKED, act("labeled", label="Ready")), Answer.AGREED),
        ("relabelled", answer(Kind.WRONG_LABEL, act("unlabeled", label="bug")), Answer.AGREED),
        ("split", answer(Kind.OVERSIZED, body="less"), Answer.AGREED),
    ],
)
def test_answers(name: str, found: Answer, expected: Answer) -> None:
    assert found is expected, name


@pytest.mark.parametrize(
    ("wrong", "judged", "stops"),
    [
        (0, 0, False),
        (3, 3, False),
        (4, 4, False),
        (5, 5, True),
        (6, 8, False),
        (7, 8, True),
        (8, 10, False),
        (9, 11, True),
        (30, 60, False),
        (40, 60, True),
    ],
)
def test_trap_14_a_kind_stops_by_an_interval_not_by_a_ratio_of_three(
    wrong: int, judged: int, stops: bool
) -> None:
    given = [Answer.CONTRADICTED] * wrong + [Answer.SILENT] * (judged - wrong)
    found = answers.stopped({Kind.STALE: given, Kind.CYCLE: [Answer.AGREED]})
    assert set(found) == ({Kind.STALE} if stops else set())


def test_times_are_ordered() -> None:
    assert timedelta(days=7) < answers.SILENT_FOR < answers.REMEMBERED
