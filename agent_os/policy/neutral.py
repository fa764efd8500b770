"""Words of agents and strangers, made harmless before we post them under our name.

GitHub and the bots on it act on text: mentions notify, keywords close issues, numbers leave a trace
on other issues, a line that begins with a slash is a command, an image is fetched. All that is
taken out here and nowhere else; what can be read stays.
"""

from __future__ import annotations

import re

from agent_os.policy.invisible import without_unseen

#: After it, GitHub takes a number for an issue to close when this lands on the default branch.
_CLOSING = re.compile(r"(?i)\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?=:?\s+\S*(?:#|gh-|/)\d)")
_NUMBER = re.compile(r"(?i)(#|\bgh\\?-)(?=\d)")
#: The address of somebody's issue leaves a trace there, too. GitHub's own way around it:
_ON_GITHUB = re.compile(r"(?i)\b(https?://)(?:www\.)?github\.com/(?=\S)")
_ELSEWHERE = re.compile(
    r"(?i)(https?://(?!redirect\.github\.com/)[^\s/]+/[^\s/]+/[^\s/]+/"
    r"(?:issues|pulls?|discussions)/)(?=\d)"
)
_COMMAND = re.compile(r"(?m)^([ \t>*+-]*)/(?=\w)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_EMBEDS = re.compile(
    r"(?i)<(?=/?(?:audio|embed|iframe|image|img|input|link|object|picture|source|svg|video)\b)"
)
#: Spelled otherwise, and the same when it is shown: `&#64;bob` is a mention.
_SPELLED = re.compile(
    r"(?i)&(?=#x?[0-9a-f]{1,8};|(?:commat|num|sol|excl|lsqb|lbrack|hyphen|dash);)"
)


def harmless(text: str) -> str:
    """Mentions nobody, closes no issue, and has no image, which would be fetched."""
    text = _SPELLED.sub("&amp;", text).replace("@", "@\u200b").replace("![", "!\u200b[")
    return _CLOSING.sub("\\1\u200b", text)


def still(text: str) -> str:
    """Harmless where it stands by itself: commands no bot, embeds nothing."""
    return _COMMAND.sub(r"\1\\/", _EMBEDS.sub("&lt;", harmless(text)))


def neutral(text: str) -> str:
    """Still; also names no issue, and hides nothing."""
    text, _ = without_unseen(text)
    text = _TAG.sub("&lt;", still(text))
    text = _ON_GITHUB.sub(r"\1redirect.github.com/", text)
    text = _ELSEWHERE.sub("\\1\u200b", text)
    return _NUMBER.sub("\\1\u200b", text)


def quotation(text: str) -> str:
    """Neutral, as a quotation, so that its headings and tables can't be taken for ours."""
    return "\n".join(f"> {line}" for line in neutral(text).split("\n"))
