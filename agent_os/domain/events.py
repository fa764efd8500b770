"""Events: immutable facts. `folding.py` says what each does to a task."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.tasks import TaskKey


class EventKind(StrEnum):
    # what people asked for
    REQUESTED = "requested"
    REQUEST_REPEATED = "request_repeated"
    DECLINED = "declined"
    TEXT_CHANGED = "text_changed"
    TEXT_IGNORED = "text_ignored"
    ACT_IGNORED = "act_ignored"
    LABELS_SEEN = "labels_seen"
    HELD = "held"
    HOLD_ENDED = "hold_ended"
    CANCELLED = "cancelled"
    ISSUE_CLOSED = "issue_closed"
    ISSUE_REOPENED = "issue_reopened"
    NOTED = "noted"
    # what we did
    CLAIMED = "claimed"
    WAITING = "waiting"
    WORK_WANTED = "work_wanted"
    ATTEMPT_STARTED = "attempt_started"
    ATTEMPT_ENDED = "attempt_ended"
    ATTEMPT_STOPPED = "attempt_stopped"
    CHILD_OPENED = "child_opened"
    BRANCH_PUSHED = "branch_pushed"
    BRANCH_DELETED = "branch_deleted"
    PULL_OPENED = "pull_opened"
    PULL_EDITED = "pull_edited"
    PULL_HEAD_MOVED = "pull_head_moved"
    PULL_MERGED = "pull_merged"
    PULL_CLOSED = "pull_closed"
    REVIEW_ASKED = "review_asked"
    REVIEW_SEEN = "review_seen"
    APPROVAL_ASKED = "approval_asked"
    APPROVED = "approved"
    APPROVAL_VOIDED = "approval_voided"
    RESULT_REJECTED = "result_rejected"
    ANSWERED = "answered"
    REQUEST_ENDED = "request_ended"
    FINISHED = "finished"
    SETTLED = "settled"
    REVERTED = "reverted"
    WORK_MENDED = "work_mended"
    LESSON = "lesson"
    INCIDENT = "incident"
    # the pictures
    LABELS_SET = "labels_set"
    COMMENT_WRITTEN = "comment_written"
    COMMENT_GONE = "comment_gone"
    TOLD = "told"
    # effects
    EFFECT_FAILED = "effect_failed"
    EFFECT_UNANSWERED = "effect_unanswered"
    EFFECT_RESOLVED = "effect_resolved"
    SECRET_HIDDEN = "secret_hidden"
    # what the organization finds and gives itself; about the repository (number 0) unless said
    SIGNAL_SEEN = "signal_seen"
    ISSUE_FILED = "issue_filed"
    ISSUE_TOLD = "issue_told"
    ISSUE_EDITED = "issue_edited"
    ISSUE_LABELLED = "issue_labelled"
    ISSUE_RETIRED = "issue_retired"
    HYPOTHESIS_JUDGED = "hypothesis_judged"
    PROPOSAL_PUSHED = "proposal_pushed"
    PROPOSAL_OPENED = "proposal_opened"
    PROPOSAL_ENDED = "proposal_ended"
    SPRINT_PLANNED = "sprint_planned"
    SPRINT_APPROVED = "sprint_approved"
    SPRINT_ENDED = "sprint_ended"
    PRIORITY_SET = "priority_set"
    LESSON_USED = "lesson_used"
    LESSON_ENDED = "lesson_ended"
    MAIN_RED = "main_red"
    MAIN_GREEN = "main_green"
    NOTICE_SENT = "notice_sent"
    REPORT_WRITTEN = "report_written"
    THOUGHT_STARTED = "thought_started"
    THOUGHT_ENDED = "thought_ended"
    # the organization
    PROVIDER_SEEN = "provider_seen"
    API_USED = "api_used"
    PAUSED = "paused"
    RESUMED = "resumed"
    REPO_FROZEN = "repo_frozen"
    REPO_THAWED = "repo_thawed"
    REPO_RENAMED = "repo_renamed"
    REPO_OWNED = "repo_owned"


#: The issue number of events and effects that are about a repository as a whole.
DESK = 0


class Event(Contract):
    """`data` holds JSON values only. `key` is None for events about no task."""

    kind: EventKind
    at: datetime
    repo_id: int | None = None
    number: int | None = None
    attempt: int | None = None
    data: dict[str, Any] = Field(default_factory=dict[str, Any])

    @property
    def key(self) -> TaskKey | None:
        if self.repo_id is None or self.number is None:
            return None
        return TaskKey(self.repo_id, self.number)
