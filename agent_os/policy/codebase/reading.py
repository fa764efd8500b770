"""Which files the map is drawn from, and how a line about something is taken out of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.lessons import Lesson
from agent_os.policy.neutral import neutral

FILE = "CODEBASE.md"
_LARGEST = 60_000
_MOST_READ = 400
_DEEPEST = 4
_LONGEST_LINE = 160
_LONGEST_START = 8_000
#: File names (in lower case) that say something about the folder they are in.
_SPEAKING = frozenset(
    {
        *("readme.md", "readme.rst", "readme.txt", "readme", "__init__.py", "doc.go", "mod.rs"),
        *("package.json", "pyproject.toml", "cargo.toml", "go.mod", "composer.json", "lib.rs"),
        *("makefile", "justfile", "tox.ini", "noxfile.py", "main.rs", "main.go", "index.js"),
        *("index.ts", ".agent-os.yaml", "agent-os.yml", "setup.cfg", "setup.py"),
    }
)
_DECISIONS = re.compile(r"(?:^|/)(?:adrs?|decisions|architecture-decisions)/[^/]+\.md$", re.I)
_NOT_OURS = re.compile(
    r"(?:^|/)(?:node_modules|vendor|third_party|dist|build|target|generated|\.venv|venv|fixtures|"
    r"testdata|__pycache__|\.git)/"
)
_SOURCE = re.compile(
    r"\.(?:py|js|jsx|mjs|cjs|ts|tsx|go|rs|java|kt|rb|php|cs|c|cc|cpp|h|hpp|swift|scala|ex|exs|sh)$"
)
_TEST = re.compile(
    r"(?:^|/)(?:tests?|spec|specs|__tests__|e2e)/|(?:^|/)(?:test_[^/]*|conftest)\.py$"
    r"|_test\.(?:py|go|exs)$|\.(?:test|spec)\.[a-z]+$|_spec\.rb$|Tests?\.(?:java|kt|cs)$"
)
#: Three quotes after nothing but comments: what a Python file says of itself.
_DOCSTRING = re.compile(
    r"\A(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*[rRuU]{0,2}(?P<quotes>\"\"\"|\'\'\')"
    r"(?P<text>.{1,400}?)(?:\n[ \t]*\n|(?P=quotes))",
    re.S,
)
#: The first lines of comment, after a line that names an interpreter and blank ones.
_COMMENTS = re.compile(
    r"\A(?:#![^\n]*\n)?(?:[ \t]*\n)*"
    r"(?P<text>(?:[ \t]*(?://[/!]?|#(?!!)|\*|/\*\*?)[^\n]*(?:\n|\Z)){1,6})"
)
_COMMENT_MARK = re.compile(r"(?m)^\s*(?://[/!]?|#+|/?\*+)|\*/\s*$")
_GO = re.compile(r"(?m)^// (?P<text>Package \w+ [^\n]+)")


class Tree(Contract):
    """What stands in a commit, as far as the map needs it."""

    listing: dict[str, int] = Field(default_factory=dict[str, int])
    """Bytes by path."""
    texts: dict[str, str] = Field(default_factory=dict[str, str])
    """Of the files that `wanted` named."""
    lessons: tuple[Lesson, ...] = ()
    """Of this repository, learned at least twice."""

    def sources(self) -> list[str]:
        return [path for path in self.listing if is_source(path)]


def is_source(path: str) -> bool:
    return bool(_SOURCE.search(path)) and not _NOT_OURS.search(path)


def is_test(path: str) -> bool:
    return bool(_TEST.search(path))


def is_decision(path: str) -> bool:
    return bool(_DECISIONS.search(path))


def wanted(listing: Mapping[str, int]) -> dict[str, int]:
    """The files to read, with their bytes: those that speak of folders first, then sources."""
    fit = [
        path for path, size in listing.items() if size <= _LARGEST and not _NOT_OURS.search(path)
    ]
    speaking = [path for path in fit if _speaks(path)]
    small = [path for path in fit if is_source(path) and not is_test(path) and _depth(path) <= 2]
    order = dict.fromkeys([FILE, *sorted(speaking, key=_rank), *sorted(small, key=_rank)])
    return {path: listing[path] for path in [p for p in order if p in listing][:_MOST_READ]}


def _speaks(path: str) -> bool:
    name = PurePosixPath(path).name.lower()
    return (name in _SPEAKING and _depth(path) <= _DEEPEST) or is_decision(path)


def _depth(path: str) -> int:
    return path.count("/")


def _rank(path: str) -> tuple[int, str]:
    return _depth(path), path


def about(path: str, text: str) -> str:
    """What a file says of itself or its folder, in one line; empty: nothing."""
    text = text[:_LONGEST_START]
    name = PurePosixPath(path).name.lower()
    if name.startswith("readme"):
        return _first_paragraph(text)
    if name.endswith(".py"):
        found = _DOCSTRING.match(text)
        return sentence(found["text"]) if found else ""
    if name.endswith(".go"):
        found = _GO.search(text)
        return sentence(found["text"]) if found else ""
    found = _COMMENTS.match(text)
    return sentence(_COMMENT_MARK.sub("", found["text"])) if found else ""


def _first_paragraph(text: str) -> str:
    """Of a README: the first lines that are neither a heading, a badge nor a rule."""
    lines: list[str] = []
    for line in text.splitlines()[:80]:
        said = line.strip()
        plain = said and not said.startswith(("#", "[!", "!", "<", "=", "-", "|", "```", "..", ">"))
        if plain:
            lines.append(said)
        elif lines:
            break
    return sentence(" ".join(lines))


def sentence(text: str) -> str:
    """The first sentence of outside text, as one harmless line."""
    line = " ".join(text.split())
    end = re.search(r"(?<=[.!?])\s", line)
    line = line[: end.start()] if end else line
    return quiet(line, _LONGEST_LINE).rstrip(".:;")


def quiet(text: str, limit: int = _LONGEST_LINE) -> str:
    """Outside text as one line of Markdown that commands, mentions and closes nothing."""
    line = neutral(" ".join(text.split())).replace("`", "'")
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def code(text: str, limit: int = 120) -> str:
    """A name or a command as inline code."""
    line = " ".join(text.replace("`", "'").split())
    return f"`{line if len(line) <= limit else line[: limit - 1] + '…'}`"
