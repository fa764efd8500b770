"""The repository that tasks of the bench work on: small, one check, one CI job."""

from __future__ import annotations

from pathlib import Path

_CI = """on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: date +%s.%N > "{folder}/$GITHUB_SHA"
"""
#: A change that conflicts with no other one.
EDIT = "date +%s.%N > made-$(date +%N)-$$.txt"


def files(ci_folder: Path) -> dict[str, str]:
    """CI writes the time of its end to a file in `ci_folder`, named after the commit."""
    ci_folder.mkdir(parents=True, exist_ok=True)
    return {
        "README.md": "A repository of the bench.\n",
        ".agent-os.yaml": 'test: "true"\n',
        ".github/workflows/ci.yml": _CI.format(folder=ci_folder),
    }
