"""How often we may ask. Reads are repeated here; a write is sent once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from agent_os.domain.clock import Clock, still_ahead
from agent_os.domain.errors import GitHubUnreachable, RateLimited
from agent_os.policy.metrics.api_use import Allowance

_READ_TRIES = 3
_FIRST_PAUSE_SECONDS = 0.5
_SECONDARY_LIMIT = timedelta(seconds=60)
#: Of a plausible number in a header: eleven of seconds since 1970 lead to the year 5138.
_DIGITS = 11

Result = TypeVar("Result")


class Governor:
    """One per process and token. Times of GitHub's limits are kept until they are over."""

    def __init__(self, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._closed_until: datetime | None = None
        self._skew = timedelta(0)
        self._allowances: dict[str, Allowance] = {}

    def check(self) -> None:
        """RateLimited while no request may be made."""
        if self._closed_until and still_ahead(self._closed_until, self._clock.now()):
            raise RateLimited(
                f"GitHub asked for no requests until {self._closed_until:%H:%M:%S} UTC.",
                until=self._closed_until,
            )

    def github_now(self) -> datetime:
        """Our clock, corrected by the `Date` of GitHub's newest answer."""
        return self._clock.now() + self._skew

    def note(self, status: int, headers: Mapping[str, str], text: str = "") -> None:
        """Learn from an answer. RateLimited when it says that a limit is reached."""
        now = self._clock.now()
        if date := headers.get("date"):
            skew = parsedate_to_datetime(date) - now
            # The header has whole seconds: a smaller difference says nothing.
            self._skew = skew if abs(skew) > timedelta(seconds=2) else timedelta(0)
        self._count(headers)
        if until := self._limit(status, headers, text, now):
            self._closed_until = until
            if status in (403, 429):
                raise RateLimited(
                    f"GitHub's rate limit is reached; it resets at {until:%H:%M:%S} UTC.",
                    until=until,
                    status=status,
                )

    def allowances(self) -> tuple[Allowance, ...]:
        """Of each hourly limit what the newest answer said."""
        return tuple(self._allowances.values())

    def _count(self, headers: Mapping[str, str]) -> None:
        found = [headers.get(f"x-ratelimit-{name}", "") for name in ("used", "limit", "reset")]
        if not all(one.isdecimal() and len(one) <= _DIGITS for one in found) or not int(found[1]):
            return
        used, limit, reset = map(int, found)
        name = headers.get("x-ratelimit-resource", "core")[:40]
        until = datetime.fromtimestamp(reset, UTC)
        self._allowances[name] = Allowance(resource=name, used=used, limit=limit, resets_at=until)

    def spent(self) -> RateLimited:
        """GraphQL says in an answer of status 200 that the limit is reached: nothing until then."""
        known = self._closed_until
        now = self._clock.now()
        until = known if known and still_ahead(known, now) else now + _SECONDARY_LIMIT
        self._closed_until = until
        return RateLimited(
            f"GitHub's rate limit is reached; it resets at {until:%H:%M:%S} UTC.", until=until
        )

    @staticmethod
    def _limit(
        status: int, headers: Mapping[str, str], text: str, now: datetime
    ) -> datetime | None:
        after = headers.get("retry-after", "")
        if status in (403, 429) and after.isdigit():
            return now + timedelta(seconds=int(after))
        if headers.get("x-ratelimit-remaining") == "0":
            reset = headers.get("x-ratelimit-reset", "")
            return datetime.fromtimestamp(int(reset), UTC) if reset.isdigit() else None
        # Only its text tells a secondary limit without Retry-After from a missing permission.
        secondary = status == 403 and "secondary rate limit" in text.lower()
        return now + _SECONDARY_LIMIT if status == 429 or secondary else None

    def read(self, request: Callable[[], Result]) -> Result:
        """A request that changes nothing: tried up to three times when there is no answer."""
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, _READ_TRIES + 1):
            self.check()
            try:
                return request()
            except GitHubUnreachable:
                if attempt == _READ_TRIES:
                    raise
                self._sleep(pause)
                pause *= 2
        raise AssertionError("unreachable")

    def write(self, request: Callable[[], Result]) -> Result:
        """A request that changes something: once."""
        self.check()
        return request()
