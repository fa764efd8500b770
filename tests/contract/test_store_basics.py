"""What every store promises: leases, slots, intents, and facts that happen once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from agent_os.domain.effects import CloseIssue, Effect, OpenPull
from agent_os.domain.errors import LeaseLost, StoreError
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import TaskKey
from agent_os.store import (
    answers,
    database,
    declined,
    intents,
    leases,
    owner,
    pauses,
    repositories,
    schema,
    signals,
    slots,
)
from agent_os.store.database import Store
from agent_os.store.intents import State
from tests.contract import stores

TTL = timedelta(seconds=60)
SLOT = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(params=stores.KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from stores.opened(request.param, tmp_path)


@pytest.fixture
def clock(store: Store) -> stores.SetClock:
    """For tests that let time pass: the store must go by our clock."""
    assert isinstance(store.clock, stores.SetClock)
    return store.clock


def closes(number: int = 12, round: int = 1) -> CloseIssue:
    return CloseIssue(repo_id=1, repo="acme/todo", number=number, round=round)


def opens(number: int = 12) -> OpenPull:
    given = {"repo_id": 1, "repo": "acme/todo", "number": number, "round": 1}
    return OpenPull(**given, branch="b", head="c", base="main", title="t", body="x")


class TestLeases:
    def test_the_fence_grows_with_each_owner(self, store: Store) -> None:
        first = leases.take(store, "job", TTL)
        assert first is not None and first.fence == 1
        leases.release(store, first)
        other = leases.take(stores.another(store, "elsewhere/x/1/1"), "job", TTL)
        assert other is not None and other.fence == 2

    def test_a_living_owner_keeps_it(self, store: Store) -> None:
        assert leases.take(stores.another(store, stores.living_owner()), "job", TTL)
        assert leases.take(store, "job", TTL) is None
        assert leases.take(store, "other job", TTL)

    def test_one_process_holds_it_once(self, store: Store) -> None:
        assert leases.take(store, "job", TTL)
        assert leases.take(store, "job", TTL) is None

    def test_a_dead_owners_lease_is_free_at_once(self, store: Store) -> None:
        assert leases.take(stores.another(store, stores.dead_owner()), "job", TTL)
        taken = leases.take(store, "job", TTL)
        assert taken is not None and taken.fence == 2

    @pytest.mark.parametrize("store", ["sqlite"], indirect=True)
    def test_an_owner_elsewhere_may_live_until_its_time_is_over(
        self, store: Store, clock: stores.SetClock
    ) -> None:
        late = leases.take(stores.another(store, "elsewhere/boot/1/1"), "job", TTL)
        assert late is not None
        clock.pass_seconds(59)
        assert leases.take(store, "job", TTL) is None
        clock.pass_seconds(2)
        assert leases.take(store, "job", TTL)
        with store.read() as tx, pytest.raises(LeaseLost):
            leases.check(tx, late)

    @pytest.mark.parametrize("store", ["sqlite"], indirect=True)
    def test_renewing_moves_the_end(self, store: Store, clock: stores.SetClock) -> None:
        other = stores.another(store, "elsewhere/boot/1/1")
        lease = leases.take(other, "job", TTL)
        assert lease is not None
        clock.pass_seconds(59)
        leases.renew(other, lease, TTL)
        clock.pass_seconds(59)
        assert leases.take(store, "job", TTL) is None

    def test_trap_31_a_late_owner_can_neither_act_nor_renew_nor_release(self, store: Store) -> None:
        late = stores.another(store, stores.dead_owner())
        old = leases.take(late, "job", TTL)
        new = leases.take(store, "job", TTL)
        assert old is not None and new is not None
        with late.write() as tx, pytest.raises(LeaseLost):
            leases.check(tx, old)
        with pytest.raises(LeaseLost):
            leases.renew(late, old, TTL)
        leases.release(late, old)
        with store.read() as tx:
            leases.check(tx, new)
            assert leases.held(tx) == ["job"]

    def test_a_released_lease_is_no_right(self, store: Store) -> None:
        lease = leases.take(store, "job", TTL)
        assert lease is not None
        leases.release(store, lease)
        with store.read() as tx, pytest.raises(LeaseLost):
            leases.check(tx, lease)


class TestOwners:
    def test_this_process_lives(self) -> None:
        assert not owner.is_dead(owner.this_process())
        assert not owner.is_dead(stores.living_owner())

    def test_death_needs_proof(self) -> None:
        here = owner.this_process()
        host, boot, pid, _ = here.rsplit("/", 3)
        assert owner.is_dead(f"{host}/{boot}/{pid}/1"), "a later process of the same number"
        assert owner.is_dead(f"{host}/another1/{pid}/1"), "before the machine was started anew"
        assert owner.is_dead(stores.dead_owner())
        for unknown in ("", "nonsense", "elsewhere/boot/1/1", f"{host}/{boot}/x/1"):
            assert not owner.is_dead(unknown)


class TestSlots:
    def test_a_slot_runs_once(self, store: Store) -> None:
        fence = slots.take(store, "groomer", SLOT, TTL)
        assert fence == 1
        assert slots.take(store, "groomer", SLOT, TTL) is None
        assert slots.finish(store, "groomer", SLOT, fence)
        assert slots.take(store, "groomer", SLOT, TTL) is None
        assert slots.take(store, "planner", SLOT, TTL) == 1
        assert slots.take(store, "groomer", SLOT + TTL, TTL) == 1

    def test_what_was_due_before_an_installation_began_is_not_run(self, store: Store) -> None:
        past = SLOT - TTL
        assert not slots.is_ours(store, "groomer", past)
        assert slots.take(store, "groomer", past, TTL) is None
        assert slots.is_ours(store, "groomer", SLOT)
        assert not slots.is_ours(store, "planner", past)
        with store.read() as tx:
            later = store.now(tx) + TTL
        assert slots.is_ours(store, "analyzer", later)

    def test_an_unfinished_slot_of_a_dead_process_runs_again(self, store: Store) -> None:
        late = stores.another(store, stores.dead_owner())
        old = slots.take(late, "groomer", SLOT, TTL)
        assert slots.take(store, "groomer", SLOT, TTL) == 2
        assert old == 1 and not slots.finish(late, "groomer", SLOT, old)
        assert slots.finish(store, "groomer", SLOT, 2)

    def test_a_finished_slot_of_a_dead_process_does_not(self, store: Store) -> None:
        late = stores.another(store, stores.dead_owner())
        assert slots.finish(late, "groomer", SLOT, slots.take(late, "groomer", SLOT, TTL) or 0)
        assert slots.take(store, "groomer", SLOT, TTL) is None

    def test_the_last_slot_is_the_newest_finished_one(self, store: Store) -> None:
        with store.read() as tx:
            first = store.now(tx)
        for minutes in (0, 2, 1, 3):
            slot = first + timedelta(minutes=minutes)
            fence = slots.take(store, "groomer", slot, TTL)
            if minutes < 3:
                assert fence and slots.finish(store, "groomer", slot, fence)
        with store.read() as tx:
            assert slots.last(tx, "groomer") == first + timedelta(minutes=2)
            assert slots.last(tx, "planner") is None


class TestIntents:
    def add(self, store: Store, effect: Effect) -> intents.Intent:
        with store.write() as tx:
            return intents.add(store, tx, effect, "job", 1)

    def test_an_intent_is_unresolved_until_it_ends_once(self, store: Store) -> None:
        made = self.add(store, opens())
        with store.read() as tx:
            assert intents.unresolved(tx) == [made]
            assert intents.unresolved(tx, repo_id=2) == []
            assert intents.unresolved_tasks(tx) == {TaskKey(1, 12)}
        with store.write() as tx:
            assert intents.end(store, tx, made.id, State.DONE)
            assert not intents.end(store, tx, made.id, State.ABSENT)
            assert intents.unresolved(tx) == []

    def test_without_an_answer_it_stays_unresolved(self, store: Store) -> None:
        made = self.add(store, closes())
        with store.write() as tx:
            intents.unanswered(store, tx, made.id)
            [found] = intents.unresolved(tx)
            assert found.state is State.UNANSWERED and found.ended_at is not None
            assert intents.end(store, tx, made.id, State.ABSENT)

    def test_what_was_resolved_meanwhile_is_not_reopened_by_its_late_owner(
        self, store: Store
    ) -> None:
        made = self.add(store, closes())
        with store.write() as tx:
            intents.end(store, tx, made.id, State.DONE)
            intents.unanswered(store, tx, made.id)
            assert intents.unresolved(tx) == []

    def test_keys_count_those_of_the_same_kind_task_and_round(self, store: Store) -> None:
        for effect in (closes(), closes(), opens(), closes(13), closes(round=2), closes(1)):
            self.add(store, effect)
        with store.read() as tx:
            keys = {r.key for r in tx.execute(sa.select(schema.intents.c.key))}
        prefix = "1#12/1/close_issue/"
        assert keys == {
            f"{prefix}1",
            f"{prefix}2",
            "1#12/1/open_pull/1",
            "1#13/1/close_issue/1",
            "1#12/2/close_issue/1",
            "1#1/1/close_issue/1",
        }

    def test_failures_in_a_row(self, store: Store) -> None:
        clock = store.clock
        assert isinstance(clock, stores.SetClock)
        for state in (State.FAILED, State.DONE, State.FAILED, State.FAILED):
            clock.pass_seconds(1)
            made = self.add(store, closes())
            with store.write() as tx:
                intents.end(store, tx, made.id, state)
        self.add(store, opens())
        with store.read() as tx:
            assert intents.consecutive_failures(tx, closes()) == 2
            assert intents.consecutive_failures(tx, closes(13)) == 0

    def test_effects_read_back_as_they_were(self, store: Store) -> None:
        made = self.add(store, opens())
        with store.read() as tx:
            assert intents.of_task(tx, TaskKey(1, 12), ("open_pull",)) == [made]
            assert intents.of_task(tx, TaskKey(1, 12), ("close_issue",)) == []

    def test_an_effect_leaves_each_trace_once(self, store: Store) -> None:
        made = self.add(store, closes())
        with store.write() as tx:
            intents.add_echo(store, tx, made.id, "closed", 5)
            assert intents.echoes(tx, [made.id, "other"]) == {(made.id, "closed")}
        with store.write() as tx:  # two jobs may look at the same time: the first note stays
            intents.add_echo(store, tx, made.id, "closed", 6)
            assert intents.echoes(tx, [made.id]) == {(made.id, "closed")}
            noted = tx.execute(sa.select(schema.echoes.c.event_id)).scalars().all()
            assert noted == [5]


class TestOnce:
    def test_trap_22_a_signal_is_new_once_ever(self, store: Store) -> None:
        with store.write() as tx:
            assert signals.raise_once(store, tx, "incident:x", {"a": 1})
            assert not signals.raise_once(store, tx, "incident:x", {"a": 2})
        with store.write() as tx:
            assert not signals.raise_once(store, tx, "incident:x", {})
            assert signals.raise_once(store, tx, "incident:y", {})

    def test_what_a_rolled_back_transaction_raised_is_still_new(self, store: Store) -> None:
        with pytest.raises(KeyError), store.write() as tx:
            signals.raise_once(store, tx, "incident:x", {})
            raise KeyError
        with store.write() as tx:
            assert signals.raise_once(store, tx, "incident:x", {})

    def test_an_event_is_consumed_once_in_its_repository(self, store: Store) -> None:
        with store.write() as tx:
            signals.consume(store, tx, 1, [3, 4, 3])
            signals.consume(store, tx, 1, [4, 2**40])
            signals.consume(store, tx, 1, [])
            assert signals.consumed(tx, 1, [2, 3, 4, 2**40]) == {3, 4, 2**40}
            assert signals.consumed(tx, 2, [3]) == set()

    def test_pauses(self, store: Store) -> None:
        with store.write() as tx:
            assert pauses.pause(store, tx, "Acme/Todo")
            assert not pauses.pause(store, tx, "acme/todo")
            assert pauses.pause(store, tx, pauses.ALL)
            assert pauses.paused(tx) == {"acme/todo", "*"}
            assert pauses.resume(tx, "ACME/todo")
            assert not pauses.resume(tx, "acme/todo")

    def test_a_refusal_keeps_its_since_while_it_is_the_same(self, store: Store) -> None:
        def row(minutes: int, reason: Reason, detail: str = "d") -> declined.Declined:
            seen = SLOT + timedelta(minutes=minutes)
            return declined.Declined(TaskKey(1, 2), "a/b", "t", reason, detail, seen, seen)

        with store.write() as tx:
            assert declined.put(store, tx, row(0, Reason.UNTRUSTED_ACTOR))
            assert not declined.put(store, tx, row(1, Reason.UNTRUSTED_ACTOR))
            [found] = declined.listed(tx)
            assert (found.since, found.last_seen) == (SLOT, SLOT + timedelta(minutes=1))
            assert declined.put(store, tx, row(2, Reason.UNTRUSTED_ACTOR, "another"))
            assert declined.put(store, tx, row(3, Reason.DRY_RUN, "another"))
            [found] = declined.listed(tx)
            assert found.since == SLOT + timedelta(minutes=3)
            declined.remove(tx, TaskKey(1, 2))
            assert declined.listed(tx) == []


class TestRows:
    def test_repositories_are_found_by_name_without_case(self, store: Store) -> None:
        row = repositories.Repository(
            repo_id=2**40,
            name="Acme/Todo",
            clone_url="u",
            default_branch="main",
            seen_at=SLOT,
            looked={12: SLOT},
        )
        with store.write() as tx:
            repositories.put(store, tx, row)
            repositories.put(store, tx, row.model_copy(update={"errors": 3}))
            found = repositories.named(tx, "acme/TODO")
            assert found == row.model_copy(update={"errors": 3})
            assert repositories.get(tx, 2**40) == found
            assert repositories.get(tx, 1) is None

    def test_kept_answers_are_replaced_and_bounded(self, store: Store) -> None:
        with store.write() as tx:
            answers.put(store, tx, "/x", answers.Answer("e1", "l", "b1"))
            answers.put(store, tx, "/x", answers.Answer("e2", "", "ü"))
            assert answers.get(tx, "/x") == answers.Answer("e2", "", "ü")
            answers.put(store, tx, "/big", answers.Answer("e", "", "b" * 3_000_000))
            assert answers.get(tx, "/big") is None

    def test_a_naive_time_is_refused(self, store: Store) -> None:
        """Comparing one with an aware time once made retries without end."""
        with pytest.raises(sa.exc.StatementError, match="aware"), store.write() as tx:
            row = {"id": "s", "at": datetime(2026, 1, 5), "data": "{}"}
            tx.execute(schema.signals.insert().values(installation="i", **row))

    def test_every_time_column_is_aware(self, store: Store) -> None:
        moments = [c for t in schema.metadata.tables.values() for c in t.columns if c.name == "at"]
        assert moments and all(isinstance(c.type, schema.Moment) for c in moments)

    def test_times_sort_as_text_whatever_their_zone(self, store: Store) -> None:
        east = SLOT.astimezone(datetime.now().astimezone().tzinfo)
        moment = schema.Moment()
        texts = [
            moment.process_bind_param(t, None)
            for t in (SLOT, SLOT + timedelta(microseconds=1), SLOT + TTL)
        ]
        assert texts == sorted(t for t in texts if t)
        assert moment.process_bind_param(east, None) == texts[0]


class TestSchema:
    def test_a_new_database_has_exactly_the_tables(self, store: Store) -> None:
        assert self.differences(store.engine) == (database.HEAD, [])

    @pytest.mark.parametrize("kind", stores.KINDS)
    def test_migrations_from_the_first_make_exactly_the_tables(
        self, kind: str, tmp_path: Path
    ) -> None:
        for url in stores.url(kind, tmp_path):
            engine = sa.create_engine(url)
            database.upgrade(engine)
            assert self.differences(engine) == (database.HEAD, [])
            engine.dispose()
            Store(url, stores.SetClock(), stores.Counted()).close()

    @staticmethod
    def differences(engine: sa.Engine) -> tuple[str | None, list[object]]:
        """The version, and how the tables differ from those we know."""
        with engine.connect() as tx:
            opts = {"compare_type": True, "include_name": TestSchema._ours}
            context = MigrationContext.configure(tx, opts=opts)
            return context.get_current_revision(), compare_metadata(context, schema.metadata)

    @staticmethod
    def _ours(name: str | None, kind: str, _parents: object) -> bool:
        """SQLite keeps an index of words in tables of its own."""
        return kind != "table" or name is None or not name.startswith("lesson_words")

    def test_every_row_has_the_installations_id(self) -> None:
        without = {n for n, t in schema.metadata.tables.items() if "installation" not in t.c}
        assert without == {"meta"}

    def test_opening_again_keeps_the_installation(self, store: Store) -> None:
        again = Store(store.url, store.clock, stores.Counted())
        assert again.installation == store.installation
        again.close()

    def test_a_newer_database_is_refused(self, store: Store) -> None:
        with store.write() as tx:
            tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(StoreError, match="Install the newer"):
            Store(store.url, store.clock, store.ids)

    def test_a_database_that_can_not_be_opened_says_what_to_check(self, tmp_path: Path) -> None:
        folder = tmp_path / "no" / "such" / "folder"
        with pytest.raises(StoreError, match=r"Check `store\.url`"):
            Store(f"sqlite:///{folder}/s.sqlite", stores.SetClock(), stores.Counted())
