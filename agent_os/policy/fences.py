"""Lines around outside text that no text can forge: they bear a mark that is made of all of it."""

from __future__ import annotations

import hashlib
import re

_LENGTH = 10


def mark(*texts: str) -> str:
    """Ten hexadecimal digits that stand in none of the texts. The same texts give the same mark:
    who writes one of them can't know it, for it changes with what is written."""
    seed = hashlib.sha256("\0".join(texts).encode(errors="replace"))
    while any(seed.hexdigest()[:_LENGTH] in text for text in texts):
        seed.update(b"again")
    return seed.hexdigest()[:_LENGTH]


def around(name: str, text: str, fence: str, source: str = "") -> str:
    """The text between its two lines. `source` says who wrote it; `fence` is the mark."""
    said = f", {source}" if source else ""
    first, last = f"===== {fence} {name}{said} =====", f"===== {fence} end of {name} ====="
    return f"{first}\n{from_outside(text)}\n{last}"


def from_outside(text: str) -> str:
    """The text without lines that look like the end of the fence around it."""
    # Of one line: \s would try each of many empty lines with all that follow it.
    return re.sub(r"^([^\S\n]*)=====", r"\1= ====", text, flags=re.M).strip()
