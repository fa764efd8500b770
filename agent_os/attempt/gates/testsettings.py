"""Lines of settings files that decide which tests run: also a way to weaken them."""

from __future__ import annotations

import re

_PYTEST_FILES = ("pyproject.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg")
_PYTEST = re.compile(
    r"--ignore|--deselect|--collect-only|(?<!\w)-k[ =]|\bcollect_ignore"
    # Only to the next such word: each of many would look at all of the line.
    r"|addopts(?:(?!addopts).)*(?<!\w)-[mk]\b"
    r"|^\s*(?:testpaths|norecursedirs|python_files|python_functions|python_classes)\b"
)
_NPM = re.compile(r'^\s*"(?:pre|post)?test[\w:.-]*"\s*:')
_NPM_IGNORE = re.compile(r"testPathIgnorePatterns|passWithNoTests|testMatch|testRegex")


def deciding_lines(path: str, text: str) -> list[str]:
    """The lines of `path` that choose among tests, sorted; empty for a file that can't."""
    name = path.rsplit("/", 1)[-1]
    if name in _PYTEST_FILES:
        rules = (_PYTEST,)
    elif name == "package.json" or name.startswith(("jest.config.", "vitest.config.", ".mocharc")):
        rules = (_NPM, _NPM_IGNORE)
    else:
        return []
    lines = (line.strip() for line in text.splitlines())
    return sorted(line for line in lines if any(rule.search(line) for rule in rules))
