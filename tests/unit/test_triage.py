"""What a model may say of an issue, and what is made of it: one model for schema and parser."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_os.domain import triage
from agent_os.domain.events import EventKind
from agent_os.domain.improving import improved
from agent_os.domain.triage import MOST_CHILDREN, Triaged
from agent_os.models.schemas import closed
from agent_os.policy import specs, task_text

from .making import NOW, event, folded, requested

PART = {
    "title": "Mend add",
    "goal": "add returns the sum.",
    "acceptance": ["add(1, 2) is 3"],
    "type": "debugging",
    "depends_on": [],
}


def said(**more: Any) -> dict[str, Any]:
    return {
        "goal": "add returns the sum.",
        "acceptance": ["add(1, 2) is 3"],
        "constraints": ["twice stays"],
        "type": "debugging",
        "size": "small",
        "doable": True,
        "question": "",
        "children": [],
        **more,
    }


def epic(*depends_on: list[int], **more: Any) -> dict[str, Any]:
    parts = [{**PART, "title": f"Part {n}", "depends_on": d} for n, d in enumerate(depends_on)]
    return said(size="epic", children=parts, **more)


GOOD = [
    said(),
    said(acceptance=[], constraints=[]),
    said(doable=False, question="Which calculator?", goal=""),
    said(question="None"),
    epic([], []),
    epic([], [0], [0, 1]),
    said(size="epic", children=[], doable=False, question="Which of the parts first?"),
    epic(*[[]] * MOST_CHILDREN),
]


@pytest.mark.parametrize("good", GOOD)
def test_what_is_read(good: dict[str, Any]) -> None:
    found = triage.read(json.dumps(good))
    again = triage.read(found.model_dump_json())
    assert found == again
    assert found.question == ("" if good["doable"] else good["question"])


def test_a_fence_around_it_is_no_fault() -> None:
    assert triage.read(f"```json\n{json.dumps(said())}\n```\n") == triage.read(json.dumps(said()))


BAD = [
    ("JSON", "I think that"),
    ("JSON", ""),
    ("object", "[]"),
    ("goal", said(goal=None)),
    ("goal: '<goal>' is a placeholder", said(goal="<goal>")),
    ("placeholder", said(acceptance=["..."])),
    ("needs a goal", said(goal="  ")),
    ("needs a question", said(doable=False)),
    ("needs a question", said(doable=False, question="<question>")),
    ("doable", said(doable="yes")),
    ("size", said(size="huge")),
    ("one of", said(type="question")),
    ("one of", said(type="")),
    ("extra", said(mode="auto-merge")),
    ("acceptance.0", said(acceptance=["x" * 501])),
    ("acceptance", said(acceptance=["a criterion"] * 13)),
    ("goal", said(goal="x" * 3_001)),
    ("at least two", epic([])),
    ("at least two", said(size="epic")),
    ("only an epic", said(children=[PART, PART])),
    ("earlier children", epic([1], [])),
    ("earlier children", epic([0], [])),
    ("earlier children", epic([], [-1])),
    ("children", epic(*[[]] * (MOST_CHILDREN + 1))),
    ("longer than", json.dumps(said()) + " " * 10 + "x" * 200_000),
]


@pytest.mark.parametrize(("words", "bad"), BAD)
def test_what_is_refused_and_how_the_model_is_told(words: str, bad: object) -> None:
    with pytest.raises(ValueError, match="(?i).*" + words) as refused:
        triage.read(bad if isinstance(bad, str) else json.dumps(bad))
    assert len(str(refused.value)) < 1_000


def test_a_field_that_is_missing_is_named() -> None:
    for name in said():
        short = {key: value for key, value in said().items() if key != name}
        with pytest.raises(ValueError, match=name):
            triage.read(json.dumps(short))


def test_trap_03_the_schema_is_the_parsers_own_and_vendors_take_it() -> None:
    """Every field, described; no references and none of the words that vendors refuse."""
    schema = triage.schema()
    assert set(schema["properties"]) == set(triage.Triage.model_fields)
    part = schema["properties"]["children"]["items"]
    assert set(part["properties"]) == set(triage.ChildSpec.model_fields)
    fields = [*schema["properties"].values(), *part["properties"].values()]
    assert all(field["description"] for field in fields)
    text = json.dumps(schema)
    for word in ("$ref", "$defs", "maxLength", "maxItems", "minLength", "default", '"title": "'):
        assert word not in text
    assert closed(schema) == schema


def test_types_are_those_of_the_labels_but_for_answers() -> None:
    """Whether there is to be a change or an answer is for a person to say."""
    assert set(triage.TYPES) == set(specs.TYPES) - {"question"}


# What becomes of the spec.


def triaged(spec: Any, **more: Any) -> Triaged:
    answer = triage.read(json.dumps(said(**more)))
    return Triaged(of=spec.fingerprint, attempt=1, answer=answer)


def test_a_text_without_headings_gets_them_and_stays_attached() -> None:
    spec = specs.parse("Adding", "it is broken\nsee calc", NOW)
    better = improved(spec, triaged(spec))
    assert better.goal == "add returns the sum."
    assert better.acceptance == "- add(1, 2) is 3"
    assert better.constraints == "- twice stays"
    assert better.type == "debugging"
    assert "it is broken\nsee calc" in better.context
    assert better.body == spec.body and better.text_hash == spec.text_hash
    assert improved(better, triaged(spec, goal="another goal")) == better


@pytest.mark.parametrize("part", ["goal", "acceptance", "constraints"])
def test_what_a_person_wrote_under_a_heading_wins(part: str) -> None:
    heading = {"goal": "Goal", "acceptance": "Acceptance criteria", "constraints": "Constraints"}
    spec = specs.parse("Adding", f"hello\n\n## {heading[part]}\nin my own words\n", NOW)
    better = improved(spec, triaged(spec))
    assert "in my own words" in getattr(better, part)
    others = set(heading) - {part}
    assert all("my own words" not in getattr(better, other) for other in others)
    assert all(getattr(better, other) for other in others)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [((), "debugging"), (("docs",), "docs"), (("type: chore",), "chore"), (("ui",), "debugging")],
)
def test_a_label_says_the_type_before_the_model_does(labels: tuple[str, ...], kind: str) -> None:
    spec = specs.parse("Adding", "it is broken", NOW, labels)
    assert improved(spec, triaged(spec)).type == kind


def test_a_triage_counts_for_its_own_text_and_comments_only() -> None:
    spec = specs.parse("Adding", "it is broken", NOW)
    of = triaged(spec)
    for other in (
        specs.parse("Adding", "it is broken!", NOW),
        specs.parse("Adding", "it is broken", NOW, (), ["alice: the small one"]),
    ):
        assert improved(other, of) == other
    assert improved(spec, None) == spec


def dumped(body: str, *comments: str) -> dict[str, Any]:
    return specs.parse("Adding", body, NOW, (), comments).model_dump(mode="json")


def test_folding_applies_it_again_after_a_renewal_and_not_to_another_text() -> None:
    spec = specs.parse("Adding", "it is broken", NOW)
    ended = event(
        EventKind.ATTEMPT_ENDED,
        _attempt=1,
        charged=False,
        triage=triaged(spec).model_dump(mode="json"),
    )
    asked = requested(spec=dumped("it is broken"))
    of = folded(None, asked, ended)
    assert of.spec.improved
    held = event(EventKind.HELD, reason="missing_context", detail="d", next_step="n")
    assert folded(of, held, asked).spec == of.spec
    answered = folded(of, held, requested(spec=dumped("it is broken", "alice: the small one")))
    assert not answered.spec.improved
    changed = folded(of, event(EventKind.TEXT_CHANGED, spec=dumped("another text")))
    assert not changed.spec.improved
    over = event(EventKind.CANCELLED, reason="label_removed", by="alice")
    second = folded(of, over, asked)
    assert second.round == 2 and second.spec == of.spec
    assert second.triage is not None and second.triage.attempt == 0


def test_the_prompt_has_the_whole_text_and_the_task_file_says_what_was_read() -> None:
    body = "it is broken " * 50
    spec = specs.parse("Adding", body, NOW)
    of = folded(None, requested(spec=spec.model_dump(mode="json")))
    ended = event(EventKind.ATTEMPT_ENDED, _attempt=1, triage=triaged(spec).model_dump(mode="json"))
    of = folded(of, ended)
    parts = task_text.parts(of, "", [], "")
    assert body.strip() in parts.context and parts.goal == "add returns the sum."
    shown = task_text.task_file(of, [])
    assert "Read as a small task (debugging), with 1 criteria." in shown
    assert task_text.notes_in(shown) == ""
