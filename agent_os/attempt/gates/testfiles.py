"""Which files are tests, how many tests one holds, and how many of them are switched off."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from agent_os.attempt.gates.patterns import matches

#: Paths that hold tests, in the languages that name them so.
TEST_GLOBS = (
    *("tests/**", "test/**", "spec/**", "**/tests/**", "**/__tests__/**"),
    *("**/test_*.py", "**/*_test.py", "**/conftest.py"),
    *("**/*_test.go", "**/*.test.*", "**/*.spec.*"),
)
#: Modules that would be run instead of a test runner's own, or before it.
_SHADOWS = re.compile(
    r"(?:src/)?(?:unittest|_?pytest|nose2?|sitecustomize|usercustomize)(?:\.py|/.*)"
)
#: What a program that runs checks reads in the top folder.
_READ_BY = {
    "make": ("Makefile", "makefile", "GNUmakefile"),
    "just": ("justfile", "Justfile", ".justfile"),
    "nox": ("noxfile.py",),
    "tox": ("tox.ini",),
}
#: Characters. A longer one may take minutes and gigabytes to parse, if it is made for that.
_LONGEST_PARSED = 100_000
_TEST_WORDS = {
    ".py": re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+test_", re.M),
    ".go": re.compile(r"^func\s+(?:Test|Fuzz|Example)", re.M),
    ".rs": re.compile(r"#\[(?:tokio::)?test\]"),
    "": re.compile(r"(?<![\w.])(?:it|test)(?:\.each\([^)]{0,2000}\))?\s*\("),
}
_SKIPS = re.compile(
    r"pytest\.mark\.(?:skip|skipif|xfail)|pytest\.(?:skip|xfail|importorskip)\b"
    r"|unittest\.(?:skip|expectedFailure)|\bexpectedFailure\b|\bcollect_ignore"
    r"|self\.skipTest|@skip(?:If|Unless)?\b|\b(?:it|test|describe)\.(?:skip|todo|only)\b"
    r"|(?<![\w.])(?:xit|xtest|xdescribe|fit|fdescribe)\s*\(|\bt\.Skip(?:f|Now)?\(|#\[ignore"
    r"|\bt\.skip\("
)


def is_test_file(path: str) -> bool:
    """Whether `path` belongs to the tests."""
    return any(matches(glob, path) for glob in TEST_GLOBS)


def is_runner_file(path: str, commands: Iterable[str]) -> bool:
    """Whether `path` decides what these checks say, though it is no test: a shell script or make's
    file that one of them runs, or a module that stands before the test runner's own."""
    words = [word for command in commands for word in re.split(r"[\s;&|()'\"]+", command)]
    scripts = {word.removeprefix("./") for word in words if word.endswith((".sh", ".bash"))}
    read = {name for word in words for name in _READ_BY.get(word, ())}
    return path in scripts | read or _SHADOWS.fullmatch(path) is not None


def count_tests(path: str, text: str) -> int:
    """How many tests the file defines, as far as its language is known."""
    if path.endswith(".py") and len(text) > _LONGEST_PARSED:
        return len(_TEST_WORDS[".py"].findall(text))
    if path.endswith(".py"):
        try:
            names = [
                node.name
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
            return sum(name.startswith("test") for name in names)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            # The last two for what is nested too deeply; nothing is short then.
            return len(_TEST_WORDS[".py"].findall(text))
    suffix = f".{path.rsplit('.', 1)[-1]}" if "." in path else ""
    return len(_TEST_WORDS.get(suffix, _TEST_WORDS[""]).findall(text))


def count_skips(text: str) -> int:
    """How many marks in the file switch tests off."""
    return len(_SKIPS.findall(text))
