"""Which acts are the traces of our own effects: the token may belong to the owner."""

from __future__ import annotations

from datetime import datetime

import pytest

from agent_os.domain.effects import CloseIssue, ClosePull, DeleteBranch, MergePull, SetLabels
from agent_os.domain.observed import Act
from agent_os.policy.echoes import Done, ours, trace_of, traces
from agent_os.policy.steps import about

from .making import NOW, act, at, sha, task

ABOUT = about(task(), "w")
LABELLED = SetLabels(**ABOUT, label="Blocked", add=("Blocked",), remove=("Ready",))
ADDED, REMOVED = "labeled:blocked", "unlabeled:ready"


def done(*left: str, intent: str = "i1", since: datetime = NOW, until: datetime = NOW) -> Done:
    return Done(intent=intent, traces=left, since=since, until=until)


def found(
    acts: list[Act], effects: list[Done], used: set[tuple[str, str]] | None = None
) -> list[int]:
    return [e.act for e in ours(acts, effects, used or set(), "Owner")]


def label(number: int, when: datetime = NOW, actor: str = "owner", name: str = "Blocked") -> Act:
    return act(number, "labeled", actor, when, label=name)


def test_what_each_effect_leaves() -> None:
    assert traces(LABELLED) == (ADDED, REMOVED)
    assert traces(CloseIssue(**ABOUT)) == ("closed",)
    assert traces(ClosePull(**ABOUT, pull=4, body="")) == ("pull:closed",)
    merge = MergePull(**ABOUT, pull=4, sha=sha("c"), method="squash", title="t")
    assert traces(merge) == ("merged", "closed", "pull:closed")
    gone = DeleteBranch(**ABOUT, branch="b", expected=sha("c"))
    assert traces(gone) == ("head_ref_deleted", "pull:closed")


@pytest.mark.parametrize(
    ("given", "on_pull", "trace"),
    [
        (label(1), False, ADDED),
        (act(1, "unlabeled", label="READY"), False, REMOVED),
        (act(1, "closed"), False, "closed"),
        (act(1, "closed"), True, "pull:closed"),
        (act(1, "merged"), True, "merged"),
    ],
)
def test_traces_of_acts(given: Act, on_pull: bool, trace: str) -> None:
    assert trace_of(given, on_pull=on_pull) == trace


def test_an_effect_accounts_for_one_act_of_each_kind() -> None:
    acts = [label(1), label(2, at(1)), act(3, "unlabeled", "owner", at(2), label="Ready")]
    assert found(acts, [done(ADDED, REMOVED)]) == [1, 3]


def test_two_effects_account_for_two_acts() -> None:
    acts = [label(1), label(2, at(1)), label(3, at(2))]
    assert found(acts, [done(ADDED), done(ADDED, intent="i2")]) == [1, 2]


def test_what_was_accounted_for_before_is_not_again() -> None:
    assert found([label(2)], [done(ADDED)], {("i1", ADDED)}) == []


@pytest.mark.parametrize(
    ("seconds", "counts"), [(-6, False), (-5, True), (0, True), (25, True), (26, False)]
)
def test_only_in_the_time_of_the_effect(seconds: int, counts: bool) -> None:
    effect = done(ADDED, since=NOW, until=at(10))
    assert found([label(1, at(seconds))], [effect]) == ([1] if counts else [])


@pytest.mark.parametrize("actor", ["alice", "ghost", ""])
def test_other_peoples_acts_are_never_ours(actor: str) -> None:
    assert found([label(1, actor=actor)], [done(ADDED)]) == []


def test_logins_and_labels_have_no_case() -> None:
    assert found([label(1, actor="OWNER", name="BLOCKED")], [done(ADDED)]) == [1]


def test_another_label_is_not_ours() -> None:
    assert found([label(1, name="In Review")], [done(ADDED)]) == []


def test_closing_the_pull_request_is_not_closing_the_issue() -> None:
    closed = act(1, "closed", "owner")
    effect = done("pull:closed")
    assert found([closed], [effect]) == []
    assert [e.act for e in ours([closed], [effect], set(), "owner", on_pull=True)] == [1]
