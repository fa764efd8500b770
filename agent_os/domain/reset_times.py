"""When a provider says that it may be asked again, in the forms that vendors write it.

Only bounded patterns without nested repetition: the text comes from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

_FURTHEST = timedelta(days=400)
_MILLISECONDS_FROM = 10**11
_SECONDS_OF = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PACIFIC = "America/Los_Angeles"

_STEP = re.compile(
    r"(\d{1,9}(?:\.\d{1,9})?)\s?"
    r"(ms|milliseconds?|weeks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)"
    r"(?![a-z])|(\d{1,9}(?:\.\d{1,9})?)(ms|[wdhms])(?=\d)",
    re.IGNORECASE,
)
_WAIT = re.compile(
    r"(?:try again in|retry(?:ing)? (?:in|after)|resets? (?:in|after)|available in|wait)[:\s]{1,3}"
    r"(?:about |approximately )?",
    re.IGNORECASE,
)
_STEPS_APART = re.compile(r"(?:[\s,]|and){0,6}", re.IGNORECASE)
_AFTER_BAR = re.compile(r"limit reached\s?\|\s?(\d{9,13})", re.IGNORECASE)
_KEY_IN_SECONDS = re.compile(r"\"resets_in_seconds\":\s?(\d{1,9})")
_KEY_AT = re.compile(r"\"resets_at\":\s?(\d{9,13})")
_KEY_DELAY = re.compile(r"\"retryDelay\":\s?\"(\d{1,9}(?:\.\d{1,9})?)s\"")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:T|\s(?:at\s)?)(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)")
_ZONE = re.compile(r"\s?(Z\b|UTC|[+-]\d\d:?\d\d)", re.IGNORECASE)
_MOMENT = re.compile(
    r"(?:resets?|try again|retry|access|available)(?: (?:at|on))?[:\s]{1,3}"
    r"(?:(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?\s"
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s?(?P<year>\d{4})?,?\s?"
    r"|(?P<weekday>mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},?\s)?(?:at\s)?"
    r"(?:(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s?(?P<half>am|pm)?)?"
    r"(?:\s?\((?P<zone>[A-Za-z_/+-]{1,40})\))?",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def reset_time(text: str, fields: Mapping[str, str], now: datetime) -> datetime | None:
    """The first reset time that fields (names in lower case) or text name; never before `now`.

    A time of day without a zone is read in the zone of `now`. None when there is none, or when it
    makes no sense (over a year ahead).
    """
    for found in (*_in_fields(fields, now), *_in_text(text, now)):
        if found - now <= _FURTHEST:
            return max(found, now)
    return None


def next_pacific_midnight(now: datetime) -> datetime:
    """When Google's quotas of a day begin anew."""
    there = now.astimezone(_zone(_PACIFIC) or UTC)
    midnight = (there + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.astimezone(UTC)


def _in_fields(fields: Mapping[str, str], now: datetime) -> Iterator[datetime]:
    for name, unit in (("resets_in_seconds", 1.0), ("retry-after-ms", 0.001)):
        seconds = _number(fields.get(name, ""))
        if seconds is not None and seconds * unit <= _FURTHEST.total_seconds():
            yield now + timedelta(seconds=seconds * unit)
    for name in ("resets_at", "anthropic-ratelimit-unified-reset", "retry-after", "retrydelay"):
        moment = _moment_of(fields.get(name, ""), now)
        if moment is not None:
            yield moment
    yield from _of_limits(fields, now)


def _of_limits(fields: Mapping[str, str], now: datetime) -> Iterator[datetime]:
    """Of the limits that have nothing left (else of all of them) the one that lasts longest."""
    resets: dict[str, datetime] = {}
    for name, value in fields.items():
        if not name.startswith(("anthropic-ratelimit-", "x-ratelimit-")) or "reset" not in name:
            continue
        moment = _moment_of(value, now)
        if moment is not None:
            resets[name] = moment
    spent = [at for name, at in resets.items() if _nothing_left(fields, name)]
    if resets:
        yield max(spent or resets.values())


def _nothing_left(fields: Mapping[str, str], name: str) -> bool:
    return fields.get(name.replace("reset", "remaining"), "").strip() == "0"


def _moment_of(value: str, now: datetime) -> datetime | None:
    """Seconds, a duration (6m0s), a Unix time, an HTTP date or an RFC 3339 one."""
    value = value.strip()[:80]
    number = _number(value)
    if number is not None:
        return _unix(number) if number >= 10**9 else now + timedelta(seconds=number)
    wait = _duration(value, 0)
    if wait is not None:
        return now + wait
    if _ISO.match(value):
        return next(_iso(value, now), None)
    try:
        found = parsedate_to_datetime(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _in_text(text: str, now: datetime) -> Iterator[datetime]:
    for match in _AFTER_BAR.finditer(text):
        yield _unix(float(match[1]))
    for match in _KEY_IN_SECONDS.finditer(text):
        yield now + timedelta(seconds=float(match[1]))
    for match in _KEY_AT.finditer(text):
        yield _unix(float(match[1]))
    for match in _KEY_DELAY.finditer(text):
        yield now + timedelta(seconds=float(match[1]))
    for match in _WAIT.finditer(text):
        wait = _duration(text, match.end())
        if wait is not None:
            yield now + wait
    yield from _iso(text, now)
    for match in _MOMENT.finditer(text):
        moment = _of_clock(match, now)
        if moment is not None:
            yield moment


def _duration(text: str, at: int) -> timedelta | None:
    """`3 days 2 hours`, `1m30.5s`, `120ms` beginning at that place."""
    seconds, found = 0.0, False
    while step := _STEP.match(text, at):
        amount, unit = (step[1], step[2]) if step[1] else (step[3], step[4])
        unit = unit.lower()
        short = "ms" if unit == "ms" or unit.startswith("mil") else unit[0]
        seconds += float(amount) * _SECONDS_OF[short]
        found = True
        apart = _STEPS_APART.match(text, step.end())
        at = apart.end() if apart else step.end()
    if not found or seconds > _FURTHEST.total_seconds():
        return None
    return timedelta(seconds=seconds)


def _iso(text: str, now: datetime) -> Iterator[datetime]:
    for match in _ISO.finditer(text):
        zone = _ZONE.match(text, match.end())
        offset = zone[1].upper() if zone else ""
        try:
            found = datetime.fromisoformat(f"{match[1]}T{match[2]}{offset.replace('UTC', 'Z')}")
        except ValueError:
            continue
        yield found if found.tzinfo else found.replace(tzinfo=now.tzinfo)


def _of_clock(match: re.Match[str], now: datetime) -> datetime | None:
    """`3pm`, `10:30am (Europe/Berlin)`, `Oct 6, 1pm`, `Nov 21st, 2025 3:05 PM`."""
    part = match.groupdict()
    if part["hour"] is None and part["day"] is None:
        return None
    if part["hour"] and not part["half"] and not part["minute"]:
        return None  # a bare number is no time of day
    there = now.astimezone(_zone(part["zone"] or "") or now.tzinfo)
    hour = int(part["hour"] or 0)
    if part["half"]:
        hour = hour % 12 + (12 if part["half"].lower() == "pm" else 0)
    try:
        at = there.replace(hour=hour, minute=int(part["minute"] or 0), second=0, microsecond=0)
        return _on_day(at, part, there)
    except ValueError:
        return None


def _on_day(at: datetime, part: Mapping[str, str | None], there: datetime) -> datetime:
    if part["month"] and part["day"]:
        at = at.replace(month=_MONTHS.index(part["month"].lower()) + 1, day=int(part["day"]))
        if part["year"]:
            return at.replace(year=int(part["year"]))
        return at if at > there - timedelta(days=1) else at.replace(year=at.year + 1)
    if part["weekday"]:
        ahead = (_WEEKDAYS.index(part["weekday"].lower()) - at.weekday()) % 7
        at += timedelta(days=ahead)
        return at if at > there else at + timedelta(days=7)
    return at if at > there else at + timedelta(days=1)


def _zone(name: str) -> tzinfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return None


def _number(value: str) -> float | None:
    match = re.fullmatch(r"\s?\d{1,15}(?:\.\d{1,9})?\s?", value)
    return float(value) if match else None


def _unix(number: float) -> datetime:
    """A Unix time in seconds, or in milliseconds where it is that long."""
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    return datetime.fromtimestamp(min(seconds, 10**11), UTC)
