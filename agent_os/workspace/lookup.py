"""A number in a file, looked up in a process apart: a pattern or a document may take for ever.

`python -m agent_os.workspace.lookup` reads a question from stdin.
"""

from __future__ import annotations

import subprocess
import sys

from pydantic import ValidationError

from agent_os.domain.contract import Contract
from agent_os.domain.errors import BadInput
from agent_os.policy.sprints import numbers

SECONDS = 10.0


class Question(Contract):
    """Where in the text: by `pattern`, or (empty) at `pointer`."""

    text: str
    pattern: str = ""
    pointer: str = ""


class _Answer(Contract):
    value: float = 0.0
    problem: str = ""


def ask(question: Question, seconds: float = SECONDS) -> float:
    """BadInput when there is none, or not in time."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "agent_os.workspace.lookup"],
            input=question.model_dump_json().encode(errors="replace"),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        answer = _Answer.model_validate_json(done.stdout)
    except subprocess.TimeoutExpired:
        raise BadInput(f"it was not found within {seconds:g} s") from None
    except (OSError, ValidationError) as error:
        raise BadInput(f"it could not be looked up ({type(error).__name__})") from error
    if answer.problem:
        raise BadInput(answer.problem)
    return answer.value


def _found(question: Question) -> _Answer:
    try:
        if question.pattern:
            return _Answer(value=numbers.in_text(question.text, question.pattern))
        return _Answer(value=numbers.in_document(question.text, question.pointer))
    except BadInput as error:
        return _Answer(problem=error.message)


def main() -> None:
    question = Question.model_validate_json(sys.stdin.buffer.read())
    sys.stdout.write(_found(question).model_dump_json())


if __name__ == "__main__":
    main()
