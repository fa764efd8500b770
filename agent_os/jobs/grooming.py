"""What the groomer reads: the backlog, what landed, our record, and what people answered."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent_os.domain.errors import GitError, NotFound
from agent_os.domain.events import Event, EventKind
from agent_os.domain.observed import Act
from agent_os.domain.tasks import Task, TaskKey
from agent_os.effects.world import World
from agent_os.github import backlog as reading
from agent_os.github import readers
from agent_os.jobs import desk
from agent_os.jobs.scanning import done_by_us
from agent_os.policy import echoes
from agent_os.policy.grooming import answers, deciding
from agent_os.policy.grooming.answers import Answer, Past, Thumbs
from agent_os.policy.grooming.backlog import Backlog, Item, Known, Landed
from agent_os.policy.grooming.deciding import GroomFacts, Which
from agent_os.policy.grooming.finding import LABELS, Kind
from agent_os.policy.trust import MARKER
from agent_os.policy.weeks import week_of
from agent_os.store import intents, tasks
from agent_os.store.repositories import Repository
from agent_os.workspace.mirror import Mirror
from agent_os.workspace.survey import Landing

_CLOSED_DAYS = 180
#: Timelines that are read in one run, of the newest proposals without a last word.
_MOST_READ = 60
_SAID = (EventKind.ISSUE_TOLD, EventKind.ISSUE_LABELLED, EventKind.ISSUE_RETIRED)
_TRACED = ("set_labels", "close_issue", "label_issue", "retire_issue")


@dataclass(frozen=True)
class Given:
    """What people made of one proposal. `loved`: there is a reaction below it."""

    answer: Answer
    loved: bool = False


def newest_commit(world: World, row: Repository) -> str:
    """The default branch's newest commit, in our mirror; empty: there is none, or git fails."""
    if (
        row.empty
        or (head := readers.branch_head(world.client, row.name, row.default_branch)) is None
    ):
        return ""
    mirror = world.mirror(row.repo_id)
    with suppress(GitError):
        mirror.ensure(row.clone_url)
        if not mirror.has(head):
            mirror.fetch(row.clone_url, world.token)
        return head if mirror.has(head) else ""
    return ""


def observe(world: World, row: Repository, head: str, stopped: str) -> GroomFacts:
    """All that decides about a repository's issues. IncompleteList when they can't all be read."""
    backlog = _backlog(world, row, head)
    now = world.clock.now()
    with world.store.read() as tx:
        said = [event for _, event in desk.events(tx, row.repo_id, _SAID)]
        seen = [event for _, event in desk.events(tx, row.repo_id, (EventKind.SIGNAL_SEEN,))]
    past = _past(said)
    given = _given(world, row, backlog, past, seen)
    return GroomFacts(
        repo_id=row.repo_id,
        repo=row.name,
        backlog=backlog,
        past=past,
        answers={which: one.answer for which, one in given.items()},
        loved=frozenset(which for which, one in given.items() if one.loved),
        stops=answers.stopped(_by_kind(past, given, now)),
        outcomes={e.data["signal"]: f"{e.data['outcome']}: {e.data['reason']}" for e in seen},
        made_this_week=_made_this_week(said, now),
        cap=world.config.improvement.groomer.proposals,
        close=world.config.improvement.groomer.close,
        stopped=stopped,
        now=now,
    )


def _made_this_week(said: Sequence[Event], now: datetime) -> int:
    proposals = [e for e in said if e.kind is not EventKind.ISSUE_RETIRED and _read(e)]
    return sum(week_of(event.at) == week_of(now) for event in proposals)


def _backlog(world: World, row: Repository, head: str) -> Backlog:
    items = reading.open_items(world.client, row.name)
    since = world.client.governor.github_now() - timedelta(days=_CLOSED_DAYS)
    closed = reading.closed_items(world.client, row.name, since)
    with world.store.read() as tx:
        ours = [task for _, task in tasks.listed(tx, repo_id=row.repo_id)]
        filed = desk.events(tx, row.repo_id, (EventKind.ISSUE_FILED,))
    marks = world.key_marks
    merges = {t.pull.merged_sha: t.number for t in ours if t.pull and t.pull.merged_sha}
    return Backlog(
        repo=row.name,
        items=items,
        closed=closed,
        landed=_landed(world.mirror(row.repo_id), head, merges),
        tasks={task.number: _known(task, marks) for task in ours},
        filed={int(event.data["number"]): str(event.data["by"]) for _, event in filed},
        labels=world.config.labels,
        stale_days=world.config.improvement.groomer.stale_days,
        green_at=_green_at(world, row, ours),
        lent=tuple(n for a in world.config.agents.values() for n in a.env if os.environ.get(n)),
        now=world.client.governor.github_now(),
    )


def _landed(mirror: Mirror, head: str, merges: dict[str, int]) -> tuple[Landed, ...]:
    """Empty where git can't tell: the survey meets the same trouble, and names it."""
    found = list[Landing]()
    with suppress(GitError):
        found = mirror.landings(head, timedelta(days=_CLOSED_DAYS)) if head else []
    return tuple(
        Landed(sha=one.sha, at=one.at, message=one.message[:4_000], number=merges.get(one.sha, 0))
        for one in found
    )


def _known(task: Task, marks: dict[str, str]) -> Known:
    last = task.attempts[-1] if task.attempts else None
    mark = marks.get(last.provider, "") if last else ""
    return Known(
        status=task.status,
        parent=task.parent,
        hold=task.hold.reason if task.hold else "",
        detail=task.hold.detail if task.hold else "",
        held_at=task.hold.since if task.hold else None,
        depends_on=task.spec.depends_on,
        merged=bool(task.pull and task.pull.merged_sha),
        new_key=bool(last and mark and last.key_mark and mark != last.key_mark),
    )


def _green_at(world: World, row: Repository, ours: Sequence[Task]) -> datetime | None:
    """By the watch's last word, or by our last merge where it said nothing."""
    mark = desk.newest_at_desk(world, row.repo_id, (EventKind.MAIN_RED, EventKind.MAIN_GREEN))
    if mark is not None:
        return mark.at if mark.kind is EventKind.MAIN_GREEN else None
    merged = [task.pull.merged_at for task in ours if task.pull and task.pull.merged_at]
    return max(merged, default=None)


def _read(event: Event) -> tuple[Kind, str] | None:
    return deciding.read_purpose(str(event.data.get("purpose", "")))


def _past(said: Sequence[Event]) -> tuple[Past, ...]:
    """Our proposals, oldest first; of each issue and kind the first."""
    found: dict[Which, Past] = {}
    for event in said:
        read = _read(event)
        if read is None or event.number is None:
            continue
        which = (event.number, read[0])
        if event.kind is EventKind.ISSUE_RETIRED and which in found:
            found[which] = found[which].model_copy(update={"closed": True})
        elif which not in found:
            found[which] = Past(
                number=event.number,
                kind=read[0],
                digest=read[1],
                at=event.at,
                comment=int(event.data.get("comment", 0)),
            )
    return tuple(found.values())


def _given(
    world: World, row: Repository, backlog: Backlog, past: Sequence[Past], seen: Sequence[Event]
) -> dict[Which, Given]:
    """Answers to the proposals of the last months: the last word as recorded, else read now."""
    recent = [p for p in past if p.at > world.clock.now() - answers.REMEMBERED]
    recorded = {event.data["signal"]: event.data.get("answer", "") for event in seen}
    found: dict[Which, Given] = {}
    unread: list[Past] = []
    for one in recent:
        word = recorded.get(deciding.signal_id(row.repo_id, one.number, one.kind), "")
        if word in ("", Answer.SILENT.value):
            unread.append(one)
        else:
            found[one.number, one.kind] = Given(Answer(word), loved=True)
    items = {item.number: item for item in (*backlog.closed, *backlog.items)}
    for one in unread[-_MOST_READ:]:
        with suppress(NotFound):  # the issue is gone: nobody answers any more
            found[one.number, one.kind] = _asked(world, row, one, items, backlog)
    return found


def _asked(
    world: World, row: Repository, past: Past, items: dict[int, Item], backlog: Backlog
) -> Given:
    item = items.get(past.number) or reading.item(world.client, row.name, past.number)
    acts = _since(world, row, past)
    below = _thumbs(world, row, past)
    answer = answers.answer(past, item, acts, below, backlog.labels)
    return Given(answer, loved=bool(below.up or below.down))


def _thumbs(world: World, row: Repository, past: Past) -> Thumbs:
    if not past.comment:
        return Thumbs()
    try:
        return reading.thumbs(world.client, row.name, past.comment)
    except NotFound:
        return Thumbs(down=1)  # somebody deleted what we said


def _since(world: World, row: Repository, past: Past) -> list[Act]:
    """What people did after our proposal. With the owner's own token our acts have their name."""
    acts = readers.timeline(world.client, row.name, past.number)
    ours = _own(world, TaskKey(row.repo_id, past.number), acts)
    label = LABELS.get(past.kind, "")
    first = next(
        (
            place
            for place, act in enumerate(acts)
            if (act.kind == "commented" and past.comment and act.id == past.comment)
            or (act.kind == "labeled" and label and act.label.lower() == label and act.id in ours)
        ),
        None,
    )
    if first is None:
        since = world.github_time(past.at)
        later = [act for act in acts if act.at > since]
    else:
        later = acts[first + 1 :]
    return [act for act in later if act.id not in ours and MARKER not in act.text]


def _own(world: World, key: TaskKey, acts: Sequence[Act]) -> set[int]:
    """Ids of the acts that are traces of our own effects. Nothing is noted: others do that."""
    with world.store.read() as tx:
        made = intents.of_task(tx, key, _TRACED)
    done = done_by_us(world, made)
    return {echo.act for echo in echoes.ours(acts, done, set(), world.client.login)}


def _by_kind(
    past: Sequence[Past], given: dict[Which, Given], now: datetime
) -> dict[Kind, list[Answer]]:
    """Those that were answered, or had the time to be."""
    found: dict[Kind, list[Answer]] = defaultdict(list)
    for one in past:
        known = given.get((one.number, one.kind))
        if known and (known.answer is not Answer.SILENT or now - one.at > answers.SILENT_FOR):
            found[one.kind].append(known.answer)
    return found
