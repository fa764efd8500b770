"""Path patterns: `*` within a name, `**` across folders; spelling tricks don't help."""

from __future__ import annotations

import functools
import re
import unicodedata

_WILD = re.compile(r"\*+|\?")
#: With more, a regular expression takes for ever on a path made for it.
_FEW = 2


def matches(pattern: str, path: str) -> bool:
    """Whether `path` matches, whatever its letter case or Unicode form.

    `dir/**` matches `dir` itself too: a link or file may take the folder's place.
    """
    if len(_WILD.findall(folded(pattern))) <= _FEW:
        return _compiled(pattern).fullmatch(folded(path)) is not None
    return _walked(_steps(pattern), folded(path))


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
def _steps(pattern: str) -> tuple[tuple[str, int], ...]:
    """(what it takes: `=` and a character, `?`, `*`, `**`, or nothing before an optional part; how
    many steps on one may be without it: 0, or past the part)."""
    text, found, at = folded(pattern), list[tuple[str, int]](), 0
    while at < len(text):
        if text.startswith("/**", at) and at + 3 == len(text):
            found += [("", 3), ("=/", 0), ("**", 1)]
            at += 3
        elif text.startswith("**/", at):
            found += [("", 3), ("**", 1), ("=/", 0)]
            at += 3
        elif text.startswith("**", at):
            found.append(("**", 1))
            at += 2
        else:
            char = text[at]
            found.append((char, int(char == "*")) if char in "*?" else (f"={char}", 0))
            at += 1
    return tuple(found)


def _walked(steps: tuple[tuple[str, int], ...], path: str) -> bool:
    """All ways at once, so that no path takes longer than its length times the pattern's."""
    now = _reached(steps, {0})
    for char in path:
        after = set[int]()
        for place in now:
            kind = steps[place][0] if place < len(steps) else ""
            if kind == "**" or (kind == "*" and char != "/"):
                after.add(place)
            elif kind == f"={char}" or (kind == "?" and char != "/"):
                after.add(place + 1)
        now = _reached(steps, after)
        if not now:
            return False
    return len(steps) in now


def _reached(steps: tuple[tuple[str, int], ...], places: set[int]) -> set[int]:
    """With those that are reached by leaving optional steps out."""
    todo = list(places)
    while todo:
        place = todo.pop()
        kind, skipped = steps[place] if place < len(steps) else ("end", 0)
        for further in ({place + skipped} if kind else {place + 1, place + skipped}) - places:
            places.add(further)
            todo.append(further)
    return places


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
