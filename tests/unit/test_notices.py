"""What people are told of: once per change of state, by severity, not at night, never too much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent_os.config.loading import load_config
from agent_os.config.notices import NoticeSettings
from agent_os.domain.errors import ConfigError
from agent_os.domain.events import Event, EventKind
from agent_os.domain.notices import NoticeKind, SinkRules, SinkState
from agent_os.domain.signals import Severity
from agent_os.domain.tasks import TaskKey
from agent_os.effects.redaction import finder_of
from agent_os.policy import news, notifying
from agent_os.policy.news import Change

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAMES = news.Names({7: ("acme/app", "https://hub.example/acme/app")}, {TaskKey(7, 12): "Mend it"})
STATE = SinkState(since=NOON - timedelta(days=30))


def said(kind: EventKind, about: int = 12, **data: Any) -> Event:
    return Event(kind=kind, at=NOON, repo_id=7, number=about, data=data)


def provider(code: str | None, failures: int = 1) -> Event:
    data = {"name": "deepseek", "code": code, "failures": failures, "detail": "no money"}
    return Event(kind=EventKind.PROVIDER_SEEN, at=NOON, data=data)


HELD = said(EventKind.HELD, reason="ci_failed", detail="lint", next_step="Look.")
RED = said(EventKind.MAIN_RED, 0, sha="a" * 40, task=12, checks=["test"])
PLANNED = said(EventKind.SPRINT_PLANNED, 0, sprint=3, number=40)

#: (events, the kinds that are told)
STORIES: list[tuple[str, list[Event], list[NoticeKind]]] = [
    ("blocked", [HELD], [NoticeKind.TASK_BLOCKED]),
    ("blocked and again", [HELD, HELD], [NoticeKind.TASK_BLOCKED]),
    ("no longer blocked", [HELD, said(EventKind.HOLD_ENDED, by="alice")], []),
    ("blocked, then cancelled", [HELD, said(EventKind.CANCELLED, reason="closed")], []),
    ("blocked, then done", [HELD, said(EventKind.FINISHED)], [NoticeKind.TASK_DONE]),
    ("reverted", [said(EventKind.REVERTED, by="b" * 40)], [NoticeKind.MERGE_REVERTED]),
    ("main red, looked at twice", [RED, RED], [NoticeKind.MAIN_RED]),
    ("main green again", [RED, said(EventKind.MAIN_GREEN, 0, sha="b" * 40)], []),
    ("key refused", [provider("auth_failed")], [NoticeKind.PROVIDER_DOWN]),
    ("one rate limit is no news", [provider("rate_limited")], []),
    (
        "refused again and again",
        [provider("overloaded", n) for n in range(1, 9)],
        [NoticeKind.PROVIDER_DOWN],
    ),
    ("well again", [provider("auth_failed"), provider(None, 0)], []),
    ("sprint", [PLANNED], [NoticeKind.SPRINT_WAITS]),
    ("sprint approved", [PLANNED, said(EventKind.SPRINT_APPROVED, 0, sprint=3, by="a")], []),
    (
        "an approved plan is written again",
        [PLANNED, said(EventKind.SPRINT_APPROVED, 0, sprint=3, by="a"), PLANNED],
        [],
    ),
    (
        "another sprint approved",
        [PLANNED, said(EventKind.SPRINT_APPROVED, 0, sprint=2, by="a")],
        [NoticeKind.SPRINT_WAITS],
    ),
    (
        "report",
        [said(EventKind.REPORT_WRITTEN, 0, week="2026-W05", file="reports/x.html")],
        [NoticeKind.REPORT_THERE],
    ),
    (
        "refuted",
        [said(EventKind.HYPOTHESIS_JUDGED, 0, signal="s", verdict="refuted")],
        [NoticeKind.HYPOTHESIS_REFUTED],
    ),
    ("confirmed", [said(EventKind.HYPOTHESIS_JUDGED, 0, signal="s", verdict="confirmed")], []),
]


@pytest.mark.parametrize(("name", "events", "kinds"), STORIES, ids=[s[0] for s in STORIES])
def test_what_stands_as_changed(name: str, events: list[Event], kinds: list[NoticeKind]) -> None:
    found = news.changes(list(enumerate(events, 1)), NAMES)
    assert [c.kind for c in found] == kinds, name


def test_a_change_names_its_task_and_links_to_it() -> None:
    (blocked,) = news.changes([(1, HELD)], NAMES)
    assert blocked.title == "acme/app#12 (Mend it) needs a person: ci_failed"
    assert blocked.text == "lint Look."
    assert blocked.link == "https://hub.example/acme/app/issues/12"
    (sprint,) = news.changes([(1, PLANNED)], NAMES)
    assert sprint.link.endswith("/issues/40")


def test_trap_20_a_state_that_goes_on_is_told_once_and_a_new_one_again() -> None:
    """Each look of eight finds the provider down; then it is well for a while, and down anew."""
    told: set[str] = set()
    messages: list[str] = []
    state = STATE
    outage = [provider("overloaded", n) for n in range(1, 9)]
    events = list(enumerate([*outage, provider(None, 0), *outage], 1))
    for until in range(1, len(events) + 1):
        found = news.changes(events[:until], NAMES)
        plan = notifying.plan(found, told, SinkRules(), state, until, NOON)
        messages += [m.change for m in plan.messages]
        told |= {one for m in plan.messages for one in m.ids}
        state = state.model_copy(update={"seen": plan.seen})
    assert messages == ["provider:deepseek:3", "provider:deepseek:12"]


def change(seq: int, severity: Severity = Severity.WARN, **more: Any) -> Change:
    given: dict[str, Any] = {
        "kind": NoticeKind.TASK_BLOCKED,
        "title": f"T{seq}",
        "at": NOON,
        **more,
    }
    return Change(id=f"c{seq}", severity=severity, seq=seq, **given)


def planned(found: list[Change], now: datetime = NOON, **rules: Any) -> notifying.Plan:
    newest = max((c.seq for c in found), default=0)
    return notifying.plan(found, (), SinkRules(**rules), STATE, newest, now)


def test_severity_and_kinds_choose() -> None:
    found = [change(1, Severity.INFO), change(2), change(3, Severity.URGENT)]
    assert [m.change for m in planned(found, at_least=Severity.WARN).messages] == ["c2", "c3"]
    assert planned(found, only=(NoticeKind.MAIN_RED,)).messages == ()
    assert planned(found, only=(NoticeKind.MAIN_RED,)).seen == 3


#: (quiet hours, zone, UTC hour and minute, whether it is quiet)
NIGHTS = [
    ("22:00-07:00", "UTC", (21, 59), False),
    ("22:00-07:00", "UTC", (22, 0), True),
    ("22:00-07:00", "UTC", (6, 59), True),
    ("22:00-07:00", "UTC", (7, 0), False),
    ("22:00-07:00", "Europe/Berlin", (21, 0), True),
    ("22:00-07:00", "Europe/Berlin", (6, 0), False),
    ("12:00-13:00", "UTC", (12, 30), True),
    ("12:00-13:00", "UTC", (13, 0), False),
    ("", "UTC", (3, 0), False),
]


@pytest.mark.parametrize(("quiet", "zone", "at", "still"), NIGHTS)
def test_quiet_hours_are_the_sinks_own(
    quiet: str, zone: str, at: tuple[int, int], still: bool
) -> None:
    now = NOON.replace(hour=at[0], minute=at[1])
    assert notifying.quiet(SinkRules(quiet=quiet, timezone=zone), now) is still


def test_what_is_quiet_waits_and_what_is_urgent_does_not() -> None:
    found = [change(1), change(2, Severity.URGENT), change(3)]
    night = planned(found, quiet="11:00-13:00")
    assert [m.change for m in night.messages] == ["c2"]
    assert night.deferred == ("c1", "c3")
    assert night.seen == 0, "what waits is looked at again"
    day = notifying.plan(found, {"c2"}, SinkRules(quiet="22:00-07:00"), STATE, 3, NOON)
    assert [m.change for m in day.messages] == ["c1", "c3"]


def test_many_at_once_are_one_bounded_message_with_the_worst_first() -> None:
    found = [change(n) for n in range(1, 60)] + [change(60, Severity.URGENT)]
    (message,) = planned(found).messages
    assert message.title == "60 changes" and len(message.ids) == 60
    assert message.severity is Severity.URGENT
    lines = message.text.splitlines()
    assert len(lines) == 21 and "T60" in lines[0] and "40 more" in lines[-1]


def test_what_is_old_is_told_no_more_and_holds_nothing_up() -> None:
    plan = planned([change(1), change(2)], NOON + notifying.TOLD_WITHIN + timedelta(minutes=1))
    assert plan.messages == () and plan.seen == 2


def test_that_the_budget_is_used_up_is_told_once_a_day() -> None:
    """It is looked at in each run; the next day is another change."""
    first, later = (news.over_budget(NOON, seq, 10) for seq in (5, 9))
    tomorrow = news.over_budget(NOON + timedelta(days=1), 12, 10)
    assert first.id == later.id != tomorrow.id
    plan = notifying.plan([later], {first.id}, SinkRules(), STATE, 9, NOON)
    assert plan.messages == () and plan.seen == 9


def test_a_sink_that_fails_is_asked_less_and_less_often() -> None:
    state, now, pauses = STATE, NOON, list[float]()
    for _ in range(9):
        state = notifying.failed(state, "refused", now)
        assert state.not_before
        pauses.append((state.not_before - now).total_seconds() / 60)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    (complaint,) = notifying.complaints({"webhook": state, "email": notifying.sent(state)})
    assert complaint["sink"] == "webhook" and complaint["failures"] == 9


#: (settings, words of the refusal)
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"sink": "webhook"}, "needs `url"),
    ({"sink": "email", "to": ["a@b.example"]}, "needs `to`, `sender` and `smtp`"),
    ({"sink": "email", "to": ["a@b.example\nBcc: c@d.example"]}, "pattern"),
    ({"sink": "github"}, "needs `issue"),
    ({"sink": "terminal", "quiet": "25:00-07:00"}, "pattern"),
    ({"sink": "terminal", "timezone": "Mars/Olympus"}, "no time zone"),
    ({"sink": "terminal", "only": ["everything"]}, "task_blocked"),
    (
        {
            "sink": "email",
            "to": ["a@b.example"],
            "sender": "a@b.example",
            "smtp": {"host": "mail.example", "security": "none", "user": "u", "password": "p"},
        },
        "in the open",
    ),
]


@pytest.mark.parametrize(("settings", "words"), WRONG)
def test_a_wrong_sink_is_refused_with_the_reason(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        NoticeSettings.model_validate(settings)


CONFIG = """
github: {token: $TOKEN}
repositories: [{name: acme/app}]
agents: {a: {driver: command, command: x}}
notices:
"""
#: (sinks, words of the refusal)
REFUSED = [
    ("- {sink: webhook, url: 'https://hooks.example/T/B/word'}", "holds a secret"),
    ("- {sink: terminal}\n- {sink: terminal}", "two sinks are called `terminal`"),
    ("- {sink: github, issue: 'acme/other#1'}", "not among the `repositories`"),
    (
        "- {sink: email, to: [a@b.example], sender: a@b.example, smtp: {host: m, password: word}}",
        "holds a secret",
    ),
]


@pytest.mark.parametrize(("sinks", "words"), REFUSED)
def test_the_config_holds_no_secret_and_no_two_sinks_of_a_name(
    tmp_path: Path, sinks: str, words: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + sinks)
    with pytest.raises(ConfigError, match=words):
        load_config(path, {"TOKEN": "t"})


def test_the_address_of_a_webhook_is_taken_out_of_what_we_say(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"{CONFIG}- {{sink: webhook, url: $HOOK}}")
    config = load_config(path, {"TOKEN": "t" * 20, "HOOK": "https://hooks.example/T0/B0/a-word"})
    said = finder_of(config).redact("it failed at https://hooks.example/T0/B0/a-word today")
    assert "a-word" not in said and "a-word" not in repr(config)
