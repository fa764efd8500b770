"""Closing keywords in pull request bodies and commit messages."""

import re

_KEYWORD = re.compile(
    r"(?<![\w-])(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+"
    r"(?:(?P<repo>[\w.-]+/[\w.-]+)?#"
    r"|https?://[^\s/]+/(?P<page>[\w.-]+/[\w.-]+)/(?:issues|pull)/)(?P<number>\d{1,9})\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|<!--.*?(?:-->|\Z)", re.DOTALL)


def closes(text: str | None, full_name: str) -> list[int]:
    """Numbers of the issues of this repository that the text closes, in order, once each.

    Code and HTML comments don't count, as on GitHub.
    """
    numbers: dict[int, None] = {}
    for found in _KEYWORD.finditer(_CODE.sub(" ", text or "")):
        repo = found["repo"] or found["page"]
        if repo is None or repo.lower() == full_name.lower():
            numbers[int(found["number"])] = None
    return list(numbers)
