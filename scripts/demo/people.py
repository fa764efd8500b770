"""What the person of the demo does: over the wire, like a person with a browser."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import requests

REPO = "acme/tally"
_SECONDS = 30

_LINT = """\
## Goal
The code has unused imports, and comparisons to `None` by `==`.

## Acceptance criteria
- `ruff check .` finds less than before.
- The tests pass.
"""
_BUG = """\
## Goal
`parse_amount("12.5")` gives 1205 cents. It should be 1250.

## Acceptance criteria
- `test_one_decimal` passes.
"""
_CURRENCIES = """\
## Goal
Lines like `12.50 EUR` should be converted before they are added.
"""

#: (title, labels, body)
ISSUES: list[tuple[str, list[str], str]] = [
    ("Remove the lint faults", ["type: chore"], _LINT),
    ("12.5 is read as 12.05", ["bug", "priority: high"], _BUG),
    ("Add up amounts in several currencies", [], _CURRENCIES),
]


class Person:
    """Somebody with an account on the hub."""

    def __init__(self, api_url: str, url: str, login: str, token: str) -> None:
        self.api_url = api_url
        self.url = url
        self.login = login
        self._token = token
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"token {token}"

    def api(self, verb: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(verb, self.api_url + path, json=body, timeout=_SECONDS)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def seed(self, sample: Path, scratch: Path) -> None:
        """Make the repository and push the sample project to it."""
        owner, name = REPO.split("/")
        self.api("POST", f"/orgs/{owner}/repos", {"name": name})
        address = self.url.replace("://", f"://{self.login}:{self._token}@", 1)
        who = ["-c", f"user.name={self.login}", "-c", f"user.email={self.login}@example.invalid"]
        subprocess.run(["cp", "-R", str(sample), str(scratch)], check=True)
        for command in (
            ["init", "--quiet", "--initial-branch=main"],
            ["add", "--all"],
            [*who, "commit", "--quiet", "--message", "tally, with its faults"],
            ["push", "--quiet", f"{address}/{REPO}.git", "main"],
        ):
            subprocess.run(["git", *command], cwd=scratch, check=True, timeout=_SECONDS)

    def open_issue(self, title: str, labels: list[str], body: str) -> int:
        issue = {"title": title, "body": body, "labels": labels}
        return self.api("POST", f"/repos/{REPO}/issues", issue)["number"]

    def label_ready(self, number: int) -> None:
        self.api("POST", f"/repos/{REPO}/issues/{number}/labels", {"labels": ["Ready"]})

    def pulls(self) -> list[dict[str, Any]]:
        return self.api("GET", f"/repos/{REPO}/pulls?state=all")
