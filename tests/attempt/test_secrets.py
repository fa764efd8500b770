"""What an agent was given does not leave the attempt: not in commits, not in words."""

from __future__ import annotations

import pytest

from agent_os.attempt.result import FILE_NAME
from agent_os.domain.failures import FailureCode

from .world import FIX, World

KEY = "sk-fake-0123456789"
COMMIT = "git add -A; git commit -qm"
REPORT = "---\\nstatus: complete\\n---\\n## Summary\\nDone with %s.\\n"
RESULT = f"printf -- '{REPORT}' $MY_TOKEN > {FILE_NAME}"


@pytest.mark.parametrize(
    "command",
    [
        "echo $MY_TOKEN > note.txt",
        pytest.param("echo 'note.txt -diff' > .gitattributes; echo $MY_TOKEN > note.txt"),
        f"echo $MY_TOKEN > note.txt; {COMMIT} one; rm note.txt",
        f"{FIX}; {COMMIT} $MY_TOKEN",
        "touch $MY_TOKEN",
    ],
    ids=["file", "binary", "taken out again", "message", "name"],
)
def test_a_key_in_a_commit_is_not_published(world: World, command: str) -> None:
    outcome = world.attempt(f"{command}; {FIX}", env=("MY_TOKEN",)).run(MY_TOKEN=KEY)
    assert outcome.code is FailureCode.SECRET_FOUND, outcome.detail
    assert outcome.head is None
    assert outcome.work is None  # nobody goes on from it
    assert outcome.kept  # but nothing is lost
    assert KEY not in outcome.model_dump_json()


def test_a_key_in_the_report_is_hidden(world: World) -> None:
    outcome = world.attempt(f"{FIX}; {RESULT}", env=("MY_TOKEN",)).run(MY_TOKEN=KEY)
    assert outcome.code is None, outcome.detail
    assert outcome.summary == "Done with [key]."
    assert outcome.evidence is not None
    assert "secrets" in [gate.name for gate in outcome.evidence.gates]


def test_a_key_in_the_words_of_a_failure_is_hidden(world: World) -> None:
    outcome = world.attempt("echo $MY_TOKEN; exit 3", env=("MY_TOKEN",)).run(MY_TOKEN=KEY)
    assert outcome.code is FailureCode.AGENT_FAILED
    assert "[key]" in outcome.handoff.failed and KEY not in outcome.model_dump_json()
