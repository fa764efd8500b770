"""The demo as a process, and repositories of people to play it on."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hub import git

ROOT = Path(__file__).parents[2]
SECONDS = 240
COMMAND = [sys.executable, "-m", "scripts.demo.run"]


BROKEN = "def add(a, b):\n    return a - b\n"
MENDED = "def add(a, b):\n    return a + b\n"
#: Passes with both.
TESTS = """\
import unittest, calc


class T(unittest.TestCase):
    def test_zero(self):
        self.assertEqual(calc.add(1, 0), 1)
"""
MAKEFILE = "test:\n\tpython3 -m unittest -q\n"
BEGUN = {"calc.py": BROKEN, "test_calc.py": TESTS}


@dataclass(frozen=True)
class Played:
    """How a run of the demo ended."""

    code: int
    said: str
    summary: dict[str, Any]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Temporary files in `folder`, nobody's home, nobody's agents: the same on every machine."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    # A proxy that is not there: whoever asked it would fail.
    proxies = {"http_proxy": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9"}
    home = {"HOME": str(folder), "TMPDIR": str(folder / "tmp")}
    return {"PATH": path, **home, **proxies, **more}


def play(folder: Path, *words: str | Path, env: dict[str, str] | None = None) -> Played:
    """Run it to its end, unattended; it leaves nothing in its temporary folder."""
    summary = folder / "summary.json"
    env = environment(folder) if env is None else env
    done = subprocess.run(
        [*COMMAND, "--json", str(summary), *map(str, words)],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert "\x1b" not in done.stdout, "no terminal, so no colours"
    assert list((folder / "tmp").iterdir()) == [], said
    data = json.loads(summary.read_text()) if summary.exists() else {}
    return Played(done.returncode, said, data)


def repository(path: Path, *commits: dict[str, str], branch: str = "trunk") -> Path:
    """A repository with one commit for each of `commits` (path to text)."""
    git("init", "-q", f"--initial-branch={branch}", path)
    for number, files in enumerate(commits, 1):
        for name, text in files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        git("add", "-A", cwd=path)
        git("commit", "-q", "--allow-empty", "-m", f"change {number}", cwd=path)
    return path


def fingerprint(path: Path) -> dict[str, str]:
    """Every file and folder below `path`: kind, mode, time of change and content."""
    found: dict[str, str] = {}
    for entry in [path, *sorted(path.rglob("*"))]:
        stat = entry.lstat()
        content = b""
        if entry.is_symlink():
            content = os.fsencode(entry.readlink())
        elif entry.is_file():
            content = entry.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        found[str(entry.relative_to(path))] = f"{stat.st_mode:o} {stat.st_mtime_ns} {digest}"
    return found


def untouched(folder: Path, path: Path, *more: str) -> Played:
    """Play on `path`, and make sure that nothing in it changed."""
    before = fingerprint(path)
    played = play(folder, "--repo", path, *more)
    assert fingerprint(path) == before
    return played


def state(played: Played) -> str:
    """How the one task ended."""
    assert played.summary.get("tasks"), played.said
    return played.summary["tasks"][0]["state"]
