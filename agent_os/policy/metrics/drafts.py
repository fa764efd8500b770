"""Rounds in the making: what each event of the log says of the round of its task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode, charged

#: The fields of a row by name, with JSON values: a row is made of it at the end. Besides them
#: `labelled` (a label says the type) and `read` (the type that a model read in the text).
Draft = dict[str, Any]
OWN = ("labelled", "read")

_MOST = 200
"""Of each list of a round."""
_LONGEST = 2_000


def collect(events: Iterable[Event]) -> list[Draft]:
    """Of every round that was asked for in these events, in that order."""
    found: dict[tuple[int, int, int], Draft] = {}
    newest: dict[tuple[int, int], Draft] = {}
    for event in events:
        if event.repo_id is None or event.number is None:
            continue
        key = (event.repo_id, event.number)
        before = newest.get(key)
        if event.kind is EventKind.REQUESTED:
            if before is not None and _goes_on(before):
                before["held"] = ""
                continue
            newest[key] = _requested(event, before)
            found[*key, newest[key]["round"]] = newest[key]
        elif event.kind is EventKind.WORK_MENDED:
            _mended(found, event)
        elif before is not None and event.kind in _CHANGES:
            _CHANGES[event.kind](before, event)
    return list(found.values())


def _goes_on(draft: Draft) -> bool:
    """A request for a blocked task renews its round."""
    return bool(draft["held"]) and not draft.get("cancelled") and not draft.get("finished_at")


def _requested(event: Event, before: Draft | None) -> Draft:
    data = event.data
    spec = data["spec"]
    inherited = before["signal"] if before else ""
    read = before["read"] if before else ""
    labelled = bool(spec.get("labelled"))
    kind = spec.get("type", "default")
    return {
        "repo_id": event.repo_id,
        "repo": data["repo"],
        "number": event.number,
        "round": before["round"] + 1 if before else 1,
        "title": spec["title"],
        "type": kind if labelled else read or kind,
        "labelled": labelled,
        "read": read,
        "signal": inherited or data.get("signal", ""),
        "requested_at": event.at,
        "holds": [],
        "held": "",
        "ci_failures": [],
        "attempts": [],
    }


def _renamed(draft: Draft, event: Event) -> None:
    draft["repo"] = event.data["repo"]


def _text_changed(draft: Draft, event: Event) -> None:
    spec = event.data["spec"]
    draft |= {"title": spec["title"], "type": spec.get("type", "default"), "read": ""}
    draft["labelled"] = bool(spec.get("labelled"))


def _claimed(draft: Draft, event: Event) -> None:
    draft["claimed_at"] = event.at


def _held(draft: Draft, event: Event) -> None:
    reason = str(event.data["reason"])
    draft["held"] = reason
    draft["holds"] = [*draft["holds"][: _MOST - 1], (reason, event.at)]


def _hold_ended(draft: Draft, _event: Event) -> None:
    draft["held"] = ""


def _started(draft: Draft, event: Event) -> None:
    told = event.data["attempt"]
    named = ("number", "kind", "agent", "model", "provider", "started_at", "verifies", "base")
    others = [a for a in draft["attempts"] if a["number"] != told["number"]]
    draft["attempts"] = [*others, {k: told[k] for k in named if k in told}][-_MOST:]


def _attempt(draft: Draft, number: int | None) -> dict[str, Any]:
    """That of the number; one that nobody sees when it is not there."""
    return next((a for a in draft["attempts"] if a["number"] == number), {})


def _ended(draft: Draft, event: Event) -> None:
    data, attempt = event.data, _attempt(draft, event.attempt)
    code = data.get("code") or None
    attempt |= {
        "ended_at": event.at,
        "seconds": float(data.get("seconds") or 0.0),
        "code": code,
        "charged": bool(data.get("charged", code is not None and charged(FailureCode(code)))),
        "signature": data.get("signature") or "",
        "detail": str(data.get("detail") or "")[:_LONGEST],
        "head": data.get("head") or data.get("work") or "",
        "gates": gates_of(data),
        "prompt": data.get("prompt", ""),
        "repaired": bool(data.get("repaired")),
        "setup_seconds": float(data.get("setup_seconds") or 0.0),
        **_findings(data.get("findings") or {}),
        **_spent(data.get("spent") or {}),
    }
    if data.get("triage"):
        _typed(draft, data["triage"])
    if code is None and "changed_files" in data:
        draft |= {"changed_files": data["changed_files"], "paths": data.get("paths", [])}


def gates_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The gates of an attempt's end: older events know them only of results that passed."""
    if "gates" in data:
        return cast("list[dict[str, Any]]", data["gates"])
    evidence = (data.get("result") or {}).get("evidence") or {}
    named = ("name", "verdict", "before", "code", "signature", "seconds")
    return [{k: gate[k] for k in named if k in gate} for gate in evidence.get("gates", ())]


def _findings(findings: Mapping[str, str]) -> dict[str, str]:
    names = ("remaining", "risks", "manual_steps")
    return {name: findings.get(name, "")[:_LONGEST] for name in names}


def _spent(spent: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults are not written into the log: a missing price there is 0, null is not known."""
    if not spent:
        return {}
    usage = spent.get("usage") or {}
    tokens = sum(usage.get(kind, 0) for kind in ("input", "cached", "written", "output"))
    return {"usd": spent.get("usd", 0.0), "tokens": tokens}


def _typed(draft: Draft, triaged: Mapping[str, Any]) -> None:
    """What a model read as the type, where no label says it. The text is not compared as in
    `improved`: for figures it is near enough."""
    draft["read"] = triaged["answer"].get("type", "")
    if not draft["labelled"]:
        draft["type"] = draft["read"] or draft["type"]


def _rejected(draft: Draft, event: Event) -> None:
    data = event.data
    attempt = _attempt(draft, data["attempt"])
    signature = data.get("signature", "")
    attempt |= {"code": data["code"], "charged": True, "signature": signature}
    attempt["detail"] = str(data.get("detail", ""))[:_LONGEST]
    if data["code"] == FailureCode.CI_FAILED:
        draft["ci_failures"] = [*draft["ci_failures"], signature][-_MOST:]


def _review_seen(draft: Draft, event: Event) -> None:
    draft["changes_requested"] = draft.get("changes_requested", 0) + len(event.data["ids"])


def _opened(draft: Draft, event: Event) -> None:
    draft["pull"] = event.data["number"]


def _merged(draft: Draft, event: Event) -> None:
    draft |= {"merged_at": event.at, "merged_sha": event.data["sha"], "held": ""}


def _finished(draft: Draft, event: Event) -> None:
    draft |= {"finished_at": event.at, "held": ""}


def _cancelled(draft: Draft, event: Event) -> None:
    draft |= {"cancelled": event.data["reason"], "cancelled_at": event.at, "held": ""}


def _reverted(draft: Draft, event: Event) -> None:
    draft.setdefault("reverted_at", event.at)


def _mended(rounds: Mapping[tuple[int, int, int], Draft], event: Event) -> None:
    """It is about a later round, and tells which earlier ones it mended: as of its own merge."""
    assert event.repo_id is not None and event.number is not None
    later = rounds.get((event.repo_id, event.number, event.data["round"]), {})
    mended = zip(event.data["issues"], event.data["rounds"], strict=True)
    for number, round_ in mended:
        if draft := rounds.get((event.repo_id, number, round_)):
            draft.setdefault("mended_at", later.get("merged_at", event.at))


def _reopened(draft: Draft, event: Event) -> None:
    if draft.get("finished_at") or draft.get("merged_at"):
        draft.setdefault("reopened_at", event.at)


_CHANGES: dict[EventKind, Callable[[Draft, Event], None]] = {
    EventKind.REPO_RENAMED: _renamed,
    EventKind.TEXT_CHANGED: _text_changed,
    EventKind.CLAIMED: _claimed,
    EventKind.HELD: _held,
    EventKind.HOLD_ENDED: _hold_ended,
    EventKind.ATTEMPT_STARTED: _started,
    EventKind.ATTEMPT_ENDED: _ended,
    EventKind.RESULT_REJECTED: _rejected,
    EventKind.REVIEW_SEEN: _review_seen,
    EventKind.PULL_OPENED: _opened,
    EventKind.PULL_MERGED: _merged,
    EventKind.FINISHED: _finished,
    EventKind.CANCELLED: _cancelled,
    EventKind.REVERTED: _reverted,
    EventKind.ISSUE_REOPENED: _reopened,
}

KINDS = (EventKind.REQUESTED, EventKind.WORK_MENDED, *_CHANGES)
