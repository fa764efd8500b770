"""Time and ids are passed in, so that tests and simulations can set them."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

#: Names a file with the seconds by which a test has set this host's clock; else it is not set.
OFFSET_FILE = "AGENT_OS_CLOCK_OFFSET_FILE"


class Clock(Protocol):
    def now(self) -> datetime:
        """The time: UTC and aware."""
        ...


class SystemClock:
    def now(self) -> datetime:
        now = datetime.now(UTC)
        file = os.environ.get(OFFSET_FILE)
        return now + timedelta(seconds=float(Path(file).read_text())) if file else now


#: No pause is ever set for longer than this.
_LONGEST_PAUSE = timedelta(hours=2)


def still_ahead(until: datetime, now: datetime) -> bool:
    """Whether a pause until then goes on. One that ends further away than any is set for was set
    by a clock that was wrong: waiting for it would last as long as that."""
    return now < until <= now + _LONGEST_PAUSE


class Ids(Protocol):
    def new(self) -> str:
        """A random id, 16 hexadecimal digits."""
        ...


class RandomIds:
    def new(self) -> str:
        return secrets.token_hex(8)
