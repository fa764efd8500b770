"""What people made of our proposals, and kinds that they mostly contradict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from agent_os.domain.contract import Contract
from agent_os.domain.observed import Act
from agent_os.domain.rules import LabelRules
from agent_os.policy import specs
from agent_os.policy.distributions import binomial_at_least
from agent_os.policy.grooming.backlog import Item
from agent_os.policy.grooming.finding import LABELS, Kind
from agent_os.policy.trust import MARKER

#: After so long, a proposal that nobody answered counts as let stand.
SILENT_FOR = timedelta(days=14)
#: For so long an answer is looked for, and counts.
REMEMBERED = timedelta(days=180)
#: The chance at which "most" may be an accident.
_ACCIDENT = 0.05
#: Acts that change an issue. Others only mention it, or tell somebody of it.
_CHANGES = frozenset(
    [
        "assigned",
        "closed",
        "commented",
        "demilestoned",
        "labeled",
        "locked",
        "marked_as_duplicate",
        "milestoned",
        "pinned",
        "renamed",
        "reopened",
        "unassigned",
        "unlabeled",
        "unmarked_as_duplicate",
    ]
)
_ENDS_IT = (Kind.STALE, Kind.DUPLICATE, Kind.SOLVED, Kind.OVERSIZED)


class Answer(StrEnum):
    AGREED = "agreed"
    CONTRADICTED = "contradicted"
    CHANGED = "changed"
    """Something else was changed, which says nothing of the proposal, and ends it as well."""
    SILENT = "silent"


class Past(Contract):
    """A proposal that we made."""

    number: int
    kind: Kind
    digest: str
    """Of the issue's text then."""
    at: datetime
    comment: int = 0
    """0: it was a label."""
    closed: bool = False
    """We closed the issue after it."""


class Thumbs(Contract):
    """Below our comment."""

    up: int = 0
    down: int = 0


def answer(
    past: Past, item: Item, acts: Sequence[Act], thumbs: Thumbs, labels: LabelRules
) -> Answer:
    """`acts`: what people did since, without our own; the issue's text says of itself whether it
    was changed. The last word counts, but a contradiction is none the less one."""
    did = [act for act in acts if act.kind in _CHANGES and _by_person(act)]
    rewritten = item.digest != past.digest
    kinds = {act.kind for act in did}
    if thumbs.down > thumbs.up or ("reopened" in kinds and past.closed):
        return Answer.CONTRADICTED
    if _done_as_proposed(past, item, did, labels, rewritten=rewritten) or (
        thumbs.up and "commented" not in kinds
    ):
        return Answer.AGREED
    label = LABELS.get(past.kind, "")
    if any(act.kind == "unlabeled" and act.label.lower() == label for act in did if label):
        return Answer.CONTRADICTED
    if "commented" in kinds:
        return Answer.CONTRADICTED
    return Answer.CHANGED if did or rewritten or thumbs.down else Answer.SILENT


def _by_person(act: Act) -> bool:
    return not act.actor.endswith("[bot]") and MARKER not in act.text


def _done_as_proposed(
    past: Past, item: Item, did: Sequence[Act], labels: LabelRules, *, rewritten: bool
) -> bool:
    closed = not item.open and any(act.kind == "closed" for act in did)
    relabelled = any(act.kind in ("labeled", "unlabeled") for act in did)
    spec = specs.parse(item.title, item.body, item.updated_at, item.labels)
    match past.kind:
        case Kind.NO_CRITERIA:
            return rewritten and bool(spec.acceptance)
        case Kind.NO_TYPE:
            return spec.labelled
        case Kind.WRONG_LABEL:
            return relabelled
        case Kind.UNBLOCKED:
            return any(_unblocks(act, labels) for act in did) or closed
        case Kind.CYCLE:
            return rewritten or closed
        case Kind.OVERSIZED:
            return rewritten or closed
        case _:
            return closed and past.kind in _ENDS_IT


def _unblocks(act: Act, labels: LabelRules) -> bool:
    name = act.label.lower()
    set_ready = act.kind == "labeled" and name == labels.ready.lower()
    return set_ready or (act.kind == "unlabeled" and name == labels.blocked.lower())


class Stop(Contract):
    """A kind that people mostly contradict."""

    kind: Kind
    contradicted: int
    judged: int


def stopped(given: Mapping[Kind, Sequence[Answer]]) -> dict[Kind, Stop]:
    """Kinds of which more than half is wrong, as far as the numbers can tell.

    Were each as likely to be contradicted as not, so many would be so once in twenty: five of five,
    seven of eight, nine of eleven do, three of three do not.
    """
    found: dict[Kind, Stop] = {}
    for kind, answers in given.items():
        counts = Counter(answers)
        wrong, judged = counts[Answer.CONTRADICTED], len(answers)
        if judged and binomial_at_least(wrong, judged, 0.5) <= _ACCIDENT:
            found[kind] = Stop(kind=kind, contradicted=wrong, judged=judged)
    return found
