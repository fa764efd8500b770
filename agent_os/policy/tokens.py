"""How many tokens a text takes, without asking a model."""

from __future__ import annotations


def tokens(text: str) -> float:
    """An estimate that is rather too high: four ASCII characters a token, others one each."""
    others = sum(1 for char in text if char > "\x7f")
    return (len(text) - others) / 4 + others
