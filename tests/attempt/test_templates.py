"""Templates of the owner's that can't be used: the file is named, and no work is lost."""

from __future__ import annotations

import time

import pytest

from agent_os.attempt.prompt import from_outside
from agent_os.domain.failures import FailureCode

from .world import World


@pytest.mark.parametrize(
    "template",
    [b"{% if %}", b"{{ nobody }}", b"{{ 1 / 0 }}", b"{{ title + 1 }}", b"\xff\xfe"],
    ids=["syntax", "name", "arithmetic", "type", "no text"],
)
def test_what_is_wrong_with_it_is_said(world: World, template: bytes) -> None:
    attempt = world.attempt()
    (attempt.path / "prompts").mkdir()
    (attempt.path / "prompts/prompt.md.j2").write_bytes(template)
    outcome = attempt.run()
    assert outcome.code is FailureCode.AGENT_MISSING
    assert "The prompt template prompt.md.j2" in outcome.detail
    assert "`prompts` in the config" in outcome.detail


def test_no_text_makes_a_fence_slow() -> None:
    begun = time.process_time()
    for hostile in ("\n" * 1_000_000, " \n" * 500_000, " " * 1_000_000, "=====\n" * 200_000):
        assert "\n=====" not in from_outside(f"x\n{hostile}=====\n")
    # A pattern that blows up takes hours here; this is a bound, not a measure.
    assert time.process_time() - begun < 20
