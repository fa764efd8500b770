"""What needs a person's approval, and what counts as one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from agent_os.domain.approvals import (
    ApprovalRules,
    Ask,
    Asked,
    LabelAct,
    PullComment,
    Rule,
    Words,
)
from agent_os.domain.attempts import Kind
from agent_os.domain.effects import MergePull, TakeApproval, WriteComment
from agent_os.domain.events import EventKind
from agent_os.domain.observed import Review
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Waiting
from agent_os.domain.rules import Mode
from agent_os.domain.tasks import Task
from agent_os.policy import approval_rows, approving, descriptions, merging, picture
from agent_os.policy.approving import COMMAND, Said, Worker, approval, void_label
from agent_os.policy.echoes import Done

from .making import LABELS, NOW, at, attempt, evidence, in_review, pull, result, rules, sha
from .test_merging import LATER, facts, kinds, said, waits, wants

MAY = {"alice": True, "bob": True, "mallory": False, "us": True, "app[bot]": True}
DEAR = Ask(rule=Rule.DEPENDENCIES, what="it adds left-pad", where=("a.txt",))
LABEL = LABELS.approved


def heard(**more: Any) -> Said:
    """Of the head `c`, that was there at NOW."""
    given: dict[str, Any] = {"head": sha("c"), "head_at": NOW, "may": MAY, "login": "us"}
    return Said(**{**given, **more})


def review(author: str = "bob", state: str = "approved", number: int = 1, **more: Any) -> Review:
    given: dict[str, Any] = {"body": "", "commit": sha("c"), "at": LATER}
    return Review(id=number, author=author, state=state, **{**given, **more})


def labelled(actor: str = "alice", when: datetime = LATER, *before: LabelAct) -> Words:
    return Words(labelled=True, label_acts=(*before, LabelAct(actor=actor, at=when, on=True)))


def comment(body: str = COMMAND, author: str = "alice", **more: Any) -> Words:
    given: dict[str, Any] = {"at": LATER, **more}
    made = PullComment(id=1, author=author, body=body, **given)
    return Words(comments=(made,))


OURS = (Done(intent="i", traces=(), since=LATER, until=LATER),)
SOON = at(2)  # our clock is known to be GitHub's to two seconds
SAID: list[tuple[str, Said, str]] = [
    ("nothing", heard(), ""),
    ("review", heard(reviews=(review(),)), "review by bob"),
    ("of another commit", heard(reviews=(review(commit=sha("b")),)), ""),
    ("of a commit that is gone", heard(reviews=(review(commit=""),)), ""),
    ("a stranger's", heard(reviews=(review("mallory"),)), ""),
    ("somebody's whose permission was not read", heard(reviews=(review("eve"),)), ""),
    ("by our login", heard(reviews=(review("US"),), may={**MAY, "US": True}), ""),
    ("a program's review", heard(reviews=(review("app[bot]"),)), ""),
    ("a program's label", heard(words=labelled("app[bot]")), ""),
    ("a program's comment", heard(words=comment(author="app[bot]")), ""),
    ("a comment of a review", heard(reviews=(review(state="commented"),)), ""),
    ("a review that was dismissed", heard(reviews=(review(state="dismissed"),)), ""),
    (
        "taken back by its author",
        heard(reviews=(review(), review("bob", "changes_requested", 2, at=at(minutes=6)))),
        "",
    ),
    (
        "a word after it keeps it",
        heard(reviews=(review(), review("bob", "commented", 2, at=at(minutes=6)))),
        "review by bob",
    ),
    (
        "changes asked for later by another",
        heard(reviews=(review(), review("alice", "changes_requested", 2, at=at(minutes=6)))),
        "",
    ),
    (
        "changes asked for by a stranger",
        heard(reviews=(review(), review("mallory", "changes_requested", 2, at=at(minutes=6)))),
        "review by bob",
    ),
    (
        "changes asked for before",
        heard(reviews=(review("alice", "changes_requested", at=at(60)), review("bob", number=2))),
        "review by bob",
    ),
    ("label", heard(words=labelled()), "label by alice"),
    ("label without an act", heard(words=Words(labelled=True)), ""),
    ("label that is gone", heard(words=labelled().model_copy(update={"labelled": False})), ""),
    ("a stranger's label", heard(words=labelled("mallory")), ""),
    ("label before the commit", heard(words=labelled(when=at(-60))), ""),
    ("label as the commit came", heard(words=labelled(when=SOON)), ""),
    (
        "label since it was opened",
        heard(words=labelled(when=at(-60)), head_at=None),
        "label by alice",
    ),
    ("label by us as the owner", heard(words=labelled("us")), "label by us"),
    ("label by an effect of ours", heard(words=labelled("us"), labelled=OURS), ""),
    (
        "set anew by a stranger",
        heard(words=labelled("mallory", LATER, LabelAct(actor="alice", at=at(60), on=True))),
        "",
    ),
    ("comment", heard(words=comment()), "comment by alice"),
    ("comment with more below", heard(words=comment(f" {COMMAND} \nthanks")), "comment by alice"),
    ("not the first line", heard(words=comment(f"no\n{COMMAND}")), ""),
    ("a quotation", heard(words=comment(f"> {COMMAND}")), ""),
    ("more on the line", heard(words=comment(f"{COMMAND} not")), ""),
    ("an empty comment", heard(words=comment(" \n")), ""),
    ("a stranger's comment", heard(words=comment(author="mallory")), ""),
    ("comment before the commit", heard(words=comment(at=at(-60))), ""),
    ("with our mark", heard(words=comment(f"{COMMAND}\n<!-- agent-os effect=1 -->", "us")), ""),
    ("written by an effect of ours", heard(words=comment(author="us"), wrote=OURS), ""),
    ("written by us as the owner", heard(words=comment(author="us")), "comment by us"),
    ("edited by one who may", heard(words=comment(editor="bob")), "comment by alice"),
    ("edited by a stranger", heard(words=comment(editor="mallory")), ""),
    (
        "a stranger's, edited by one who may",
        heard(words=comment(author="mallory", editor="bob")),
        "",
    ),
]


@pytest.mark.parametrize(("name", "heard_", "expected"), SAID, ids=[name for name, *_ in SAID])
def test_what_counts_as_an_approval(name: str, heard_: Said, expected: str) -> None:
    found = approval(heard_)
    assert (f"{found.how} by {found.by}" if found else "") == expected


@pytest.mark.parametrize(
    ("words", "void"),
    [
        (Words(), False),
        (labelled(), False),
        (labelled(when=at(-60)), True),
        (labelled("mallory"), True),
        (labelled().model_copy(update={"labelled": False}), False),
    ],
)
def test_a_label_that_says_what_is_not_so(words: Words, void: bool) -> None:
    assert void_label(heard(words=words)) is void


# the merge decision


def needing(*asks: Ask, **more: Any) -> Task:
    """In review, with a result that asks for approval; it was noted already."""
    met = asks or (DEAR,)
    found = evidence().model_copy(update={"asks": met})
    known = pull(asked=Asked(head=sha("c"), asks=met), **more.pop("pull", {}))
    return in_review(result=result(evidence=found), pull=known, **more)


@pytest.mark.parametrize("mode", [Mode.AUTO_MERGE, Mode.PULL_REQUEST])
def test_trap_26_nothing_that_needs_approval_goes_on_without_one(mode: Mode) -> None:
    for nothing in (None, heard(), heard(reviews=(review("mallory"),))):
        found = merging.decide(facts(needing(), rules=rules(mode), said=nothing))
        assert waits(found) == (Reason.NEEDS_APPROVAL, "it adds left-pad")


def test_an_approval_of_another_head_than_the_result_is_none() -> None:
    other = heard(head=sha("d"), reviews=(review(commit=sha("d")),))
    assert waits(merging.decide(facts(needing(), said=other)))[0] is Reason.NEEDS_APPROVAL


def test_an_approved_commit_is_noted_and_merged() -> None:
    good = heard(reviews=(review(),))
    assert kinds(merging.decide(facts(needing(), said=good))) == [EventKind.APPROVED]
    noted = needing(pull={"approved_head": sha("c"), "approved_by": "bob"})
    step = merging.decide(facts(noted, said=good))
    assert isinstance(step, MergePull) and step.why.endswith("approved by bob")
    # What was noted decides nothing: the word is looked for again.
    assert waits(merging.decide(facts(noted, said=heard())))[0] is Reason.NEEDS_APPROVAL


def test_what_is_needed_is_noted_first() -> None:
    task_ = needing().model_copy(update={"pull": pull()})
    step = merging.decide(facts(task_, said=heard(reviews=(review(),))))
    assert kinds(step) == [EventKind.APPROVAL_ASKED]


def test_a_void_label_goes_also_while_an_attempt_is_wanted() -> None:
    stale = heard(words=labelled(when=at(-60)).model_copy(update={"node": "PR_1"}))
    for one in (needing(), in_review(result=None)):
        step = merging.decide(facts(one, said=stale))
        assert isinstance(step, TakeApproval) and step.remove == (LABEL,)
        assert (step.pull, step.node, step.head) == (40, "PR_1", sha("c"))


def test_rules_that_are_stricter_by_now_have_the_result_checked_again() -> None:
    strict = rules(approvals=ApprovalRules(paths=("deploy/**",)))
    assert wants(merging.decide(facts(rules=strict))) is Kind.VERIFY
    old = in_review(result=result(evidence=evidence().model_copy(update={"asked": None})))
    assert wants(merging.decide(facts(old))) is Kind.VERIFY


def test_cost_and_new_agents_are_asked_for_as_of_now() -> None:
    dear = ApprovalRules(usd=0.5, first_merges=2)
    first = attempt(1, head=sha("c"), model="m1", cap_usd=0.6, spent={"usd": None})
    one = in_review(attempts=(first,))
    worker = Worker(agent="first", model="m1")
    found = approving.asks(one, dear, {worker: 1})
    assert [ask.rule for ask in found] == [Rule.USD, Rule.FIRST_MERGES]
    assert found[0].what == "it cost $0.60, more than $0.50"
    assert "first (m1): 1 merged" in found[1].what
    assert approving.asks(one, ApprovalRules(first_merges=2), {worker: 2}) == ()


def test_the_agents_whose_commits_are_in_the_result() -> None:
    tried = (
        attempt(1, agent="dropped", work=sha("x")),
        attempt(2, agent="began", work=sha("y")),
        attempt(3, agent="went on", start=sha("y"), head=sha("c")),
        attempt(4, agent="", kind=Kind.VERIFY, head=sha("c")),
    )
    one = in_review(attempts=tried, result=result(attempt=4))
    assert [w.agent for w in approving.workers(one)] == ["began", "went on"]


def test_words_are_read_where_they_may_matter() -> None:
    plain = in_review()
    assert not approval_rows.may_need(plain, ApprovalRules())
    assert approval_rows.may_need(plain, ApprovalRules(first_merges=1))
    assert approval_rows.may_need(needing(), ApprovalRules())
    assert approval_rows.may_need(in_review(result=None), ApprovalRules())


# what people are told


def waiting_task(**more: Any) -> Task:
    wait = Waiting(reason=Reason.NEEDS_APPROVAL, detail="it adds left-pad", since=NOW)
    return needing(waiting=wait, labels=("In Review",), **more)


def test_the_pull_request_names_each_rule_and_how_to_approve() -> None:
    trick = Ask(rule=Rule.PATHS, what="it | <b>", where=("a`|@alice.txt",))
    body = descriptions.pull_body(needing(DEAR, trick), "my label")
    assert "| dependencies (`dependencies`) | it adds left-pad | `a.txt` |" in body
    assert "it \\| &lt;b>" in body and "@alice" not in body
    assert "`my label`" in body and COMMAND in body
    assert "Needs a person's approval" not in descriptions.pull_body(in_review())


def test_the_requester_is_told_once_and_again_when_an_approval_became_void() -> None:
    step = picture.decide(waiting_task(), LABELS)
    assert isinstance(step, WriteComment) and (step.purpose, step.state) == ("notice", "approval:")
    assert step.body.startswith("@alice: #40 needs a person's approval")
    assert not approving.commands(step.body)
    told = waiting_task(shown={"told": "approval:", "label": "In Review"})
    again = picture.decide(told, LABELS)
    assert isinstance(again, WriteComment) and again.purpose == "status"
    assert "It needs a person's approval (it adds left-pad)" in again.body
    void = waiting_task(
        shown={"told": "approval:"}, pull={"approved_head": sha("b"), "approved_by": "bob"}
    )
    step = picture.decide(void, LABELS)
    assert (
        isinstance(step, WriteComment) and "The approval by bob was for `bbbbbbbbbb`" in step.body
    )


def test_the_rows_before_it_win() -> None:
    """Nobody is asked to approve what is not ready to be merged."""
    assert said(merging.decide(facts(needing(), said=heard(), base_head=sha("b")))) == (
        "wanted:refresh"
    )
