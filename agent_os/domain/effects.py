"""Effects: one change to the outside world each, as plain data. Performers live in `effects/`.

`why` is for people (`--dry-run`, history). What was decided on an outdated picture of the task is
refused when it is applied, not performed.
"""

from __future__ import annotations

from typing import Literal

from agent_os.domain.attempts import Kind
from agent_os.domain.desk_effects import DeskEffect as DeskEffect
from agent_os.domain.desk_effects import (
    EditIssue,
    FileIssue,
    LabelIssue,
    OpenProposal,
    PushProposal,
    RetireIssue,
    SendNotice,
    TellIssue,
)
from agent_os.domain.effect import Effect, Record


class OwnRepository(Effect):
    """Before the first claim: no other installation may work on the repository."""

    kind = "own_repository"


class StartAttempt(Effect):
    kind = "start_attempt"
    attempt: int
    attempt_kind: Kind
    agent: str
    feedback: str = ""
    work: str = ""
    """The kept commit to go on from; empty: from where the kind begins."""
    cap_usd: float | None = None
    """What it may cost; None: its agent uses no model."""
    reviewers: tuple[str, ...] = ()
    """Agents that may look at the result, best first."""
    unreviewed: str = ""
    """Why there is no reviewer although the config asks for one."""
    verifies: int = 0
    """`verify` only: the attempt that did the `work`; 0: what is on the branch is checked."""
    resume: bool = False
    """Start the runner again on an attempt whose process is gone."""


class AcceptOutcome(Effect):
    """Take over an ended attempt: its commits into our mirror, its outcome into the log."""

    kind = "accept_outcome"
    attempt: int
    directory: str


class StopAttempt(Effect):
    kind = "stop_attempt"
    attempt: int
    directory: str


class PushBranch(Effect):
    kind = "push_branch"
    branch: str
    sha: str
    expected: str
    """The commit we believe the remote branch is at; empty: it must not exist."""


class DeleteBranch(Effect):
    kind = "delete_branch"
    branch: str
    expected: str


class OpenPull(Effect):
    kind = "open_pull"
    branch: str
    head: str
    base: str
    title: str
    body: str


class EditPull(Effect):
    kind = "edit_pull"
    pull: int
    body: str


class AskReview(Effect):
    kind = "ask_review"
    pull: int
    login: str


class MergePull(Effect):
    kind = "merge_pull"
    pull: int
    sha: str
    method: Literal["merge", "squash", "rebase"]
    title: str


class ClosePull(Effect):
    kind = "close_pull"
    pull: int
    body: str
    """The description with the note why: one request both closes and says so."""


class CreateIssue(Effect):
    """A part of an epic, as an issue of its own and a task; or what an agent proposes to do next,
    which is no task before a person says so."""

    kind = "create_issue"
    signal: str
    """One issue for each, ever."""
    place: int
    title: str
    body: str
    type: str
    asked: str = ""
    """The agent's request that it fulfils: then it is no part, and no task."""


class CloseIssue(Effect):
    kind = "close_issue"


class SetLabels(Effect):
    kind = "set_labels"
    label: str
    """The state label that is shown afterwards; empty: none."""
    add: tuple[str, ...]
    remove: tuple[str, ...]
    node: str = ""
    """The issue's id in GraphQL; empty: it has to be asked for."""
    asked: str = ""
    """The agent's request that it fulfils."""


class TakeApproval(Effect):
    """The approving label goes off the pull request: it was not set for the newest commit."""

    kind = "take_approval"
    pull: int
    remove: tuple[str, ...]
    head: str
    node: str
    """The pull request's id in GraphQL."""


class WriteComment(Effect):
    """Purpose `status` is edited in place later; `notice` is a new one that mentions someone;
    `answer` is the deliverable of a task without a diff; `request` are an agent's words."""

    kind = "write_comment"
    purpose: Literal["status", "notice", "answer", "request"]
    state: str
    """What it tells; of a `request` its name."""
    body: str


class EditComment(Effect):
    kind = "edit_comment"
    comment: int
    body: str


def request_of(effect: Effect) -> str:
    """The name of the agent's request that the effect fulfils; empty: none."""
    match effect:
        case CreateIssue() | SetLabels():
            return effect.asked
        case WriteComment(purpose="request"):
            return effect.state
        case _:
            return ""


EFFECTS: dict[str, type[Effect]] = {
    cls.kind: cls
    for cls in (
        OwnRepository,
        StartAttempt,
        AcceptOutcome,
        StopAttempt,
        PushBranch,
        DeleteBranch,
        OpenPull,
        EditPull,
        AskReview,
        MergePull,
        ClosePull,
        CreateIssue,
        CloseIssue,
        SetLabels,
        TakeApproval,
        WriteComment,
        EditComment,
        FileIssue,
        TellIssue,
        EditIssue,
        LabelIssue,
        RetireIssue,
        PushProposal,
        OpenProposal,
        SendNotice,
    )
}

Step = Record | Effect
