"""What a plan changes: rows and steps, and that any row of lists comes to rest without doubles."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_os.domain.effects import (
    EditIssue,
    Effect,
    FileIssue,
    OpenProposal,
    PushProposal,
    RetireIssue,
    TellIssue,
)
from agent_os.policy.requirements import changes, matching, ordering, reading, splitting
from agent_os.policy.requirements.foundation import SetUp
from agent_os.policy.requirements.items import EPIC, SKELETON, Plan, Planned
from agent_os.policy.requirements.matching import Stored
from agent_os.policy.requirements.rows import Change, Kind, Known, PlanFacts
from agent_os.policy.requirements.splitting import Split


class Ground:
    """What the steps of plans do to a repository's issues, in memory."""

    def __init__(self) -> None:
        self.facts = PlanFacts(repo_id=1, repo="acme/shop", name="shop")
        self.signals: list[str] = []
        self.steps: list[Effect] = []

    def plan(self, text: str) -> Plan:
        made = ordering.plan(reading.read(text.encode(), "LIST.md"))
        stored = [Stored(item=one.item, done=one.done) for one in self.facts.known.values()]
        return matching.keyed(made, stored)

    def set(self, key: str, **update: Any) -> None:
        known = {**self.facts.known, key: self.facts.known[key].model_copy(update=update)}
        self.facts = self.facts.model_copy(update={"known": known})

    def rows(self, text: str) -> list[Change]:
        return changes.decide(self.plan(text), self.facts)

    def file(self, text: str, setup: SetUp | None = None) -> list[Change]:
        """Until nothing is left to do; the rows then."""
        made = self.plan(text)
        if setup is not None:
            made = made.model_copy(
                update={"items": ordering.founded(made.items, ordering.skeleton("S", "sh t"))}
            )
            self.facts = self.facts.model_copy(update={"setup": setup})
        for _ in range(4 * len(made.items) + 12):
            rows = changes.decide(made, self.facts)
            found = [row.step for row in rows if row.step is not None]
            if not found:
                return rows
            for step in found:
                self._apply(step)
        raise AssertionError("it comes to no rest")

    def _apply(self, step: Effect) -> None:
        self.steps.append(step)
        match step:
            case FileIssue():
                assert step.signal not in self.signals
                self.signals.append(step.signal)
                item = Planned.model_validate(step.facts["plan"]["item"])
                new = Known(number=100 + len(self.signals), item=item)
                known = {**self.facts.known, item.key: new}
                self.facts = self.facts.model_copy(update={"known": known})
            case EditIssue():
                key, known_one = self._of(step.number)
                assert known_one.open and known_one.untouched and not known_one.at_work
                self.set(key, item=Planned.model_validate(step.facts["plan"]["item"]))
            case TellIssue():
                key, known_one = self._of(step.number)
                # What changes back and forth is told each time: the item is then another.
                assert "plan" in step.facts or step.purpose not in known_one.told
                told: dict[str, Any] = {"told": known_one.told | {step.purpose}}
                if "plan" in step.facts:
                    told["item"] = Planned.model_validate(step.facts["plan"]["item"])
                self.set(key, **told)
            case RetireIssue():
                key, known_one = self._of(step.number)
                assert not known_one.at_work and known_one.open
                self.set(key, open=False, done=step.reason == "completed")
            case PushProposal() | OpenProposal():
                assert self.facts.setup is not None
                pull = 50 if isinstance(step, OpenProposal) else self.facts.setup.pull
                setup = self.facts.setup.model_copy(update={"pushed": True, "pull": pull})
                self.facts = self.facts.model_copy(update={"setup": setup})
            case _:
                raise AssertionError(step)

    def _of(self, number: int) -> tuple[str, Known]:
        return next((k, one) for k, one in self.facts.known.items() if one.number == number)


LIST = "# Shop\n- List the products\n  - by name\n- Search them\n  - after: list the products\n"


def kinds(rows: list[Change]) -> dict[str, str]:
    return {row.key: row.kind.value for row in rows}


def test_all_is_filed_in_order_with_the_epic_last() -> None:
    ground = Ground()
    assert {row.kind for row in ground.rows(LIST)} == {Kind.NEW}
    ground.file(LIST)
    assert [s.rpartition(".")[2] for s in ground.signals] == [
        "list-the-products",
        "search-them",
        EPIC,
    ]
    bodies = [step.body for step in ground.steps if isinstance(step, FileIssue)]
    assert "Depends on #101" in bodies[1] and "- [ ] #101\n- [ ] #102" in bodies[2]
    assert all(len(signal) <= 120 for signal in ground.signals)


CHANGED = LIST.replace("by name", "by name and price")


@pytest.mark.parametrize(
    ("state", "text", "kind", "step"),
    [
        ({}, LIST, "same", None),
        ({}, CHANGED, "changed", EditIssue),
        ({"at_work": True}, CHANGED, "told", TellIssue),
        ({"untouched": False}, CHANGED, "told", TellIssue),
        ({"open": False}, LIST, "not wanted", None),
        ({"open": False}, CHANGED, "not wanted", None),
        ({"open": False, "done": True}, LIST, "done", None),
        ({}, "# Shop\n- Search them\n", "gone", TellIssue),
        ({"at_work": True}, "# Shop\n- Search them\n", "gone", TellIssue),
        ({"open": False}, "# Shop\n- Search them\n", None, None),
        ({"open": False, "done": True}, "# Shop\n- Search them\n", None, None),
    ],
)
def test_what_becomes_of_one_issue(
    state: dict[str, bool], text: str, kind: str | None, step: type[Effect] | None
) -> None:
    ground = Ground()
    ground.file(LIST)
    ground.set("list-the-products", **state)
    rows = {row.key: row for row in ground.rows(text)}
    row = rows.get("list-the-products")
    assert (row.kind.value if row else None) == kind
    assert (type(row.step) if row and row.step else None) is step


def test_what_is_done_and_reads_otherwise_gets_an_issue_of_its_own() -> None:
    ground = Ground()
    ground.file(LIST)
    ground.set("list-the-products", open=False, done=True)
    rows = ground.file(CHANGED)
    assert kinds(rows)["list-the-products-2"] == "same"
    assert len(ground.signals) == 4
    ground.steps.clear()
    ground.file(CHANGED)
    assert ground.steps == []


def test_when_all_is_done_the_epic_is_closed() -> None:
    ground = Ground()
    ground.file(LIST)
    for key in ("list-the-products", "search-them"):
        ground.set(key, open=False, done=True)
    rows = ground.file(LIST)
    assert set(kinds(rows).values()) == {"done"}
    assert isinstance(ground.steps[-1], RetireIssue)
    epic = ground.facts.known[EPIC]
    assert epic.done and epic.item.goal.count("- [x]") == 2


def test_an_epic_that_somebody_edited_is_left_alone() -> None:
    ground = Ground()
    ground.file(LIST)
    ground.set(EPIC, untouched=False)
    ground.steps.clear()
    rows = ground.file(LIST + "- More\n")
    assert rows[-1].detail == "somebody has edited it: left alone"
    assert [type(step) for step in ground.steps] == [FileIssue]


@pytest.mark.parametrize(
    ("how", "steps"),
    [
        ("first_commit", [PushProposal]),
        ("proposal", [PushProposal, OpenProposal]),
    ],
)
def test_what_the_repository_needs_comes_first(how: str, steps: list[type[Effect]]) -> None:
    ground = Ground()
    given = {"how": how, "branch": "b", "base": "main", "sha": "1" * 40, "files": {"a": ""}}
    ground.file(LIST, SetUp.model_validate(given))
    assert [type(step) for step in ground.steps[: len(steps)]] == steps
    first = next(step for step in ground.steps if isinstance(step, FileIssue))
    assert first.signal.endswith(SKELETON)
    assert ("Depends on #50" in first.body) is (how == "proposal")


_LINES = [
    *("List the products", "Search them by name", "Export as CSV", "Print a receipt"),
    *("Pay with a card", "Send a letter"),
]
_lists = st.lists(st.sampled_from(_LINES), min_size=1, max_size=6, unique=True)
_state = st.sampled_from(
    [{}, {"at_work": True}, {"untouched": False}, {"open": False}, {"open": False, "done": True}]
)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(_lists, st.booleans(), _state, st.integers(0, 9)), max_size=6))
def test_any_row_of_lists_comes_to_rest_without_doubles(
    lists: list[tuple[list[str], bool, dict[str, bool], int]],
) -> None:
    ground = Ground()
    for lines, numbered, state, which in lists:
        marks = [f"{place}." if numbered else "-" for place in range(1, len(lines) + 1)]
        text = "\n".join(f"{mark} {line}" for mark, line in zip(marks, lines, strict=True))
        ground.file(text)
        before = len(ground.steps)
        rows = ground.file(text)
        assert len(ground.steps) == before
        assert {row.title for row in rows} >= set(lines)
        keys = list(ground.facts.known)
        ground.set(keys[which % len(keys)], **state)


SPLIT = {
    "items": [
        {
            "title": "List",
            "goal": "It lists.",
            "acceptance": ["it does"],
            "type": "implementation",
            "sources": [0],
            "after": [],
        }
    ]
}


def test_a_models_plan_has_the_same_form_and_limits() -> None:
    requirements = reading.read(LIST.encode(), "LIST.md")
    split = Split.model_validate(
        {"items": [*SPLIT["items"], {**SPLIT["items"][0], "sources": [1], "after": [0]}]}
    )
    found = splitting.plan(split, requirements, ordering.skeleton("Shop", "sh t"))
    assert isinstance(found, Plan) and found.thought
    assert [(i.key, i.depends_on) for i in found.items] == [
        (SKELETON, ()),
        ("list", (SKELETON,)),
        ("list-2", ("list",)),
    ]
    left_out = splitting.plan(Split.model_validate(SPLIT), requirements, None)
    assert left_out == "the model leaves out 1 requirements: Search them"
    prompt = splitting.prompt(requirements)
    assert "[1] Search them" in prompt and "depends on: list the products" in prompt


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"after": [0]}, "earlier ones"),
        ({"type": "fun"}, "must be one of"),
        ({"acceptance": []}, "at least 1"),
        ({"sources": []}, "at least 1"),
        ({"title": "x" * 200}, "at most 120"),
    ],
)
def test_a_models_answer_is_checked(update: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Split.model_validate({"items": [{**SPLIT["items"][0], **update}]})
