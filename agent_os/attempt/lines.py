"""Lines out of pieces of output; memory is bounded, whatever comes."""

from __future__ import annotations

from collections.abc import Iterator

#: A longer line is not read: nothing that counts is that long.
LONGEST_LINE = 4_000_000


class Lines:
    """Of one stream. A line that was too long comes as None."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._skipping = False

    def take(self, data: bytes) -> Iterator[str | None]:
        """The lines that have ended now, stripped, without the empty ones."""
        *whole, rest = data.split(b"\n")
        for piece in whole:
            yield from self._end(piece)
        self._extend(rest)

    def end(self) -> Iterator[str | None]:
        """What came after the last line's end."""
        yield from self._end(b"")

    def _extend(self, piece: bytes) -> None:
        if len(self._line) + len(piece) > LONGEST_LINE:
            self._line.clear()
            self._skipping = True
        if not self._skipping:
            self._line += piece

    def _end(self, piece: bytes) -> Iterator[str | None]:
        self._extend(piece)
        text = self._line.decode("utf-8", "replace").strip()
        skipped, self._skipping = self._skipping, False
        self._line.clear()
        if skipped:
            yield None
        elif text:
            yield text
