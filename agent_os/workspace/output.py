"""What comes out of a running program: into its log up to a limit, heard, its tail kept."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import IO, Protocol

from agent_os.secrets.stream import RedactedStream
from agent_os.secrets.values import Values

TAIL_BYTES = 16_000


class Listener(Protocol):
    """Says whether the program lives, from what it writes."""

    def take(self, data: bytes, *, standard: bool) -> bool:
        """A piece of its standard output, else of its standard error."""
        ...

    def look(self) -> bool:
        """Whether there is a sign of life elsewhere; asked ten times a second."""
        ...


@dataclass
class Output:
    """What has come out of the program so far; `limit` bytes of it are logged.

    `secrets` are taken out of log and tail; the listener hears them.
    """

    log: IO[bytes]
    limit: int
    listen: Listener | None = None
    secrets: Values | None = None
    written: int = 0
    last_life: float = field(default_factory=time.monotonic)
    tail: bytearray = field(default_factory=bytearray)

    def take(self, data: bytes, *, standard: bool) -> None:
        lives = self.listen is None or self.listen.take(data, standard=standard)
        if lives:
            self.last_life = time.monotonic()
        self.written += len(data)
        # Each of its own: a value in two pieces may have something of the other between them.
        self._keep((self._standard if standard else self._errors).take(data))

    def end(self) -> None:
        """What was held back, in case it was the beginning of a secret."""
        self._keep(self._standard.end() + self._errors.end())

    def __post_init__(self) -> None:
        self._standard = RedactedStream(self.secrets or Values(()))
        self._errors = RedactedStream(self.secrets or Values(()))
        self._logged = 0

    def _keep(self, data: bytes) -> None:
        self.log.write(data[: max(0, self.limit - self._logged)])
        self.log.flush()
        self._logged += len(data)
        self.tail += data
        del self.tail[:-TAIL_BYTES]
