"""What is chosen for a sprint and why, how much fits, and what people's ticks mean."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_os.domain.attempts import Kind
from agent_os.domain.observed import Edits
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow
from agent_os.policy.sprints import capacity, choices
from agent_os.policy.sprints.capacity import Capacity, Estimates, Past, TypeRecord
from agent_os.policy.sprints.choices import Choice
from agent_os.policy.sprints.objectives import Aim
from agent_os.policy.sprints.plan import Plan, planned, with_choices
from agent_os.policy.sprints.selection import Candidate, Item, Selection, select

from .making import NOW, at

DAY = timedelta(days=1)
KNOWN = Estimates()


def room(points: float = 3.0) -> Capacity:
    return Capacity(points=points, low=1, high=6, per_week=3, rounds=0, weeks=1, assumed=True)


def issue(number: int, body: str = "", *labels: str, **more: Any) -> Candidate:
    made = {"title": f"Issue {number}", "created_at": NOW, "body": body, "labels": labels}
    return Candidate.model_validate({"number": number, **made, **more})


def chosen(found: Selection) -> list[int]:
    return [item.number for item in found.items if item.chosen]


def whys(found: Selection) -> dict[int, str]:
    return {item.number: item.why for item in found.items}


def test_the_most_valuable_that_fit_go_in_and_each_has_its_reason() -> None:
    aim = Aim(name="bugs", weight=1, target=0, goal="lower", value=4, labels=("bug",))
    backlog = [
        issue(1, "", "priority: low"),
        issue(2, created_at=NOW - 45 * DAY),
        issue(3, "", "bug"),
        issue(4, "", "priority: urgent"),
        issue(5),
    ]
    found = select(backlog, [aim], KNOWN, room(3), {}, NOW)
    assert chosen(found) == [4, 3, 2]
    said = whys(found)
    assert said[4] == "urgent, 1 point, low risk"
    assert said[3] == "serves bugs (4, target 0), 1 point, low risk"
    assert said[2] == "45 days old, 1 point, low risk"
    assert said[5] == said[1] == "no room: it takes 1 point, 0.0 are left"


def test_an_objective_that_is_reached_gives_nothing() -> None:
    aim = Aim(name="bugs", target=0, goal="lower", value=0, labels=("bug",))
    found = select([issue(1), issue(2, "", "bug")], [aim], KNOWN, room(1), {}, NOW)
    assert chosen(found) == [1]


def test_an_issue_takes_what_it_depends_on_along_or_is_left_out() -> None:
    wanted = issue(9, "Depends on #2", "priority: urgent")
    found = select([issue(2, "Depends on #1"), issue(1), wanted], [], KNOWN, room(3), {}, NOW)
    assert chosen(found) == [1, 2, 9]
    assert whys(found)[1].startswith("needed by #9; ")
    small = select([issue(2), wanted], [], KNOWN, room(1), {}, NOW)
    assert chosen(small) == [2]
    assert whys(small)[9] == "no room: it takes 2 points, 1.0 are left"


def test_dependencies_that_are_out_at_work_or_closed() -> None:
    out = issue(2, refused="it is labelled `wontfix`")
    found = select([out, issue(3, "Depends on #2")], [], KNOWN, room(), {}, NOW)
    assert not chosen(found)
    assert whys(found)[3] == "it depends on #2, which is out: it is labelled `wontfix`"
    found = select([issue(3, "Depends on #7")], [], KNOWN, room(), {7: "running"}, NOW)
    assert whys(found)[3].endswith("; waits for #7 (running)")
    found = select([issue(3, "Depends on #7")], [], KNOWN, room(), {}, NOW)
    assert chosen(found) == [3], "an issue that is not open is done"


def test_cycles_are_left_out_and_named() -> None:
    circle = [issue(1, "Depends on #2"), issue(2, "Depends on #1"), issue(3, "Depends on #1")]
    found = select(circle, [], KNOWN, room(), {}, NOW)
    assert not chosen(found)
    assert whys(found)[1] == "a cycle of `Depends on`: #1 → #2 → #1"
    assert "cycle" in whys(found)[3]


def test_risk_and_size_count_against() -> None:
    bad = Estimates(types={"implementation": TypeRecord(points=2, done=1, given_up=4)})
    backlog = [issue(1, "a migration"), issue(2), issue(3, "x" * 5_000)]
    found = select(backlog, [], bad, room(20), {}, NOW)
    assert chosen(found) == [2, 1, 3]
    said = whys(found)
    assert said[2] == "2 points, some risk (4 of 5 of its type did not end well)"
    assert "high risk (`migration`" in said[1] and said[3].startswith("3 points, high risk (a long")


def test_few_are_listed_of_many() -> None:
    found = select([issue(n) for n in range(1, 60)], [], KNOWN, room(2), {}, NOW)
    assert (len(found.items), found.more) == (22, 37)


NUMBERS = st.integers(1, 12)
BACKLOG = st.dictionaries(
    NUMBERS,
    st.tuples(st.lists(NUMBERS, max_size=3), st.sampled_from(["", "no"]), st.integers(0, 3)),
    max_size=10,
)


@given(BACKLOG, st.floats(0, 8))
def test_what_is_chosen_is_complete_fits_and_is_the_same_each_time(
    backlog: dict[int, tuple[list[int], str, int]], points: float
) -> None:
    labels = ["priority: low", "bug", "priority: high", "priority: urgent"]
    made = [
        issue(n, "\n".join(f"Depends on #{d}" for d in needs), labels[p], refused=no)
        for n, (needs, no, p) in backlog.items()
    ]
    found = select(made, [], KNOWN, room(points), {}, NOW)
    inside = set(chosen(found))
    by_number = {one.number: one for one in found.items}
    assert len(by_number) == len(backlog) == len(found.items)
    assert sum(by_number[n].points for n in inside) <= points + 1e-6
    for n in inside:
        assert not backlog[n][1]
        assert all(
            need in inside or need not in backlog for need in by_number[n].needs if need != n
        )
    order = chosen(found)
    for n in inside:
        before = order[: order.index(n)]
        assert all(need in before for need in by_number[n].needs if need in inside)
    assert select(made[::-1], [], KNOWN, room(points), {}, NOW) == found
    assert all(item.why for item in found.items)


# Capacity.


def done(number: int, days_ago: float, seconds: float = 60, **more: Any) -> RoundRow:
    end = NOW - timedelta(days=days_ago)
    tried = AttemptRow(number=1, kind=Kind.IMPLEMENT, started_at=end, seconds=seconds, usd=0.5)
    given = {"repo_id": 1, "repo": "acme/todo", "number": number, "round": 1}
    given |= {"requested_at": end - DAY, "merged_at": end, "attempts": (tried,)}
    return RoundRow.model_validate({**given, **more})


def of(rows: list[RoundRow], past: tuple[Past, ...] = (), days: float = 7) -> Capacity:
    return capacity.capacity(rows, capacity.estimates(rows), past, days, NOW)


def test_without_a_record_a_default_is_assumed_and_said() -> None:
    found = of([done(1, 1), done(2, 2)], days=14)
    assert (found.points, found.assumed) == (6.0, True)
    assert found.words == (
        "3 tasks a week are assumed, as only 2 were finished in the last 8 weeks."
    )


def test_throughput_is_measured_with_an_interval() -> None:
    rows = [done(n, n * 3.5) for n in range(1, 17)]  # two a week, for eight weeks
    found = of(rows)
    assert (found.points, found.rounds, found.assumed) == (1.9, 15, False)
    assert found.low < found.points < found.high
    # Garwood's exact limits for a count of 15 are 9.25 and 23.1.
    assert (found.low, found.high) == pytest.approx((9.25 / 8, 23.1 / 8), abs=0.1)
    assert of(rows, days=14).points == pytest.approx(2 * found.points, abs=0.1)


def test_a_young_repository_is_measured_over_its_own_weeks() -> None:
    found = of([done(n, n) for n in range(1, 5)])
    assert (found.weeks, found.points) == (1.0, 4.0)


def test_types_that_take_longer_take_more_points() -> None:
    quick = [done(n, n, 60, type="docs") for n in range(1, 10)]
    slow = [done(n, n, 600, type="refactor") for n in range(20, 23)]
    known = capacity.estimates([*quick, *slow])
    assert known.of("docs").points == 1.0 and known.of("refactor").points == 3.0
    assert known.of("docs").usd == 0.5 and known.of("tests") == TypeRecord()


@pytest.mark.parametrize(
    ("past", "factor"),
    [
        ((), 1.0),
        ((Past(planned=10, done=5),), 0.58),
        ((Past(planned=10, done=0),) * 4, 0.5),
        ((Past(planned=10, done=99),), 1.5),
        ((Past(planned=10, done=0), *(Past(planned=10, done=10),) * 4), 1.0),
        ((Past(planned=0, done=9),), 1.0),
    ],
)
def test_past_forecasts_correct_the_next(past: tuple[Past, ...], factor: float) -> None:
    rows = [done(n, n * 3.5) for n in range(1, 17)]
    found = of(rows, past)
    assert found.factor == factor
    assert found.points == pytest.approx(1.875 * factor, abs=0.06)


# People's ticks.


def text(mark: str, *lines: str) -> str:
    return "\n".join(("## Chosen", *lines, "", f"<!-- agent-os effect={mark} -->"))


def history(*oldest_first: tuple[float, str, str]) -> Edits:
    return Edits(versions=tuple((at(s), who, body) for s, who, body in oldest_first)[::-1])


ON, OFF = "- [x] #1 One — why", "- [ ] #1 One — why"
MAY = {"alice": True, "agent-os": True, "bob": False}


def test_a_tick_of_a_person_is_told_from_our_own_drawing() -> None:
    edits = history((0, "agent-os", text("a", ON)), (1, "alice", text("a", OFF)))
    assert choices.choices(edits, MAY) == [Choice(number=1, chosen=False, by="alice", at=at(1))]
    assert choices.edited_since_drawn(edits)
    ours = history((0, "agent-os", text("a", ON)), (1, "agent-os", text("b", OFF)))
    assert choices.choices(ours, MAY) == [] and not choices.edited_since_drawn(ours)


def test_a_tick_counts_although_our_drawing_came_over_it() -> None:
    edits = history(
        (0, "agent-os", text("a", ON)),
        (1, "alice", text("a", OFF)),
        (2, "agent-os", text("b", ON)),  # decided before alice's edit was seen
    )
    assert [(c.number, c.chosen) for c in choices.choices(edits, MAY)] == [(1, False)]


def test_with_the_owners_token_marks_tell_us_apart() -> None:
    edits = history(
        (0, "alice", text("a", ON)), (1, "alice", text("b", ON)), (2, "alice", text("b", OFF))
    )
    assert [c.chosen for c in choices.choices(edits, MAY)] == [False]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (("bob", text("a", OFF)), []),
        (("alice", text("a")), [(1, False)]),
        (("alice", text("a", ON, "* [X] #7 seven")), [(7, True)]),
        (("alice", text("a", ON) + "\nmore\n"), []),
        (("alice", f"{ON}\n## Notes\n- [x] #7 a thought"), []),
        (("alice", "- [x] no number\n" + text("a", ON)), []),
    ],
)
def test_edits_of_boxes(last: tuple[str, str], expected: list[tuple[int, bool]]) -> None:
    edits = history((0, "agent-os", text("a", ON)), (1, *last))
    assert [(c.number, c.chosen) for c in choices.choices(edits, MAY)] == expected


def plan(*items: Item, **more: Any) -> Plan:
    picked = Selection(items=items)
    made = planned(1, 7, picked, room(), (), NOW, timedelta(hours=72))
    return made.model_copy(update=more)


def item(number: int, *, chosen: bool = True, **more: Any) -> Item:
    return Item(number=number, title=f"Issue {number}", chosen=chosen, why="because", **more)


def choice(number: int, chosen: bool, seconds: float = 0) -> Choice:
    return Choice(number=number, chosen=chosen, by="alice", at=at(seconds))


def test_peoples_choices_change_the_plan_once() -> None:
    before = plan(item(1), item(2, chosen=False))
    said = [choice(1, False), choice(2, True), choice(7, True), choice(8, True)]
    after = with_choices(before, said, {1: "One", 2: "Two", 7: "Seven @bob"})
    assert {i.number: i.chosen for i in after.items} == {1: False, 2: True, 7: True}
    assert [i.why for i in after.items] == [
        "because (unticked by alice)",
        "because (ticked by alice)",
        " (ticked by alice)",
    ]
    assert "@bob" not in after.items[2].title
    assert with_choices(after, said, {}) == after
    back = with_choices(after, [choice(1, True, 5)], {})
    assert back.items[0].why == "because (ticked by alice)"
    assert with_choices(before, [choice(1, True)], {}) == before, "it was chosen anyway"
