"""Which lessons are told, in which order, and in how many tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_os.domain.lessons import Cause, Ending, Lesson, Record, lesson_id
from agent_os.policy.memory import relevance
from agent_os.policy.memory.relevance import Asked, Candidate
from agent_os.policy.tokens import tokens
from tests.unit.making import NOW, at

LASTS = timedelta(days=90)
ASKED = Asked(repo_id=1, type="fix", paths=("src/dates/parse.py",), now=NOW)


def lesson(text: str = "Use parse_date.", **more: Any) -> Lesson:
    repo_id = more.get("repo_id", 1)
    given: dict[str, Any] = {
        "id": lesson_id(repo_id, text),
        "repo_id": 1,
        "seq": 1,
        "text": text,
        "cause": Cause.MENDED,
        "number": 12,
        "seen_number": 12,
        "type": "fix",
        "born_at": NOW,
        "seen_at": NOW,
    }
    return Lesson(**{**given, **more})


def told(*candidates: Candidate, budget: int = 1_000) -> list[str]:
    return [one.text for one in relevance.chosen(candidates, ASKED, budget, LASTS)]


@pytest.mark.parametrize(
    ("candidate", "is_told"),
    [
        pytest.param(Candidate(lesson=lesson(), match=1), True, id="its words match"),
        pytest.param(Candidate(lesson=lesson(), match=0), False, id="nothing matches"),
        pytest.param(Candidate(lesson=lesson(paths=("src/dates/",))), True, id="its folder"),
        pytest.param(Candidate(lesson=lesson(paths=("src/",))), True, id="a folder above"),
        pytest.param(Candidate(lesson=lesson(paths=("src/dates",))), False, id="another file"),
        pytest.param(Candidate(lesson=lesson(paths=("lib/",))), False, id="another folder"),
        pytest.param(Candidate(lesson=lesson(evidence=3)), True, id="learned often"),
        pytest.param(Candidate(lesson=lesson(evidence=3, type="docs")), False, id="another type"),
        pytest.param(
            Candidate(lesson=lesson(seen_at=at(-91 * 86_400)), match=1), False, id="expired"
        ),
        pytest.param(
            Candidate(lesson=lesson(seen_at=at(-91 * 86_400), last_used=NOW), match=1),
            True,
            id="old, but told lately",
        ),
        pytest.param(
            Candidate(lesson=lesson(ending=Ending.FORGOTTEN), match=1), False, id="forgotten"
        ),
        pytest.param(
            Candidate(lesson=lesson(), match=1, record=Record(lost=8)), False, id="never helped"
        ),
        pytest.param(
            Candidate(lesson=lesson(), match=1, record=Record(won=1, lost=8)), True, id="once"
        ),
        pytest.param(
            Candidate(
                lesson=lesson("#1 It: merged from x at the first attempt", cause=Cause.MERGED),
                match=1,
            ),
            False,
            id="says only that there was such a task",
        ),
    ],
)
def test_what_is_told(candidate: Candidate, is_told: bool) -> None:
    assert bool(told(candidate)) is is_told


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"match": 1.0}, {"match": 0.6}),
        ({"record": Record(won=9)}, {"record": Record(won=1, lost=8)}),
        ({"lesson": {"paths": ("src/dates/",)}}, {"lesson": {"paths": ("lib/",)}}),
        ({"lesson": {"seen_at": NOW}}, {"lesson": {"seen_at": at(-60 * 86_400)}}),
        ({"lesson": {"type": "fix"}}, {"lesson": {"type": "docs"}}),
        ({"lesson": {"evidence": 2}}, {"lesson": {"evidence": 1}}),
        ({"lesson": {"cause": Cause.REVIEW}}, {"lesson": {"cause": Cause.MERGED}}),
    ],
)
def test_the_better_one_comes_first(better: dict[str, Any], worse: dict[str, Any]) -> None:
    def made(text: str, seq: int, given: dict[str, Any]) -> Candidate:
        more = {k: v for k, v in given.items() if k != "lesson"}
        one = lesson(text, seq=seq, **given.get("lesson", {}))
        return Candidate.model_validate({"lesson": one, "match": 1.0, **more})

    both = (made("worse", 2, worse), made("better", 1, better))
    assert told(*both)[0] == "better"
    assert told(*both[::-1])[0] == "better"


def test_the_budget_holds_and_a_short_one_may_still_fit() -> None:
    long = Candidate(lesson=lesson("word " * 110), match=1)
    short = Candidate(lesson=lesson("Short.", seq=2), match=0.7)
    assert told(long, short, budget=60) == ["Short."]
    assert told(long, short, budget=5) == []


_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)


@given(st.lists(st.tuples(_TEXT, st.floats(0, 1)), max_size=40), st.integers(0, 300))
def test_it_is_bounded_and_always_the_same(pairs: list[tuple[str, float]], budget: int) -> None:
    made = [Candidate(lesson=lesson(t, seq=n), match=m) for n, (t, m) in enumerate(pairs)]
    found = relevance.chosen(made, ASKED, budget, LASTS)
    assert found == relevance.chosen(made, ASKED, budget, LASTS)
    assert len(found) <= relevance.MOST_TOLD
    assert sum(tokens(relevance.line(one, 1)) + 1 for one in found) <= budget
    assert all("\n" not in relevance.line(one, 1) for one in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fix `src/app.py` and docs/", ("src/app.py", "docs/")),
        ("in ./lib/x.ts:30", ("lib/x.ts",)),
        ("https://example.com/a/b.html is no path", ()),
        ("nothing here. Really.", ()),
        ("/etc/passwd", ()),
    ],
)
def test_paths_in_a_text(text: str, expected: tuple[str, ...]) -> None:
    assert relevance.paths_in(text) == expected


def test_a_line_says_where_it_is_from_and_another_repositorys_issue_is_not_named() -> None:
    one = lesson(advice="A helper.", evidence=3, paths=("src/",))
    assert relevance.line(one, 1) == (
        "An attempt failed: Use parse_date. What passed then: A helper. "
        "(#12, learned 3 times, about src/)"
    )
    assert "#12" not in relevance.line(one, 2) and "another repository" in relevance.line(one, 2)
