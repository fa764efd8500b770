"""How a repository is probably tested, from the names in its tree."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass

_NPM_DEFAULT = "no test specified"
_MAKE_TARGET = re.compile(r"^(test|check)\s*:(?!=)", re.M)
_PYTEST_WORDS = re.compile(
    r"\[tool\.pytest|\[pytest\]|\[tool:pytest\]|^\s*(?:import|from) pytest", re.M
)
_PYTHON_TEST = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests?)\.py$")
_MOST_READ = 20
_PIP = "python3 -m pip install -e ."


@dataclass(frozen=True)
class Guess:
    """`program` must be installed for `command`; `setup` is what it often needs first."""

    command: str
    why: str
    program: str
    setup: str = ""


@dataclass(frozen=True)
class Tree:
    """The files of one commit: their paths, and a way to read one (empty when it is not there)."""

    paths: frozenset[str]
    read: Callable[[str], str]


def guesses(tree: Tree) -> list[Guess]:
    """What to try, the likeliest first: what names its tests itself before what looks like some."""
    named = [*_pytest(tree), *_node(tree), *_make(tree)]
    return [*named, *_marked(tree), *([] if named else _python(tree))]


def _pytest(tree: Tree) -> Generator[Guess]:
    if (where := _names_pytest(tree)) is not None:
        yield Guess("python3 -m pytest -q", f"{where} names pytest", "python3", _PIP)
    if "tox.ini" in tree.paths:
        yield Guess("tox -q", "tox.ini", "tox")


def _names_pytest(tree: Tree) -> str | None:
    settings = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg", "conftest.py")
    deeper = sorted(path for path in tree.paths if path.endswith("/conftest.py"))
    read = [path for path in (*settings, *deeper) if path in tree.paths]
    read = [*read[:_MOST_READ], *_python_tests(tree)[:_MOST_READ]]
    return next((path for path in read if _PYTEST_WORDS.search(tree.read(path))), None)


def _python_tests(tree: Tree) -> list[str]:
    return sorted(path for path in tree.paths if _PYTHON_TEST.search(path))


def _python(tree: Tree) -> Generator[Guess]:
    tests = _python_tests(tree)
    if tests:
        yield Guess("python3 -m unittest -q", tests[0], "python3", _PIP)
        yield Guess("python3 -m pytest -q", tests[0], "python3", _PIP)


def _node(tree: Tree) -> Generator[Guess]:
    if "package.json" not in tree.paths:
        return
    try:
        scripts = json.loads(tree.read("package.json")).get("scripts", {})
        script = str(scripts.get("test", ""))
    except (ValueError, AttributeError):
        return
    if script and _NPM_DEFAULT not in script:
        locks = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun"}
        program = next((p for lock, p in locks.items() if lock in tree.paths), "npm")
        setup = "npm ci" if program == "npm" else f"{program} install --frozen-lockfile"
        command = "bun run test" if program == "bun" else f"{program} test"
        yield Guess(command, "package.json has a script `test`", program, setup)


def _make(tree: Tree) -> Generator[Guess]:
    for name in ("GNUmakefile", "makefile", "Makefile"):
        if name in tree.paths:
            targets = _MAKE_TARGET.findall(tree.read(name))
            if targets:
                target = "test" if "test" in targets else "check"
                yield Guess(f"make {target}", f"{name} has the target `{target}`", "make")
            return


def _marked(tree: Tree) -> Generator[Guess]:
    """Tools that are known by one file. Where they would load something, they are told not to."""
    table = (
        ("go.mod", "GOPROXY=off go test ./...", "go", "go mod download"),
        ("Cargo.toml", "cargo test --quiet --offline", "cargo", "cargo fetch"),
        ("gradlew", "./gradlew --offline test", "java", ""),
        ("pom.xml", "mvn --offline --quiet test", "mvn", ""),
        ("mix.exs", "mix test", "mix", "mix deps.get"),
        ("Rakefile", "rake test", "rake", "bundle install"),
        ("deno.json", "deno test --cached-only", "deno", ""),
        ("Package.swift", "swift test", "swift", ""),
        ("build.zig", "zig build test", "zig", ""),
    )
    for marker, command, program, setup in table:
        if marker in tree.paths:
            yield Guess(command, marker, program, setup)
