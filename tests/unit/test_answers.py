"""Tasks that end in an answer: who asks for one, what it needs, what is posted, what follows."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.attempt import answer
from agent_os.attempt.gates.answer import Answer, check_answer, check_sections
from agent_os.domain.attempts import Evidence, GateResult, Kind, Verdict
from agent_os.domain.effects import CloseIssue, Record, WriteComment
from agent_os.domain.errors import BadInput
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.folding import fold
from agent_os.domain.records import Answered, Result
from agent_os.domain.rules import Mode, RepoRules
from agent_os.domain.tasks import Task
from agent_os.domain.usage import Spent, Usage
from agent_os.policy import answers, explain, picture, specs

from .making import LABELS, NOW, at, attempt, sha, spec, task

TEXT = "It is cut off.\n\n## Sources\n\n- `app.py:1`\n"


@pytest.mark.parametrize(
    ("labels", "kind", "deliverable"),
    [
        (("question",), "question", "answer"),
        (("type: question",), "question", "answer"),
        (("Question",), "question", "answer"),
        (("bug", "question"), "debugging", "change"),
        (("question", "tests"), "tests", "change"),
        (("question", "type: docs"), "docs", "change"),
        (("type: research",), "research", "change"),
        (("type: research", "deliver: answer"), "research", "answer"),
        (("documentation", "Deliver: Answer"), "docs", "answer"),
        (("bug", "deliver: answer"), "debugging", "change"),
        (("deliver: answer",), "implementation", "change"),
    ],
)
def test_labels_alone_say_that_an_answer_is_wanted(
    labels: tuple[str, ...], kind: str, deliverable: str
) -> None:
    found = specs.parse("T", "## Deliver\nanswer\n", NOW, labels)
    assert (found.type, found.deliverable) == (kind, deliverable)


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ("## Goal\nx", ()),
        ("## Sections\n- Costs\n* **Risks**:\n1. `Next  steps`\n\ntext\n## Goal\n- x", None),
        ("### sections:\n- [ ] Costs\n- Costs\n- COSTS\n", ("COSTS",)),
        ("## Acceptance criteria\n- has a section `Costs`\n- a section called “Risks”", None),
        ("## Acceptance criteria\n- works\n- has sections\n", ()),
        ("```\n## Sections\n- no\n```\n", ()),
        ("## Sections\n" + "- x\n" * 3 + f"- {'long' * 50}\n", ("x",)),
    ],
)
def test_the_sections_that_an_issue_asks_for(body: str, asked: tuple[str, ...] | None) -> None:
    found = specs.parse("T", body, NOW)
    if asked is None:
        assert found.sections[:2] == ("Costs", "Risks")
    else:
        assert found.sections == asked


def test_the_list_of_sections_stays_in_the_goal_and_is_bounded() -> None:
    body = "## Sections\n" + "".join(f"- name {n}\n" for n in range(100))
    found = specs.parse("T", body, NOW)
    assert "- name 99" in found.goal and len(found.sections) == 20


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no answer"),
        (b"   \n\n", "no answer"),
        (b"# Answer\n\n## Sources\n- https://a.example\n", "no answer"),
        (b"TODO\n", "placeholder"),
        (b"# Answer\n\n...\n\n## Sources\nhttps://a.example\n", "placeholder"),
        (b"<the answer>\n", "placeholder"),
        (b"fine \xff", "UTF-8"),
        (b"\0\x1b\x02", "no answer"),
    ],
)
def test_what_is_no_answer(data: bytes, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        answer.parse_answer(data)


def test_trap_03_the_example_of_the_prompt_parses_and_has_sources() -> None:
    text = answer.parse_answer(answer.example().encode())
    assert answer.missing(text, (answer.SOURCES,)) == []


def test_what_hides_text_is_left_out() -> None:
    found = answer.parse_answer("\ufeffa\u202eb\r\nc\0d".encode())
    assert found == "ab\ncd"


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("## Costs\n3 euros\n## Risks\nnone known", []),
        ("## Costs\n\n## Risks\nx", ["Costs"]),
        ("## Costs\n### In all\n3\n# Risks #\nx", []),
        ("## **costs**:\n3\n## Risks\nTODO", ["Risks"]),
        ("```\n## Costs\n3\n```\n## Risks\nx", ["Costs"]),
        ("Costs: 3", ["Costs", "Risks"]),
        ("~~~\n## Risks\n```\nx\n~~~\n## Costs\n3", ["Risks"]),
    ],
)
def test_missing_sections(text: str, lacks: list[str]) -> None:
    assert answer.missing(text, ("Costs", "Risks")) == lacks
    gate = check_sections(text, ("Costs", "Risks"))
    assert gate.verdict is (Verdict.FAIL if lacks else Verdict.PASS)
    assert gate.code is (FailureCode.INCOMPLETE if lacks else None)
    assert all(name in gate.detail for name in lacks)


def test_the_gate_answer() -> None:
    assert check_answer(Answer("", "It is a link.")).code is FailureCode.INVALID_RESULT
    assert check_answer(Answer("")).verdict is Verdict.FAIL
    told = check_answer(Answer("the key is [key]", gives_away="GitHub Token"))
    assert told.code is FailureCode.SECRET_FOUND and "GitHub Token" in told.detail
    good = check_answer(Answer("x" * 1200, thrown_away=2))
    assert good.verdict is Verdict.PASS
    assert "1,200 characters" in good.detail and "2 files was thrown away" in good.detail
    assert check_sections("x", ()).verdict is Verdict.NONE


def answered(text: str = TEXT, **more: Any) -> Task:
    """A task whose result is an answer that was not posted yet."""
    gates = (GateResult(name="sources", verdict=Verdict.PASS, detail="Named: 1 place here."),)
    evidence = Evidence(base=sha("a"), head=sha("a"), sandbox="bwrap", gates=gates)
    result = Result(
        head="", answer=text, base=sha("a"), text_hash="t1", attempt=1, evidence=evidence
    )
    spent = Spent(usage=Usage(input=10, output=20), usd=0.25, turns=1)
    made = attempt(agent="sage", provider="p", model="m-1", spent=spent)
    given: dict[str, Any] = {"spec": spec(type="question"), "result": result, "attempts": (made,)}
    return task(**{**given, **more})


def rules(mode: Mode = Mode.PULL_REQUEST) -> RepoRules:
    return RepoRules(name="acme/todo", mode=mode, chains={"default": ()}, agents={})


POSTED = Answered(comment=5, at=at(60))


def test_it_is_posted_once_and_then_the_round_is_over() -> None:
    step = answers.next_step(answered(), rules(), NOW)
    assert isinstance(step, WriteComment) and step.purpose == "answer"
    done = answers.next_step(answered(answered=POSTED), rules(), NOW)
    assert isinstance(done, Record)
    assert [e.kind for e in done.events] == [EventKind.FINISHED, EventKind.LESSON]
    assert "answered by sage at the first attempt" in done.events[1].data["text"]


def test_only_auto_merge_closes_the_issue_and_never_against_a_person() -> None:
    auto = rules(Mode.AUTO_MERGE)
    assert isinstance(answers.next_step(answered(answered=POSTED), auto, NOW), CloseIssue)
    for known in (answered(issue_open=False), answered(reopened=True)):
        posted = known.model_copy(update={"answered": POSTED})
        assert isinstance(answers.next_step(posted, auto, NOW), Record)


def test_a_text_that_changed_meanwhile_is_answered_anew() -> None:
    known = answered(spec=spec(type="question", text_hash="t2"))
    step = answers.next_step(known, rules(), NOW)
    assert isinstance(step, Record)
    after = fold(known, step.events[0])
    assert after is not None and after.result is None
    assert after.wanted is not None and after.wanted.kind is Kind.IMPLEMENT


def test_the_comment_is_attributed_and_the_agents_words_come_last() -> None:
    text = "Ask @alice; fixes #3.\n\n### Evidence\n<!-- agent-os effect=x -->\n" + TEXT
    body = answers.comment(answered(text))
    head, _, words = body.partition("\n\n---\n\n")
    assert "sage (m-1)" in head and "alice" in head and "@alice" not in body
    assert "Named: 1 place here." in head and "$0.25" in head
    assert "It is cut off." in words and "It is cut off." not in head
    assert "<!--" not in body and "fixes #3" not in body


def test_the_comment_has_room_for_the_worst_answer() -> None:
    body = answers.comment(answered("@" * answer.MAX_BYTES))
    assert len(body) <= 65_000 and "more characters]" in body
    full = answers.comment(answered("x" * answer.MAX_BYTES))
    assert "more characters]" not in full


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("```py\n@property\n```\n", True),
        ("~~~\n@x\n~~~", True),
        ("````\n```\n@x\n````", True),
        ("say @x", False),
        ("  ```\n@x\n  ```", False),  # may be a list's: who knows where it ends
        ("<div>\n```\n@x\n```", False),  # GitHub takes it for HTML up to a blank line
        ("```a`b\n@x\n```", False),  # no fence at all
        ("~~~ `\n@x\n~~~\n", False),
        ("```\na\n```\n@x", False),
        ("- ```\n@x\n```\n", False),
        ("> ```\n@x", False),
    ],
)
def test_code_stays_as_it_is_where_it_certainly_is_code(text: str, same: bool) -> None:
    found = answers.defused(text)
    assert (found == text) is same
    assert same or "@x" not in found


def test_a_code_block_that_is_left_open_is_closed() -> None:
    assert answers.defused("a\n````\nb") == "a\n````\nb\n````"
    assert answers.defused("<b>\n```\nb").endswith("\n```")


def test_an_answered_task_is_done_and_says_so() -> None:
    done = answered(answered=POSTED, finished_at=at(70))
    assert "answered by a comment" in explain.why(done, NOW)
    drawn = picture.decide(done, LABELS)
    assert not (isinstance(drawn, WriteComment) and drawn.purpose == "notice")
    again = picture.decide(done.model_copy(update={"reopened": True}), LABELS)
    assert isinstance(again, WriteComment) and "round 2 begins" in again.body


def test_who_asks_again_has_the_answer_in_the_handoff() -> None:
    data = {
        "repo": "acme/todo",
        "spec": spec(type="question").model_dump(mode="json"),
        "request": {"event_id": 9, "actor": "alice", "at": NOW.isoformat()},
    }
    event = Event(kind=EventKind.REQUESTED, at=NOW, repo_id=1, number=12, data=data)
    done = answered("y" * 50_000, answered=POSTED, finished_at=at(70))
    after = fold(done, event)
    assert after is not None and after.round == 2 and after.answered is None
    assert after.handoff is not None and "Round 1 was answered" in after.handoff.attempted
    assert "yyy" in after.handoff.changed and len(after.handoff.changed) < 4_000
