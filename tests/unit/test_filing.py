"""What becomes of a signal: filed, known, told again, capped, unwanted; always with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.domain.effects import FileIssue, Record, Step, TellIssue
from agent_os.domain.signals import Figure, Signal, SignalOutcome
from agent_os.policy import specs
from agent_os.policy.filing import Filed, FilingFacts, body, decide, evidence_digest

from .making import NOW


def signal(name: str = "a", rank: float = 0.0, **more: Any) -> Signal:
    given = {
        "id": f"analyzer:{name}",
        "kind": "gate",
        "by": "analyzer",
        "repo_id": 7,
        "repo": "acme/app",
        "title": f"Mend {name}",
        "problem": "It fails.",
        "acceptance": ("it passes",),
        "evidence": ("acme/app#1",),
        "rank": rank,
    }
    return Signal.model_validate({**given, **more})


def facts(**more: Any) -> FilingFacts:
    given = {"repo_id": 7, "repo": "acme/app", "cap": 2, "now": NOW, **more}
    return FilingFacts.model_validate(given)


def outcomes(steps: list[Step]) -> dict[str, tuple[str, str]]:
    return {
        e.data["signal"].removeprefix("analyzer:"): (e.data["outcome"], e.data["reason"])
        for step in steps
        if isinstance(step, Record)
        for e in step.events
    }


def known(name: str, **more: Any) -> dict[str, Filed]:
    told = evidence_digest(signal(name))
    return {f"analyzer:{name}": Filed.model_validate({"number": 5, "told": told, **more})}


def test_the_highest_rank_first_and_no_more_than_the_cap() -> None:
    steps = decide([signal("a", 1), signal("b", 3), signal("c", 2), signal("b", 3)], facts())
    filed = [s.signal for s in steps if isinstance(s, FileIssue)]
    assert filed == ["analyzer:b", "analyzer:c"]
    found = outcomes(steps)
    assert {name: said for name, (said, _) in found.items()} == {
        "a": "capped", "b": "filed", "c": "filed",
    }  # fmt: skip
    assert "issues_per_week" in found["a"][1]


def test_what_was_filed_this_week_counts() -> None:
    steps = decide([signal("a")], facts(filed_this_week=2))
    assert outcomes(steps)["a"][0] == SignalOutcome.CAPPED
    assert not [s for s in steps if isinstance(s, FileIssue)]


@pytest.mark.parametrize(
    ("filed", "given", "wanted"),
    [
        ({}, {}, (SignalOutcome.KNOWN, "#5")),
        ({"open": False}, {}, (SignalOutcome.KNOWN, "#5")),
        ({}, {"evidence": ("acme/app#2",)}, (SignalOutcome.EVIDENCE_ADDED, "#5")),
        ({"open": False}, {"evidence": ("x",)}, (SignalOutcome.EVIDENCE_ADDED, "#5")),
        (
            {"not_planned": True, "open": False},
            {"evidence": ("x",)},
            (SignalOutcome.NOT_WANTED, "#5 was closed as not planned"),
        ),
    ],
)
def test_one_issue_for_each_signal_ever(
    filed: dict[str, Any], given: dict[str, Any], wanted: tuple[str, str]
) -> None:
    steps = decide([signal("a", **given)], facts(known=known("a", **filed)))
    assert not [s for s in steps if isinstance(s, FileIssue)]
    assert outcomes(steps)["a"] == wanted
    told = [s for s in steps if isinstance(s, TellIssue)]
    assert bool(told) is (wanted[0] is SignalOutcome.EVIDENCE_ADDED)
    if told:
        assert told[0].number == 5 and "Found again" in told[0].body
        assert ("closed" in told[0].body) is (not filed.get("open", True))


def test_an_outcome_is_written_when_it_changes_and_not_at_each_look() -> None:
    same = facts(known=known("a"), outcomes={"analyzer:a": "known: #5"})
    assert decide([signal("a")], same) == []
    changed = facts(known=known("a"), outcomes={"analyzer:a": "filed: "})
    assert outcomes(decide([signal("a")], changed)) == {"a": ("known", "#5")}


def test_where_nothing_may_be_written_the_reason_is_kept() -> None:
    steps = decide([signal("a")], facts(stopped="its mode is dry-run"))
    assert outcomes(steps) == {"a": ("not_allowed", "its mode is dry-run")}
    assert len(steps) == 1


def test_the_issue_reads_as_a_task_and_names_its_figure() -> None:
    figure = Figure(name="success", scope={"check": "lint"}, now=0.5, samples=8, expected=0.9)
    one = signal("a", figure=figure, proposal="Write the command anew.")
    spec = specs.parse("Mend a", body(one), NOW)
    assert "Write the command anew." in spec.goal and "it passes" in spec.acceptance
    assert "`success` (check lint): 0.5 over 8 samples; lower is better" in body(one)
    assert "0.9 is expected afterwards" in body(one) and "first after 14 days" in body(one)
    steps = decide([one], facts(start=True, label="proposal"))
    effect = next(s for s in steps if isinstance(s, FileIssue))
    assert effect.start and effect.labels == ("proposal",)
    assert effect.facts["figure"]["name"] == "success"
