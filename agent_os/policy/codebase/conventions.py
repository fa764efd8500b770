"""How a repository is written: languages, where its tests are, what formats and checks it; and what
was decided, and what bit people before."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath

from agent_os.policy.codebase.reading import Tree, code, is_decision, is_test, quiet

_LANGUAGES = {
    ".py": "Python",
    ".js": "JavaScript",
    ".jsx": "JavaScript",
    ".mjs": "JavaScript",
    ".cjs": "JavaScript",
    ".ts": "TypeScript",
    ".tsx": "TypeScript",
    ".go": "Go",
    ".rs": "Rust",
    ".java": "Java",
    ".kt": "Kotlin",
    ".rb": "Ruby",
    ".php": "PHP",
    ".cs": "C#",
    ".c": "C",
    ".h": "C",
    ".cc": "C++",
    ".cpp": "C++",
    ".hpp": "C++",
    ".swift": "Swift",
    ".scala": "Scala",
    ".ex": "Elixir",
    ".exs": "Elixir",
    ".sh": "Shell",
}
#: A file of this name at the top: what formats, checks or locks.
_TOOLS = {
    ".editorconfig": "EditorConfig",
    ".prettierrc": "Prettier",
    ".eslintrc.json": "ESLint",
    "eslint.config.js": "ESLint",
    "biome.json": "Biome",
    "ruff.toml": "ruff",
    ".flake8": "flake8",
    "mypy.ini": "mypy",
    "pyrightconfig.json": "pyright",
    "rustfmt.toml": "rustfmt",
    "clippy.toml": "clippy",
    ".golangci.yml": "golangci-lint",
    ".rubocop.yml": "RuboCop",
    ".pre-commit-config.yaml": "pre-commit",
    "tsconfig.json": "tsc",
    "uv.lock": "uv",
    "poetry.lock": "Poetry",
    "package-lock.json": "npm",
    "yarn.lock": "Yarn",
    "pnpm-lock.yaml": "pnpm",
    "Cargo.lock": "Cargo",
    "Gemfile.lock": "Bundler",
}
_IN_PYPROJECT = ("ruff", "black", "isort", "mypy", "pyright", "pytest", "coverage", "importlinter")
_REQUIRES = re.compile(r"(?m)^requires-python\s*=\s*[\"']([^\"'\n]{1,40})[\"']")
_STATUS = re.compile(r"(?im)^[ \t#*-]{0,9}status[*: \t]{0,9}\n{0,3}[ \t*]{0,9}([A-Za-z]{3,20})")
_TEST_FOLDERS = frozenset({"test", "tests", "spec", "specs", "__tests__", "e2e"})
_FEW = 0.1
_MOST_DECISIONS = 20
_MOST_GOTCHAS = 15
#: Learned at least so often, a lesson is one for everybody.
LEAST_EVIDENCE = 2


def conventions(tree: Tree) -> list[str]:
    lines: list[str] = []
    for name, said in (
        ("Languages", _languages(tree)),
        ("Python", _python(tree)),
        ("Tests", _tests(tree)),
        ("Formatting, checks and locks", _tools(tree)),
        ("CI", _ci(tree)),
    ):
        lines += [f"- {name}: {said}"] if said else []
    return lines


def _languages(tree: Tree) -> str:
    count = Counter(_LANGUAGES.get(PurePosixPath(p).suffix, "") for p in tree.sources())
    count.pop("", None)
    most = max(count.values(), default=0)
    # In the order of names: which of two is ahead changes too easily.
    return ", ".join(sorted(name for name, number in count.items() if number >= most * _FEW))


def _python(tree: Tree) -> str:
    found = _REQUIRES.search(tree.texts.get("pyproject.toml", ""))
    return quiet(found[1]) if found else ""


def _tests(tree: Tree) -> str:
    folders = {_test_folder(path) for path in tree.sources() if is_test(path)}
    beside = "beside the code" if "" in folders else ""
    own = [
        f
        for f in sorted(folders - {""})
        if not any(f != g and f.startswith(g) for g in folders if g)
    ]
    return ", ".join([*(f"in {code(name)}" for name in own[:6]), *([beside] if beside else [])])


def _test_folder(path: str) -> str:
    """Down to the folder that is named for tests; empty: there is none."""
    folders = path.split("/")[:-1]
    named = next((n for n, name in enumerate(folders) if name.lower() in _TEST_FOLDERS), None)
    return "" if named is None else "/".join(folders[: named + 1]) + "/"


def _tools(tree: Tree) -> str:
    there = {tool for name, tool in _TOOLS.items() if name in tree.listing}
    project = tree.texts.get("pyproject.toml", "")
    there |= {tool for tool in _IN_PYPROJECT if f"[tool.{tool}" in project}
    package = tree.texts.get("package.json", "")
    there |= {name for name in ("prettier", "eslint", "jest", "vitest") if f'"{name}"' in package}
    once = {name.lower(): name for name in sorted(there, reverse=True)}
    return ", ".join(sorted(once.values(), key=str.lower))


def _ci(tree: Tree) -> str:
    named = (".gitlab-ci.yml", "Jenkinsfile", ".circleci/config.yml", "azure-pipelines.yml")
    flows = [p for p in tree.listing if re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml", p)]
    return ", ".join(
        code(path) for path in sorted([*flows, *(n for n in named if n in tree.listing)])[:6]
    )


def decisions(tree: Tree) -> list[str]:
    """Records of decisions, the newest (by name) first."""
    lines: list[str] = []
    for path in sorted((p for p in tree.texts if is_decision(p)), reverse=True):
        text = tree.texts[path]
        heading = re.search(r"(?m)^#\s+([^\n]+)", text)
        status = _STATUS.search(text)
        if heading and "template" not in path.lower():
            how = f" ({status[1].lower()})" if status else ""
            lines.append(f"- {code(path)}: {quiet(heading[1])}{how}")
    return lines[:_MOST_DECISIONS]


def gotchas(tree: Tree) -> list[str]:
    """What was learned more than once, oldest first: a new one goes to the end."""
    often = [one for one in tree.lessons if one.evidence >= LEAST_EVIDENCE and one.ending is None]
    best = sorted(often, key=lambda one: (-one.evidence, one.seq))[:_MOST_GOTCHAS]
    lines: list[str] = []
    for one in sorted(best, key=lambda one: one.seq):
        where = f" ({', '.join(code(p, 60) for p in one.paths[:2])})" if one.paths else ""
        advice = f" What helped: {quiet(one.advice, 160)}" if one.advice else ""
        lines.append(f"- {quiet(one.text, 240)}{advice}{where}")
    return lines
