"""Path patterns: `*` within a name, `**` across folders; spelling tricks don't help."""

from __future__ import annotations

import functools
import re
import unicodedata


def matches(pattern: str, path: str) -> bool:
    """Whether `path` matches, whatever its letter case or Unicode form.

    `dir/**` matches `dir` itself too: a link or file may take the folder's place.
    """
    return _compiled(pattern).fullmatch(folded(path)) is not None


def folded(path: str) -> str:
    """The form in which a case-insensitive file system would compare `path`."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())


def fixed_folders(pattern: str) -> list[str]:
    """The folders that `pattern` names literally, outermost first, in folded form."""
    found: list[str] = []
    parts = folded(pattern).split("/")
    for count in range(1, len(parts)):
        if any(set(part) & set("*?[") for part in parts[:count]):
            break
        found.append("/".join(parts[:count]))
    return found


@functools.lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    text, out, at = folded(pattern), "", 0
    while at < len(text):
        if text.startswith("/**", at) and at + 3 == len(text):
            out, at = out + "(?:/.*)?", at + 3
        elif text.startswith("**/", at):
            out, at = out + "(?:.*/)?", at + 3
        elif text.startswith("**", at):
            out, at = out + ".*", at + 2
        elif text[at] == "*":
            out, at = out + "[^/]*", at + 1
        elif text[at] == "?":
            out, at = out + "[^/]", at + 1
        else:
            out, at = out + re.escape(text[at]), at + 1
    return re.compile(out, re.S)
