"""Figures as text for people, as markdown and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from scripts.benchmarks.figure import Figure, Table

_STARTS = 7


def machine() -> dict[str, Any]:
    """What the figures depend on; nothing that names the machine."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True)
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "git": git.stdout.removeprefix("git version ").strip(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "python_start_ms": _start_ms(sys.executable, "-c", "pass"),
        "git_start_ms": _start_ms("git", "--version"),
    }


def _start_ms(*command: str) -> int:
    """How long a small process takes: says how busy the machine is."""
    taken: list[float] = []
    for _ in range(_STARTS):
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(taken))


def as_json(figures: Sequence[Figure], facts: dict[str, Any], command: str) -> dict[str, Any]:
    rows = [{**asdict(f), "value": f.value, "met": f.met} for f in figures]
    return {"command": command, "machine": facts, "figures": rows}


def as_markdown(figures: Sequence[Figure], facts: dict[str, Any], command: str) -> str:
    """The table, its details, the machine and the command."""
    lines = [f"`{command}` on {_described(facts)}", ""]
    columns = ("figure", "target", "measured", "met", "runs", "min · median · max", "how")
    rows = [
        (
            f.what,
            f.target or "–",
            f"{_number(f.value)} {f.unit}",
            {True: "yes", False: "**no**", None: "–"}[f.met],
            f.spread.runs,
            f"{_number(f.spread.low)} · {_number(f.spread.median)} · {_number(f.spread.high)}",
            f.how,
        )
        for f in figures
    ]
    lines += _grid(columns, rows)
    for table in (t for f in figures for t in f.tables):
        lines += ["", f"### {table.title}", "", *_detail(table)]
    return "\n".join(lines) + "\n"


def _described(facts: dict[str, Any]) -> str:
    load = " · ".join(str(value) for value in facts["load"])
    return (
        f"{facts['system']}, {facts['cores']} cores, {facts['memory_gb']} GB, "
        f"Python {facts['python']}, git {facts['git']}; before the run: load {load}, a Python "
        f"starts in {facts['python_start_ms']} ms, a git in {facts['git_start_ms']} ms"
    )


def _detail(table: Table) -> list[str]:
    return _grid(table.columns, table.rows)


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str | float]]) -> list[str]:
    def line(cells: Sequence[str | float]) -> str:
        return (
            "| " + " | ".join(_number(c) if isinstance(c, float) else str(c) for c in cells) + " |"
        )

    return [line(columns), "|" + " --- |" * len(columns), *map(line, rows)]


def _number(value: float) -> str:
    """Three digits that say something."""
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value)}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
