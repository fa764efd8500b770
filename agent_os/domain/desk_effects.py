"""Effects that need no task: about a repository as a whole, or about any of its issues."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from agent_os.domain.effect import Effect
from agent_os.domain.signals import Author


class DeskEffect(Effect):
    """About a repository (number 0) or an issue that need be no task."""

    round: int = 0


class FileIssue(DeskEffect):
    """An issue that the organization opens for a signal; one for each, ever."""

    kind = "file_issue"
    signal: str
    by: Author
    title: str
    body: str
    labels: tuple[str, ...] = ()
    type: str = "default"
    start: bool = False
    """It becomes a task at once, asked for by us; else it lies in the backlog."""
    facts: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Kept with the event: what is to be known of it later (a hypothesis' figure, say)."""


class TellIssue(DeskEffect):
    """A comment on an issue or pull request, as its `number`."""

    kind = "tell_issue"
    purpose: str
    """One word that tells what it is for, and which: `evidence:ID`, `stale`, `sprint:3`."""
    body: str
    facts: dict[str, Any] = Field(default_factory=dict[str, Any])


class EditIssue(DeskEffect):
    """The text of an issue that we opened is drawn anew."""

    kind = "edit_issue"
    purpose: str
    title: str
    body: str
    facts: dict[str, Any] = Field(default_factory=dict[str, Any])


class LabelIssue(DeskEffect):
    """Labels that command nothing."""

    kind = "label_issue"
    purpose: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class RetireIssue(DeskEffect):
    """An issue is closed that nobody works on: ours, or anybody's where the owner allows it."""

    kind = "retire_issue"
    purpose: str
    reason: Literal["completed", "not_planned"]


class PushProposal(DeskEffect):
    """A commit of ours, in our mirror, as a new branch."""

    kind = "push_proposal"
    purpose: str
    branch: str
    sha: str


class OpenProposal(DeskEffect):
    """A pull request that no task made: a revert, or the repository's CODEBASE.md."""

    kind = "open_proposal"
    purpose: str
    """`revert:SHA`, `codebase`, …: at most one is open for each."""
    branch: str
    head: str
    base: str
    title: str
    body: str


class SendNotice(DeskEffect):
    """A message to a place outside GitHub, once per change."""

    kind = "send_notice"
    sink: str
    change: str
    """What it tells of; the same change is told once."""
    severity: str
    title: str
    text: str
    link: str = ""
