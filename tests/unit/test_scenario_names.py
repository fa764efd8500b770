"""`agent-os simulate`: what is no scenario is said with the names of the examples."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent_os.cli.main import app


@pytest.mark.parametrize("name", ["nope", "../scenarios/plain"])
def test_the_examples_are_named(name: str) -> None:
    said = CliRunner().invoke(app, ["simulate", name, "--weeks", "1"])
    assert said.exit_code != 0
    assert "Name a YAML file, or one of:" in said.output and "plain" in said.output


def test_a_file_of_ones_own_comes_before_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plain").write_text("no: scenario\n")
    said = CliRunner().invoke(app, ["simulate", "plain"])
    assert said.exit_code == 1 and "plain, line 1" in said.output
