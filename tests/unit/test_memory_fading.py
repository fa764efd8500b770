"""What is forgotten, and why: unused, contradicted, about what is gone, too many."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent_os.domain.lessons import Ending, Record
from agent_os.policy.memory import fading
from agent_os.policy.memory.fading import Judged
from tests.unit.making import NOW, at
from tests.unit.test_memory_relevance import lesson

LASTS = timedelta(days=90)


def there(path: str) -> bool:
    return path in ("src/", "app.py")


@pytest.mark.parametrize(
    ("judged", "ending"),
    [
        pytest.param(Judged(lesson=lesson()), None, id="new"),
        pytest.param(Judged(lesson=lesson(seen_at=at(-90 * 86_400))), Ending.EXPIRED, id="old"),
        pytest.param(
            Judged(lesson=lesson(seen_at=at(-200 * 86_400), last_used=at(-86_400))), None, id="used"
        ),
        pytest.param(Judged(lesson=lesson(paths=("lib/",))), Ending.PATH_GONE, id="its path"),
        pytest.param(Judged(lesson=lesson(paths=("lib/", "src/"))), None, id="one path is there"),
        pytest.param(
            Judged(lesson=lesson(), told=Record(lost=6), others=Record(won=20, lost=5)),
            Ending.CONTRADICTED,
            id="it misleads",
        ),
        pytest.param(
            Judged(lesson=lesson(), told=Record(lost=6), others=Record(won=5, lost=20)),
            None,
            id="everybody fails there",
        ),
        pytest.param(
            Judged(lesson=lesson(), told=Record(lost=4), others=Record(won=100)),
            None,
            id="too few were told",
        ),
        pytest.param(
            Judged(lesson=lesson(), told=Record(won=3, lost=3), others=Record(won=20, lost=5)),
            None,
            id="chance",
        ),
        pytest.param(
            Judged(lesson=lesson(), told=Record(lost=9), others=Record()),
            None,
            id="nobody to compare with",
        ),
    ],
)
def test_one_lesson(judged: Judged, ending: Ending | None) -> None:
    found = fading.faded([judged], there, NOW, LASTS)
    assert [one.ending for one in found] == ([ending] if ending else [])


def test_the_reason_names_the_numbers() -> None:
    judged = Judged(lesson=lesson(), told=Record(lost=6), others=Record(won=20, lost=5))
    assert fading.contradicted(judged) == (
        "6 of 6 attempts that were told it failed, 5 of 25 others (p = 0.00063)"
    )


def test_a_base_that_could_not_be_read_ends_nothing() -> None:
    assert fading.faded([Judged(lesson=lesson(paths=("lib/",)))], None, NOW, LASTS) == []


def test_the_least_useful_ones_make_room() -> None:
    many = [
        Judged(lesson=lesson(f"lesson {n} of many", evidence=2 if n else 1, seen_at=at(n)))
        for n in range(fading.MOST + 2)
    ]
    found = fading.faded(many, there, NOW, LASTS)
    assert [one.lesson.text for one in found] == ["lesson 0 of many", "lesson 1 of many"]
    assert {one.ending for one in found} == {Ending.CROWDED_OUT}
