"""One line for people about each event."""

from __future__ import annotations

from agent_os.domain.events import Event, EventKind
from agent_os.policy import texts

_TEMPLATES: dict[EventKind, str] = {
    EventKind.REQUESTED: "asked for by {request[actor]}",
    EventKind.REQUEST_REPEATED: "asked for again by {actor} while it was {status}",
    EventKind.DECLINED: "not taken ({reason}): {detail}",
    EventKind.TEXT_CHANGED: "the issue's text was changed",
    EventKind.TEXT_IGNORED: "a text by someone without write permission is not used",
    EventKind.ACT_IGNORED: "{act} by {by} was ignored: {why}",
    EventKind.LABELS_SEEN: "labels are now: {labels}",
    EventKind.HELD: "blocked ({reason}): {detail}",
    EventKind.HOLD_ENDED: "unblocked by {by}",
    EventKind.CANCELLED: "cancelled ({reason}){by_whom}",
    EventKind.ISSUE_CLOSED: "the issue was closed{by_whom}",
    EventKind.ISSUE_REOPENED: "the issue was reopened{by_whom}",
    EventKind.NOTED: "the owner wrote notes",
    EventKind.CLAIMED: "claimed",
    EventKind.WAITING: "waits: {reason} {detail}",
    EventKind.WORK_WANTED: "{kind} wanted: {why}",
    EventKind.ATTEMPT_STARTED: "attempt {attempt[number]} ({attempt[kind]} by {attempt[agent]})",
    EventKind.ATTEMPT_ENDED: "attempt ended: {code} {detail}",
    EventKind.ATTEMPT_STOPPED: "attempt is being stopped: {why}",
    EventKind.CHILD_OPENED: "opened #{number} for a part of it: {title}",
    EventKind.BRANCH_PUSHED: "branch pushed at {sha:.10}",
    EventKind.BRANCH_DELETED: "branch deleted",
    EventKind.PULL_OPENED: "pull request #{number} opened",
    EventKind.PULL_EDITED: "pull request described anew",
    EventKind.PULL_HEAD_MOVED: "someone pushed {sha:.10} to the branch",
    EventKind.PULL_MERGED: "merged as {sha:.10} by {by}",
    EventKind.PULL_CLOSED: "pull request closed{by_whom}",
    EventKind.REVIEW_ASKED: "review asked of {login} {refused}",
    EventKind.REVIEW_SEEN: "review read",
    EventKind.APPROVAL_ASKED: "needs approval at {head:.10}: {rules}",
    EventKind.APPROVED: "approved at {head:.10} by {by} ({how})",
    EventKind.APPROVAL_VOIDED: "took off the label of an approval: it is not for {head:.10}",
    EventKind.RESULT_REJECTED: "result of attempt {attempt} refused ({code}): {detail}",
    EventKind.ANSWERED: "answered by a comment",
    EventKind.REQUEST_ENDED: "the agent's request {asked}: {done} {refused}",
    EventKind.FINISHED: "done",
    EventKind.SETTLED: "nothing is left to do",
    EventKind.REVERTED: "its merge was reverted by {by:.10}",
    EventKind.WORK_MENDED: "the lines that it replaced were of: {said}",
    EventKind.LESSON: "lesson: {text}",
    EventKind.INCIDENT: "incident: {detail}",
    EventKind.LABELS_SET: "labels{changes}",
    EventKind.COMMENT_WRITTEN: "status comment written",
    EventKind.COMMENT_GONE: "someone deleted our comment; it stays deleted",
    EventKind.TOLD: "the requester was told by a comment",
    EventKind.EFFECT_FAILED: "{effect} failed ({code}): {error}",
    EventKind.EFFECT_UNANSWERED: "{effect} got no answer: {error}",
    EventKind.EFFECT_RESOLVED: "{effect} was looked up: {found}",
    EventKind.SECRET_HIDDEN: "{effect}: taken out of its text: {kinds}",
    EventKind.SIGNAL_SEEN: "found {signal}: {outcome} {reason}",
    EventKind.ISSUE_FILED: "opened #{number} for {signal}",
    EventKind.ISSUE_TOLD: "wrote a comment ({purpose})",
    EventKind.ISSUE_EDITED: "drew the issue anew ({purpose})",
    EventKind.ISSUE_LABELLED: "labels for {purpose}:{changes}",
    EventKind.ISSUE_RETIRED: "closed the issue ({purpose}, {reason})",
    EventKind.HYPOTHESIS_JUDGED: "the hypothesis {signal} is {verdict}",
    EventKind.PROPOSAL_PUSHED: "pushed {branch} for {purpose}",
    EventKind.PROPOSAL_OPENED: "pull request #{number} opened for {purpose}",
    EventKind.PROPOSAL_ENDED: "pull request #{number} for {purpose} ended: {how}",
    EventKind.SPRINT_PLANNED: "sprint {sprint} planned",
    EventKind.SPRINT_APPROVED: "sprint {sprint} approved by {by}",
    EventKind.SPRINT_ENDED: "sprint {sprint} ended: {how}",
    EventKind.PRIORITY_SET: "priority {priority}: {why}",
    EventKind.LESSON_USED: "lessons {lessons} were told to the agent",
    EventKind.LESSON_ENDED: "lesson {lesson} is no longer told: {why}",
    EventKind.MAIN_RED: "the default branch is red at {sha:.10}: {checks}",
    EventKind.MAIN_GREEN: "the default branch is green again at {sha:.10}",
    EventKind.NOTICE_SENT: "told {sink} of {change} {doubt}",
    EventKind.REPORT_WRITTEN: "wrote the report of {week}: {file}",
    EventKind.THOUGHT_STARTED: "{thinker} thinks about {purpose}",
    EventKind.THOUGHT_ENDED: "{thinker} has thought about {purpose}: {code}",
    EventKind.PROVIDER_SEEN: "provider {name}: {code} {detail}",
    EventKind.API_USED: "of GitHub's hourly limit {resource}, {used} of {limit} are used",
    EventKind.PAUSED: "paused {scope}",
    EventKind.RESUMED: "resumed {scope}",
    EventKind.REPO_FROZEN: "repository frozen: {reason}",
    EventKind.REPO_THAWED: "repository is back",
    EventKind.REPO_OWNED: "the repository is ours to work on {taken_from}",
    EventKind.REPO_RENAMED: "the repository is called {repo} now",
}


class _Blank(dict[str, object]):
    """Missing and empty values say nothing."""

    def __missing__(self, key: str) -> str:
        return ""


def line(event: Event) -> str:
    """`2026-01-31 12:00:00 what happened`."""
    return f"{event.at:%Y-%m-%d %H:%M:%S} {what(event)}"


def what(event: Event) -> str:
    data = _Blank({k: _plain(v) for k, v in event.data.items() if v is not None})
    data["by_whom"] = f" by {event.data['by']}" if event.data.get("by") else ""
    data["changes"] = _signed("+", event.data.get("add")) + _signed("-", event.data.get("remove"))
    if event.kind is EventKind.ATTEMPT_ENDED and not event.data.get("code"):
        data["code"] = "complete"
    if event.kind is EventKind.PROVIDER_SEEN and not event.data.get("code"):
        data["code"] = "answers again"
    if event.kind is EventKind.WAITING and not event.data.get("reason"):
        return "goes on"
    return texts.inline(_TEMPLATES[event.kind].format_map(data), 400)


def _signed(sign: str, labels: object) -> str:
    return "".join(f" {sign}{one}" for one in labels) if isinstance(labels, list | tuple) else ""


def _plain(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
