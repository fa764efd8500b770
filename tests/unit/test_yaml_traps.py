"""YAML that means something else than it seems to: refused, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_os.config.loading import load_config
from agent_os.domain.errors import ConfigError

TRAPS = [
    ("limits: {attempts: 2}\nlimits: {attempts: 3}\n", "line 3: `limits` is there twice"),
    ("limits:\n  attempts: 2\n  attempts: 3\n", "line 4: `attempts` is there twice"),
    ("labels: &a {ready: Go}\npeople: *a\n", "line 3: aliases"),
    ("routing: " + "[" * 200_000, "line 2: it is nested more than 100 deep"),
    ("routing: {debuging: []}\n", "line 2: `routing.debuging`: no such task type"),
]


@pytest.mark.parametrize(("text", "said"), TRAPS)
def test_it_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"github: {{token: $T}}\n{text}")
    with pytest.raises(ConfigError) as refused:
        load_config(path, {"T": "x"})
    assert said in refused.value.message
