"""An attempt that is to answer: what it must leave, and what it is held against."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.attempt.answer import MAX_BYTES
from agent_os.attempt.gates.sources import check_sources
from agent_os.domain.attempts import Outcome, Verdict
from agent_os.domain.failures import FailureCode

from .world import World, git

SOURCES = "\\n## Sources\\n- `app.py:1`\\n"


def says(text: str) -> str:
    """A command that writes the answer."""
    return f"printf -- '{text}' > .agent_answer.md"


def answer(world: World, command: str, **changes: Any) -> Outcome:
    return world.attempt(command, deliverable="answer", **changes).run()


def gates(outcome: Outcome) -> dict[str, Verdict]:
    assert outcome.evidence is not None
    return {gate.name: gate.verdict for gate in outcome.evidence.gates}


def test_an_answer_passes_gates_of_its_own_and_changes_nothing(world: World) -> None:
    attempt = world.attempt(
        f"touch new other; {says('It triples.' + SOURCES)}",
        deliverable="answer",
        sections=("Costs",),
    )
    assert attempt.run().code is FailureCode.INCOMPLETE
    prompt = attempt.text("prompt.md")
    assert "- Costs" in prompt and ".agent_answer.md" in prompt and ".agent_result.md" in prompt
    assert "How to test" not in prompt
    outcome = answer(world, f"touch new other; {says('It triples.' + SOURCES)}")
    assert outcome.code is None, outcome.detail
    assert outcome.answer == "It triples.\n## Sources\n- `app.py:1`"
    assert (outcome.head, outcome.work, outcome.changed_files) == (None, None, 0)
    assert outcome.evidence is not None
    assert (outcome.evidence.base, outcome.evidence.head) == (world.base, world.base)
    assert gates(outcome) == {
        "result contract": Verdict.NONE,
        "answer": Verdict.PASS,
        "sources": Verdict.PASS,
        "sections": Verdict.NONE,
    }
    assert "2 files was thrown away" in outcome.evidence.gates[1].detail


@pytest.mark.needs("bwrap")
def test_who_answers_can_not_change_what_is_there(world: World) -> None:
    """The profile `research`: it may add files, no more."""
    tries = "for f in app.py tests/new .git/x; do echo x >> $f && echo CHANGED $f; done; echo TRIED"
    command = f"{tries}; touch added && echo ADDED; {says('It triples.' + SOURCES)}"
    attempt = world.attempt(command, deliverable="answer", sandbox="bwrap")
    attempt.run()
    log = attempt.text("agent.log")
    assert "TRIED" in log and "ADDED" in log and "CHANGED" not in log, log


@pytest.mark.long
def test_what_was_changed_is_kept_but_for_the_answer_itself(world: World) -> None:
    attempt = world.attempt(f"touch new; {says('Yes.' + SOURCES)}", deliverable="answer")
    attempt.run()
    kept = attempt.imported().kept
    assert kept and all(world.mirror.read_file(ref.sha, "new") == b"" for ref in kept)
    assert not any(world.mirror.read_file(ref.sha, ".agent_answer.md") for ref in kept)
    assert attempt.text("answer.md").startswith("Yes.")


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("true", FailureCode.INVALID_RESULT, "There is no .agent_answer.md"),
        pytest.param(
            says("TODO"), FailureCode.INVALID_RESULT, "placeholder", marks=pytest.mark.long
        ),
        pytest.param(says(""), FailureCode.INVALID_RESULT, "no answer", marks=pytest.mark.long),
        ("ln -s /etc/passwd .agent_answer.md", FailureCode.INVALID_RESULT, "not a regular file"),
        pytest.param(
            "mkfifo .agent_answer.md", FailureCode.INVALID_RESULT, "regular", marks=pytest.mark.long
        ),
        pytest.param(
            f"head -c {MAX_BYTES + 1} /dev/zero | tr '\\0' x > .agent_answer.md",
            FailureCode.INVALID_RESULT,
            "larger than 60,000 bytes",
            marks=pytest.mark.long,
        ),
        pytest.param(says("Yes."), FailureCode.GATE_FAILED, "no section", marks=pytest.mark.long),
        pytest.param(
            says("Yes." + SOURCES) + "; exit 3",
            FailureCode.AGENT_FAILED,
            "exit code 3",
            marks=pytest.mark.long,
        ),
        pytest.param(
            says("Yes." + SOURCES)
            + "; printf -- '---\\nstatus: blocked\\nblocker: missing_context\\n---\\n"
            + "## Summary\\nWhich one?\\n' > .agent_result.md",
            FailureCode.MISSING_CONTEXT,
            "Which one?",
            marks=pytest.mark.long,
        ),
    ],
)
def test_what_is_no_answer(world: World, command: str, code: FailureCode, said: str) -> None:
    outcome = answer(world, command)
    assert outcome.code is code, outcome.detail
    assert said in outcome.detail
    assert outcome.answer == "" and outcome.head is None


@pytest.mark.parametrize(
    ("source", "verdict", "said"),
    [
        ("- https://example.org/a.html", Verdict.PASS, "1 URL"),
        ("- see `app.py:2`, tests/test_app.sh:1 and ./app.py:1-2.", Verdict.PASS, "3 places"),
        ("- commit {base}", Verdict.PASS, "1 commit"),
        ("- commit {short} and https://e.org/x:99", Verdict.PASS, "1 URL, 1 commit"),
        ("- my long experience", Verdict.FAIL, "names no URL"),
        ("- `app.py:3`", Verdict.FAIL, "app.py:3"),
        ("- `app.py:0`", Verdict.FAIL, "app.py:0"),
        ("- `app.py:1-9`", Verdict.FAIL, "app.py:9"),
        ("- `lib/gone.py:1` and https://example.org", Verdict.FAIL, "lib/gone.py:1"),
        ("- `../../../etc/passwd:1`", Verdict.FAIL, "passwd:1"),
        ("- `tests/:1` and `tests:1`", Verdict.FAIL, "tests/:1"),
        ("- note:3", Verdict.FAIL, "names no URL"),
        ("- deadbeefdeadbeef", Verdict.FAIL, "names no URL"),
        ("- commit {later}", Verdict.FAIL, "names no URL"),
        ("```\nhttps://a.example\n```", Verdict.PASS, "1 URL"),
        ("", Verdict.FAIL, "no section"),
    ],
)
def test_sources_are_looked_up_on_the_base(
    sources_world: World, source: str, verdict: Verdict, said: str
) -> None:
    world = sources_world
    later = git(world.origin, "rev-parse", "HEAD")
    named = source.format(base=world.base, short=world.base[:10], later=later)
    gate = check_sources(world.mirror.path, world.base, f"Yes.\n\n## Sources\n{named}\n\n## B\nx")
    assert gate.verdict is verdict, gate.detail
    assert said in gate.detail
    assert gate.code is (None if verdict is Verdict.PASS else FailureCode.GATE_FAILED)


@pytest.fixture(scope="module")
def sources_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """With a commit after the base."""
    world = World(tmp_path_factory.mktemp("sources"))
    world.commit({"later.txt": "x"})
    world.sync()
    return world
