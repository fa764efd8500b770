"""Looks for a pattern in files. A program of its own, as no pattern can be stopped from within.

`python -I grep.py ROOT START GLOB MOST` with the pattern on stdin prints `path:line: text`.
It imports nothing of ours, and is not imported.
"""

from __future__ import annotations

import fnmatch
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

MOST_BYTES = 2_000_000
LONGEST_LINE = 300
SKIPPED = {".git", ".hg", "node_modules", ".venv", "__pycache__", ".tox", ".mypy_cache"}


def main(root: str, start: str, glob: str, most: int) -> int:
    """0 found, 1 nothing found, 2 the pattern is wrong."""
    try:
        pattern = re.compile(sys.stdin.read())
    except (re.error, RecursionError, OverflowError) as error:
        print(f"The pattern is wrong: {error}.")
        return 2
    found = 0
    for path in files(Path(start)):
        name = os.path.relpath(path, root)
        if glob and not (fnmatch.fnmatch(name, glob) or fnmatch.fnmatch(path.name, glob)):
            continue
        for number, line in enumerate(lines(path), start=1):
            if pattern.search(line):
                print(f"{name}:{number}: {line.strip()[:LONGEST_LINE]}", flush=True)
                found += 1
                if found >= most:
                    print(f"[stopped after {most} lines]")
                    return 0
    return 0 if found else 1


def files(start: Path) -> Iterator[Path]:
    """In the order of their names. Links are not followed: they may lead out."""
    if start.is_file():
        yield start
    for folder, folders, names in os.walk(start):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path


def lines(path: Path) -> list[str]:
    """None of a file that is large, or is not text."""
    try:
        data = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
    except OSError:
        return []
    return [] if b"\0" in data[:8192] else data.decode("utf-8", "replace").splitlines()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
