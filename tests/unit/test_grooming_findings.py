"""The groomer's findings about issues: tables of cases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent_os.domain.failures import FailureCode
from agent_os.domain.rules import LabelRules
from agent_os.domain.tasks import Status
from agent_os.policy import granting
from agent_os.policy.grooming import found
from agent_os.policy.grooming.backlog import Backlog, Known, Landed
from agent_os.policy.grooming.finding import LABELS

from .grooming import CRITERIA, backlog, item, task
from .making import NOW, sha

DAY = timedelta(days=1)


def kinds(found_in: Backlog) -> set[tuple[int, str]]:
    return {(one.number, one.kind.value) for one in found.findings(found_in)}


OLD = item(updated_at=NOW - 100 * DAY)
WANTED = item(body="no list", planned=True)
TWIN = item(2, "Here, the sum is wrong")
LAST = Landed(sha=sha("a"), at=NOW - DAY, message="Mend it\n\nFixes #1")


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("a fresh issue is well", backlog(item()), set()),
        ("nothing moved for long", backlog(OLD), {(1, "stale")}),
        ("not for so long", backlog(OLD, stale_days=120), set()),
        ("somebody plans it", backlog(OLD.model_copy(update={"planned": True})), set()),
        ("it is ready", backlog(OLD.model_copy(update={"labels": ("Ready",)})), set()),
        ("it is excluded", backlog(OLD.model_copy(update={"labels": ("WontFix",)})), set()),
        ("it is at work", backlog(OLD, tasks=task(Status.RUNNING)), set()),
        ("it is in review", backlog(OLD, tasks=task(Status.IN_REVIEW)), set()),
        ("it is blocked", backlog(OLD, tasks=task(Status.BLOCKED)), set()),
        ("it is over", backlog(OLD, tasks=task(Status.CANCELLED)), {(1, "stale")}),
        ("it is locked", backlog(OLD.model_copy(update={"locked": True})), set()),
        ("a sprint's page", backlog(OLD, filed={1: "planner"}), set()),
        ("wanted, without criteria", backlog(WANTED), {(1, "no-criteria")}),
        ("nobody asks for it", backlog(item(body="no list")), set()),
        ("one that is talked of", backlog(item(body="x", comments=2)), {(1, "no-criteria")}),
        (
            "a question needs none",
            backlog(item(body="x", planned=True, labels=("question",))),
            set(),
        ),
        ("twins", backlog(item(), TWIN), {(2, "duplicate")}),
        ("a twin that is closed", backlog(TWIN, closed=(item(open=False),)), {(2, "duplicate")}),
        (
            "a twin closed as a duplicate says nothing",
            backlog(TWIN, closed=(item(open=False, reason="duplicate"),)),
            set(),
        ),
        (
            "two parts of one epic",
            backlog(
                item(),
                TWIN,
                tasks={n: Known(status=Status.CANCELLED, parent=9) for n in (1, 2)},
            ),
            set(),
        ),
        ("two that we filed", backlog(item(), TWIN, filed={1: "analyzer", 2: "analyzer"}), set()),
        (
            "one names the other",
            backlog(item(), TWIN.model_copy(update={"body": "as in #1"})),
            set(),
        ),
        ("a commit ends it", backlog(item(), landed=(LAST,)), {(1, "solved")}),
        (
            "a commit before it was opened",
            backlog(item(created_at=NOW), landed=(LAST,)),
            set(),
        ),
        (
            "a commit that was reverted",
            backlog(
                item(),
                landed=(
                    Landed(
                        sha=sha("b"), at=NOW, message=f"Undo\n\nThis reverts commit {sha('a')}."
                    ),
                    LAST,
                ),
            ),
            set(),
        ),
        (
            "a part of it",
            backlog(item(), landed=(LAST.model_copy(update={"message": "Part of #1"}),)),
            set(),
        ),
        (
            "a commit with its title",
            backlog(
                item(title="Sum is wrong"),
                landed=(LAST.model_copy(update={"message": "Sum is wrong (#7)"}),),
            ),
            set(),  # too few words to tell one thing from another
        ),
        (
            "a commit with its title, long enough",
            backlog(
                item(title="The sum of two columns is wrong"),
                landed=(LAST.model_copy(update={"message": "Sum of two columns was wrong (#7)"}),),
            ),
            {(1, "solved")},
        ),
        (
            "our own merge, and a person reopened it",
            backlog(item(), landed=(LAST,), tasks=task(Status.DONE, merged=True)),
            set(),
        ),
        ("too much", backlog(item(body=CRITERIA + "- more\n" * 8)), {(1, "oversized")}),
        (
            "much, and of payments",
            backlog(item(title="Payments by card", body=CRITERIA + "- m\n" * 4)),
            {(1, "oversized")},
        ),
        ("of payments, but small", backlog(item(title="Payments by card")), set()),
        (
            "two types",
            backlog(item(labels=("bug", "documentation"))),
            {(1, "wrong-label")},
        ),
        (
            "two priorities",
            backlog(item(labels=("bug", "priority: high", "priority: low"))),
            {(1, "wrong-label")},
        ),
        (
            "docs called a bug",
            backlog(item(title="Docs: say it", labels=("bug",))),
            {(1, "wrong-label")},
        ),
        (
            "no type, where others have one",
            backlog(item(planned=True), item(3, "Another thing altogether", labels=("bug",))),
            {(1, "no-type")},
        ),
        ("no type, where nobody has one", backlog(item(planned=True)), set()),
        (
            "a cycle",
            backlog(
                item(body=f"Depends on #2\n{CRITERIA}"),
                item(2, "Another one", body="Depends on #1"),
            ),
            {(1, "cycle")},
        ),
    ],
)
def test_findings(name: str, given: Backlog, expected: set[tuple[int, str]]) -> None:
    assert kinds(given) == expected, name


HELD = NOW - 3 * DAY
BLOCKED = item(labels=("Blocked",), updated_at=NOW - 100 * DAY)


def held(reason: str, **more: Any) -> dict[int, Known]:
    return task(Status.BLOCKED, hold=reason, held_at=HELD, **more)


@pytest.mark.parametrize(
    ("name", "more", "gone"),
    [
        (
            "its dependency is closed",
            {"tasks": held("x", depends_on=(5,)), "closed": (item(5, open=False),)},
            True,
        ),
        ("it is open", {"tasks": held("x", depends_on=(5,))}, False),
        (
            "one of two is",
            {"tasks": held("x", depends_on=(5, 6)), "closed": (item(5, open=False),)},
            False,
        ),
        ("base was green since", {"tasks": held("base_red"), "green_at": NOW}, True),
        ("base was green before", {"tasks": held("base_red"), "green_at": HELD - DAY}, False),
        ("a new key", {"tasks": held(FailureCode.AUTH_FAILED, new_key=True)}, True),
        ("the old key", {"tasks": held(FailureCode.AUTH_FAILED)}, False),
        (
            "the variable is there",
            {
                "tasks": held("needs_credentials", detail="It needs PAY_TOKEN."),
                "lent": ("PAY_TOKEN",),
            },
            True,
        ),
        (
            "another one is",
            {"tasks": held("needs_credentials", detail="It needs PAY_TOKEN."), "lent": ("A_B",)},
            False,
        ),
        (
            "a credential without a name",
            {"tasks": held("needs_credentials", detail="a key")},
            False,
        ),
    ],
)
def test_what_blocked_is_gone_by_our_record_only(
    name: str, more: dict[str, Any], gone: bool
) -> None:
    assert kinds(backlog(BLOCKED, **more)) == ({(1, "unblocked")} if gone else set()), name


def test_labels_of_ours_command_nothing() -> None:
    assert not any(granting.steers(label, LabelRules()) for label in LABELS.values())
