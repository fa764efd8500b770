"""A town whose people use the command line: real processes, one hub for all tests of a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.town import Town
from tests.hub import HubProcess

SECONDS = 60


class CommandLine:
    """`agent-os` with this town's config."""

    def __init__(self, config: Path, token: str) -> None:
        self.config = config
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(config.parent),
            "TOKEN": token,
            "COLUMNS": "200",
            "AGENT_OS_CONFIG": str(config),
        }

    def run(self, *words: str, code: int = 0) -> str:
        """stdout and stderr of one command; the exit code is checked."""
        done = subprocess.run(
            [sys.executable, "-m", "agent_os", *words],
            env=self.env,
            cwd=self.config.parent,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, f"{words} ended with {done.returncode}:\n{said}"
        assert "Traceback" not in said, said
        return said

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Generator[HubProcess]:
    with HubProcess(
        tmp_path_factory.mktemp("hub") / "hub", ["alice", "agent-os", "bob"]
    ) as running:
        yield running


@pytest.fixture
def town(hub: HubProcess, tmp_path: Path) -> Generator[Town]:
    made = Town(hub, tmp_path / "town", f"acme/{tmp_path.name}")
    yield made
    made.end()


@pytest.fixture
def command(town: Town) -> CommandLine:
    return CommandLine(town.home / "config.yaml", town.token)
