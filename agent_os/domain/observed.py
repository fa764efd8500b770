"""What was read from GitHub, as plain data. Times are aware and are GitHub's."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from agent_os.domain.contract import Contract


class RepositorySeen(Contract):
    repo_id: int
    name: str
    clone_url: str
    default_branch: str
    archived: bool


class IssueSeen(Contract):
    number: int
    node: str = ""
    """Its id in GraphQL."""
    title: str
    body: str
    author: str
    open: bool
    labels: tuple[str, ...]
    updated_at: datetime


class Act(Contract):
    """One entry of an issue's timeline: `kind` is GitHub's event name.

    `label` for labeled/unlabeled, `text` for comments and renames, `state` for reviews.
    """

    id: int
    kind: str
    actor: str
    at: datetime
    label: str = ""
    text: str = ""
    was: str = ""
    """The title before a rename."""
    state: str = ""
    commit: str = ""
    node: str = ""
    """Of a comment: its id in GraphQL."""
    editor: str = ""
    """Of an edited comment: who changed it last; empty: nobody, or nobody asked yet."""


class Edits(Contract):
    """The body's edit history, newest first: (time, editor, the whole body after it)."""

    versions: tuple[tuple[datetime, str, str], ...] = ()


class CheckState(StrEnum):
    """From best to worst."""

    SUCCESS = "success"
    PENDING = "pending"
    NEEDS_PERSON = "needs_person"
    FAILURE = "failure"


class Check(Contract):
    """A check run or a commit status on one commit. `detail` is its summary or log's address."""

    name: str
    state: CheckState
    url: str = ""
    summary: str = ""
    job_id: int = 0
    """The Actions job whose log can be read; 0: none."""


class Checks(Contract):
    """Everything that reported on `sha`; complete, or it is not made."""

    sha: str
    checks: tuple[Check, ...]


class Review(Contract):
    id: int
    author: str
    editor: str = ""
    """Who changed its text last; empty: nobody did, or it is not known."""
    state: str
    body: str
    commit: str
    at: datetime


class PullSeen(Contract):
    number: int
    open: bool
    draft: bool
    merged: bool
    merged_by: str
    head: str
    head_ref: str
    base_ref: str
    body: str
    mergeable: bool | None
    mergeable_state: str
    author: str
    updated_at: datetime
