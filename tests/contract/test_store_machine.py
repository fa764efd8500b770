"""Leases and intents under any order of takes, deaths, waits and late owners."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from agent_os.domain.effects import CloseIssue
from agent_os.domain.errors import LeaseLost
from agent_os.domain.tasks import TaskKey
from agent_os.store import intents, leases
from agent_os.store.database import Store
from agent_os.store.intents import State
from agent_os.store.leases import Lease
from tests.contract import stores

TTL = timedelta(seconds=60)
ELSEWHERE = ("elsewhere/boot/1/1", "elsewhere/boot/2/1")
NAMES = st.sampled_from(["a", "b"])
OWNERS = st.sampled_from(["dead", *ELSEWHERE])
TASKS = st.sampled_from([1, 2])


@dataclass
class Held:
    owner: str
    fence: int
    until: datetime


class LeasesAndIntents(RuleBasedStateMachine):
    """The model: who holds what until when, and which task has an unresolved intent."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=stores.MEMORY)
        self.store = stores.fresh_sqlite(Path(self.folder.name))
        clock = self.store.clock
        assert isinstance(clock, stores.SetClock)
        self.clock = clock
        self.owners = {"dead": stores.dead_owner(), **{o: o for o in ELSEWHERE}}
        self.model: dict[str, Held] = {}
        self.fences: dict[str, int] = {}
        self.all: list[Lease] = []
        self.open_intents: dict[int, str] = {}
        self.keys: dict[int, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    def by(self, owner: str) -> Store:
        return stores.another(self.store, owner)

    def valid(self, lease: Lease) -> bool:
        held = self.model.get(lease.name)
        return held is not None and (held.owner, held.fence) == (lease.owner, lease.fence)

    @rule(name=NAMES, who=OWNERS)
    def take(self, name: str, who: str) -> None:
        owner, held, now = self.owners[who], self.model.get(name), self.clock.now()
        free = held is None or held.until <= now or held.owner == self.owners["dead"]
        lease = leases.take(self.by(owner), name, TTL)
        assert (lease is not None) is free
        if lease is not None:
            assert lease.fence == self.fences.get(name, 0) + 1
            self.fences[name] = lease.fence
            self.model[name] = Held(owner, lease.fence, now + TTL)
            self.all.append(lease)

    @rule(seconds=st.sampled_from([1, 30, 61]))
    def wait(self, seconds: int) -> None:
        self.clock.pass_seconds(seconds)

    @precondition(lambda self: self.all)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.all))
        valid = self.valid(lease)
        try:
            leases.renew(self.by(lease.owner), lease, TTL)
        except LeaseLost:
            assert not valid
        else:
            assert valid
            self.model[lease.name].until = self.clock.now() + TTL

    @precondition(lambda self: self.all)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.all))
        leases.release(self.by(lease.owner), lease)
        if self.valid(lease):
            del self.model[lease.name]

    @precondition(lambda self: self.all)
    @rule(data=st.data(), number=TASKS)
    def intend(self, data: st.DataObject, number: int) -> None:
        """As the applier does it: fence, busy task and intent in one transaction."""
        lease = data.draw(st.sampled_from(self.all))
        store = self.by(lease.owner)
        effect = CloseIssue(repo_id=1, repo="acme/todo", number=number, round=1)
        try:
            with store.write() as tx:
                leases.check(tx, lease)
                busy = effect.key in intents.unresolved_tasks(tx)
                assert busy is (number in self.open_intents)
                if not busy:
                    made = intents.add(store, tx, effect, lease.name, lease.fence)
                    self.open_intents[number] = made.id
                    self.keys[number] = self.keys.get(number, 0) + 1
        except LeaseLost:
            assert not self.valid(lease)
        else:
            assert self.valid(lease)

    @precondition(lambda self: self.open_intents)
    @rule(data=st.data(), state=st.sampled_from([State.DONE, State.FAILED, State.ABSENT]))
    def end(self, data: st.DataObject, state: State) -> None:
        number = data.draw(st.sampled_from(sorted(self.open_intents)))
        made = self.open_intents.pop(number)
        with self.store.write() as tx:
            assert intents.end(self.store, tx, made, state)
            assert not intents.end(self.store, tx, made, State.DONE)
            intents.unanswered(self.store, tx, made)

    @precondition(lambda self: self.open_intents)
    @rule(data=st.data())
    def lose_the_answer(self, data: st.DataObject) -> None:
        made = data.draw(st.sampled_from(sorted(self.open_intents.values())))
        with self.store.write() as tx:
            intents.unanswered(self.store, tx, made)

    @invariant()
    def the_store_agrees_with_the_model(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.read() as tx:
            assert set(leases.held(tx)) == set(self.model)
            assert {k.number for k in intents.unresolved_tasks(tx)} == set(self.open_intents)
            for number, count in self.keys.items():
                made = intents.of_task(tx, TaskKey(1, number), ("close_issue",))
                assert len(made) == count


TestLeasesAndIntents = LeasesAndIntents.TestCase
TestLeasesAndIntents.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
