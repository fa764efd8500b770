"""What the demo guesses of a repository's tests, and what it says to do next."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_os.config.loading import load_config
from scripts.demo.own import installed
from scripts.demo.own.guesses import Tree, guesses
from scripts.demo.own.trial import Tried

NPM = '{"scripts": {"test": "jest"}}'
PYTEST, UNITTEST = "python3 -m pytest -q", "python3 -m unittest -q"


def commands(files: dict[str, str]) -> list[str]:
    tree = Tree(frozenset(files), lambda path: files.get(path, ""))
    return [guess.command for guess in guesses(tree)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, []),
        ({"README.md": "", "src/main.py": ""}, []),
        ({"pyproject.toml": "[tool.pytest.ini_options]", "tests/test_a.py": ""}, [PYTEST]),
        ({"tests/conftest.py": "import pytest\n"}, [PYTEST]),
        ({"test_a.py": "from pytest import raises\n"}, [PYTEST]),
        ({"test_a.py": "import unittest\n"}, [UNITTEST, PYTEST]),
        ({"pyproject.toml": "[project]", "latest.py": ""}, []),
        ({"tox.ini": "[tox]\n"}, ["tox -q"]),
        ({"test_a.py": "import unittest\n", "Makefile": "test:\n\ttrue\n"}, ["make test"]),
        ({"Makefile": "test := 1\nall: test\n"}, []),
        ({"Makefile": ".PHONY: check\ncheck: all\n\ttrue\n"}, ["make check"]),
        ({"package.json": NPM}, ["npm test"]),
        ({"package.json": NPM, "yarn.lock": ""}, ["yarn test"]),
        ({"package.json": '{"scripts": {"test": "echo no test specified; exit 1"}}'}, []),
        ({"package.json": '{"scripts": {}}'}, []),
        ({"package.json": "[]"}, []),
        ({"package.json": "{"}, []),
        ({"package.json": NPM, "Makefile": "test:\n"}, ["npm test", "make test"]),
        ({"go.mod": "module a"}, ["GOPROXY=off go test ./..."]),
        ({"Cargo.toml": "[package]"}, ["cargo test --quiet --offline"]),
        ({"sub/Cargo.toml": "[package]"}, []),
    ],
)
def test_the_likeliest_command_comes_first(files: dict[str, str], expected: list[str]) -> None:
    assert commands(files) == expected


@pytest.mark.parametrize(
    ("tail", "nothing"),
    [
        ("Ran 0 tests in 0.000s\n\nOK", True),
        ("Ran 3 tests in 0.000s\n\nOK", False),
        ("?   \texample\t[no test files]\n", True),
        ("?   \texample\t[no test files]\nok  \texample/b\t0.1s\n", False),
        ("", False),
    ],
)
def test_a_pass_of_no_tests_is_seen(tail: str, nothing: bool) -> None:
    assert Tried("x", True, False, "passed", 0.1, tail).tests_nothing is nothing


@pytest.mark.parametrize(
    "names", [[], ["ruff"], ["claude"], ["claude", "codex", "gemini", "opencode"]]
)
def test_the_config_that_it_prints_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    for name in [*names, "gh"]:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    env = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    machine = installed.look(env)
    assert [agent.program for agent in machine.agents] == names and not machine.gh
    config = tmp_path / "config.yaml"
    config.write_text(installed.config_lines(machine, "acme/todo"))
    monkeypatch.setenv("AGENT_OS_GITHUB_TOKEN", "x")
    loaded = load_config(config)
    assert list(loaded.agents) == (names or ["mine"])
    assert [r.name for r in loaded.repositories] == ["acme/todo"]


def test_gh_is_proposed_only_where_it_has_an_account(tmp_path: Path) -> None:
    (tmp_path / "gh").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "gh").chmod(0o755)
    env = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    assert "gh auth token" not in installed.commands(installed.look(env))[0]
    (tmp_path / ".config" / "gh").mkdir(parents=True)
    (tmp_path / ".config" / "gh" / "hosts.yml").write_text("github.com: {}\n")
    assert "$(gh auth token)" in installed.commands(installed.look(env))[0]
