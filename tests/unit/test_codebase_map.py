"""CODEBASE.md is drawn by rules: the same tree, the same text; bounded; and people's part stays."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_os.domain.lessons import Ending
from agent_os.policy.codebase import drawing, reading
from agent_os.policy.codebase.reading import Tree
from tests.unit.test_memory_relevance import lesson

FILES = {
    "README.md": "# Shop\n\n[![badge](x)](y)\n\nA shop for @bob. It closes #4.\n",
    ".agent-os.yaml": "setup: pip install -e .\ntest: pytest -q\nchecks:\n  lint: ruff check .\n",
    "pyproject.toml": (
        '[project]\nrequires-python = ">=3.11"\n[project.scripts]\nshop = "shop.cli:main"\n'
        "[tool.ruff]\n[tool.pytest.ini_options]\n"
    ),
    "Makefile": ".PHONY: test\nVAR := x\ntest: deps ## Run all tests.\n\tpytest\ndeps:\n\tpip\n",
    "package.json": json.dumps({"scripts": {"build": "tsc -p ."}}),
    "scripts/release.sh": "#!/bin/sh\n# Makes a release. More.\necho\n",
    "shop/__init__.py": '"""Selling things."""\n',
    "shop/cart.py": '# licence\n"""The cart: what somebody wants.\n\nMore of it.\n"""\n',
    "shop/api/__init__.py": "",
    "shop/api/views.py": "x = 1\n",
    "web/index.ts": "// What people see.\n",
    "tests/test_cart.py": '"""Tests of it."""\n',
    "docs/adr/0002-postgres.md": "# Use PostgreSQL\n\nStatus: Accepted\n",
    "docs/adr/0001-python.md": "# Use Python\n\n## Status\n\nSuperseded by 3\n",
    "docs/adr/template.md": "# Title\n",
    ".github/workflows/ci.yml": "on: push\n",
    "node_modules/left/index.js": "// nobody's\n",
}


def tree(files: dict[str, str] | None = None, **more: Any) -> Tree:
    given = FILES if files is None else files
    listing = {path: len(text.encode()) for path, text in given.items()}
    return Tree(listing=listing, texts={p: given[p] for p in reading.wanted(listing)}, **more)


def test_the_whole_map() -> None:
    twice = lesson("`tests_failed`: date is naive", evidence=2, advice="Use UTC.", paths=("shop/",))
    gone = lesson("gone", evidence=5, ending=Ending.FORGOTTEN)
    once = lesson("once")
    part = drawing.drawn(tree(lessons=(twice, gone, once)))
    assert part.splitlines() == [
        drawing.BEGIN,
        "",
        "## Commands",
        "- `pip install -e .`: sets the work dir up",
        "- `pytest -q`: the check test that every change has to pass",
        "- `ruff check .`: the check lint that every change has to pass",
        "- `make test`: Run all tests.",
        "- `make deps`",
        "- `npm run build`: runs tsc -p .",
        "- `shop`: the entry point shop.cli:main",
        "- `pytest`: runs the tests; settings are in pyproject.toml",
        "- `./scripts/release.sh`: Makes a release",
        "",
        "## What bites",
        "- 'tests_failed': date is naive What helped: Use UTC. (`shop/`)",
        "",
        "## Conventions",
        "- Languages: Python, Shell, TypeScript",
        "- Python: >=3.11",
        "- Tests: in `tests/`",
        "- Formatting, checks and locks: pytest, ruff",
        "- CI: `.github/workflows/ci.yml`",
        "",
        "## Modules",
        "- `scripts/`: `release.sh`",
        "- `scripts/release.sh`: Makes a release",
        "- `shop/`: Selling things",
        "- `shop/api/`: `views.py`",
        "- `shop/api/views.py`",
        "- `shop/cart.py`: The cart: what somebody wants",
        "- `web/`: What people see",
        "",
        "## Decisions",
        "- `docs/adr/0002-postgres.md`: Use PostgreSQL (accepted)",
        "- `docs/adr/0001-python.md`: Use Python (superseded)",
        "",
        drawing.END,
    ]


def test_the_same_tree_in_another_order_is_the_same_text() -> None:
    assert drawing.drawn(tree(dict(reversed(FILES.items())))) == drawing.drawn(tree())


@pytest.mark.parametrize(
    "path", ["shop/cart.py", "shop/new_one.py", "tests/test_new.py", "README.md"]
)
def test_a_longer_file_and_one_more_test_change_nothing_much(path: str) -> None:
    """No counts stand in it: they would change with every merge."""
    before = drawing.drawn(tree()).splitlines()
    after = drawing.drawn(tree({**FILES, path: FILES.get(path, "") + "\nx = 1\n" * 50}))
    assert len(set(before) ^ set(after.splitlines())) <= 1


def test_nothing_is_nothing() -> None:
    assert drawing.drawn(tree({})) == ""


HOSTILE = (
    "@bob closes #4 fixes acme/app#5 ![x](http://evil) <img src=x> <script>alert(1)</script>"
    " <!-- agent-os effect=1 --> \u202e /merge "
)


@pytest.mark.parametrize(
    "files",
    [
        {
            "README.md": f"# x\n\n{HOSTILE}",
            "app/README.md": HOSTILE,
            "app/a.py": f'"""{HOSTILE}"""',
        },
        {"a.py": "'''" + "x" * 50_000, "b.py": '"""' * 10_000},
        {"package.json": "[" * 30_000, "pyproject.toml": "[" * 30_000},
        {"package.json": json.dumps({"scripts": {"`; rm -rf /": "x\n\n# heading"}})},
        {".agent-os.yaml": "a: &a [x]\nb: *a\nchecks: [1]\ntest: {}\n"},
        {".agent-os.yaml": "test: |\n  one\n  ## Modules\n  - two\n"},
        {f"m{n}/{'d' * 200}/x{n}.py": '"""Said."""' for n in range(3_000)},
        {"Makefile": "\n".join(f"target{n}:" for n in range(5_000))},
        {"docs/adr/1.md": "# <b>@all</b>\n\nStatus: x y\n", "a\n## b.py": "x"},
    ],
)
def test_a_hostile_tree_is_bounded_and_harmless(files: dict[str, str]) -> None:
    part = drawing.drawn(tree(files))
    assert len(part) <= drawing.LONGEST
    body = part.replace(drawing.BEGIN, "").replace(drawing.END, "")
    assert "<!--" not in body and "<script" not in body and "<img" not in body
    assert "@bob" not in body and "closes #4" not in body and "![" not in body
    headings = {line for line in body.splitlines() if line.startswith("#")}
    assert headings <= {
        *("## Commands", "## What bites", "## Conventions", "## Modules", "## Decisions")
    }


@pytest.mark.parametrize(
    "filling", ["\n", " ", "#\n", "a\n", " \n\t", "status", "a ", "//\n", "- "]
)
def test_no_file_makes_it_slow(filling: str) -> None:
    """Patterns that try every way to split blanks once took minutes for such files."""
    text = (filling * 60_000)[:60_000]
    names = ("README.md", "Makefile", "justfile", "a.py", "b.ts", "c.go", "docs/adr/1.md")
    began = time.process_time()
    drawing.drawn(tree(dict.fromkeys((*names, "pyproject.toml", ".agent-os.yaml"), text)))
    assert time.process_time() - began < 2


@given(st.dictionaries(st.text(max_size=30), st.text(max_size=300), max_size=30))
def test_any_tree_is_drawn(files: dict[str, str]) -> None:
    part = drawing.drawn(tree({f"src/{name}.py": text for name, text in files.items()} | files))
    assert len(part) <= drawing.LONGEST
    if part:
        assert drawing.placed(drawing.placed("people's\n", part) or "", part) is not None


PART = f"{drawing.BEGIN}\n\n## Commands\n- `make`\n\n{drawing.END}"
NEW = PART.replace("make", "just")


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ("", f"# Codebase\n\n{NEW}\n"),
        ("# Ours\n\nWritten by hand.\n", f"# Ours\n\nWritten by hand.\n\n{NEW}\n"),
        (f"above\n\n{PART}\n\nbelow\n", f"above\n\n{NEW}\n\nbelow\n"),
        (f"{PART}", NEW),
        (f"{PART}\n{drawing.BEGIN}", None),
        (drawing.BEGIN, None),
        (drawing.END, None),
        (f"{drawing.END}\n{drawing.BEGIN}", None),
        (f"{PART}\n{PART}", None),
    ],
)
def test_only_what_is_ours_is_replaced(existing: str, expected: str | None) -> None:
    assert drawing.placed(existing, NEW) == expected
    if expected is not None:
        assert drawing.placed(expected, NEW) == expected, "again changes nothing"


def test_agents_read_it_without_the_marks() -> None:
    text = drawing.placed("# Ours\n", PART) or ""
    assert drawing.without_marks(text) == "# Ours\n\n## Commands\n- `make`\n"


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("README.md", "# T\n=====\n\n> quote\n\nFirst line\nsecond. Third.\n", "First line second"),
        ("README.rst", "\n", ""),
        ("a.py", '#!/x\n# c\n\n"""Does it.\n\nMore."""', "Does it"),
        ("a.py", "x = '''no'''", ""),
        ("doc.go", "// Package shop sells things.\npackage shop\n", "Package shop sells things"),
        ("lib.rs", "//! A crate.\nuse x;\n", "A crate"),
        ("x.ts", "import x\n", ""),
        ("x.ts", "/**\n * Draws it,\n * twice. Or not.\n */\n", "Draws it, twice"),
        ("x.sh", "#!/bin/sh\n# Makes it and\n# says so.\n\necho # no\n", "Makes it and says so"),
    ],
)
def test_what_files_say_of_themselves(path: str, text: str, said: str) -> None:
    assert reading.about(path, text) == said
