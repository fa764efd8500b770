"""What the sandbox costs: to start one command in it, and on a real test suite, ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent_os.workspace.sandbox import bwrap
from agent_os.workspace.sandbox.bwrap import Bubblewrap
from agent_os.workspace.sandbox.door import open_door
from agent_os.workspace.sandbox.port import Door, View
from agent_os.workspace.sandbox.reach import Reach
from scripts.benchmarks.figure import Figure, Setting, Spread, Table

_PROJECT = Path(__file__).resolve().parents[3]
#: The part of our tests that needs no hub, no model and no sandbox of its own.
_SUITE = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "tests/unit")


def sandbox(setting: Setting) -> list[Figure]:
    """Empty where bubblewrap does not work. Pairs in turn: what else runs hits both."""
    if bwrap.problem():
        return []
    setting.folder.mkdir(parents=True)
    starts, suites = setting.size("starts", 20, 200), setting.size("suites", 1, 7)
    return [*_starting(setting.folder, starts), _suite(setting.folder, suites)]


def _starting(folder: Path, runs: int) -> list[Figure]:
    true = ("/bin/true",)
    with open_door(folder, Reach(named=("packages.example.org",)), lambda *_: None) as door:
        ways: dict[str, Callable[[], Sequence[str]]] = {
            "sandbox": lambda: Bubblewrap().wrap(true, folder, _view(folder, None)),
            "sandbox-with-door": lambda: Bubblewrap().wrap(true, folder, _view(folder, door)),
        }
        return [_start(name, way, true, folder, runs) for name, way in ways.items()]


def _start(
    name: str, way: Callable[[], Sequence[str]], bare: Sequence[str], folder: Path, runs: int
) -> Figure:
    pairs = [_pair(way(), bare, folder, turn) for turn in range(runs + 1)][1:]
    more = [1000 * (ours - alone) for ours, alone in pairs]
    door = name.endswith("door")
    return Figure(
        name=name,
        what=f"starting a command in the sandbox{', with a way out' if door else ''}",
        unit="ms more",
        spread=Spread.of(more),
        how=f"{runs} pairs of `/bin/true` in it and alone, in turn",
        target="at most 100 ms" if door else "at most 50 ms",
        bound=100.0 if door else 50.0,
    )


def _suite(folder: Path, runs: int) -> Figure:
    copy = folder / "copy"
    for name in ("agent_os", "tests", "scripts", "docs"):
        shutil.copytree(_PROJECT / name, copy / name)
    for path in _PROJECT.iterdir():
        if path.is_file():
            shutil.copy(path, copy / path.name)
    command = (sys.executable, *_SUITE)
    pairs: list[tuple[float, float]] = []
    for turn in range(runs + 1):
        wrapped = Bubblewrap().wrap(command, copy, _view(copy, None))
        pairs.append(_pair(wrapped, command, copy, turn))
    ours, alone = zip(*pairs[1:], strict=True)
    ratio = Spread.of(ours).median / Spread.of(alone).median
    rows = tuple(
        (name, round(s.low, 2), round(s.median, 2), round(s.high, 2))
        for name, s in (("in the sandbox", Spread.of(ours)), ("alone", Spread.of(alone)))
    )
    return Figure(
        name="sandbox-suite",
        what="our unit tests in the sandbox",
        unit="× alone",
        spread=Spread.of([one / other for one, other in zip(ours, alone, strict=True)]),
        how=f"{runs} pairs of `python {' '.join(_SUITE)}` in turn, ratio of medians",
        target="at most 1.05 ×",
        bound=1.05,
        judged=ratio,
        tables=(Table("Our unit tests (s)", ("how", "min", "median", "max"), rows),),
    )


def _view(folder: Path, door: Door | None) -> View:
    search_path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return View(writable=(folder,), search_path=search_path, door=door)


def _pair(
    wrapped: Sequence[str], bare: Sequence[str], folder: Path, turn: int
) -> tuple[float, float]:
    """Seconds of both; which is first changes, so that a load that grows or falls hits both."""
    if turn % 2:
        alone = _seconds(bare, folder)
        return _seconds(wrapped, folder), alone
    return _seconds(wrapped, folder), _seconds(bare, folder)


def _seconds(argv: Sequence[str], cwd: Path) -> float:
    begun = time.perf_counter()
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return time.perf_counter() - begun
