"""Words of agents and strangers, made harmless before we post them under our name.

GitHub and the bots on it act on text: mentions notify, keywords close issues, numbers leave a trace
on other issues, a line that begins with a slash is a command, an image is fetched. All that is
taken out here and nowhere else; what can be read stays.
"""

from __future__ import annotations

import re

#: After it, GitHub takes a number for an issue to close when this lands on the default branch.
_CLOSING = re.compile(r"(?i)\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?=:?\s+\S*(?:#|gh-|/)\d)")
_NUMBER = re.compile(r"(?i)(#|\bgh-)(?=\d)")
#: The address of somebody's issue leaves a trace there, too. GitHub's own way around it:
_ON_GITHUB = re.compile(r"(?i)\b(https?://)(?:www\.)?github\.com/(?=\S)")
_ELSEWHERE = re.compile(
    r"(?i)(https?://(?!redirect\.github\.com/)[^\s/]+/[^\s/]+/[^\s/]+/"
    r"(?:issues|pulls?|discussions)/)(?=\d)"
)
_COMMAND = re.compile(r"(?m)^([ \t>*+-]*)/(?=\w)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def harmless(text: str) -> str:
    """Mentions nobody and closes no issue: that is ours to say."""
    return _CLOSING.sub("\\1\u200b", text.replace("@", "@\u200b"))


def still(text: str) -> str:
    """Harmless; also commands no bot, and embeds no image, which would be fetched."""
    return _COMMAND.sub(r"\1\\/", harmless(text)).replace("![", "\\![")


def neutral(text: str) -> str:
    """Still; also names no issue, and hides nothing."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(char for char in text if char in "\n\t" or char.isprintable())
    text = still(_TAG.sub("&lt;", text))
    text = _ON_GITHUB.sub(r"\1redirect.github.com/", text)
    text = _ELSEWHERE.sub("\\1\u200b", text)
    return _NUMBER.sub("\\1\u200b", text)


def quotation(text: str) -> str:
    """Neutral, as a quotation, so that its headings and tables can't be taken for ours."""
    return "\n".join(f"> {line}" for line in neutral(text).splitlines())
