"""What of an agent's requests is granted: by the owner's words only."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from agent_os.domain.requests import AgentRequest, Asked, Grant, GrantPart
from agent_os.domain.rules import LabelRules
from agent_os.policy import granting

from .making import LABELS

ONE: TypeAdapter[AgentRequest] = TypeAdapter(AgentRequest)
GRANT = Grant(comments=1, follow_ups=2, questions=1, labels=("Needs docs", "ux"), text_chars=100)
NOTHING = Grant(comments=0, follow_ups=0, questions=0)


def comment(text: str = "Look.") -> AgentRequest:
    return ONE.validate_python({"kind": "comment", "text": text})


def question(text: str = "Why?") -> AgentRequest:
    return ONE.validate_python({"kind": "question", "text": text})


def follow_up(title: str = "Next", body: str = "Do it.") -> AgentRequest:
    return ONE.validate_python({"kind": "follow_up", "title": title, "body": body})


def label(name: str) -> AgentRequest:
    return ONE.validate_python({"kind": "label", "label": name})


def verdicts(wanted: list[AgentRequest], grant: Grant = GRANT, *before: Asked) -> list[str]:
    """Of each request why it is refused; empty: it is granted."""
    found = granting.judged(wanted, 2, before, grant, LABELS)
    assert [a.place for a in found] == list(range(len(wanted)))
    assert all((a.request is None) == bool(a.refused) and a.what for a in found)
    return [a.refused for a in found]


NOT_LISTED = "not one of the labels that are granted"
COMMANDS = "a label that commands is set by people only"
CASES: list[tuple[list[AgentRequest], list[str]]] = [
    ([], []),
    ([comment(), question(), follow_up(), label("ux")], ["", "", "", ""]),
    ([comment("a"), comment("b")], ["", "at most 1 a round"]),
    ([question("a"), question("b")], ["", "at most 1 a round"]),
    ([follow_up("a"), follow_up("b"), follow_up("c")], ["", "", "at most 2 a round"]),
    ([follow_up("Do it"), follow_up("do  IT.", "else")], ["", "asked for already"]),
    ([comment("x" * 100)], [""]),
    ([comment("x" * 101)], ["longer than 100 characters"]),
    ([question("x" * 101), question("short")], ["longer than 100 characters", ""]),
    ([follow_up("t", "x" * 101)], ["longer than 100 characters"]),
    ([follow_up("x" * 201)], ["a title longer than 200 characters"]),
    ([label("needs DOCS")], [""]),
    ([label("ux"), label("UX"), label("other")], ["", "asked for already", NOT_LISTED]),
]


@pytest.mark.parametrize(("wanted", "said"), CASES)
def test_kinds_counts_and_sizes(wanted: list[AgentRequest], said: list[str]) -> None:
    assert verdicts(wanted) == said


def test_nothing_granted_means_nothing_done() -> None:
    wanted = [comment(), question(), follow_up(), label("ux")]
    assert verdicts(wanted, NOTHING) == [
        "comments are not granted",
        "questions are not granted",
        "follow-ups are not granted",
        NOT_LISTED,
    ]


def test_what_was_granted_before_counts_and_what_was_refused_does_not() -> None:
    first = granting.judged([comment("a"), comment("b"), follow_up("t")], 1, (), GRANT, LABELS)
    assert verdicts([comment("c"), follow_up("T"), follow_up("u")], GRANT, *first) == [
        "at most 1 a round",
        "asked for already",
        "",
    ]
    refused = granting.judged([comment("x" * 101)], 1, (), GRANT, LABELS)
    assert verdicts([comment("short")], GRANT, *refused) == [""]


def test_a_refused_text_is_not_kept_and_a_label_is_set_as_the_owner_spells_it() -> None:
    found = granting.judged([comment("x" * 5_000), label("UX")], 1, (), GRANT, LABELS)
    assert found[0].request is None and len(found[0].what) <= 100
    assert found[1].request == label("ux")


@pytest.mark.parametrize(
    "name",
    [
        *("Ready", "ready ", "In Progress", "In Review", "blocked", "Tests may change"),
        *("wontfix", "Duplicate", "agent-os: approved", "agent-os:anything", "agent: claude"),
        *("priority: urgent", "type: docs", "bug", "question", "documentation", "chore"),
        "deliver: answer",
    ],
)
def test_a_label_that_commands_is_never_set_even_if_the_owner_lists_it(name: str) -> None:
    grant = GRANT.model_copy(update={"labels": (name, "ux")})
    assert verdicts([label(name), label("ux")], grant) == [COMMANDS, ""]


def test_the_owners_own_names_of_labels_command_too() -> None:
    labels = LabelRules(ready="go", exclude=("frozen",))
    assert granting.steers("GO", labels) and granting.steers("frozen", labels)
    assert not granting.steers("Ready", labels) and not granting.steers("needs docs", labels)


NARROWINGS: list[tuple[GrantPart | None, dict[str, object]]] = [
    (None, {}),
    (GrantPart(), {}),
    (GrantPart(comments=0, follow_ups=1), {"comments": 0, "follow_ups": 1}),
    (GrantPart(comments=9, follow_ups=9, questions=9, text_chars=9_000), {}),
    (GrantPart(labels=("NEEDS docs", "ready", "more")), {"labels": ("Needs docs",)}),
    (GrantPart(labels=()), {"labels": ()}),
]


@pytest.mark.parametrize(("part", "changes"), NARROWINGS)
def test_a_repositorys_file_only_narrows(
    part: GrantPart | None, changes: dict[str, object]
) -> None:
    assert granting.narrowed(GRANT, part) == GRANT.model_copy(update=changes)


def test_the_owners_word_on_one_repository_goes_before_the_one_on_all() -> None:
    part = GrantPart(comments=5, labels=("more",))
    expected = GRANT.model_copy(update={"comments": 5, "labels": ("more",)})
    assert granting.replaced(GRANT, part) == expected
    assert granting.replaced(GRANT, None) == GRANT
