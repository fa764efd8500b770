"""Whether a new map is proposed: a table with every outcome."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.domain.effects import OpenProposal, PushProposal
from agent_os.policy.codebase import drawing, proposing
from agent_os.policy.codebase.proposing import LastProposal, MapFacts, MapOutcome
from tests.unit.making import NOW, at, sha

DAY = 86_400


def part(*lines: str, command: str = "make") -> str:
    said = "\n".join(f"- {line}" for line in lines)
    return f"{drawing.BEGIN}\n\n## Commands\n- `{command}`\n\n## Modules\n{said}\n\n{drawing.END}"


OLD = part("a", "b", "c", "d", "e", "f")
FILE = f"# Ours\n\n{OLD}\n"
TWO = part("a", "b", "c", "d", "x", "y")
MANY = part("a", "b", "u", "v", "w", "x")


def last(state: str, **more: Any) -> LastProposal:
    given: dict[str, Any] = {"branch": "b", "sha": sha("b"), "state": state, "number": 7}
    return LastProposal.model_validate({**given, "pushed_at": NOW, **more})


def facts(**more: Any) -> MapFacts:
    given: dict[str, Any] = {"repo_id": 1, "repo": "acme/app", "base_branch": "main", "now": NOW}
    return MapFacts.model_validate({**given, "existing": FILE, "part": MANY, **more})


REFUSED = f"# Ours\n\n{MANY}\n"


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (facts(), MapOutcome.PROPOSED),
        (facts(existing=None), MapOutcome.PROPOSED),
        (facts(existing="# By hand\n"), MapOutcome.PROPOSED),
        (facts(enabled=False), MapOutcome.OFF),
        (facts(stopped="it is paused"), MapOutcome.NOT_ALLOWED),
        (facts(unreadable=True, existing=None), MapOutcome.NOT_A_FILE),
        (facts(part=""), MapOutcome.NOTHING_TO_SAY),
        (facts(existing=drawing.BEGIN), MapOutcome.MARKS_BROKEN),
        (facts(part=OLD), MapOutcome.UP_TO_DATE),
        (facts(part=TWO), MapOutcome.TOO_LITTLE),
        (facts(part=OLD.replace("make", "just")), MapOutcome.PROPOSED),
        (facts(part=part("f", "e", "d", "c", "b", "a")), MapOutcome.TOO_LITTLE),
        (facts(last=last("open")), MapOutcome.OPEN),
        (facts(last=last("pushed", number=0)), MapOutcome.PROPOSED),
        (facts(last=last("merged", ended_at=NOW)), MapOutcome.PROPOSED),
        (facts(last=last("closed", ended_at=at(-DAY), text=FILE)), MapOutcome.REFUSED),
        (facts(last=last("closed", ended_at=at(-29 * DAY), text=REFUSED)), MapOutcome.REFUSED),
        (facts(last=last("closed", ended_at=at(-29 * DAY), text=FILE)), MapOutcome.PROPOSED),
        (facts(last=last("closed", ended_at=at(-29 * DAY))), MapOutcome.PROPOSED),
    ],
)
def test_each_outcome(given: MapFacts, outcome: MapOutcome) -> None:
    decision = proposing.decide(given)
    assert decision.outcome is outcome and decision.why
    assert bool(decision.text) is (outcome is MapOutcome.PROPOSED)


def test_what_people_wrote_is_in_what_is_proposed() -> None:
    assert proposing.decide(facts()).text == f"# Ours\n\n{MANY}\n"


def test_it_is_pushed_then_opened() -> None:
    push = proposing.step(facts(), sha("c"))
    assert isinstance(push, PushProposal) and push.branch.startswith("agent-os/codebase-")
    assert proposing.step(facts(), sha("c")) == push
    opened = proposing.step(facts(last=last("pushed", number=0)), sha("c"))
    assert isinstance(opened, OpenProposal)
    assert (opened.branch, opened.head, opened.base) == ("b", sha("b"), "main")
    stuck = last("pushed", number=0, pushed_at=at(-2 * DAY))
    assert isinstance(proposing.step(facts(last=stuck), sha("c")), PushProposal)


def test_trap_17_the_map_has_a_pull_request_of_its_own() -> None:
    """Memory files in the product tree once conflicted on every pull request: nothing but one
    proposal at a time writes it."""
    assert proposing.decide(facts(last=last("open"))).outcome is MapOutcome.OPEN
    branch = proposing.step(facts(), sha("c")).branch
    assert not branch.removeprefix("agent-os/").isdigit(), "no task's branch"
