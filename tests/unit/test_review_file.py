"""A second pair of eyes: the criteria, the file it is given in, and the verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from agent_os.attempt.failure import Failure
from agent_os.attempt.gates.review import judge
from agent_os.attempt.reviewing import example, instructions, parse_review, place
from agent_os.attempt.verdict import worst
from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode
from agent_os.domain.review import Fault, Judged, Met, Review, criteria_of
from agent_os.policy import descriptions

from .making import at, evidence, in_review, result

Code = FailureCode
TWO = ("it adds", "it subtracts")
LATER = at(minutes=600)


# the criteria


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["The goal is reached: Mend it"]),
        ("- one\n- two\n", ["one", "two"]),
        ("1. one\n2) two", ["one", "two"]),
        ("- [ ] one\n- [x] two", ["one", "two"]),
        ("  * one\n    - with this\n    more\n  * two", ["one - with this more", "two"]),
        ("All of these hold:\n\n- one\n- two", ["one", "two"]),
        ("It is fast.\n\n- one", ["It is fast.", "one"]),
        ("It adds\nwell.\n\nIt is fast.", ["It adds well.", "It is fast."]),
    ],
)
def test_criteria_one_by_one(text: str, found: list[str]) -> None:
    assert list(criteria_of(text, "Mend it")) == found


def test_criteria_are_bounded_and_none_is_lost() -> None:
    many = criteria_of("\n".join(f"- c{n}" for n in range(30)), "")
    assert len(many) == 20 and many[19] == " / ".join(f"c{n}" for n in range(19, 30))
    assert len(criteria_of("x" * 10_000, "")[0]) == 400


# the file


def written(*criteria: Mapping[str, Any], faults: Any = ()) -> bytes:
    return json.dumps({"criteria": list(criteria), "faults": list(faults)}).encode()


def met(number: int, **more: Any) -> dict[str, Any]:
    given = {"criterion": number, "verdict": "met", "where": ["a.py:1"], "why": "It is there."}
    return {**given, **more}


FAULT = {"kind": "security", "severity": "high", "where": "a.py:3", "what": "It runs its input."}


def test_the_example_is_what_the_parser_takes_and_the_prompt_names_every_field() -> None:
    criteria, faults = parse_review(example().encode(), TWO)
    assert [c.verdict for c in criteria] == [Met.MET, Met.NOT_MET] and len(faults) == 1
    for word in ("criterion", "verdict", "where", "why", "kind", "severity", "what", *Met):
        assert f"`{word}`" in instructions()


def test_a_good_file_is_read_in_the_order_of_the_task() -> None:
    lines = ["a.py:1-4", "b c/d.py:2"]
    data = written(met(2, verdict="cant_tell", where=[]), met(1, where=lines), faults=[FAULT])
    criteria, faults = parse_review(data, TWO)
    assert [(c.number, c.criterion, c.verdict) for c in criteria] == [
        (1, "it adds", Met.MET),
        (2, "it subtracts", Met.CANT_TELL),
    ]
    assert criteria[0].where == tuple(lines)
    assert [(f.kind, f.severity) for f in faults] == [("security", "high")]
    assert place("b c/d.py:2-7") == ("b c/d.py", 7)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Invalid JSON"),
        (b"[]", "object"),
        (b"\xff", "JSON"),
        (written(met(1)), "must judge the criteria 1 to 2, each once; it judges [1]"),
        (written(met(1), met(1)), "judges [1, 1]"),
        (written(met(1), met(2), met(3)), "judges [1, 2, 3]"),
        (written(met(0), met(1)), "criteria.0.criterion"),
        (written(met(1, verdict="ok"), met(2)), "criteria.0.verdict"),
        (written(met(1, where=[]), met(2)), "`where` may not be empty"),
        (written(met(1, where=["a.py"]), met(2)), "criteria.0.where.0"),
        (written(met(1, where=["/etc/passwd:1"]), met(2)), "criteria.0.where.0"),
        (written(met(1, why=""), met(2)), "criteria.0.why"),
        (written(met(1, why="TODO"), met(2)), "placeholder"),
        (written(met(1, why="What these lines show, in a sentence or two."), met(2)), "placehold"),
        (written(met(1, sure=True), met(2)), "criteria.0.sure"),
        (written(met(1), met(2), faults=[{**FAULT, "severity": "huge"}]), "faults.0.severity"),
        (written(met(1), met(2), faults=[{**FAULT, "what": "..."}]), "placeholder"),
        (b'{"criteria": []}', "faults"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(data: bytes, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_review(data, TWO)
    assert said in caught.value.message


# the verdict


def review(*verdicts: Met, faults: tuple[Fault, ...] = (), why: str = "so") -> Review:
    criteria = tuple(
        Judged(number=n, criterion=f"c{n}", verdict=v, where=("a.py:1",), why=why)
        for n, v in enumerate(verdicts, 1)
    )
    return Review(agent="eyes", criteria=criteria, faults=faults)


HIGH = Fault.model_validate(FAULT)
LOW = Fault.model_validate({**FAULT, "severity": "low"})


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (review(Met.MET, Met.MET), Verdict.PASS),
        (review(Met.MET, Met.CANT_TELL), Verdict.PASS),
        (review(Met.CANT_TELL), Verdict.PASS),
        (review(Met.MET, faults=(LOW,)), Verdict.PASS),
        (review(Met.MET, Met.NOT_MET), Verdict.FAIL),
        (review(Met.MET, faults=(LOW, HIGH)), Verdict.FAIL),
    ],
)
def test_one_criterion_not_met_or_one_grave_fault_fails(given: Review, verdict: Verdict) -> None:
    gate = judge(given)
    assert gate.verdict is verdict and given.passes is (verdict is Verdict.PASS)
    assert (gate.code is Code.GATE_FAILED) is (verdict is Verdict.FAIL)


def failure(given: Review) -> Failure:
    found = worst([judge(given)])
    assert found is not None
    return found


def test_the_signature_is_of_the_criteria_not_of_the_prose() -> None:
    first = failure(review(Met.NOT_MET, Met.MET, why="one way of saying it"))
    again = failure(review(Met.NOT_MET, Met.CANT_TELL, why="another"))
    other = failure(review(Met.MET, Met.NOT_MET, why="another"))
    grave = failure(review(Met.NOT_MET, Met.MET, faults=(HIGH,)))
    assert first.signature == again.signature and first.detail != again.detail
    assert len({first.signature, other.signature, grave.signature}) == 3


def test_an_unavailable_review_is_the_outcome_when_all_else_passed() -> None:
    gate = GateResult(name="review", verdict=Verdict.UNAVAILABLE, code=Code.REVIEW_UNAVAILABLE)
    passed = GateResult(name="tests", verdict=Verdict.PASS)
    found = worst([passed, gate])
    assert found is not None and found.code is Code.REVIEW_UNAVAILABLE


# the words


def test_the_pull_request_shows_the_verdict_table_and_keeps_its_words_harmless() -> None:
    evil = "@alice | <b> closes #7\n# no"
    seen = Review(
        agent="eyes",
        model="m-1",
        vendor="v",
        criteria=(
            Judged(number=1, criterion=evil, verdict=Met.MET, where=("a`b.py:1",), why=evil),
            Judged(number=2, criterion="c2", verdict=Met.CANT_TELL, why="unseen"),
        ),
        faults=(LOW.model_copy(update={"what": evil}),),
    )
    shown = evidence().model_copy(update={"review": seen})
    body = descriptions.pull_body(in_review(result=result(evidence=shown)))
    assert "`eyes` (m-1, v)" in body
    assert "✅ met | `a'b.py:1` |" in body and "| 2. c2 | ❔ can't tell |  | unseen |" in body
    assert "| security | low | `a.py:3` |" in body
    assert "@alice" not in body and "<b>" not in body and "\n# no" not in body
    assert "closes #7" not in body
    assert "second pair" not in descriptions.pull_body(in_review())
