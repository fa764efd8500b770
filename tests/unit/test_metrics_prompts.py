"""Versions of prompts: equal when all templates were equal, the owner's among them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent_os.attempt.gates.changes import Change, paths_of
from agent_os.attempt.prompt import version


def test_a_version_is_short_and_the_same_each_time(tmp_path: Path) -> None:
    ours = version("prompt.md.j2", tmp_path)
    assert re.fullmatch(r"[0-9a-f]{12}", ours)
    assert version("prompt.md.j2", tmp_path) == ours
    assert version("answer.md.j2", tmp_path) != ours


@pytest.mark.parametrize("name", ["prompt.md.j2", "parts.md.j2"])
def test_a_template_of_the_owners_makes_another_one(tmp_path: Path, name: str) -> None:
    """Also one that is only included; one that is not used makes none."""
    ours = version("prompt.md.j2", tmp_path)
    (tmp_path / "review.md.j2").write_text("Another review.")
    assert version("prompt.md.j2", tmp_path) == ours
    (tmp_path / name).write_text("Do {{ title }}.")
    mine = version("prompt.md.j2", tmp_path)
    assert mine != ours
    (tmp_path / name).write_text("Do {{ title }} now.")
    assert version("prompt.md.j2", tmp_path) not in (mine, ours)


def test_an_include_in_a_circle_ends(tmp_path: Path) -> None:
    (tmp_path / "parts.md.j2").write_text('{% include "prompt.md.j2" %}')
    assert len(version("prompt.md.j2", tmp_path)) == 12


def test_paths_in_the_record_are_bounded_text() -> None:
    odd = "caf\udce9" + "x" * 500
    changes = tuple(Change(f"{n:03}-{odd}", "M", "100644", "100644") for n in range(99))
    paths = paths_of(changes)
    assert len(paths) == 50 and all(len(path) == 200 for path in paths)
    assert paths[0].startswith("000-caf?x")
    assert all(path.encode() for path in paths)  # it can be stored
