"""`./demo.sh --plan`: a list of requirements becomes a program in an empty repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.demo_runs import ROOT, play
from tests.cli.demo_terminal import nothing_runs


@pytest.mark.long
def test_a_list_becomes_a_program(tmp_path: Path) -> None:
    played = play(tmp_path, "--plan")
    assert played.code == 0, played.said
    assert [(t["state"], t["attempts"]) for t in played.summary["tasks"]] == [("done", 1)] * 5
    lines, words, longest = played.summary["printed"].splitlines()
    text = (ROOT / "scripts/demo/plan/REQUIREMENTS.md").read_text()
    assert lines == f"lines: {len(text.splitlines())}"
    assert words == f"words: {len(text.split())}"
    assert longest.startswith("longest: ")
    assert nothing_runs(tmp_path)
