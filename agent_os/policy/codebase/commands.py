"""The commands of a repository, from the files in which it keeps them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any, cast

import yaml

from agent_os.policy.codebase.reading import Tree, about, code, is_source, quiet

_MOST = 30
_MOST_OF_ONE = 12
_TARGET = re.compile(
    r"(?m)^(?P<name>[A-Za-z][\w-]*)[ \t]*:(?!=)[^\n#]*(?:##[ \t]*(?P<said>[^\n]+))?$"
)
_RECIPE = re.compile(
    r"(?m)^(?:#[ \t]*(?P<said>[^\n]+)\n)?(?P<name>[A-Za-z][\w-]*)(?:[ \t]+[^:\n=]*)?:(?!=)"
)

Found = Iterator[tuple[str, str]]
"""(command, what it does; empty: nothing is said of it)"""


def commands(tree: Tree) -> list[str]:
    """A line of Markdown each; what the repository tells us first."""
    found: dict[str, str] = {}
    for path, read in _READERS:
        text = tree.texts.get(path, "")
        if text:
            for number, (command, said) in enumerate(read(text)):
                if number < _MOST_OF_ONE:
                    found.setdefault(command, said)
    for command, said in _scripts(tree):
        found.setdefault(command, said)
    lines = [f"- {code(c)}{f': {quiet(said)}' if said else ''}" for c, said in found.items()]
    return lines[:_MOST]


def _own(text: str) -> Found:
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    file = _mapping(data)
    if isinstance(file.get("setup"), str):
        yield file["setup"], "sets the work dir up"
    checks = {"test": file.get("test"), **_mapping(file.get("checks"))}
    for name, command in checks.items():
        if isinstance(command, str) and command.strip():
            yield command, f"the check {name} that every change has to pass"


def _make(text: str) -> Found:
    for found in _TARGET.finditer(text):
        yield f"make {found['name']}", found["said"] or ""


def _just(text: str) -> Found:
    for found in _RECIPE.finditer(text):
        yield f"just {found['name']}", found["said"] or ""


def _npm(text: str) -> Found:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    for name, command in _mapping(_mapping(data).get("scripts")).items():
        if isinstance(command, str):
            yield f"npm run {name}", f"runs {command}"


def _python(text: str) -> Found:
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    project = _mapping(data.get("project"))
    tool = _mapping(data.get("tool"))
    for scripts in (project.get("scripts"), _mapping(tool.get("poetry")).get("scripts")):
        for name, target in _mapping(scripts).items():
            yield name, f"the entry point {target}"
    if "pytest" in tool:
        yield "pytest", "runs the tests; settings are in pyproject.toml"


def _cargo(text: str) -> Found:
    del text
    yield "cargo test", ""


def _go(text: str) -> Found:
    del text
    yield "go test ./...", ""


def _tox(text: str) -> Found:
    del text
    yield "tox", ""


def _scripts(tree: Tree) -> Found:
    for path in sorted(tree.listing):
        folder, _, name = path.rpartition("/")
        if folder in ("scripts", "bin", "tools") and is_source(path) and name != "__init__.py":
            yield (
                f"./{path}" if name.endswith(".sh") else path,
                about(path, tree.texts.get(path, "")),
            )


def _mapping(data: object) -> dict[str, Any]:
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {}


_READERS: tuple[tuple[str, Callable[[str], Found]], ...] = (
    (".agent-os.yaml", _own),
    (".github/agent-os.yml", _own),
    ("Makefile", _make),
    ("makefile", _make),
    ("justfile", _just),
    ("package.json", _npm),
    ("pyproject.toml", _python),
    ("Cargo.toml", _cargo),
    ("go.mod", _go),
    ("tox.ini", _tox),
)
