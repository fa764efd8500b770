"""Time and ids are passed in, so that tests and simulations can set them."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time: UTC and aware."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Ids(Protocol):
    def new(self) -> str:
        """A random id, 16 hexadecimal digits."""
        ...


class RandomIds:
    def new(self) -> str:
        return secrets.token_hex(8)
