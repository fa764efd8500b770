"""Telling people what changed: each sink once per change, whatever is killed in between."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
import structlog

from agent_os.config.notices import NoticeSettings
from agent_os.domain.effects import DeskEffect, SendNotice, TellIssue
from agent_os.domain.errors import AgentOSError, LeaseLost
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.notices import SinkState, Telling
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Status, TaskKey
from agent_os.effects import resolver
from agent_os.effects.applier import Applier
from agent_os.effects.world import World
from agent_os.jobs import desk
from agent_os.jobs.organization import LEASE
from agent_os.policy import news, notifying
from agent_os.policy.neutral import neutral
from agent_os.policy.notifying import Message
from agent_os.store import intents, leases, log, repositories, sinks, tasks
from agent_os.store.leases import Lease

_log = structlog.get_logger()
#: Notices are about the installation: what waits for a sink holds up no repository.
NOWHERE = 0
_PAGE = 2_000
_LOOK_BACK = 500
#: Of one sink in a run; the rest follows in the next.
_MOST_MESSAGES = 5
#: States that may have begun before the page: what goes on is no news.
_LONG_STATES = (
    EventKind.PROVIDER_SEEN,
    EventKind.MAIN_RED,
    EventKind.MAIN_GREEN,
    EventKind.SPRINT_PLANNED,
    EventKind.SPRINT_APPROVED,
    EventKind.SPRINT_ENDED,
)


def notify(world: World) -> None:
    """Tell what is new. Nothing when another process is at it."""
    if not world.config.notices:
        return
    lease = leases.take(world.store, "notices", LEASE)
    if lease is None:
        return
    try:
        resolver.resolve_all(world, NOWHERE)
        for settings in world.config.notices:
            try:
                _Teller(world, lease, settings).run()
            except LeaseLost:
                raise
            except AgentOSError as error:
                _log.warning("not_told", sink=settings.called, error=str(error))
    except LeaseLost:
        _log.warning("lease_lost", job="notices")
    finally:
        leases.release(world.store, lease)


def complaints(world: World) -> list[dict[str, object]]:
    """The sinks that fail at present."""
    with world.store.read() as tx:
        found = {s.called: sinks.state(tx, s.called) for s in world.config.notices}
    return notifying.complaints({name: state for name, state in found.items() if state})


class _Teller:
    """One sink in one run."""

    def __init__(self, world: World, lease: Lease, settings: NoticeSettings) -> None:
        self.world = world
        self.lease = lease
        self.settings = settings
        self.sink = settings.called
        now = world.clock.now()
        with world.store.read() as tx:
            known = sinks.state(tx, self.sink)
        self.state = known or SinkState(since=now - notifying.FIRST_LOOK_BACK)

    def run(self) -> None:
        now = self.world.clock.now()
        if not self._concluded():
            return
        if self.state.not_before and now < self.state.not_before:
            return
        found, newest = _changes(self.world, self.state.seen)
        with self.world.store.read() as tx:
            told = sinks.told(tx, self.sink, (c.id for c in found))
        rules = self.settings.rules
        plan = notifying.plan(found, told, rules, self.state, newest, now)
        self._keep(self.state.model_copy(update={"seen": plan.seen}))
        for message in plan.messages[:_MOST_MESSAGES]:
            if not self._told(message):
                return

    def _told(self, message: Message) -> bool:
        effect = self._effect(message)
        if effect is None:
            return False
        with self.world.store.read() as tx:
            newest, seen = log.newest(tx), tasks.seq(tx, effect.key)
        telling = Telling(change=message.change, ids=message.ids, after=newest)
        self._keep(self.state.model_copy(update={"telling": telling}))
        try:
            Applier(self.world, self.lease).apply(effect, seen)
        except LeaseLost:
            raise
        except AgentOSError as error:
            _log.warning("not_told", sink=self.sink, error=str(error))
        return self._concluded() and not self.state.failures

    def _concluded(self) -> bool:
        """Whether it is known what became of the last message; it is taken note of then."""
        telling = self.state.telling
        if telling is None:
            return True
        key = self._key()
        if key is None:
            return False
        kinds = (EventKind.NOTICE_SENT, EventKind.ISSUE_TOLD, EventKind.EFFECT_FAILED)
        with self.world.store.read() as tx:
            busy = key in intents.unresolved_tasks(tx)
            said = log.history(tx, key, after=telling.after, kinds=kinds, limit=_PAGE)
        if any(self._is_it(event, telling) for _, event in said):
            with self.world.store.write() as tx:
                leases.check(tx, self.lease)
                sinks.tell(self.world.store, tx, self.sink, telling.ids)
                self.state = notifying.sent(self.state)
                sinks.put(tx, self.sink, self.state)
            return True
        if busy:
            if key.repo_id != NOWHERE:
                resolver.resolve_all(self.world, key.repo_id)
            return False
        errors = [e.data["error"] for _, e in said if e.kind is EventKind.EFFECT_FAILED]
        why = errors[-1] if errors else "it could not be sent now"
        self._keep(notifying.failed(self.state, why, self.world.clock.now()))
        return True

    def _is_it(self, event: Event, telling: Telling) -> bool:
        data = event.data
        if event.kind is EventKind.NOTICE_SENT:
            return data["sink"] == self.sink and data["change"] == telling.change
        return data.get("purpose") == self._purpose(telling.change)

    def _key(self) -> TaskKey | None:
        if self.settings.sink != "github":
            return TaskKey(NOWHERE, DESK)
        name, number = self.settings.place
        with self.world.store.read() as tx:
            row = repositories.named(tx, name)
        return TaskKey(row.repo_id, number) if row else None

    def _purpose(self, change: str) -> str:
        return f"notice:{self.sink}:{change}"

    def _effect(self, message: Message) -> DeskEffect | None:
        why = f"{len(message.ids)} of the changes that `{self.sink}` is told of"
        if self.settings.sink != "github":
            return SendNotice(
                repo_id=NOWHERE,
                repo="",
                number=DESK,
                why=why,
                sink=self.sink,
                change=message.change,
                severity=message.severity.value,
                title=message.title,
                text=message.text,
                link=message.link,
            )
        name, number = self.settings.place
        row = desk.repository(self.world, name)
        if row is None or desk.stopped(self.world, row):
            return None
        return TellIssue(
            repo_id=row.repo_id,
            repo=row.name,
            number=number,
            why=why,
            purpose=self._purpose(message.change),
            body=self._comment(message),
        )

    def _comment(self, message: Message) -> str:
        who = f"@{self.settings.mention}: " if self.settings.mention else ""
        parts = [f"{who}**{neutral(message.title)}** ({message.severity})", neutral(message.text)]
        return "\n\n".join(part for part in (*parts, message.link) if part)

    def _keep(self, state: SinkState) -> None:
        if state == self.state:
            return
        with self.world.store.write() as tx:
            leases.check(tx, self.lease)
            sinks.put(tx, self.sink, state)
        self.state = state


def _changes(world: World, seen: int) -> tuple[list[news.Change], int]:
    """(what stands as changed since then, the last event that was read)."""
    with world.store.read() as tx:
        newest = log.newest(tx)
        page = log.history(tx, after=seen or None, kinds=news.KINDS, limit=_PAGE)
        before = log.history(tx, kinds=_LONG_STATES, limit=_LOOK_BACK)
        waiting = tasks.listed(tx, statuses=(Status.QUEUED,))
        rows = repositories.listed(tx)
        titles = _titles(tx, [event for _, event in page])
    if seen and len(page) == _PAGE:
        newest = page[-1][0]
    names = news.Names({row.repo_id: (row.name, row.address) for row in rows}, titles)
    both = dict([*(one for one in before if one[0] <= seen), *page])
    found = news.changes(sorted(both.items()), names)
    if any(t.waiting and t.waiting.reason is Reason.OVER_BUDGET for _, t in waiting):
        now, limit = world.clock.now(), world.config.limits.usd_per_day
        found.append(news.over_budget(now, newest, limit))
    return found, newest


def _titles(tx: sa.Connection, events: Sequence[Event]) -> dict[TaskKey, str]:
    keys = {event.key for event in events if event.key and event.key.number != DESK}
    found = {key: tasks.get(tx, key) for key in keys}
    return {key: task.title for key, task in found.items() if task}
