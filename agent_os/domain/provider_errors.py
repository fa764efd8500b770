"""What a provider's error means: a failure code and when it may be asked again.

The one place that knows the vendors' words. Callers pass what the PROVIDER said (the error's body
and headers, or the program's own error event), never output of tools: an agent that reads a file
about "insufficient_quota" has not run out of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from agent_os.domain import provider_words as words
from agent_os.domain.failures import FailureCode
from agent_os.domain.reset_times import next_pacific_midnight, reset_time

_LONGEST_TEXT = 16_000
_DEEPEST = 12
_MOST_FIELDS = 200
_RELIABLE_WAIT = timedelta(minutes=10)


class Verdict(NamedTuple):
    """`code` is None when it was not the provider's fault (or can't be told)."""

    code: FailureCode | None
    resets_at: datetime | None = None


def classify(status: int, text: str, fields: Mapping[str, object], now: datetime) -> Verdict:
    """The code of a provider's error, and when that provider may be asked again.

    `status`: the HTTP status, 0 when it is not known (it is then looked for in `text`).
    `fields`: headers and the error's body, nested as it came. `now` is aware.
    A request that is wrong in itself, or too long (`is_overflow`), is nobody's failure: code None.
    """
    flat = _flat(fields)
    said = _said(text, flat)
    status = status or status_in(text)
    if 200 <= status < 400:
        status = 0  # an error event inside of a stream that began well
    code = _code(status, said, flat)
    if code is None or code is FailureCode.AUTH_FAILED:
        return Verdict(code)
    return Verdict(code, _resets_at(code, said, text, flat, now))


def is_overflow(status: int, text: str, fields: Mapping[str, object]) -> bool:
    """Whether the provider refused because the request holds more than its model takes."""
    if status and status not in (200, 400, 413, 422, 500):
        return False
    said = _said(text, _flat(fields))
    return status == 413 or _any(said, words.OVERFLOW) or bool(words.OVERFLOW_COUNT.search(said))


def status_in(text: str) -> int:
    """The HTTP status that an error text names, e.g. `API Error: 529 {...}`; 0 when none."""
    match = words.STATUS.search(text[:_LONGEST_TEXT])
    return int(match[1]) if match else 0


def _code(status: int, said: str, flat: Mapping[str, str]) -> FailureCode | None:
    if is_overflow(status, said, {}):
        return None
    if status < 500:
        code = _by_words(status, said, flat)
        if code is not None:
            return code
    if status in (401, 403):
        return FailureCode.AUTH_FAILED
    if status == 404:
        return FailureCode.MODEL_UNAVAILABLE
    if status in (408, 425) or status >= 500:
        return FailureCode.OVERLOADED
    return None


def _by_words(status: int, said: str, flat: Mapping[str, str]) -> FailureCode | None:
    if status == 402 or _any(said, words.QUOTA) or _out_of_quota(status, said, flat):
        return FailureCode.QUOTA_EXHAUSTED
    if status in (0, 429) and _any(said, words.CAPACITY):
        return FailureCode.OVERLOADED
    if status == 429:
        return FailureCode.RATE_LIMITED
    if status != 401 and (_any(said, words.MODEL) or words.MODEL_GONE.search(said)):
        return FailureCode.MODEL_UNAVAILABLE
    if _any(said, words.KEY):
        return FailureCode.AUTH_FAILED
    if status == 0:
        if _any(said, words.RATE):
            return FailureCode.RATE_LIMITED
        if _any(said, words.UNREACHABLE):
            return FailureCode.OVERLOADED
    return None


def _out_of_quota(status: int, said: str, flat: Mapping[str, str]) -> bool:
    """A day's quota of Google's, a subscription's window of Anthropic's, an account of OpenAI's."""
    if status not in (0, 200, 429):
        return False
    if flat.get("anthropic-ratelimit-unified-status") == "rejected":
        return True
    if _any(said, ("resource_exhausted", "quotafailure", "quotaid", "quota exceeded for metric")):
        return _any(said, words.QUOTA_OF_A_DAY)
    return words.QUOTA_UNLESS_GOOGLE in said


def _resets_at(
    code: FailureCode, said: str, text: str, flat: Mapping[str, str], now: datetime
) -> datetime | None:
    if code is FailureCode.QUOTA_EXHAUSTED:
        # The limits of a minute are told with every answer: they say nothing about a quota.
        flat = {name: value for name, value in flat.items() if not _of_a_minute(name, value)}
    found = reset_time(text[:_LONGEST_TEXT] + "\n" + flat.get("message", ""), flat, now)
    a_day = code is FailureCode.QUOTA_EXHAUSTED and _any(said, words.QUOTA_OF_A_DAY)
    if a_day and (found is None or found - now < _RELIABLE_WAIT):
        # Google adds the minute's delay to the day's quota too: asking again then is in vain.
        return next_pacific_midnight(now)
    return found


def _of_a_minute(name: str, value: str) -> bool:
    if name == "retry-after":
        return value.strip().isdigit() and int(value) < _RELIABLE_WAIT.total_seconds()
    of_limits = name.startswith(("anthropic-ratelimit-", "x-ratelimit-"))
    return name == "retry-after-ms" or (of_limits and "unified" not in name)


def _any(said: str, words: Sequence[str]) -> bool:
    return any(word in said for word in words)


def _said(text: str, flat: Mapping[str, str]) -> str:
    """All that the provider said, in lower case with plain apostrophes."""
    names = ("type", "code", "status", "reason", "message", "error", "quotaid", "quotametric")
    parts = [text[:_LONGEST_TEXT], *(flat[name][:_LONGEST_TEXT] for name in names if name in flat)]
    return "\n".join(parts).replace("\u2019", "'").lower()


def _flat(fields: Mapping[str, object]) -> dict[str, str]:
    """Names in lower case to their values, from all depths; values of one name are joined."""
    flat: dict[str, str] = {}
    for count, (name, value) in enumerate(_leaves(fields, "", _DEEPEST)):
        if count >= _MOST_FIELDS:
            break
        flat[name] = f"{flat[name]}\n{value}" if name in flat else value
    return flat


def _leaves(value: object, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if depth:
            for key, inner in cast("Mapping[object, object]", value).items():
                yield from _leaves(inner, str(key).lower(), depth - 1)
    elif isinstance(value, list | tuple):
        if depth:
            for inner in cast("Sequence[object]", value):
                yield from _leaves(inner, name, depth - 1)
    elif value is not None and name:
        yield name, str(value)
