"""Improvements that the organization gave itself, judged by the figures that they should move."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agent_os.domain.effects import Record, TellIssue
from agent_os.domain.errors import NotFound
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.signals import Figure, Hypothesis, Verdict
from agent_os.domain.tasks import TaskKey
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.jobs import desk, measuring
from agent_os.jobs.organization import Decided
from agent_os.policy import hypotheses as judging
from agent_os.policy.metrics.rounds import RoundRow
from agent_os.store import repositories, tasks
from agent_os.store.repositories import Repository

_KINDS = (EventKind.ISSUE_FILED, EventKind.HYPOTHESIS_JUDGED)
#: What a verdict is made of; the rest is known from the filing.
_JUDGED = ("verdict", "merged_at", "judge_at", "before", "after", "samples", "needs", "judged_at")
#: Issues that are asked for on GitHub in one run.
_MOST_ASKED = 30
_SAYS = "verdict:"


def hypotheses(world: World) -> list[Hypothesis]:
    """All of all repositories, in the order in which they were filed, as they are now."""
    with world.store.read() as tx:
        rows = repositories.listed(tx)
    found = [one for row in rows for one in _recorded(world, row)]
    return sorted(_judged(world, found), key=lambda one: (one.filed_at, one.signal))


def judge(world: World, row: Repository) -> list[Decided]:
    """Verdicts on a repository's hypotheses: as facts when they change, and said on the issue."""
    recorded = _recorded(world, row)
    now = world.clock.now()
    before = {one.signal: (one.verdict, one.merged_at) for one in recorded}
    changed = [
        one
        for one in _judged(world, _with_mends_by_hand(world, row, recorded))
        if (one.verdict, one.merged_at) != before[one.signal]
    ]
    if not changed or row.frozen:
        return []
    key = TaskKey(row.repo_id, DESK)
    with world.store.read() as tx:
        seen = tasks.seq(tx, key)
    return [(Record(key=key, events=tuple(_event(one, now) for one in changed)), seen)]


def say(world: World, row: Repository, found: Sequence[Hypothesis]) -> list[Decided]:
    """A comment with the verdict, once for each issue, where it may be written."""
    with world.store.read() as tx:
        told = {
            event.number
            for _, event in desk.events(tx, row.repo_id, (EventKind.ISSUE_TOLD,))
            if event.data["purpose"].startswith(_SAYS)
        }
    if desk.stopped(world, row):
        return []
    steps: list[Decided] = []
    for one in found:
        if one.repo_id == row.repo_id and one.verdict in judging.FINAL and one.number not in told:
            with world.store.read() as tx:
                seen = tasks.seq(tx, TaskKey(row.repo_id, one.number))
            steps.append((_tell(row, one), seen))
    return steps


def _tell(row: Repository, one: Hypothesis) -> TellIssue:
    more = {
        Verdict.REFUTED: " It is worse than before: an issue proposes to revert it.",
        Verdict.INCONCLUSIVE: " No difference can be told from chance.",
    }
    said = f"**{one.verdict.value.capitalize()}.** {judging.sentence(one)}"
    return TellIssue(
        repo_id=row.repo_id,
        repo=row.name,
        number=one.number,
        why=f"{one.signal} is {one.verdict}",
        purpose=f"{_SAYS}{one.verdict}",
        body=said + more.get(one.verdict, ""),
    )


def _recorded(world: World, row: Repository) -> list[Hypothesis]:
    """As they were judged last."""
    with world.store.read() as tx:
        events = desk.events(tx, row.repo_id, _KINDS)
    found: dict[str, Hypothesis] = {}
    for _, event in events:
        name = event.data["signal"]
        if event.kind is EventKind.HYPOTHESIS_JUDGED and name in found:
            found[name] = _told(found[name], event)
        elif event.kind is EventKind.ISSUE_FILED and event.data.get("figure"):
            found.setdefault(name, _filed(row, event))
    return list(found.values())


def _filed(row: Repository, event: Event) -> Hypothesis:
    return Hypothesis(
        signal=event.data["signal"],
        repo_id=row.repo_id,
        repo=row.name,
        number=int(event.data["number"]),
        title=str(event.data.get("title", "")),
        figure=Figure.model_validate(event.data["figure"]),
        filed_at=event.at,
    )


def _told(before: Hypothesis, event: Event) -> Hypothesis:
    told = {name: event.data[name] for name in _JUDGED if name in event.data}
    return Hypothesis.model_validate({**before.model_dump(mode="json"), **told})


def _judged(world: World, found: Sequence[Hypothesis]) -> list[Hypothesis]:
    waiting = [one for one in found if one.verdict not in judging.FINAL]
    if not waiting:
        return list(found)
    now = world.clock.now()
    rows = measuring.rows(world, since=now - 2 * judging.LONGEST)
    return [judging.judged(_merged(one, rows), rows, now) for one in found]


def _merged(one: Hypothesis, rows: Sequence[RoundRow]) -> Hypothesis:
    """When its change was merged: by the last round of its issue, or of its signal."""
    if one.verdict in judging.FINAL:
        return one
    mine = [
        row.merged_at
        for row in rows
        if row.merged_at
        and (row.signal == one.signal or (row.repo_id, row.number) == (one.repo_id, one.number))
    ]
    return one.model_copy(update={"merged_at": max(mine)}) if mine else one


def _with_mends_by_hand(
    world: World, row: Repository, found: Sequence[Hypothesis]
) -> list[Hypothesis]:
    """An issue that no task is about is mended when a person closes it as completed."""
    with world.store.read() as tx:
        asked = [
            one.signal
            for one in found
            if one.merged_at is None and tasks.get(tx, TaskKey(row.repo_id, one.number)) is None
        ][-_MOST_ASKED:]
    return [_closed(world, one) if one.signal in asked else one for one in found]


def _closed(world: World, one: Hypothesis) -> Hypothesis:
    try:
        issue = readers.raw_issue(world.client, one.repo, one.number)
    except NotFound:
        return one
    done = issue["state"] == "closed" and issue.get("state_reason") == "completed"
    if not done or not issue.get("closed_at"):
        return one
    return one.model_copy(update={"merged_at": readers.moment(issue["closed_at"])})


def _event(one: Hypothesis, now: datetime) -> Event:
    told = one.model_dump(mode="json", include={"signal", "number", *_JUDGED})
    return Event(
        kind=EventKind.HYPOTHESIS_JUDGED, at=now, repo_id=one.repo_id, number=DESK, data=told
    )
