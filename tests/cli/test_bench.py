"""The bench goes on working: its smallest figures, as a person would ask for them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "scripts" / "bench.py"
SECONDS = 300


def bench(folder: Path, *words: str) -> tuple[dict[str, Any], str]:
    """What it measured, by name, and what it printed; missed targets are no failure here."""
    told = folder / "figures.json"
    done = subprocess.run(
        [sys.executable, str(BENCH), "--quick", "--json", str(told), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode in (0, 1) and told.exists(), done.stderr
    data = json.loads(told.read_text())
    return {figure["name"]: figure for figure in data["figures"]}, done.stdout


def test_the_smallest_figures(tmp_path: Path) -> None:
    small = ("--size", "events=40", "--size", "ticks=2", "--size", "runs=1")
    figures, printed = bench(tmp_path, *small, "--only", "append", "idle")
    assert figures["append"]["value"] > 0
    assert figures["append"]["at_least"] is True
    assert figures["idle-dispatcher"]["value"] == 1
    assert figures["idle-monitor"]["met"] is True
    assert all(figure["what"] in printed for figure in figures.values())


def test_what_is_not_a_figure_is_refused() -> None:
    command = [sys.executable, str(BENCH), "--only", "speed"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "'throughput'" in done.stderr


@pytest.mark.long
def test_a_task_of_the_bench_is_merged(tmp_path: Path) -> None:
    figures, printed = bench(tmp_path, "--size", "path=1", "--only", "webhooks")
    assert figures["calls-webhooks"]["value"] > 0
    assert 0 < figures["start-webhooks"]["value"] < figures["overhead"]["value"]
    assert "POST /repos/{repo}/pulls" in printed


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    ["polling", "runner", "control-plane", "status", "workdir", "throughput", "growth"],
)
def test_every_other_figure_can_be_measured(tmp_path: Path, name: str) -> None:
    figures, _ = bench(tmp_path, "--size", "tasks=8", "--only", name)
    assert all(figure["spread"]["runs"] > 0 for figure in figures.values())
