"""The task as text: bounded, whatever came before, and outside text stays data."""

from __future__ import annotations

import pytest
import yaml

from agent_os.domain.attempts import Handoff
from agent_os.domain.events import EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.observed import Check, CheckState
from agent_os.domain.records import Hold
from agent_os.domain.rules import LimitRules
from agent_os.domain.tasks import Status, Task
from agent_os.localhub import keywords
from agent_os.policy import descriptions, retry, task_text, texts

from .making import NOW, at, attempt, choice, event, folded, in_review, running, sha, spec, task

LEFT = Handoff(attempted="x" * 9000, changed="y" * 9000, remains="r", failed="", next="n")


def prompt(of: Task, feedback: str) -> str:
    text = task_text.for_agent(of, feedback, ["lesson"] * 10, "c" * 50_000)
    return text + task_text.handoff(of.handoff, feedback)


def test_trap_12_a_retrys_prompt_does_not_grow_with_the_number_of_retries() -> None:
    """Each attempt fails at length; from the second on the prompt has one size."""
    limits = LimitRules(attempts=50, backoff_seconds=0)
    of, sizes = task(), list[int]()
    for number in range(1, 31):
        step = retry.next_step(of, choice("first", "second"), limits, sha("a"), at(minutes=number))
        assert isinstance(step, retry.Start)
        sizes.append(len(prompt(of, step.feedback)))
        data = {
            "code": FailureCode.TESTS_FAILED.value,
            "detail": "d" * 200,
            "signature": f"s{number}",
            "handoff": LEFT.model_dump(),
        }
        of = folded(
            of,
            event(
                EventKind.ATTEMPT_STARTED,
                attempt=running(number, agent=step.agent).model_dump(mode="json"),
            ),
            event(EventKind.ATTEMPT_ENDED, at(minutes=number), _attempt=number, **data),
        )
    assert len(set(sizes[1:])) == 1
    assert max(sizes) < 30_000


def test_the_first_handoff_says_so() -> None:
    text = task_text.handoff(None, "")
    assert "This is the first attempt." in text


def test_each_part_of_a_handoff_is_bounded_and_empty_ones_are_left_out() -> None:
    text = task_text.handoff(LEFT, "")
    assert len(text) < 9000
    assert "## Failed" not in text and "## Remains\n\nr" in text


@pytest.mark.parametrize("written", ["one line", "two\n\nlines", "with ## a heading"])
def test_notes_are_read_back_as_they_were_written(written: str) -> None:
    assert task_text.notes_in(task_text.task_file(task(notes=written), ["h"])) == written


def test_an_unwritten_note_is_empty_and_a_long_one_bounded() -> None:
    assert task_text.notes_in(task_text.task_file(task(), [])) == ""
    assert task_text.notes_in("no such heading") == ""
    assert len(task_text.notes_in(task_text.task_file(task(notes="n" * 9000), []))) < 4_100


def test_the_front_matter_of_a_task_file_is_yaml_whatever_the_texts_say() -> None:
    hold = Hold(reason="r", detail="a: b\n---\n# c | <d>", next_step="- n: 'q'", since=NOW)
    text = task_text.task_file(task(title="T: '---' \"x\"", hold=hold), ["h"])
    front = yaml.safe_load(text.split("---\n")[1])
    assert (front["state"], front["title"]) == ("blocked", "T: '---' \"x\"")
    assert front["next_step"] == "- n: 'q'"


def test_every_state_but_ready_has_a_folder() -> None:
    assert set(task_text.FOLDERS) == set(Status) - {Status.READY}


@pytest.mark.parametrize("text", ["`", "```", "`````\nx", "a\n```\nb", "", "x" * 9000])
def test_outside_text_cannot_leave_its_fence(text: str) -> None:
    lines = texts.fenced(text).splitlines()
    ticks = lines[0].removesuffix("text")
    assert lines[-1] == ticks and set(ticks) == {"`"}
    assert not any(ticks in line for line in lines[1:-1])
    assert len(texts.fenced(text)) < 4_100


def test_nobody_is_mentioned_by_a_quoted_text() -> None:
    said = in_review(title="ping @everyone", spec=spec(goal="see @all"))
    held = said.model_copy(
        update={"hold": Hold(reason="r", detail="@team | <x>", next_step="@you", since=NOW)}
    )
    notice = texts.blocked_notice(held, "Ready")
    assert notice.count("@alice") == 1
    assert "@team" not in notice and "@you" not in notice
    assert "@everyone" not in texts.pull_title(said)


def test_feedback_is_bounded() -> None:
    failed = [Check(name=f"c{n}", state=CheckState.FAILURE) for n in range(50)]
    logs = {c.name: "l" * 10_000 for c in failed}
    assert len(texts.ci_feedback(failed, logs)) <= 12_000


def test_a_pull_requests_body_is_well_formed_for_every_failure() -> None:
    tried = tuple(attempt(n, code) for n, code in enumerate(FailureCode, 1))
    body = descriptions.pull_body(in_review(attempts=tried))
    assert body.startswith("Closes #12\n")
    assert all(f"`{code}`" in body for code in FailureCode)


def test_an_agents_words_close_no_issue_and_make_no_evidence() -> None:
    said = "Fixes #7, closes: o/r#8, Resolved\nhttps://github.com/o/r/issues/9. @team\n### Evidence"
    task_ = in_review()
    assert task_.result is not None
    result = task_.result.model_copy(update={"summary": said})
    body = descriptions.pull_body(task_.model_copy(update={"result": result}))
    assert keywords.closes(body, "o/r") == [12]
    assert "@team" not in body and body.count("\n### Evidence") == 1
    titled = task_.model_copy(update={"title": "Fixes #7 again"})
    assert keywords.closes(texts.pull_title(titled), "o/r") == []
