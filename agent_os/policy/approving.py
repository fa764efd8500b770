"""Whether a pull request needs a person's approval, and whether its newest commit has one.

What is read here decides the merge itself: nothing that was noted of it before does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from agent_os.domain.approvals import Approval, ApprovalRules, Ask, Rule, Words, narrowed
from agent_os.domain.attempts import Kind
from agent_os.domain.contract import Contract
from agent_os.domain.observed import Review
from agent_os.domain.tasks import Task
from agent_os.policy.echoes import Done
from agent_os.policy.trust import MARKER

COMMAND = "/agent-os approve"
#: Our clock is known to be GitHub's to so much: what was done this close to the push counts as
#: done before it.
SLACK = timedelta(seconds=2)
#: How GitHub names the account of a program.
_BOT = "[bot]"
#: How far GitHub's time of our own act may lie outside of the time between intent and answer.
_AROUND = timedelta(seconds=15)


class Worker(NamedTuple):
    """An agent whose work is on the branch."""

    agent: str
    model: str = ""

    def __str__(self) -> str:
        return f"{self.agent} ({self.model})" if self.model else self.agent


class Said(Contract):
    """Who said what about the pull request, and all that tells people's words from ours."""

    head: str
    head_at: datetime | None
    """GitHub's time at which `head` was known to be there; None: since it was opened."""
    reviews: tuple[Review, ...] = ()
    words: Words = Words()
    may: Mapping[str, bool] = {}
    """Of everybody who said something: whether they may command now."""
    login: str
    """Ours."""
    labelled: tuple[Done, ...] = ()
    """Effects of ours that set the approving label; none is made, but none may ever count."""
    wrote: tuple[Done, ...] = ()
    """Effects of ours that wrote a text with the command in it."""


def workers(task: Task) -> tuple[Worker, ...]:
    """The agents whose commits are in the result, oldest first."""
    assert task.result is not None
    went_on = {a.start for a in task.attempts}
    found = [
        Worker(agent=a.agent, model=a.model)
        for a in task.attempts
        if a.agent and a.kind is not Kind.TRIAGE and (a.head or a.work in went_on)
    ]
    last = next((a for a in task.attempts if a.number == task.result.attempt), None)
    if last is not None and (done := task.origin(last)).agent:
        found.append(Worker(agent=done.agent, model=done.model))
    return tuple(dict.fromkeys(found))


def in_force(task: Task, rules: ApprovalRules) -> ApprovalRules:
    """The owner's rules with what the repository's file added when the result was checked."""
    asked = task.result.evidence.asked if task.result else None
    return narrowed(rules, asked) if asked else rules


def asks(task: Task, rules: ApprovalRules, merged: Mapping[Worker, int]) -> tuple[Ask, ...]:
    """Every rule that the result meets; `merged` counts each worker's merges in the repository."""
    assert task.result is not None
    rules = in_force(task, rules)
    found = [*task.result.evidence.asks, *costs(task, rules)]
    new = [(w, merged.get(w, 0)) for w in workers(task)]
    told = [f"{w}: {n} merged" for w, n in new if n < rules.first_merges]
    if told:
        most = rules.first_merges
        what = f"it is among an agent's first {most} merges here ({', '.join(told)})"
        found.append(Ask(rule=Rule.FIRST_MERGES, what=what))
    return tuple(found)


def costs(task: Task, rules: ApprovalRules) -> list[Ask]:
    """What all attempts of the round cost together; where a price is not known, their caps."""
    usd = sum(a.cost for a in task.attempts)
    if rules.usd is None or usd <= rules.usd:
        return []
    return [Ask(rule=Rule.USD, what=f"it cost ${usd:.2f}, more than ${rules.usd:.2f}")]


def approval(said: Said) -> Approval | None:
    """The first word that holds for the newest commit, unless someone asked for changes later."""
    found = sorted((*_reviews(said), *_labels(said), *_comments(said)), key=lambda a: a.at)
    against = [
        r.at
        for r in _newest(said.reviews)
        if r.state == "changes_requested" and _may(said, r.author)
    ]
    return next((a for a in found if not any(at >= a.at for at in against)), None)


def void_label(said: Said) -> bool:
    """Whether the label is there, and was not set for the newest commit by one who may."""
    return said.words.labelled and not _labels(said)


def _newest(reviews: Sequence[Review]) -> list[Review]:
    """Of each person the newest that decides; a comment takes nothing back."""
    found: dict[str, Review] = {}
    for review in sorted(reviews, key=lambda r: (r.at, r.id)):
        if review.state != "commented":
            found[review.author.lower()] = review
    return list(found.values())


def _reviews(said: Said) -> list[Approval]:
    """GitHub binds a review to a commit by itself."""
    return [
        Approval(by=r.author, how="review", at=r.at)
        for r in _newest(said.reviews)
        if r.state == "approved"
        and r.commit == said.head
        and _may(said, r.author)
        and r.author.lower() != said.login.lower()
    ]


def _labels(said: Said) -> list[Approval]:
    """The newest act on the label decides: who set it, and when."""
    acts = said.words.label_acts
    if not (said.words.labelled and acts and acts[-1].on):
        return []
    act = acts[-1]
    if not (_counts(said, act.actor, act.at) and not _ours(said, act.actor, act.at, said.labelled)):
        return []
    return [Approval(by=act.actor, how="label", at=act.at)]


def _comments(said: Said) -> list[Approval]:
    found: list[Approval] = []
    for comment in said.words.comments:
        if not commands(comment.body) or not _counts(said, comment.author, comment.at):
            continue
        edited = bool(comment.editor) and not _may(said, comment.editor)
        if not edited and not _ours(said, comment.author, comment.at, said.wrote):
            found.append(Approval(by=comment.author, how="comment", at=comment.at))
    return found


def commands(body: str) -> bool:
    """Whether a comment is the command. What carries our mark is none of a person's."""
    first = body.splitlines()[0].strip() if body.strip() else ""
    return first == COMMAND and MARKER not in body


def _counts(said: Said, actor: str, at: datetime) -> bool:
    """By someone who may, and for the commit that is there now. GitHub's times have whole
    seconds."""
    after = said.head_at is None or at > said.head_at + SLACK
    return after and _may(said, actor)


def _may(said: Said, login: str) -> bool:
    """Programs may write as well: approving is for people."""
    return said.may.get(login, False) and not login.endswith(_BOT)


def _ours(said: Said, actor: str, at: datetime, made: Sequence[Done]) -> bool:
    """Whether an effect of ours may account for it: in doubt it does."""
    return actor.lower() == said.login.lower() and any(
        done.since - _AROUND <= at <= done.until + _AROUND for done in made
    )
