"""Scripted, not a model: plays an agent that builds the demo's small product, one issue at a time.

It reads its task from the file that Agent OS names, and knows by its goal what to do.
"""

import os
import re
from pathlib import Path

_TEST_SH = "python3 -m unittest discover --quiet --start-directory tests --top-level-directory .\n"
_MAIN = '''"""Counts what is in a text file."""

import sys
from pathlib import Path

from words.counting import COUNTS


def main() -> None:
    text = Path(sys.argv[1]).read_text() if len(sys.argv) > 1 else ""
    for name, count in COUNTS.items():
        print(f"{name}: {count(text)}")


main()
'''
_COUNTING = '''"""What is counted, by name."""

COUNTS = {}
'''
_RUNS = """import subprocess
import sys
import tempfile
import unittest
from pathlib import Path


def printed(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text"
        path.write_text(text)
        argv = [sys.executable, "-m", "words", str(path)]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


class Runs(unittest.TestCase):
    def test_it_runs(self):
        printed("")
"""
_COUNTS = {
    "lines": "len(text.splitlines())",
    "words": "len(text.split())",
    "longest": 'max(text.split(), key=len, default="")',
}
_EXPECTED = {"lines": "2", "words": "3", "longest": "three"}


def skeleton() -> None:
    for folder in ("words", "tests"):
        Path(folder).mkdir(exist_ok=True)
        Path(folder, "__init__.py").touch()
    Path("test.sh").write_text(_TEST_SH)
    Path("words/__main__.py").write_text(_MAIN)
    Path("words/counting.py").write_text(_COUNTING)
    Path("tests/test_runs.py").write_text(_RUNS)
    _add("README.md", "\n`python3 -m words FILE` runs it, `sh test.sh` its tests.\n")


def count(name: str) -> None:
    _add("words/counting.py", f'COUNTS["{name}"] = lambda text: {_COUNTS[name]}\n')
    Path(f"tests/test_{name}.py").write_text(
        "import unittest\n\nfrom tests.test_runs import printed\n\n\n"
        f"class {name.title()}(unittest.TestCase):\n    def test_{name}(self):\n"
        f'        said = printed("one two\\nthree\\n")\n'
        f'        self.assertIn("{name}: {_EXPECTED[name]}\\n", said)\n'
    )


def document() -> None:
    lines = "".join(f"- `{name}`\n" for name in _COUNTS)
    _add("README.md", f"\nIt prints:\n\n{lines}")


def _add(path: str, text: str) -> None:
    file = Path(path)
    file.write_text((file.read_text() if file.exists() else "") + text)


def _goal(task: str) -> str:
    """The issue's goal, without the lines around it."""
    found = re.search(r"(?ms)^=+ \w+ goal[^\n]*\n(.+?)^=+ \w+ end of goal", task)
    return (found[1] if found else task).lower()


def main() -> None:
    goal = _goal(Path(os.environ["AGENT_OS_TASK"]).read_text())
    if "smallest program" in goal:
        skeleton()
    elif "document" in goal:
        document()
    else:
        count(next(name for name in _COUNTS if name in goal))
    Path(".agent_result.md").write_text(_RESULT)


_RESULT = """\
---
status: complete
---
## Summary
What the issue asks for is there, with a test.

## Changed
See the diff.

## Remaining
Nothing.

## Failed approaches
None.

## Next step
None.

## Tests run
sh test.sh

## Risks
None.

## Manual steps
None.
"""

if __name__ == "__main__":
    main()
