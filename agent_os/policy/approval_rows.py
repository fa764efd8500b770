"""Rows of the PR monitor about approvals: see `merging.py`."""

from __future__ import annotations

from agent_os.domain.approvals import ApprovalRules, covered, rules_met
from agent_os.domain.attempts import Kind
from agent_os.domain.effects import TakeApproval
from agent_os.domain.events import EventKind
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Task
from agent_os.policy import approving
from agent_os.policy.pull_facts import Answer, PullFacts, wait, wanted
from agent_os.policy.steps import about, event, record


def may_need(task: Task, rules: ApprovalRules) -> bool:
    """Whether everybody's words on the pull request are worth reading."""
    if task.result is None:
        return True  # the branch has moved: whether it needs approval is not known yet
    asked = task.pull.asked if task.pull else None
    known = asked is not None and bool(asked.asks)
    rules = approving.in_force(task, rules)
    early = task.result.evidence.asks or approving.costs(task, rules) or rules.first_merges
    return bool(known or early)


def void(facts: PullFacts) -> Answer:
    """A label that was not set for the newest commit says what is not so: it goes."""
    task, said = facts.task, facts.said
    if task.pull is None or said is None or not approving.void_label(said):
        return None
    return TakeApproval(
        **about(task, "the approval is not for the newest commit"),
        pull=task.pull.number,
        remove=(facts.rules.approving_label,),
        head=said.head,
        node=said.words.node,
    )


def needed(facts: PullFacts) -> Answer:
    """Nothing that meets a rule of the owner's is merged without a person's word on that commit."""
    task = facts.task
    assert task.pull is not None and task.result is not None
    if not covered(task.result.evidence.asked, facts.rules.approvals):
        return wanted(facts, Kind.VERIFY, "the owner's rules for approvals are stricter by now")
    asks = approving.asks(task, facts.rules.approvals, facts.merged)
    if not asks:
        return None
    head = task.result.head
    if task.pull.asked is None or (task.pull.asked.head, task.pull.asked.asks) != (head, asks):
        plain = [ask.model_dump(mode="json") for ask in asks]
        data = {"head": head, "asks": plain, "rules": rules_met(asks)}
        return record(task, event(task, EventKind.APPROVAL_ASKED, facts.now, **data))
    found = approving.approval(facts.said) if facts.said and facts.said.head == head else None
    if found is None:
        return wait(facts, Reason.NEEDS_APPROVAL, "; ".join(ask.what for ask in asks))
    if task.pull.approved_head != head:
        data = {"head": head, "by": found.by, "how": found.how, "at": found.at.isoformat()}
        return record(task, event(task, EventKind.APPROVED, facts.now, **data))
    return None
