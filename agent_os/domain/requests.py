"""What an agent may ask of the outside in its result, and what of it the owner grants."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from agent_os.domain.contract import Contract, storable

#: More than these are no result file any more; how many are granted is the grant's to say.
MOST_REQUESTS = 20
LONGEST_TITLE = 200
#: Without an upper bound: what stands in for a secret may be longer than it.
_Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(storable)
]


class CommentRequest(Contract):
    """A comment on the task's own issue; there is no field for any other place."""

    kind: Literal["comment"]
    text: _Words


class FollowUpRequest(Contract):
    """A new issue in the task's own repository, that nobody works on before a person asks."""

    kind: Literal["follow_up"]
    title: _Words
    body: _Words


class QuestionRequest(Contract):
    """A comment that mentions who asked for the task."""

    kind: Literal["question"]
    text: _Words


class LabelRequest(Contract):
    """One more label on the task's own issue."""

    kind: Literal["label"]
    label: _Words


AgentRequest = Annotated[
    CommentRequest | FollowUpRequest | QuestionRequest | LabelRequest, Field(discriminator="kind")
]


class Grant(Contract):
    """How much of it a task's agents get, for one round, or since a person last renewed it."""

    comments: int = Field(default=1, ge=0, le=20)
    follow_ups: int = Field(default=2, ge=0, le=20)
    questions: int = Field(default=1, ge=0, le=20)
    labels: tuple[str, ...] = ()
    """These only, each by its name."""
    text_chars: int = Field(default=4_000, ge=100, le=20_000)
    """Of each text."""

    @property
    def empty(self) -> bool:
        return not (self.comments or self.follow_ups or self.questions or self.labels)


class GrantPart(Contract):
    """The fields of a grant that somebody has something to say about."""

    comments: int | None = Field(default=None, ge=0, le=20)
    follow_ups: int | None = Field(default=None, ge=0, le=20)
    questions: int | None = Field(default=None, ge=0, le=20)
    labels: tuple[str, ...] | None = None
    text_chars: int | None = Field(default=None, ge=100, le=20_000)


class Asked(Contract):
    """One request of an outcome that was accepted."""

    attempt: int
    place: int
    """In the result's list, from 0."""
    what: str
    """In a few words, for people."""
    request: AgentRequest | None = None
    """None: it was not granted."""
    refused: str = ""
    """Why it was not granted, or could not be done."""
    done: str = ""
    """What came of it: `comment 7`, `#13`, `label needs docs`."""

    @property
    def name(self) -> str:
        """Tells it from all others of its task's round."""
        return f"{self.attempt}.{self.place}"

    @property
    def open(self) -> bool:
        return self.request is not None and not (self.refused or self.done)
