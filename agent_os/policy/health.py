"""Whether a provider is asked: pauses after refusals, and a circuit that opens on bad keys."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent_os.domain.failures import FailureCode, Family, family
from agent_os.domain.health import Health

_LONGEST = timedelta(days=31)
_SHORTEST = timedelta(seconds=1)
#: A key that was refused so often is not tried again soon: a person is needed.
_OPENS_AFTER = 2
#: (pause in units of `backoff_seconds`, the longest in such units); it doubles each time.
_PAUSES = {
    FailureCode.RATE_LIMITED: (1, 30),
    FailureCode.OVERLOADED: (1, 15),
    FailureCode.MODEL_UNAVAILABLE: (60, 60 * 24),
    FailureCode.QUOTA_EXHAUSTED: (30, 60 * 6),
    FailureCode.AUTH_FAILED: (5, 60 * 24),
}


def health_key(provider: str, model: str, code: FailureCode | None) -> str:
    """What is unwell: a model that is not there says nothing about the provider's others."""
    return f"{provider}/{model}" if code is FailureCode.MODEL_UNAVAILABLE else provider


def triage_key(provider: str, model: str, code: FailureCode | None) -> str:
    """The same for a triage: only what concerns the whole account keeps agents from it too. That
    one small model was slow for us is no reason for a task to wait."""
    account = code in (FailureCode.AUTH_FAILED, FailureCode.QUOTA_EXHAUSTED)
    return provider if account else f"{provider}/{model}/triage"


def after(
    before: Health | None,
    name: str,
    code: FailureCode | None,
    detail: str,
    resets_at: datetime | None,
    key_mark: str,
    backoff_seconds: float,
    now: datetime,
) -> Health | None:
    """The health after an attempt; None: nothing new is known about it."""
    if code is None or family(code) is not Family.PROVIDER:
        answered = code is None or family(code) in (Family.TASK, Family.PERSON)
        if not answered or before is None or before.code is None:
            return None
        return Health(name=name, at=now)
    same = before is not None and before.code is code and before.key_mark == key_mark
    failures = before.failures + 1 if before and same else 1
    if resets_at is not None:
        until = min(max(resets_at, now + _SHORTEST), now + _LONGEST)
    else:
        until = now + _pause(code, failures, backoff_seconds)
    return Health(
        name=name,
        code=code,
        detail=detail[:300],
        failures=failures,
        at=now,
        until=until,
        key_mark=key_mark,
    )


def _pause(code: FailureCode, failures: int, backoff_seconds: float) -> timedelta:
    first, longest = _PAUSES[code]
    times = failures - 1
    if code is FailureCode.AUTH_FAILED and failures >= _OPENS_AFTER:
        first, times = 60, failures - _OPENS_AFTER
    return timedelta(seconds=backoff_seconds) * min(first * 2 ** min(times, 12), longest)


def unwell(health: Health | None, key_mark: str, now: datetime) -> bool:
    """Whether it is not to be asked now. A key that was never refused is tried at once."""
    if health is None or health.until is None:
        return False
    other_key = health.code is FailureCode.AUTH_FAILED and health.key_mark != key_mark
    return not other_key and now < health.until <= now + _LONGEST


def is_open(health: Health) -> bool:
    """Whether a person should look: the provider refuses our key again and again."""
    return health.code is FailureCode.AUTH_FAILED and health.failures >= _OPENS_AFTER
