"""Memory, looked after once in a while: learning, forgetting, and the map in CODEBASE.md."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import structlog

from agent_os.domain.effects import Step
from agent_os.domain.errors import BadInput, GitError
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.lessons import Ending, Lesson
from agent_os.domain.signals import SignalOutcome
from agent_os.domain.tasks import TaskKey
from agent_os.effects import remembering
from agent_os.effects.world import World
from agent_os.jobs import desk, proposals
from agent_os.jobs.organization import Decided, Run
from agent_os.policy.codebase import conventions, drawing, proposing, reading
from agent_os.policy.codebase.proposing import MapDecision, MapFacts, MapOutcome
from agent_os.policy.memory import fading
from agent_os.policy.memory.fading import Faded, Judged
from agent_os.store import log, memory, tasks
from agent_os.store.repositories import Repository
from agent_os.workspace.mirror import Mirror

_log = structlog.get_logger()
#: A lesson is held against attempts from before it was there, too: told to all, it has no others.
_BEFORE = timedelta(days=60)
_MOST = 1_000

_SEEN_AS = {
    MapOutcome.OFF: SignalOutcome.NOT_ALLOWED,
    MapOutcome.NOT_ALLOWED: SignalOutcome.NOT_ALLOWED,
    MapOutcome.NOTHING_TO_SAY: SignalOutcome.TOO_EARLY,
    MapOutcome.MARKS_BROKEN: SignalOutcome.NOT_ALLOWED,
    MapOutcome.NOT_A_FILE: SignalOutcome.NOT_ALLOWED,
    MapOutcome.UP_TO_DATE: SignalOutcome.KNOWN,
    MapOutcome.TOO_LITTLE: SignalOutcome.TOO_EARLY,
    MapOutcome.OPEN: SignalOutcome.KNOWN,
    MapOutcome.REFUSED: SignalOutcome.NOT_WANTED,
    MapOutcome.PROPOSED: SignalOutcome.FILED,
}


class Tended(NamedTuple):
    learned: int = 0
    faded: int = 0


class _Base(NamedTuple):
    mirror: Mirror
    sha: str
    listing: dict[str, int]


def steps(run: Run) -> list[Decided]:
    """What a job's turn adds for its repository: lessons are learned and forgotten in its first
    turn; then the map is pushed, then its pull request opened."""
    world = run.world
    row = desk.repository(world, run.key)
    if row is None or row.frozen:
        return []
    base = _base(world, row)
    if run.turn == 0 and not run.preview:
        tended = tend(world, row, base.listing if base else None)
        _log.debug("memory", repo=row.name, learned=tended.learned, faded=tended.faded)
    return _map(run, row, base) if base else []


def tend(world: World, row: Repository, listing: dict[str, int] | None = None) -> Tended:
    """Learn what ended since the last time, and forget. `listing`: the files of the base."""
    learned = remembering.learn(world, row)
    gone = _faded(world, row, listing)
    if gone:
        with world.store.write() as tx:
            log.append(world.store, tx, [ended(world, one) for one in gone])
    return Tended(learned, len(gone))


def _faded(world: World, row: Repository, listing: dict[str, int] | None) -> list[Faded]:
    with world.store.read() as tx:
        lessons = memory.listed(tx, [row.repo_id], _MOST)
        records = memory.records(tx, [one.id for one in lessons])
        judged = [
            Judged(
                lesson=one,
                told=records[one.id],
                others=memory.without(tx, one, one.born_at - _BEFORE),
            )
            if one.id in records
            else Judged(lesson=one)
            for one in lessons
        ]
    lasts = timedelta(days=world.config.improvement.memory.lesson_days)
    exists = _exists(listing) if listing else None
    return fading.faded(judged, exists, world.clock.now(), lasts)


def _exists(listing: dict[str, int]) -> Callable[[str], bool]:
    folders: set[str] = set()
    for path in listing:
        while path := path.rpartition("/")[0]:
            folders.add(path + "/")
    return lambda path: path in listing or path in folders


def ended(world: World, gone: Faded) -> Event:
    lesson = gone.lesson
    data = {
        "lesson": lesson.id,
        "ending": gone.ending.value,
        "why": gone.why,
        "text": lesson.text,
    }
    return Event(
        kind=EventKind.LESSON_ENDED,
        at=world.clock.now(),
        repo_id=lesson.repo_id,
        number=DESK,
        data=data,
    )


def forget(world: World, lesson: Lesson, by: str) -> str:
    """A person's word: it is never told again, also when the same is learned anew."""
    if lesson.ending is Ending.FORGOTTEN:
        raise BadInput(f"Lesson {lesson.id} is forgotten already.")
    gone = Faded(lesson=lesson, ending=Ending.FORGOTTEN, why=f"by {by}")
    with world.store.write() as tx:
        log.append(world.store, tx, [ended(world, gone)])
    return f"{lesson.id}: forgotten"


# CODEBASE.md


def _base(world: World, row: Repository) -> _Base | None:
    """The newest commit of the base branch; None: it has none, or can't be fetched now."""
    mirror = world.mirror(row.repo_id)
    try:
        mirror.ensure(row.clone_url)
        mirror.fetch(row.clone_url, world.token)
    except GitError as error:
        _log.warning("base_unreadable", repo=row.name, error=error.message)
        return None
    sha = mirror.resolve(f"refs/heads/{row.default_branch}")
    return _Base(mirror, sha, mirror.listing(sha)) if sha else None


def _map(run: Run, row: Repository, base: _Base) -> list[Decided]:
    world = run.world
    facts = _facts(world, row, base)
    decision = proposing.decide(facts)
    step: Step | None = None
    if decision.outcome is MapOutcome.PROPOSED:
        step, decision = _commit(facts, base, decision)
    if not run.preview and (said := _said(world, row, decision)):
        with world.store.write() as tx:
            log.append(world.store, tx, said)
    with world.store.read() as tx:
        newest = tasks.seq(tx, TaskKey(row.repo_id, DESK))
    return [(step, newest)] if step else []


def _commit(facts: MapFacts, base: _Base, decision: MapDecision) -> tuple[Step | None, MapDecision]:
    message = f"Draw the map of the code in {reading.FILE} anew"
    try:
        files = {reading.FILE: decision.text.encode()}
        sha = base.mirror.commit_files(base.sha, files, message)
    except BadInput as error:
        return None, MapDecision(MapOutcome.NOT_A_FILE, error.message)
    return proposing.step(facts, sha), decision


def _facts(world: World, row: Repository, base: _Base) -> MapFacts:
    settings = world.config.improvement.memory
    stopped = desk.stopped(world, row)
    wanted = settings.codebase and not stopped
    existing, unreadable = _existing(base)
    return MapFacts(
        repo_id=row.repo_id,
        repo=row.name,
        base_branch=row.default_branch,
        enabled=settings.codebase,
        stopped=stopped,
        existing=existing,
        unreadable=unreadable,
        part=drawn(world, row, base) if wanted else "",
        last=_last(world, row, base.mirror) if wanted else None,
        now=world.clock.now(),
    )


def drawn(world: World, row: Repository, base: _Base) -> str:
    """Our part of CODEBASE.md, as the base and the lessons are now."""
    with world.store.read() as tx:
        lessons = memory.listed(tx, [row.repo_id], _MOST)
    tree = reading.Tree(
        listing=base.listing,
        texts=base.mirror.texts(base.sha, reading.wanted(base.listing)),
        lessons=tuple(one for one in lessons if one.evidence >= conventions.LEAST_EVIDENCE),
    )
    # It is pushed: what a commit holds is cleaned by nobody else.
    return world.finder.redact(drawing.drawn(tree))


def _existing(base: _Base) -> tuple[str | None, bool]:
    """(the file on the base, whether it can't be read). Text that is no UTF-8 is not ours."""
    if reading.FILE not in base.listing:
        return None, False
    try:
        found = base.mirror.read_file(base.sha, reading.FILE)
        return (found or b"").decode(), False
    except (BadInput, UnicodeDecodeError):
        return None, True


def _last(world: World, row: Repository, mirror: Mirror) -> proposing.LastProposal | None:
    found = proposals.opened(world, row, proposing.PURPOSE)
    if found is None:
        return None
    text: bytes | None = None
    try:
        text = mirror.read_file(found.sha, reading.FILE) if mirror.has(found.sha) else None
    except (BadInput, GitError):
        _log.warning("proposal_unreadable", repo=row.name, branch=found.branch)
    return proposing.LastProposal(
        number=found.number,
        branch=found.branch,
        sha=found.sha,
        state=found.state,
        pushed_at=found.pushed_at,
        ended_at=found.ended_at,
        text=text.decode(errors="replace") if text is not None else None,
    )


def _said(world: World, row: Repository, decision: MapDecision) -> list[Event]:
    """The outcome as a fact, when it is another one than last time: silence is no answer."""
    name = f"memory:codebase:{row.repo_id}"
    data: dict[str, Any] = {
        "signal": name,
        "by": "memory",
        "title": f"The map in {reading.FILE}",
        "outcome": _SEEN_AS[decision.outcome].value,
        "reason": f"{decision.outcome.value}: {decision.why}",
    }
    key = TaskKey(row.repo_id, DESK)
    with world.store.read() as tx:
        seen = log.history(tx, key, kinds=(EventKind.SIGNAL_SEEN,), limit=_MOST)
    last = next((e.data for _, e in seen[::-1] if e.data["signal"] == name), None)
    if last is not None and last.get("reason") == data["reason"]:
        return []
    now = world.clock.now()
    return [Event(kind=EventKind.SIGNAL_SEEN, at=now, repo_id=row.repo_id, number=DESK, data=data)]
