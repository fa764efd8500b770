"""Requests in the result file: the prompt says how, the parser takes that and nothing else."""

from __future__ import annotations

import pytest

from agent_os.attempt.asking import example
from agent_os.attempt.gates.contract import check_contract
from agent_os.attempt.leaving import leaving_requests
from agent_os.attempt.result import instructions, parse_result
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode
from agent_os.domain.requests import Grant

FULL = Grant(labels=("it's: odd #1", "ux"))
NOTHING = Grant(comments=0, follow_ups=0, questions=0)
BODY = "## Summary\n\nMended it.\n"


def file(front: str) -> bytes:
    return f"---\n{front}\n---\n{BODY}".encode()


def test_the_example_of_the_prompt_parses_and_asks_for_each_kind_once() -> None:
    assert example(FULL) in instructions(FULL)
    found = parse_result(file(example(FULL))).requests
    assert [r.kind for r in found] == ["comment", "follow_up", "question", "label"]
    assert found[-1].model_dump()["label"] == "it's: odd #1"


@pytest.mark.parametrize("kind", ["comment", "follow_up", "question", "label"])
def test_what_is_not_granted_is_not_offered(kind: str) -> None:
    more = {"label": "labels"}.get(kind, f"{kind}s")
    without = FULL.model_copy(update={more: () if kind == "label" else 0})
    assert f"`{kind}`" in instructions(FULL) and f"`{kind}`" not in instructions(without)
    assert kind not in example(without).replace("label: ", "")


def test_who_is_granted_nothing_hears_nothing_of_it() -> None:
    assert "requests" not in instructions(NOTHING)


WRONG = [
    ("requests: comment", "`requests` is a list, or is left out"),
    ("requests: [comment]", "entry 1 of `requests` holds `kind`"),
    ("requests: [{text: a}]", "entry 1 of `requests`: `kind` is one of `comment`, `follow_up`"),
    ("requests: [{kind: merge, text: a}]", "`kind` is one of"),
    ("requests: [{kind: comment, text: a, number: 7}]", "there is no `number`; a comment has"),
    ("requests: [{kind: comment, text: a, repo: a/b}]", "there is no `repo`"),
    ("requests: [{kind: comment, text: ''}]", "`text` of a comment"),
    ("requests: [{kind: comment, text: 7}]", "`text` of a comment: Input should be a valid str"),
    ('requests: [{kind: label, label: "a\\nb"}]', "title and label are one line"),
    ("requests: [{kind: follow_up, title: a}]", "`body` of a follow_up: Field required"),
    (
        f"requests:\n- {{kind: follow_up, body: a, title: {'x' * 201}}}",
        "entry 1 of `requests`: title and label are one line of at most 200 characters",
    ),
    ("requests:\n" + "  - {kind: label, label: a}\n" * 21, "more than 20 entries"),
]


@pytest.mark.parametrize(("front", "said"), WRONG)
def test_what_is_wrong_is_said_in_words_an_agent_can_act_on(front: str, said: str) -> None:
    with pytest.raises(BadInput) as error:
        parse_result(file(f"status: complete\n{front}"))
    assert said in error.value.message


ASKS = "requests:\n- {kind: comment, text: c}\n- {kind: question, text: 'Which one?'}"


@pytest.mark.parametrize(
    ("front", "code", "kinds"),
    [
        ("status: complete", None, ["comment", "question"]),
        ("status: complete", FailureCode.REVIEW_UNAVAILABLE, ["comment", "question"]),
        ("status: complete", FailureCode.TESTS_FAILED, []),
        ("status: complete", FailureCode.SECRET_FOUND, []),
        ("status: partial\nblocker: incomplete", FailureCode.INCOMPLETE, []),
        ("status: blocked\nblocker: missing_context", FailureCode.MISSING_CONTEXT, ["comment"]),
        ("status: blocked\nblocker: missing_context", FailureCode.PROTECTED_PATH, []),
    ],
)
def test_what_leaves_an_attempt(front: str, code: FailureCode | None, kinds: list[str]) -> None:
    result = parse_result(file(f"{front}\n{ASKS}"))
    assert [r.kind for r in leaving_requests(result, code)] == kinds
    assert leaving_requests(None, code) == ()


def test_the_question_of_a_blocked_agent_is_in_the_one_notice() -> None:
    result = parse_result(file(f"status: blocked\nblocker: missing_context\n{ASKS}"))
    assert "It asks: Which one?" in check_contract(result, "").detail
