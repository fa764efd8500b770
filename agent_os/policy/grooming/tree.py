"""What stands in the newest commit of a default branch, as far as it was read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.signals import Figure, Signal
from agent_os.policy import texts
from agent_os.policy.neutral import neutral

_SOURCE = re.compile(
    r"\.(?:py|js|jsx|mjs|cjs|ts|tsx|go|rs|java|kt|rb|php|cs|c|cc|cpp|h|hpp|swift|scala|ex|exs|sh)$"
)
_NOT_OURS = re.compile(
    r"(?:^|/)(?:node_modules|vendor|third_party|dist|build|generated|\.venv|fixtures|testdata|"
    r"migrations?)/|\.min\.js$|_pb2\.py$|\.d\.ts$"
)
_TEST = re.compile(
    r"(?:^|/)(?:tests?|spec|specs|__tests__)/|(?:^|/)(?:test_[^/]*|conftest)\.py$"
    r"|_test\.(?:py|go|exs)$|\.(?:test|spec)\.[a-z]+$|_spec\.rb$|Tests?\.(?:java|kt|cs)$"
)
NO_FIGURE = "None of the figures that are measured here would show it."
#: Below so many files of code, a repository is a sketch: nothing is missing in it.
FEW_FILES = 5


class Age(NamedTuple):
    """Since the last change of a file, seen from the newest commit."""

    days: float
    commits: int


class Tree(Contract):
    repo_id: int
    repo: str
    sha: str
    url: str = ""
    """Where people see the repository; empty: nothing is linked."""
    listing: dict[str, int] = Field(default_factory=dict[str, int])
    """Bytes by path."""
    texts: dict[str, str] = Field(default_factory=dict[str, str])
    ages: dict[str, Age] = Field(default_factory=dict[str, Age])

    def sources(self) -> dict[str, str]:
        """The texts that are code of the repository's own, without its tests."""
        return {p: t for p, t in self.texts.items() if is_source(p) and not is_test(p)}

    def tests(self) -> dict[str, str]:
        return {p: t for p, t in self.texts.items() if is_source(p) and is_test(p)}

    def link(self, path: str, line: int = 0) -> str:
        """The file (at a line) as Markdown, linked where its name allows it."""
        shown = f"`{texts.inline(path, 100).replace('`', '')}{f':{line}' if line else ''}`"
        if not self.url or not re.fullmatch(r"[\w./-]+", path):
            return shown
        return f"[{shown}]({self.url}/blob/{self.sha}/{path}{f'#L{line}' if line else ''})"

    def figure(self, name: str) -> Figure:
        """The figure of the repository's own work that should get higher."""
        return Figure(name=name, scope={"repo": self.repo}, goal="higher")

    def signal(
        self,
        kind: str,
        *,
        of: str = "",
        acceptance: Sequence[str],
        evidence: Sequence[str],
        **more: Any,
    ) -> Signal:
        """A candidate. The same thing has the same id whenever it is found."""
        which = f":{texts.digest(of)}" if of else ""
        return Signal(
            id=f"groomer:{self.repo_id}:{kind}{which}",
            kind=kind,
            by="groomer",
            repo_id=self.repo_id,
            repo=self.repo,
            acceptance=tuple(acceptance),
            evidence=tuple(evidence),
            **more,
        )


def is_source(path: str) -> bool:
    return bool(_SOURCE.search(path)) and not _NOT_OURS.search(path)


def is_test(path: str) -> bool:
    return bool(_TEST.search(path))


def said(names: Sequence[str], most: int = 2) -> str:
    """A few names in a title."""
    shown = ", ".join(texts.inline(name, 60) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def quote(text: str, limit: int = 120) -> str:
    """A line of a file, in a list of ours."""
    return texts.inline(neutral(text.strip()), limit)
