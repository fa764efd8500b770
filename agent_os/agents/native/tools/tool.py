"""What every tool is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from agent_os.models.backend import ToolSpec

LONGEST_OUTPUT = 24_000


class ToolFailed(Exception):
    """The tool can't do what was asked; the text goes to the model."""


class Arguments(BaseModel):
    """The base of every tool's arguments: an unknown one is an error, which the model is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Place:
    """Where tools work. `home` is for what they need to write besides."""

    work: Path
    home: Path
    longest_seconds: float

    def inside(self, name: str) -> Path:
        """The path below the work dir, links followed. ToolFailed when it leads out of it."""
        root = self.work.resolve()
        try:
            path = (root / name).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ToolFailed(f"{name!r} is no path: {error}") from error
        if path != root and root not in path.parents:
            raise ToolFailed(f"{name} is outside of the work directory.")
        return path


@dataclass(frozen=True)
class Tool:
    """`only_reads`: several such calls of one reply may run at the same time."""

    name: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Place, Any], str]
    only_reads: bool = False

    def spec(self) -> ToolSpec:
        schema = self.arguments.model_json_schema()
        schema.pop("description", None)
        return ToolSpec(name=self.name, description=self.description, parameters=schema)


def clipped(text: str, longest: int = LONGEST_OUTPUT) -> str:
    """The beginning and the end, with how much is missing between them."""
    if len(text) <= longest:
        return text
    half = longest // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[… {left_out} characters left out …]\n{text[-half:]}"
