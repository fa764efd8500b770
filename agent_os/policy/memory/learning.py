"""What one round of a task taught: failures that the next attempt mended, what CI and reviewers
refused, and what nobody could do. By rules, from events only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent_os.domain.attempts import Kind
from agent_os.domain.contract import Contract
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode, Family, family
from agent_os.domain.lessons import Cause, normalized
from agent_os.domain.tasks import Task
from agent_os.policy import cleaning

_MOST = 5
_LONGEST_TEXT = 300
_LONGEST_ADVICE = 240
_SHORTEST = 12
_LONGEST_LOG = 4_000
_LONGEST_WORDS = 160
_ERROR = re.compile(
    r"(?i)\b\w*(?:error|exception|assert\w*|expected|cannot|can't)\b|^E  |not found"
)
_MOST_FOLDERS = 6

#: Events that a round's end is made of, and those by which it ends.
ENDS = (EventKind.FINISHED, EventKind.CANCELLED, EventKind.HELD)
KINDS = (
    *ENDS,
    EventKind.ATTEMPT_STARTED,
    EventKind.ATTEMPT_ENDED,
    EventKind.RESULT_REJECTED,
    EventKind.REVIEW_SEEN,
    EventKind.WORK_WANTED,
)


class Learned(Contract):
    """One lesson to be, with where it comes from."""

    text: str
    advice: str = ""
    cause: Cause
    attempt: int
    commit: str = ""
    paths: tuple[str, ...] = ()


@dataclass
class _Reading:
    """What is known half-way through the events of a round."""

    folders: Mapping[str, Sequence[str]]
    found: list[Learned] = field(default_factory=list[Learned])
    open: list[Learned] = field(default_factory=list[Learned])
    """Failures that no later attempt has mended."""
    kinds: dict[int, str] = field(default_factory=dict[int, str])
    reviewed: bool = False
    at_work: int = 0


def learned(
    events: Sequence[Event], folders: Mapping[str, Sequence[str]] | None = None
) -> list[Learned]:
    """Of one round's events up to its end, oldest first; at most five, each text once.

    `folders`: by commit, the folders of the files that it changes.
    """
    reading = _Reading(folders or {})
    for event in events:
        _READERS.get(event.kind, _nothing)(reading, event)
    once = {normalized(one.text): one for one in reading.found}
    return list(once.values())[:_MOST]


def newly_learned(
    events: Sequence[Event], folders: Mapping[str, Sequence[str]] | None = None
) -> list[Learned]:
    """What the round has taught since it came to a halt before."""
    halts = [place for place, event in enumerate(events[:-1]) if event.kind in ENDS]
    before = learned(events[: halts[-1] + 1], folders) if halts else []
    known = {(normalized(one.text), one.cause) for one in before}
    found = learned(events, folders)
    return [one for one in found if (normalized(one.text), one.cause) not in known]


def _nothing(reading: _Reading, event: Event) -> None:
    del reading, event


def _started(reading: _Reading, event: Event) -> None:
    attempt = event.data["attempt"]
    reading.kinds[int(attempt["number"])] = attempt["kind"]
    reading.at_work = int(attempt["number"])


def _ended(reading: _Reading, event: Event) -> None:
    number, data = event.attempt or 0, event.data
    if reading.kinds.get(number) == Kind.TRIAGE:
        return
    if data.get("result"):
        _passed(reading, number, data["result"])
    elif data.get("code") and _teaches(data):
        said = f"`{data['code']}`: {data.get('detail', '')} {_last_words(data)}"
        _failed(reading, said, Cause.MENDED, number, str(data.get("work", "")))


def _last_words(data: Mapping[str, Any]) -> str:
    """The last line of what failed that names an error: often what its detail only counts."""
    printed = str((data.get("handoff") or {}).get("failed", ""))[-_LONGEST_LOG:]
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    named = [line for line in lines if _ERROR.search(line) and line not in data.get("detail", "")]
    return one_line(named[-1], _LONGEST_WORDS) if named else ""


def _teaches(data: Mapping[str, Any]) -> bool:
    """What a provider or a machine did teaches nothing about the work."""
    known = {code.value for code in FailureCode}
    code = str(data["code"])
    return code in known and family(FailureCode(code)) is Family.TASK and bool(data.get("charged"))


def _failed(reading: _Reading, said: str, cause: Cause, number: int, commit: str) -> None:
    text = one_line(said, _LONGEST_TEXT)
    if len(text) < _SHORTEST:
        return
    paths = tuple(reading.folders.get(commit, ()))[:_MOST_FOLDERS]
    reading.open.append(Learned(text=text, cause=cause, attempt=number, commit=commit, paths=paths))


def _passed(reading: _Reading, number: int, result: Mapping[str, object]) -> None:
    """What was open is mended by this attempt."""
    head = str(result.get("head", ""))
    advice = one_line(str(result.get("summary", "")), _LONGEST_ADVICE)
    folders = tuple(reading.folders.get(head, ()))
    for failure in reading.open:
        paths = tuple(dict.fromkeys([*folders, *failure.paths]))[:_MOST_FOLDERS]
        mended = {"advice": advice, "commit": head or failure.commit, "paths": paths}
        reading.found.append(failure.model_copy(update=mended))
    reading.open.clear()


def _rejected(reading: _Reading, event: Event) -> None:
    data = event.data
    said = f"`{data['code']}`: {data.get('detail', '')}"
    _failed(reading, said, Cause.CI, int(data.get("attempt", 0)), "")


def _review(reading: _Reading, event: Event) -> None:
    del event
    reading.reviewed = True


def _wanted(reading: _Reading, event: Event) -> None:
    """A review's words come with the work that they ask for."""
    if reading.reviewed and (said := remarks(str(event.data.get("feedback", "")))):
        _failed(reading, f"A reviewer asked: {said}", Cause.REVIEW, reading.at_work, "")
    reading.reviewed = False


def _over(reading: _Reading, event: Event) -> None:
    """A task that is given up says something; a person who cancels it or holds it does not."""
    why = {"code": event.data.get("reason", ""), "charged": True}
    if event.kind is EventKind.HELD and reading.open and _teaches(why):
        reading.found.append(reading.open[-1].model_copy(update={"cause": Cause.FAILED}))


_READERS = {
    EventKind.ATTEMPT_STARTED: _started,
    EventKind.ATTEMPT_ENDED: _ended,
    EventKind.RESULT_REJECTED: _rejected,
    EventKind.REVIEW_SEEN: _review,
    EventKind.WORK_WANTED: _wanted,
    EventKind.CANCELLED: _over,
    EventKind.HELD: _over,
}


def of_result(task: Task, text: str, commit: str = "") -> dict[str, object]:
    """What is kept of work that is done: the data of a lesson."""
    result = task.result
    return {
        "text": text,
        "advice": one_line(result.summary, _LONGEST_ADVICE) if result else "",
        "cause": Cause.MERGED.value,
        "round": task.round,
        "attempt": result.attempt if result else 0,
        "commit": commit,
        "type": task.spec.type,
    }


def remarks(feedback: str) -> str:
    """A review's own words, without the lines that we put around them."""
    lines = [line.strip() for line in feedback.splitlines()]
    ours = ("A reviewer asked for changes", "## ", "```", "[removed:")
    return " ".join(line for line in lines if line and not line.startswith(ours))


def one_line(text: str, limit: int) -> str:
    """Outside text as one line without what can't be seen."""
    line = " ".join(cleaning.plain(text[: 20 * limit]).text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def folders_of(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders of changed files, each with a slash; files of the top folder as they are.

    Many are drawn together into those above them.
    """
    found = {path.rpartition("/")[0] + "/" if "/" in path else path for path in paths}
    while len(found) > _MOST_FOLDERS:
        deepest = max(found, key=lambda path: (path.count("/"), path))
        if deepest.count("/") <= 1:
            break
        above = deepest.rstrip("/").rpartition("/")[0] + "/"
        found = {above if path.startswith(above) else path for path in found}
    return tuple(sorted(found)[:_MOST_FOLDERS])
