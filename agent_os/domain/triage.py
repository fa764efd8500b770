"""What a model makes of an issue before an agent works on it: one model for schema and parser."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from agent_os.domain import answering
from agent_os.domain.contract import Contract

#: The types that a model may choose. Whether there is to be an answer instead of a change is for
#: a person to say, by a label.
TYPES = ("implementation", "debugging", "refactor", "tests", "docs", "research", "chore")
MOST_CHILDREN = 8
#: What is copied from a schema or an example instead of being said.
_PLACEHOLDER = re.compile(r"(?i)<[^<>]{1,200}>|\.\.\.|…|todo|tbd|string|n/?a|none")


def _said(text: str) -> str:
    if _PLACEHOLDER.fullmatch(text):
        raise ValueError(f"{text!r} is a placeholder")
    return _readable(text)


def _readable(text: str) -> str:
    return "".join(c for c in text if c in "\n\t" or c.isprintable()).strip()


def _asked(text: str) -> str:
    """Models say `none` where nothing is to be said."""
    return "" if _PLACEHOLDER.fullmatch(text) else _readable(text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _known(name: str) -> str:
    if name not in TYPES:
        raise ValueError(f"must be one of {', '.join(TYPES)}")
    return name


_Text = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=3_000), AfterValidator(_said)
]
_Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=500),
    AfterValidator(_said),
    AfterValidator(_one_line),
]
_Question = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=800), AfterValidator(_asked)
]
_Type = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(TYPES)})]


class Size(StrEnum):
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    EPIC = "epic"


class ChildSpec(Contract):
    """A part of an epic that can be done and merged by itself."""

    title: Annotated[_Line, StringConstraints(max_length=120)] = Field(
        description="One line, up to 120 characters."
    )
    goal: Annotated[_Text, StringConstraints(min_length=3)] = Field(
        description="What should be true afterwards, for someone who reads this part only."
    )
    acceptance: tuple[_Line, ...] = Field(
        max_length=8, description="Up to 8 criteria, each one line that can be checked."
    )
    type: _Type = Field(description="The kind of work.")
    depends_on: tuple[int, ...] = Field(
        max_length=MOST_CHILDREN,
        description="Places (from 0) of EARLIER children that must be merged before this one.",
    )


class Triage(Contract):
    """An issue as a task."""

    goal: _Text = Field(description="What should be true afterwards, in the issue's own meaning.")
    acceptance: tuple[_Line, ...] = Field(
        max_length=12,
        description="Up to 12 criteria, each one line that can be checked. Only what the issue "
        "says or plainly implies.",
    )
    constraints: tuple[_Line, ...] = Field(
        max_length=12, description="Up to 12 limits on how it is done, that the issue names."
    )
    type: _Type = Field(description="The kind of work.")
    size: Size = Field(
        description="small: minutes of work in a file or two; medium: up to a few hours; large: "
        "a day in one pull request; epic: needs several pull requests."
    )
    doable: bool = Field(
        description="Whether someone with the repository could do it without asking anything."
    )
    question: _Question = Field(
        description="If it is not doable: the one question whose answer makes it so. Else empty."
    )
    children: tuple[ChildSpec, ...] = Field(
        max_length=MOST_CHILDREN,
        description=f"Only for an epic: its 2 to {MOST_CHILDREN} parts, in an order in which they "
        "can be done. Else empty.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Triage:
        if not self.doable and not self.question:
            raise ValueError("what is not doable needs a question")
        if self.doable and not self.goal:
            raise ValueError("what is doable needs a goal")
        is_epic = self.size is Size.EPIC and self.doable
        if is_epic and len(self.children) < 2:
            raise ValueError("an epic needs at least two children")
        if self.children and self.size is not Size.EPIC:
            raise ValueError("only an epic has children")
        for place, child in enumerate(self.children):
            if any(not 0 <= before < place for before in child.depends_on):
                raise ValueError(f"child {place} may only depend on earlier children")
        return self


class Triaged(Contract):
    """The newest triage of a task. It counts for the text and comments that it was made of."""

    of: str
    """The text's fingerprint."""
    attempt: int
    """0: of an earlier round."""
    answer: Triage


def read(text: str) -> Triage:
    """A model's answer. ValueError says what is wrong with it, for the model to mend."""
    return answering.read(text, Triage)


def schema() -> dict[str, Any]:
    """What the model is told to follow."""
    return answering.schema(Triage)
