"""Memory at work: what the record has taught since the last look, and what of it an order tells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import sqlalchemy as sa

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import StartAttempt
from agent_os.domain.errors import BadInput, GitError
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.lessons import Lesson
from agent_os.domain.tasks import Task, TaskKey
from agent_os.effects.world import World
from agent_os.policy.codebase import drawing
from agent_os.policy.memory import learning, relevance
from agent_os.policy.memory.learning import Learned
from agent_os.store import log, memory, meta, repositories, tasks
from agent_os.store.repositories import Repository
from agent_os.workspace.mirror import Mirror

_MOST_ENDS = 200
_MOST_EVENTS = 2_000
_MOST_NEWEST = 200
_LONGEST_QUESTION = 4_000

# learning


def learn(world: World, row: Repository) -> int:
    """Write the lessons of rounds that ended since the last look; how many. Once each, ever."""
    learned = 0
    for _ in range(_MOST_ENDS):
        with world.store.read() as tx:
            upto = _upto(tx, row.repo_id)
            ends = log.page(tx, learning.ENDS, upto, 1, repo_id=row.repo_id)
        if not ends:
            break
        seq, end = ends[0]
        found = _lessons_of(world, row, seq, end)
        with world.store.write() as tx:
            if _upto(tx, row.repo_id) != upto:
                break  # another process has learned it
            log.append(world.store, tx, found)
            meta.put(tx, _mark(row.repo_id), str(seq))
        learned += len(found)
    return learned


def _mark(repo_id: int) -> str:
    return f"lessons:{repo_id}"


def _upto(tx: sa.Connection, repo_id: int) -> int:
    return int(meta.get(tx, _mark(repo_id)) or 0)


def _lessons_of(world: World, row: Repository, seq: int, end: Event) -> list[Event]:
    key = end.key
    if key is None or key.number == DESK:
        return []
    with world.store.read() as tx:
        task = tasks.get(tx, key)
        events = _round(tx, key, seq)
    if task is None or not events:
        return []
    folders = _folders(world.mirror(row.repo_id), events)
    return [_event(world, task, one) for one in learning.newly_learned(events, folders)]


def _round(tx: sa.Connection, key: TaskKey, seq: int) -> list[Event]:
    """The events of the round that ends, or comes to a halt, with this one."""
    history = log.history(tx, key, kinds=learning.KINDS, limit=_MOST_EVENTS)
    events = [event for number, event in history if number <= seq]
    over = (EventKind.FINISHED, EventKind.CANCELLED)
    starts = [n + 1 for n, event in enumerate(events[:-1]) if event.kind in over]
    return events[starts[-1] if starts else 0 :]


def _folders(mirror: Mirror, events: Iterable[Event]) -> dict[str, tuple[str, ...]]:
    """Of each commit that the round made: the folders of the files that it changes."""
    bases: dict[int, str] = {}
    found: dict[str, tuple[str, ...]] = {}
    for event in events:
        if event.kind is EventKind.ATTEMPT_STARTED:
            bases[int(event.data["attempt"]["number"])] = event.data["attempt"]["base"]
        elif event.kind is EventKind.ATTEMPT_ENDED:
            base = bases.get(event.attempt or 0, "")
            head = str(event.data.get("head") or event.data.get("work") or "")
            if base and head and mirror.has(base) and mirror.has(head):
                found[head] = learning.folders_of(mirror.changed(base, head))
    return found


def _event(world: World, task: Task, one: Learned) -> Event:
    """About the repository, so that no decision on the task is out of date by it."""
    data = {
        "text": one.text,
        "advice": one.advice,
        "cause": one.cause.value,
        "number": task.number,
        "round": task.round,
        "attempt": one.attempt,
        "commit": one.commit,
        "type": task.spec.type,
        "paths": list(one.paths),
    }
    return Event(
        kind=EventKind.LESSON,
        at=world.clock.now(),
        repo_id=task.repo_id,
        number=DESK,
        data=data,
    )


# telling


def lessons_for(world: World, task: Task, effect: StartAttempt) -> list[Lesson]:
    """What the attempt's agent is told; nothing where none is at work."""
    if effect.attempt_kind in (Kind.TRIAGE, Kind.VERIFY):
        return []
    row = world.repository(task.repo_id)
    learn(world, row)
    spec = task.spec
    text = (spec.title, spec.goal or spec.body, spec.acceptance, spec.context, effect.feedback)
    said = "\n".join(text)
    asked = relevance.Asked(
        repo_id=task.repo_id,
        type=spec.type,
        paths=relevance.paths_in(said),
        now=world.clock.now(),
    )
    with world.store.read() as tx:
        candidates = _candidates(tx, readable(world, tx, row), said[:_LONGEST_QUESTION])
    lasts = timedelta(days=world.config.improvement.memory.lesson_days)
    return relevance.chosen(candidates, asked, world.config.prompt_tokens.lessons, lasts)


def _candidates(tx: sa.Connection, repo_ids: Sequence[int], said: str) -> list[relevance.Candidate]:
    matches = memory.found(tx, repo_ids, said)
    newest = [(0.0, one) for one in memory.listed(tx, repo_ids, _MOST_NEWEST)]
    both = {lesson.id: (match, lesson) for match, lesson in [*newest, *matches]}
    records = memory.records(tx, both)
    return [
        relevance.Candidate(lesson=lesson, match=match, **_record(records, lesson))
        for match, lesson in both.values()
    ]


def _record(records: dict[str, relevance.Record], lesson: Lesson) -> dict[str, relevance.Record]:
    found = records.get(lesson.id)
    return {"record": found} if found else {}


def readable(world: World, tx: sa.Connection, row: Repository) -> list[int]:
    """The repositories whose lessons this one may see: itself, and those that the owner shares."""
    shared = (repositories.named(tx, name) for name in world.config.improvement.memory.shared)
    return list(dict.fromkeys([row.repo_id, *(one.repo_id for one in shared if one)]))


def lines(world: World, names: Sequence[str], repo_id: int) -> list[str]:
    """The lessons of an order, as its agent reads them."""
    with world.store.read() as tx:
        found = [memory.get(tx, name) for name in names]
    return [relevance.line(one, repo_id) for one in found if one is not None]


def told(world: World, effect: StartAttempt, names: Sequence[str]) -> list[Event]:
    """The fact that goes with the start of an attempt."""
    if not names:
        return []
    data = {"lessons": list(names), "round": effect.round}
    return [world.fact(effect, EventKind.LESSON_USED, data, attempt=effect.attempt)]


def codebase_of(world: World, repo_id: int, base: str) -> str:
    """The repository's CODEBASE.md on this base; empty when there is none that can be read."""
    try:
        found = world.mirror(repo_id).read_file(base, "CODEBASE.md")
    except (BadInput, GitError):
        return ""
    return drawing.without_marks((found or b"").decode(errors="replace"))
