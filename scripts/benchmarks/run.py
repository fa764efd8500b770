"""Takes the orders, measures one figure after the other, and writes them down."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from scripts.benchmarks import table
from scripts.benchmarks.figure import Figure, Measure, Setting
from scripts.benchmarks.figures import (
    agents,
    growth,
    idle,
    memory,
    path,
    sandbox,
    store,
    throughput,
    workdir,
)

#: Name and what is measured by it.
MEASURES: dict[str, Measure] = {
    "idle": idle.idle,
    "webhooks": path.webhooks,
    "polling": path.polling,
    "runner": memory.runner,
    "control-plane": memory.plane,
    "append": store.append,
    "status": store.status,
    "workdir": workdir.workdir,
    "sandbox": sandbox.sandbox,
    "agent": agents.overhead,
    "output": agents.much_output,
    "throughput": throughput.throughput,
    "fresh-base": throughput.fresh_base,
    "growth": growth.growth,
}


def main(arguments: list[str]) -> int:
    """0 when each target is met, 1 when one is not."""
    options = _options(arguments)
    # Also when it is ended from outside, nothing that it started stays behind.
    signal.signal(signal.SIGTERM, _ended)
    facts = table.machine()
    folder = Path(tempfile.mkdtemp(prefix="agent-os-bench-"))
    sizes = dict(size.split("=", 1) for size in options.size)
    found: list[Figure] = []
    try:
        for name in options.only or MEASURES:
            begun = time.monotonic()
            found += MEASURES[name](Setting(folder / name, options.quick, sizes))
            sys.stderr.write(f"{name}: {time.monotonic() - begun:.0f} s\n")
    finally:
        # Also when one of them fails: what was measured until then took its time.
        _write(options, found, facts)
        if options.keep:
            sys.stderr.write(f"kept: {folder}\n")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if all(figure.met is not False for figure in found) else 1


def _write(options: argparse.Namespace, found: list[Figure], facts: dict[str, Any]) -> None:
    command = " ".join(["python scripts/bench.py", *_repeatable(options)])
    text = table.as_markdown(found, facts, command)
    if options.markdown:
        options.markdown.write_text(text)
    if options.json:
        options.json.write_text(json.dumps(table.as_json(found, facts, command), indent=2) + "\n")
    sys.stdout.write(text)
    sys.stdout.flush()


def _ended(_number: int, _frame: object) -> None:
    raise SystemExit(143)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python scripts/bench.py", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=sorted(MEASURES), metavar="NAME", help="these")
    parser.add_argument("--quick", action="store_true", help="small numbers: does it run at all?")
    parser.add_argument("--size", action="append", default=[], metavar="NAME=N", help="a number")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything to FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables to FILE")
    parser.add_argument("--keep", action="store_true", help="leave what was made, and say where")
    return parser.parse_args(arguments)


def _repeatable(options: argparse.Namespace) -> list[str]:
    """The orders that decide about the figures."""
    words = ["--quick"] if options.quick else []
    words += [word for size in options.size for word in ("--size", size)]
    return words + (["--only", *options.only] if options.only else [])
