"""The report of one task, and of a span of time."""

from __future__ import annotations

from datetime import timedelta

from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import TaskKey
from agent_os.policy import run_report, task_report
from agent_os.policy.metrics.rounds import RoundRow
from agent_os.policy.task_report import TaskReport
from agent_os.reports import pages, run_markdown, task_markdown

from . import weeks
from .making import at, event, task
from .test_report import EVIL, Page


def _row() -> RoundRow:
    """One with an attempt that failed before the one that did it."""
    return next(r for r in weeks.rows() if len(r.attempts) > 1 and r.merged_at)


def _report(title: str = "Mend add", events: int = 3) -> TaskReport:
    made = task(title=title)
    row = _row().model_copy(update={"number": made.number, "title": title})
    moments = [
        event(EventKind.CLAIMED, at(1)),
        event(EventKind.HELD, at(2), reason="ci_failed", detail=title, next_step="Look."),
        *[event(EventKind.HOLD_ENDED, at(3 + n), by="alice") for n in range(events - 2)],
    ]
    address = "https://hub.example/acme/app"
    return task_report.of_task(made, [row], moments, address, "It waits.", at(60))


def test_it_has_every_attempt_with_its_gates_and_what_it_cost() -> None:
    row, report = _row(), _report()
    assert len(report.attempts) == len(row.attempts) > 1
    assert report.usd == row.usd
    assert report.attempts[0].outcome != "complete" and report.attempts[-1].outcome == "complete"
    text = task_markdown.markdown(report)
    assert f"`{report.attempts[0].outcome}`" in text and "test fail" in text and "test pass" in text
    page = pages.task(report)
    assert "test: fail" in page and "test: pass" in page
    assert report.link == f"https://hub.example/acme/app/issues/{task().number}"
    again = f"agent-os report task {task().name}"
    assert again in text and again in page, "the command that prints its numbers"


def test_the_timeline_is_in_order_says_what_went_wrong_and_is_bounded() -> None:
    report = _report()
    assert [m.sign for m in report.timeline] == ["", "bad", ""]
    assert [m.at for m in report.timeline] == sorted(m.at for m in report.timeline)
    long = _report(events=task_report.MOST_LINES + 12)
    assert len(long.timeline) == task_report.MOST_LINES and long.left_out == 12
    assert "12 earlier moments" in pages.task(long)


def test_words_from_outside_are_words() -> None:
    report = _report(title=EVIL)
    page = Page(pages.task(report))
    assert not {"script", "img", "link"} & set(page.tags)
    text = task_markdown.markdown(report)
    assert "<script" not in text and "@bob" not in text


def _event(kind: EventKind, minutes: int, number: int = 12, **data: object) -> Event:
    moment = weeks.SINCE + timedelta(minutes=minutes)
    return Event(kind=kind, at=moment, repo_id=7, number=number, data=dict(data))


def test_what_happened_is_counted_and_errors_are_said() -> None:
    events = [
        _event(EventKind.ATTEMPT_STARTED, 1, attempt={"number": 1, "kind": "fix", "agent": "a"}),
        _event(EventKind.ATTEMPT_ENDED, 2, code="tests_failed", detail="2 of 4"),
        _event(EventKind.ATTEMPT_STARTED, 3, attempt={"number": 2, "kind": "fix", "agent": "a"}),
        _event(EventKind.EFFECT_FAILED, 4, effect="push_branch", code="refused", error="no"),
        _event(EventKind.NOTICE_SENT, 5, 0, sink="webhook", change="c", doubt=""),
        _event(EventKind.NOTICE_SENT, 6, 0, sink="webhook", change="d", doubt="it is not known"),
        Event(
            kind=EventKind.PROVIDER_SEEN,
            at=weeks.SINCE,
            data={"name": "deepseek", "code": "auth_failed", "detail": "key"},
        ),
    ]
    report = run_report.of_run(
        events,
        {TaskKey(7, 12): ("acme/app#12", "Mend it", "running")},
        {"push_branch failed": 1},
        {7: "acme/app"},
        weeks.SINCE,
        weeks.SINCE + timedelta(days=1),
    )
    assert [(t.task, t.state, t.events) for t in report.tasks] == [("acme/app#12", "running", 4)]
    assert {c.name: c.count for c in report.attempts} == {"tests_failed": 1, "running": 1}
    assert [e.where for e in report.errors] == ["acme/app#12", "acme/app", "the organization"]
    text = run_markdown.markdown(report)
    assert "7 events, 1 tasks, 3 errors" in text and "1 push_branch failed" in text
