"""What the simulation has found, each in its shortest form."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from agent_os.domain.tasks import Status, TaskKey
from agent_os.effects import failpoints
from agent_os.simulation.choices import Choices
from agent_os.store import intents

from .invariants import all_tasks
from .plan import Plan, plan
from .running import Simulation
from .town import Town

_MOST_ROUNDS = 12


@pytest.fixture(name="town")
def _town(sim: Simulation) -> Generator[Town]:
    """One issue is asked for; nobody interferes."""
    with sim.town(Choices(1), _quiet()) as town:
        town.people.asks()
        yield town


def _quiet() -> Plan:
    return plan(Choices(1)).undisturbed


def _until_published(town: Town) -> int:
    """The number of our pull request."""
    for _ in range(_MOST_ROUNDS):
        town.round("A")
        town.attempt_ends()
        town.clock.advance(10)
        if pulls := town.people.pulls(1):
            return pulls[0]["number"]
    raise AssertionError("\n".join(town.choices.lines))


def test_two_who_see_the_same_trace_of_ours_both_go_on(town: Town) -> None:
    _until_published(town)
    store = town.world().store
    key = TaskKey(town.hub.repo_id, 1)
    with store.write() as tx:
        made = intents.of_task(tx, key, ("set_labels",))[0]
        for event in (901, 902):
            intents.add_echo(store, tx, made.id, "closed", event)
        assert (made.id, "closed") in intents.echoes(tx, [made.id])


def test_who_is_held_up_between_intent_and_request_leaves_it_to_the_others(town: Town) -> None:
    """They may have found that nothing happened, and have done it themselves."""
    held: list[str] = []

    def suspended(name: str) -> None:
        if name == "write_comment.intended" and not held:
            town.clock.advance(600)
            held.append(name)
            town.run_job("B", "queue-engine")

    with failpoints.watched(suspended):
        _until_published(town)
    assert held
    assert any("log: held_up write_comment" in line for line in town.choices.lines)
    bodies = [c["body"] for c in town.hub.all("/issues/1/comments")]
    assert len(bodies) == 2, f"its status, and what the agent asked for: {bodies}"


def test_a_ready_that_is_read_after_the_end_asks_for_nothing_more(town: Town) -> None:
    pull = _until_published(town)
    town.hub.ask("POST", "/issues/1/labels", {"labels": ["Ready"]})
    town.clock.advance(20)
    assert town.hub.ask("PUT", f"/pulls/{pull}/merge", {})
    town.clock.advance(20)
    town.people.closes(1)
    for _ in range(_MOST_ROUNDS):  # the dispatcher does not come to look
        for job in ("pr-monitor", "queue-engine"):
            town.run_job("A", job)
        town.clock.advance(70)
        if all_tasks(town)[0].status is Status.DONE:
            break
    for _ in range(_MOST_ROUNDS):
        town.round("A")
        town.attempt_ends()
        town.clock.advance(70)
    (task,) = all_tasks(town)
    assert (task.round, task.status) == (1, Status.DONE), "\n".join(town.choices.lines)
    assert len(town.people.pulls(1)) == 1
