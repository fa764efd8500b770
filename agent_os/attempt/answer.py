"""`.agent_answer.md`: what is posted on the issue when a task wants an answer, not a change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent_os.attempt.result import is_placeholder, read_left
from agent_os.domain.errors import BadInput

FILE_NAME = ".agent_answer.md"
#: GitHub takes 65,536 characters in a comment, and our evidence stands below the answer.
MAX_BYTES = 60_000
SOURCES = "Sources"
_HEADING = re.compile(r"^(#{1,6})\s+(\S.*)$")
# Control characters, and those that turn the direction of what follows.
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_ASK = "The answer itself, in Markdown: first what was asked, then what supports it."


def instructions(sections: Sequence[str]) -> str:
    """What the prompt says about the file; the headings that are asked for stand elsewhere."""
    lines = [
        f"Write the answer into the file `{FILE_NAME}` in the top folder; do not commit it.",
        f"It is Markdown in UTF-8, at most {MAX_BYTES:,} bytes.",
        f"It ends with a section `## {SOURCES}` that names what each statement rests on, by line:",
        "a URL, a place in this repository as `path:line` (it is looked up), or a commit.",
    ]
    if sections:
        lines.append("It has a heading `## …` with text below for each section that is asked for.")
    return "\n".join(lines)


def example() -> str:
    """A file that the parser takes; shown in the prompt."""
    return (
        "Dates keep no time zone: the offset is cut off before they are parsed.\n\n"
        f"## {SOURCES}\n\n"
        "- `app/dates.py:42`: where the offset is cut off\n"
        "- https://docs.python.org/3/library/datetime.html: what `fromisoformat` takes\n"
    )


def read_answer(work: Path) -> str:
    """The answer as it may be posted. BadInput says what is wrong, in words an agent can use."""
    data = read_left(work, FILE_NAME, MAX_BYTES)
    if data is None:
        raise BadInput(f"There is no {FILE_NAME} in the top folder.")
    return parse_answer(data)


def parse_answer(data: bytes) -> str:
    """The text of the file: not empty, no placeholder. BadInput."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{FILE_NAME} is not UTF-8 (byte {error.start}).") from error
    text = _HIDDEN.sub("", text.removeprefix("\ufeff").replace("\r\n", "\n")).strip()
    said = "\n".join(_said(text)).strip()
    if not said:
        raise BadInput(f"{FILE_NAME} holds no answer.")
    if is_placeholder(said, _ASK):
        raise BadInput(f"{FILE_NAME} still holds a placeholder.")
    return text


def missing(text: str, asked: Sequence[str]) -> list[str]:
    """Those of the sections asked for that are not there, or hold nothing."""
    found = sections(text)
    lacks: list[str] = []
    for name in asked:
        body = found.get(_plain(name), "").strip()
        if not body or is_placeholder(body, ""):
            lacks.append(name)
    return lacks


def sections(text: str) -> dict[str, str]:
    """By heading (folded): what stands below it, to the next heading of its rank or above."""
    found: dict[str, str] = {}
    open_ones: list[tuple[int, str]] = []
    for line, heading in _lines(text):
        if heading:
            rank, name = len(heading[1]), _plain(heading[2])
            open_ones = [(r, n) for r, n in open_ones if r < rank]
            open_ones.append((rank, name))
            found.setdefault(name, "")
            continue
        for _, name in open_ones:
            found[name] += f"{line}\n"
    return found


def _said(text: str) -> Iterator[str]:
    """The lines but for headings and the sources."""
    rank = 0
    for line, heading in _lines(text):
        if heading is None:
            if not rank:
                yield line
        elif _plain(heading[2]) == _plain(SOURCES):
            rank = len(heading[1])
        elif len(heading[1]) <= rank:
            rank = 0


def _lines(text: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Each line, and what makes it a heading; what stands in a code block is none."""
    fence = ""
    for line in text.splitlines():
        start = line.lstrip()[:3]
        if start in ("```", "~~~") and fence in ("", start):
            fence = "" if fence else start
        yield line, None if fence else _HEADING.match(line)


def _plain(name: str) -> str:
    return " ".join(name.strip("#*_` \t:.").split()).casefold()
