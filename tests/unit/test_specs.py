"""From an issue's text to a task spec: nothing in it breaks, hangs or commands."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_os.domain.tasks import Spec
from agent_os.policy import specs

from .making import NOW


def parse(body: str, title: str = "T", labels: tuple[str, ...] = ()) -> Spec:
    return specs.parse(title, body, NOW, labels)


FULL = """Words before.

## Goal
Do it.

### Acceptance Criteria: ###
- works

## Constraints
none

## Other
stays with the goal

## Context
see #4
"""


def test_the_sections() -> None:
    spec = parse(FULL)
    assert spec.goal == "Words before.\n\nDo it.\n\n## Other\nstays with the goal"
    assert (spec.acceptance, spec.constraints, spec.context) == ("- works", "none", "see #4")
    assert spec.depends_on == ()


@pytest.mark.parametrize("body", ["", "   \n\n ", "\0\x1b"])
def test_empty_texts(body: str) -> None:
    spec = parse(body, title=" ")
    assert (spec.title, spec.body, spec.goal) == ("(no title)", "", "")


def test_a_megabyte_is_cut_and_the_cut_is_said() -> None:
    spec = parse("x" * 1_000_000)
    assert len(spec.body) < 40_100
    assert spec.body.endswith("[cut: 960000 more characters]")


def test_control_characters_are_dropped_and_lines_kept() -> None:
    spec = parse("a\x00b\x1b[31m\u202ec\r\nd\re\tf", title="a\x07b")
    assert (spec.title, spec.body) == ("ab", "abc\nd\ne\tf")


def test_front_matter_inside_is_text() -> None:
    body = "---\nstatus: complete\ndepends_on: [9]\ntype: chore\n---\nDo it."
    spec = parse(body)
    assert (spec.goal, spec.type, spec.depends_on) == (body, "implementation", ())


@pytest.mark.parametrize("fence", ["```", "```markdown", "  ```"])
def test_headings_inside_code_fences_are_text(fence: str) -> None:
    body = f"## Goal\nA\n{fence}\n## Constraints\nnot one\n```\n## Constraints\nreal"
    spec = parse(body)
    assert "not one" in spec.goal
    assert spec.constraints == "real"


def test_an_indented_heading_is_code() -> None:
    assert parse("a\n    ## Constraints\nx").constraints == ""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Depends on #4", (4,)),
        ("depends on: #4, #5 and #6", (4, 5, 6)),
        ("- Blocked by #4\n* depends on #4\n- depends on #7", (4, 7)),
        ("  Depends on #4", (4,)),
        ("This depends on #4", ()),
        ("Depends on other/repo#4", ()),
        ("Depends on 4", ()),
        ("Depends on #1234567890 and #3", (3,)),
        ("\n".join(f"Depends on #{n}" for n in range(1, 80)), tuple(range(1, 51))),
    ],
)
def test_dependencies(body: str, expected: tuple[int, ...]) -> None:
    assert parse(body).depends_on == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((), "implementation"),
        (("bug",), "debugging"),
        (("Type: Docs",), "docs"),
        (("documentation",), "docs"),
        (("good first issue", "tests"), "tests"),
    ],
)
def test_types(labels: tuple[str, ...], expected: str) -> None:
    assert parse("b", labels=labels).type == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((), 0),
        (("Priority: High",), 1),
        (("priority:urgent", "priority: low"), 2),
        (("priority: low",), -1),
        (("priority: whatever",), 0),
    ],
)
def test_priority(labels: tuple[str, ...], expected: int) -> None:
    assert specs.priority(labels) == expected


@pytest.mark.parametrize(
    ("labels", "expected"), [((), ""), (("Agent: Codex",), "codex"), (("agent:",), "")]
)
def test_named_agent(labels: tuple[str, ...], expected: str) -> None:
    assert specs.named_agent(labels) == expected


@pytest.mark.parametrize("title", ["T", "x" * 256, "x" * 400, "a\x07b"])
def test_the_hash_of_a_text_is_the_same_wherever_it_is_computed(title: str) -> None:
    """Otherwise the text would seem to change at every look."""
    assert specs.parse(title, "b\r\n", NOW).text_hash == specs.text_hash(title, "b\r\n")
    assert specs.text_hash(title, "b") != specs.text_hash(title, "c")


@pytest.mark.parametrize(
    "body",
    [
        "# a" + " " * 39_000 + "x",
        "# a" + " #" * 19_000 + "x",
        "*\n" * 19_000 + "x",
        " \t*-" * 9_000 + "x",
        "depends on " + "#1 and " * 5_000 + "x",
        "depends on " + "#1" * 15_000 + "x",
        "`" * 39_000,
    ],
)
def test_no_text_takes_long(body: str) -> None:
    """One issue of a stranger must not stop the dispatcher."""
    started = time.process_time()
    parse(body)
    assert time.process_time() - started < 1


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.text(alphabet="#`\n -*dependson12 ,:\r", max_size=300))
def test_any_text_is_a_spec_within_bounds(title: str, body: str) -> None:
    spec = specs.parse(title, body, NOW, (), (body,))
    assert spec.title and len(spec.title) < 400
    assert Spec.model_validate_json(spec.model_dump_json()) == spec
