"""`objectives.yaml`: what a managed repository wants to reach, read from its base branch only."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from agent_os.config.agents import Settings
from agent_os.config.loading import read_yaml
from agent_os.domain.paths import PathPattern
from agent_os.policy.metrics.figures import FIGURES

PATH = "objectives.yaml"
#: Commands take time, and the job waits for them.
MOST_COMMANDS = 5

#: Nested repeats take for ever on a line that is made for them.
_REPEATED_GROUP = re.compile(r"(?<!\\)\)[*+{]")

Words = Annotated[str, Field(min_length=2, max_length=100)]
#: What GitHub itself counts. A label narrows the two that are lists.
GitHubCount = Literal["open_issues", "open_pulls", "stars", "forks"]


class FileReading(Settings):
    """A number in a file of the base commit: the first group of `pattern`, or at `pointer`."""

    path: Annotated[str, Field(min_length=1, max_length=300)]
    pattern: str = Field(default="", max_length=300)
    pointer: str = Field(default="", max_length=300)
    """Into JSON or YAML: `/totals/percent`."""

    @field_validator("path")
    @classmethod
    def _inside(cls, value: str) -> str:
        if ".." in value.split("/") or value.startswith(("/", "~")) or "\0" in value:
            raise ValueError("a path is relative to the repository")
        return value

    @field_validator("pattern")
    @classmethod
    def _readable(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        if _REPEATED_GROUP.search(value):
            raise ValueError("a group may not be repeated: it could take for ever")
        if value and groups != 1:
            raise ValueError("it needs one group, around the number: `coverage: ([0-9.]+)%`")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> FileReading:
        if bool(self.pattern) is bool(self.pointer):
            raise ValueError("write either `pattern` or `pointer`")
        return self


class GitHubReading(Settings):
    count: GitHubCount
    label: str = Field(default="", max_length=100)

    @model_validator(mode="after")
    def _labelled(self) -> GitHubReading:
        if self.label and self.count not in ("open_issues", "open_pulls"):
            raise ValueError(f"`{self.count}` have no labels")
        return self


class Reading(Settings):
    """How a measure is read: in one of these ways."""

    command: str = Field(default="", max_length=2_000)
    """Runs in a checkout of the base as the checks do; its last line is the number."""
    file: FileReading | None = None
    github: GitHubReading | None = None
    figure: str = ""
    """One of the figures that `agent-os metrics` prints."""

    @field_validator("figure")
    @classmethod
    def _known(cls, value: str) -> str:
        if value and value not in FIGURES:
            raise ValueError(f"there is no figure `{value}`; known: {', '.join(FIGURES)}")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Reading:
        ways = [bool(self.command.strip()), self.file, self.github, bool(self.figure)]
        if sum(map(bool, ways)) != 1:
            raise ValueError("write one of `command`, `file`, `github`, `figure`")
        return self


class Serves(Settings):
    """Which issues serve the objective: those that one of these says so of."""

    labels: tuple[Words, ...] = Field(default=(), max_length=20)
    paths: tuple[PathPattern, ...] = Field(default=(), max_length=20)
    """An issue that names such a path."""
    keywords: tuple[Words, ...] = Field(default=(), max_length=20)
    """In its title or text, as whole words."""


class Objective(Settings):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$")]
    weight: float = Field(default=1, gt=0, le=100)
    target: float = Field(allow_inf_nan=False)
    goal: Literal["lower", "higher"]
    read: Reading
    serves: Serves = Serves()


class Objectives(Settings):
    objectives: tuple[Objective, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _told_apart(self) -> Objectives:
        names = [objective.name.lower() for objective in self.objectives]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two objectives are called `{min(doubled)}`")
        if sum(bool(o.read.command) for o in self.objectives) > MOST_COMMANDS:
            raise ValueError(f"at most {MOST_COMMANDS} objectives may be read by a command")
        return self


def parse_objectives(content: bytes | None) -> Objectives:
    """The file's objectives; none when it is not there. ConfigError names line and fix."""
    return Objectives() if content is None else read_yaml(content, Objectives, PATH)
