"""What a plan needs in a repository before its first issue: README, checks and CI.

No task may change them, so they come from the plan itself, with the approval of the whole: as the
first commit where there is none, else as a pull request that a person merges.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatch
from typing import Literal

from pydantic import Field

from agent_os.domain.contract import Contract

#: The purpose of its effects.
SETUP = "plan:setup"
BRANCH = "agent-os/plan-setup"
CHECKS = (".agent-os.yaml", ".github/agent-os.yml")
#: Run by `sh`, so that any language may stand behind it.
TEST = "sh test.sh"
#: What a repository may hold that has nothing to build on yet.
_BARE = ("*.md", "LICENSE*", "LICENCE*", "COPYING*", "NOTICE*", ".git*", ".agent-os.yaml")
_CI = """\
on: [push, pull_request]
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: {command}
"""


class SetUp(Contract):
    """What the repository needs first: a commit of ours with README, checks and CI."""

    how: Literal["first_commit", "proposal"]
    branch: str
    base: str
    sha: str
    files: dict[str, str] = Field(default_factory=dict[str, str])
    pushed: bool = False
    pull: int = 0


def files(title: str, test: str, there: Iterable[str]) -> dict[str, str]:
    """Content by path, of what is not there yet."""
    paths = set(there)
    found: dict[str, str] = {}
    if not any(path.lower().startswith("readme") for path in paths):
        found["README.md"] = f"# {' '.join(title.split())}\n"
    if not paths & {*CHECKS}:
        found[CHECKS[0]] = f"test: {json.dumps(test)}\n"
    if not any(path.startswith(".github/workflows/") for path in paths):
        found[".github/workflows/ci.yml"] = _CI.format(command=json.dumps(test))
    return found


def is_bare(paths: Iterable[str]) -> bool:
    """Whether nothing is there that could be built on."""
    return all(path.startswith(".github/") or _is_bare(path) for path in paths)


def _is_bare(path: str) -> bool:
    return "/" not in path and any(fnmatch(path, pattern) for pattern in _BARE)
