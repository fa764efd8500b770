"""Numbers in files of a repository, whatever their patterns and texts are made for."""

from __future__ import annotations

import pytest

from agent_os.domain.errors import BadInput
from agent_os.workspace import lookup
from agent_os.workspace.lookup import Question


def test_it_is_found_or_said_why_not() -> None:
    text = "coverage: 81.5%\n"
    assert lookup.ask(Question(text=text, pattern=r"coverage: ([0-9.]+)%")) == 81.5
    assert lookup.ask(Question(text='{"a": [7]}', pointer="/a/0")) == 7
    with pytest.raises(BadInput, match="no line matches"):
        lookup.ask(Question(text=text, pattern=r"speed: (\d+)"))


def test_a_pattern_that_takes_for_ever_is_ended() -> None:
    for_ever = Question(text="a" * 1_000, pattern=r"(?:a+|\\)+(\d)")
    with pytest.raises(BadInput, match="within 2 s"):
        lookup.ask(for_ever, seconds=2)
