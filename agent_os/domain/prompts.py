"""What a prompt says of its task, and how long each part may be."""

from __future__ import annotations

from pydantic import Field

from agent_os.domain.contract import Contract


class PromptParts(Contract):
    """What the prompt says of the task: each a text from outside or from memory, cut to size."""

    goal: str = ""
    acceptance: str = ""
    constraints: str = ""
    context: str = ""
    comments: str = ""
    feedback: str = ""
    notes: str = ""
    lessons: str = ""
    codebase: str = ""


class PromptBudget(Contract):
    """Tokens, by part of the prompt; what is longer is cut, and the cut is said."""

    goal: int = Field(default=6_000, ge=100)
    acceptance: int = Field(default=3_000, ge=100)
    constraints: int = Field(default=2_000, ge=100)
    context: int = Field(default=3_000, ge=100)
    comments: int = Field(default=3_000, ge=100)
    feedback: int = Field(default=4_000, ge=100)
    notes: int = Field(default=1_000, ge=100)
    handoff: int = Field(default=6_000, ge=100)
    lessons: int = Field(default=1_000, ge=100)
    codebase: int = Field(default=3_000, ge=100)
    diff: int = Field(default=12_000, ge=100)
    """In the prompt of a review."""
