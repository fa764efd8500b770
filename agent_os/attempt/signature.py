"""Telling whether two failures are the same one: output without what changes by itself."""

from __future__ import annotations

import hashlib
import re

_RULES = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    (re.compile(r"(?<![\w.])(?:/[\w.+@~-]+){2,}/?"), "<path>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<hex>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b"), "<hex>"),
    (re.compile(r"(?<![\w])\d[\d.,:T+-]*(?:Z|ns|us|ms|s|m|h)?\b"), "<n>"),
    (re.compile(r"[=\-_*~]{4,}"), "----"),
    (re.compile(r"[ \t]+"), " "),
)


def normalized(text: str) -> str:
    """`text` without paths, hex, numbers, times and rulers; blank lines dropped."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def fingerprint(*parts: str) -> str:
    """Sixteen hex digits, equal when the normalized parts are equal."""
    joined = "\0".join(normalized(part) for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()[:16]
