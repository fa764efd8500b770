"""A work dir for a large repository against what git itself needs."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from agent_os.workspace.git import run_git
from agent_os.workspace.workdir import checkout
from scripts.benchmarks.figure import Figure, Setting, Spread, Table
from scripts.benchmarks.hub import git

_FOLDERS = 200


def workdir(setting: Setting) -> list[Figure]:
    """Both in turn, so that what else the machine does hits both."""
    count, runs = setting.size("files", 1000, 20_000), setting.size("runs", 3, 7)
    setting.folder.mkdir(parents=True)
    mirror, sha = _mirror(setting.folder, count)
    ours: list[float] = []
    bare: list[float] = []
    for n in range(runs + 1):
        made = setting.folder / "made"
        begun = time.perf_counter()
        checkout(made, sha, [mirror / "objects"])
        first = time.perf_counter() - begun
        shutil.rmtree(made)
        begun = time.perf_counter()
        _clone(mirror, made)
        second = time.perf_counter() - begun
        shutil.rmtree(made)
        if n:  # the first pair warms the file cache
            ours.append(first)
            bare.append(second)
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    rows = tuple(
        (name, round(s.low * 1000), round(s.median * 1000), round(s.high * 1000))
        for name, s in (("ours", Spread.of(ours)), ("git clone --shared", Spread.of(bare)))
    )
    return [
        Figure(
            name="workdir",
            what=f"work dir for {count:,} files against `git clone --shared`",
            unit="×",
            spread=Spread.of(ratios),
            how=f"{runs} pairs in turn; the clone has the same safe config, without template, "
            "tags and other branches",
            target="at most 1.2 ×",
            bound=1.2,
            tables=(Table("A work dir (ms)", ("how", "min", "median", "max"), rows),),
        )
    ]


def _mirror(folder: Path, count: int) -> tuple[Path, str]:
    seed, mirror = folder / "seed", folder / "mirror.git"
    git("init", "--quiet", "--initial-branch=main", seed)
    for n in range(count):
        file = seed / f"part{n % _FOLDERS}" / f"file{n}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"line of file {n}\n" * 40)
    # Without waiting for the disk once a file: this is not what is measured.
    git("-c", "core.fsync=none", "add", "--all", cwd=seed)
    # Packing in the background would still be at work when the seed is removed.
    git("-c", "gc.auto=0", "commit", "--quiet", "--message", "many files", cwd=seed)
    git("clone", "--quiet", "--bare", "--no-local", seed, mirror)  # packed, as a fetch leaves it
    shutil.rmtree(seed)
    return mirror, git("rev-parse", "main", cwd=mirror).strip()


def _clone(mirror: Path, path: Path) -> None:
    words = ("clone", "--quiet", "--shared", "--template=", "--no-tags", "--single-branch")
    run_git(*words, str(mirror), str(path), timeout=600.0)
