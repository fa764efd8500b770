"""Taking exact values out of output while it is written, also where one comes in two pieces."""

from __future__ import annotations

from agent_os.secrets.finder import HIDDEN
from agent_os.secrets.values import Values


class RedactedStream:
    """Bytes in, bytes out. Patterns are not looked for: the log of a program is not ours to judge.

    Only what may begin a value is held back, so a reader sees the rest at once.
    """

    def __init__(self, values: Values) -> None:
        # Bytes are looked at one by one, so that a character may come in pieces too.
        as_bytes = (value.encode("utf-8", "surrogateescape") for value in values.given)
        self._values = Values(data.decode("latin-1") for data in as_bytes)
        self._held = ""

    def take(self, data: bytes) -> bytes:
        """What may be written now."""
        if not self._values:
            return data
        return self._let_go(self._held + data.decode("latin-1"), last=False)

    def end(self) -> bytes:
        """The rest."""
        return self._let_go(self._held, last=True) if self._held else b""

    def _let_go(self, text: str, *, last: bool) -> bytes:
        parts: list[str] = []
        at = 0
        for start, end in sorted(self._values.spans(text)):
            if start >= at:
                parts.append(text[at:start] + HIDDEN)
            at = max(at, end)
        rest = text[at:]
        held = 0 if last else self._values.hold_back(rest)
        self._held = rest[len(rest) - held :]
        parts.append(rest[: len(rest) - held])
        return "".join(parts).encode("latin-1")
