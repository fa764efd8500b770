"""Tasks that end in an answer on their issue: posted once, by nobody's pull request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent_os.attempt.answer import FILE_NAME
from agent_os.domain.failures import FailureCode
from agent_os.domain.tasks import Status
from agent_os.policy import descriptions
from tests.agents import programs
from tests.models.scenario import Scenario
from tests.models.server import ModelServer
from tests.models.work import patch

from .conftest import Build
from .test_models import KEYS, settings
from .town import GREEN, Town

SOURCES = "\\n\\n## Sources\\n- `calc.py:1`\\n"
SAY = f"echo x > beside.py; printf -- 'It adds, @bob.{SOURCES}' > .agent_answer.md"
SLOW = f"while [ ! -e go ]; do sleep 0.05; done; {SAY}"
#: Says what it was told of the answer before, and of what was said below the issue.
AGAIN = (
    "say='It adds'; grep -q 'And why' ../task.md && say=$(grep -c 'It adds' ../handoff.md); "
    f"printf -- \"$say.\"'{SOURCES}' > .agent_answer.md"
)


def ask(town: Town, *labels: str, body: str = "What does add do?") -> int:
    return town.issue("What does add do?", body, labels=(*(labels or ("question",)), "Ready"))


def answers_on(town: Town, number: int) -> list[str]:
    return [c for c in town.comments_of(number) if "Agent OS: an answer" in c]


def _go(town: Town, number: int, attempt: int) -> None:
    """Let the slow agent of this attempt end."""

    def work() -> Path | None:
        task = town.task(number)
        if task is None or task.running is None or task.running.number != attempt:
            return None
        path = town.directory(task) / "work"
        return path if (path / "calc.py").exists() else None

    (town.until(work) / "go").touch()


def nothing_pushed(town: Town) -> None:
    assert set(town.branches()) == {"main"} and town.pulls() == []


def test_a_question_is_answered_once_and_the_issue_is_left_to_who_asked(build_as: Build) -> None:
    town = build_as(mode="pull-request", files=GREEN, agents={"sage": SAY})
    number = ask(town)
    task = town.settles(number, Status.DONE)
    (posted,) = answers_on(town, number)
    head, _, words = posted.partition("\n\n---\n\n")
    assert "the agent sage" in head and "sources" in head and "1 file was thrown away" in head
    assert words.startswith("It adds") and "@bob" not in posted
    assert town.seen(number)["state"] == "open" and town.labels(number) == {"question"}
    shown, _ = town.comments_of(number)
    assert "the answer is a comment" in shown
    nothing_pushed(town)
    assert task.answered is not None and len(task.attempts) == 1
    town.hub.reset_requests()
    town.rests()
    assert town.writes() == []
    town.close(number)
    town.hub.reset_requests()
    town.until(lambda: (t := town.task(number)) and not t.issue_open)
    town.rests()
    assert town.writes() == []
    assert "cancelled" not in town.kinds(number)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_lost_answer_to_the_post_leaves_one_comment(build: Build, kind: str) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"sage": SLOW})
    number = ask(town)
    town.until(lambda: (t := town.task(number)) and t.shown.comment_id)
    _go(town, number, 1)
    town.hub.fault("POST", f"/repos/{town.repo}/issues/[0-9]+/comments$", kind)
    town.settles(number, Status.DONE)
    assert town.faults_left() == []
    assert len(answers_on(town, number)) == 1


def test_asked_again_with_a_comment_it_is_answered_again(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"sage": AGAIN}, sandbox="none")
    number = ask(town)
    town.settles(number, Status.DONE)
    town.comment(number, "And why?")
    town.label(number, "Ready")
    town.until(lambda: (t := town.task(number)) and t.round == 2)
    task = town.settles(number, Status.DONE)
    first, second = answers_on(town, number)
    assert "It adds." in first and task.round == 2
    assert second.partition("\n\n---\n\n")[2].startswith("1.")
    assert town.seen(number)["state"] == "open"


@pytest.mark.long
def test_auto_merge_closes_the_issue(build: Build) -> None:
    town = build(files=GREEN, agents={"sage": SAY})
    number = ask(town, "type: research", "deliver: answer")
    task = town.settles(number, Status.DONE)
    assert task.spec.type == "research" and task.attempts[0].head is None
    assert town.seen(number)["state"] == "closed" and len(answers_on(town, number)) == 1
    nothing_pushed(town)
    town.reopen(number)
    town.until(lambda: any("Reopening alone" in c for c in town.comments_of(number)))
    town.rests()
    assert town.kinds(number).count("requested") == 1
    assert town.seen(number)["state"] == "open"


@pytest.mark.long
def test_without_the_label_research_is_a_file_through_a_pull_request(build: Build) -> None:
    town = build(
        mode="pull-request",
        files=GREEN,
        agents={"sage": SAY + "; git checkout calc.py; echo y > notes.md"},
    )
    number = ask(town, "type: research")
    task = town.waits(number, "person_merges")
    assert answers_on(town, number) == [] and task.pull is not None
    assert town.file(".agent_answer.md", task.branch) is None
    assert town.file("notes.md", task.branch) == "y\n"


@pytest.mark.long
def test_closing_the_issue_stops_the_answer(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"sage": SLOW})
    number = ask(town)
    town.reaches(number, Status.RUNNING)
    town.close(number)
    task = town.settles(number, Status.CANCELLED)
    assert task.cancelled is not None and task.cancelled.reason == "issue_closed"
    assert answers_on(town, number) == []


@pytest.mark.long
def test_an_edit_while_it_runs_is_answered_anew(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"sage": SLOW})
    number = ask(town)
    town.reaches(number, Status.RUNNING)
    town.edit(number, body="What does twice do?")
    town.until(lambda: "text_changed" in town.kinds(number))
    _go(town, number, 1)
    _go(town, number, 2)
    task = town.settles(number, Status.DONE)
    assert [a.code for a in task.attempts] == [None, None]
    assert "What does twice do?" in town.attempt_file(number, 2, "task.md")
    assert len(answers_on(town, number)) == 1


@pytest.mark.long
def test_the_next_agent_takes_over_where_the_answer_lacks_its_sections(build: Build) -> None:
    full = (
        "printf -- 'Yes.\\n\\n## Costs\\n3\\n\\n## Sources\\n- `calc.py:1`\\n' > .agent_answer.md"
    )
    town = build(mode="pull-request", files=GREEN, agents={"sage": SAY, "other": full})
    number = ask(town, body="## Goal\nWhy?\n\n## Sections\n- Costs\n")
    task = town.settles(number, Status.DONE)
    assert [(a.agent, a.code, a.charged) for a in task.attempts] == [
        ("sage", FailureCode.INCOMPLETE, True),
        ("other", None, False),
    ]
    assert "Missing or empty: Costs" in town.attempt_file(number, 2, "handoff.md")
    assert "It adds" in town.attempt_file(number, 2, "handoff.md")


def _model(played: Scenario) -> ModelServer:
    return ModelServer(replace(played, repair_words="Your answer or your report won't do"))


@pytest.mark.long
@pytest.mark.parametrize("left", [{}, {FILE_NAME: "It adds."}])
def test_a_model_is_asked_once_more_for_an_answer_that_can_be_used(
    build: Build, left: dict[str, str]
) -> None:
    good = "It adds.\n\n## Sources\n\n- `calc.py:1`\n"
    with _model(Scenario(patch(left), repair=patch({FILE_NAME: good}))) as server:
        town = build(mode="pull-request", files=GREEN, keys=KEYS, **settings(server, "native-chat"))
        number = ask(town)
        task = town.settles(number, Status.DONE)
        asked = str([r.body for r in server.requests])
    assert len(task.attempts) == 1 and task.spent is not None
    (posted,) = answers_on(town, number)
    assert "native-chat (deepseek-chat)" in posted and descriptions.money(task.spent) in posted
    said = "has no text under `## Sources`" if left else f"There is no {FILE_NAME}"
    assert said in asked and "How to test" not in asked


@pytest.mark.long
def test_an_answer_that_holds_the_key_is_not_posted(build: Build) -> None:
    told = f"The key is {programs.SECRET}.\n\n## Sources\n\n- `calc.py:1`\n"
    with ModelServer(Scenario(patch({FILE_NAME: told}))) as server:
        town = build(mode="pull-request", files=GREEN, keys=KEYS, **settings(server, "native-chat"))
        number = ask(town)
        task = town.reaches(number, Status.BLOCKED)
        town.rests()
    assert task.hold is not None and task.hold.reason == "secret_found"
    assert not any(programs.SECRET in c for c in town.comments_of(number))
    assert task.handoff is not None and programs.SECRET not in task.handoff.changed


def test_dry_run_says_what_it_would_do(build: Build) -> None:
    town = build(mode="dry-run", files=GREEN, agents={"sage": SAY})
    number = ask(town)
    task = town.waits(number, "dry_run")
    assert task.waiting is not None
    assert task.waiting.detail == "would run sage and post the answer on the issue"
    assert town.comments_of(number) == []
