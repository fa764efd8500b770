"""Thousands of kills: `python -m tests.crash.long --runs 10000 --processes 2 --seed 1 --json FILE`.

A run is one kill (or one connection cut) and the recovery from it; a life has about ten. FILE has
a line for each life, and a run that was stopped goes on after them. `--replay SEED` leads one
life again: its kills are the same, what they hit at random moments may differ.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from tests.hub import HubProcess

from .fates import drawn
from .ground import USERS, Drives
from .lives import live

#: Then a worker takes a new hub, so that nothing grows for ever.
LIVES_A_HUB = 50
Result = dict[str, Any]


def lead(seed: int, hub: HubProcess, drives: Drives, root: Path) -> Result:
    """One life: what fell, or why it failed; then its files stay."""
    begun = time.monotonic()
    folder = root / f"life-{seed}"
    result: Result = {"seed": seed, "fallen": [], "error": ""}
    try:
        result["fallen"] = live(drawn(seed), hub, drives, folder, f"acme/life-{seed}")
        shutil.rmtree(folder)
    except Exception:  # noqa: BLE001 - a life's boundary: its seed is told, and the others go on
        result["error"] = traceback.format_exc()[-6000:]
        result["folder"] = str(folder)
    return {**result, "seconds": round(time.monotonic() - begun, 2)}


def lives(seeds: Iterator[int], root: Path) -> Iterator[Result]:
    """Lead the lives of these seeds, one after the other."""
    with Drives() as drives:
        while True:
            with ExitStack() as stack:
                folder = Path(tempfile.mkdtemp(dir=root))
                hub = stack.enter_context(HubProcess(folder / "hub", USERS))
                for _ in range(LIVES_A_HUB):
                    yield lead(next(seeds), hub, drives, root)
            shutil.rmtree(folder)


def work(seeds: Iterator[int], root: Path, results: Queue[Result], over: Any) -> None:
    """In a process of its own, until `over`."""
    for result in lives(seeds, root):
        results.put(result)
        if over.is_set():
            return


def unled(first: int, step: int, led: set[int]) -> Iterator[int]:
    """Every `step`-th seed from `first` on, but for those of the file."""
    return (seed for seed in count(first, step) if seed not in led)


def summary(results: list[Result]) -> Result:
    """What was tried in all, and which seeds failed."""
    good = [r for r in results if not r["error"]]
    names = Counter(name.partition("#")[0] for r in good for name in r["fallen"])
    return {
        "lives": len(good),
        "runs": names.total(),
        "kills": sum(n for name, n in names.items() if not name.startswith("drop_")),
        "different points": len({name for r in good for name in r["fallen"]}),
        "failed seeds": sorted(r["seed"] for r in results if r["error"]),
        "by point": dict(sorted(names.items())),
    }


def read(file: Path) -> list[Result]:
    """The lives that were led already; a line that was cut off by a kill is left out."""
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    return [json.loads(line) for line in lines]


def tell(result: Result, results: list[Result]) -> None:
    """A line about this life."""
    found = summary(results)
    print(
        f"seed {result['seed']}: {len(result['fallen'])} in {result['seconds']} s; in all "
        f"{found['runs']} runs in {found['lives']} lives, {len(found['failed seeds'])} failed",
        flush=True,
    )
    if result["error"]:
        print(f"{result['error']}\nits files: {result['folder']}")
        print(f"again: python -m tests.crash.long --replay {result['seed']}", flush=True)


def run(runs: int, processes: int, seed: int, file: Path) -> bool:
    """Until so many runs have been made; whether none failed."""
    results = read(file)
    led = {result["seed"] for result in results}
    root = Path(tempfile.mkdtemp(prefix="agent-os-crash-"))
    queue: Queue[Result] = multiprocessing.Queue()
    over = multiprocessing.Event()
    workers = [
        multiprocessing.Process(
            target=work, args=(unled(seed + n, processes, led), root, queue, over)
        )
        for n in range(processes)
    ]
    begun = time.monotonic()
    for worker in workers:
        worker.start()
    with file.open("a") as lines:
        while summary(results)["runs"] < runs and any(worker.is_alive() for worker in workers):
            results.append(queue.get())
            lines.write(f"{json.dumps(results[-1])}\n")
            lines.flush()
            tell(results[-1], results)
    over.set()
    for worker in workers:
        worker.join()
    found = {"command": sys.argv, "seconds": round(time.monotonic() - begun), **summary(results)}
    file.with_suffix(".summary.json").write_text(json.dumps(found, indent=2))
    print(json.dumps(found, indent=2))
    return not found["failed seeds"]


def replay(seed: int) -> bool:
    """One life again."""
    root = Path(tempfile.mkdtemp(prefix="agent-os-crash-"))
    print(drawn(seed))
    found = next(lives(iter([seed]), root))
    tell(found, [found])
    return not found["error"]


def main() -> int:
    """0 when nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("crash-runs.jsonl"))
    parser.add_argument("--replay", type=int, metavar="SEED")
    given = parser.parse_args()
    if given.replay is not None:
        return 0 if replay(given.replay) else 1
    return 0 if run(given.runs, given.processes, given.seed, given.json) else 1


if __name__ == "__main__":
    sys.exit(main())
