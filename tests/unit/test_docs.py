"""Documentation is tested: tables, keys and generated files say what the code says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from agent_os.config.loading import load_config
from agent_os.config.repository_file import RepositoryFile
from agent_os.config.settings import Config
from agent_os.domain.failures import WHAT_TO_DO, FailureCode, family
from agent_os.domain.tasks import Status
from agent_os.jobs.registry import JOBS
from agent_os.jobs.unattended import crontab

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
EXAMPLE = (ROOT / "config.example.yaml").read_text()


def _rows(heading: str) -> list[list[str]]:
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


def test_readme_lists_every_failure_code_with_its_family_and_what_to_do() -> None:
    rows = {row[0].strip("` "): row for row in _rows("Failure codes")}
    assert set(rows) == {code.value for code in FailureCode}
    for code in FailureCode:
        assert rows[code.value][1] == family(code).value
        assert rows[code.value][3].rstrip(" |") == WHAT_TO_DO[code]


def test_readme_lists_every_state() -> None:
    assert {row[0].strip("` ") for row in _rows("States")} == {s.value for s in Status}


def _keys(model: Any, prefix: str = "") -> set[str]:
    """Of sections that are alike (the roles' profiles) the first one shows what they may hold."""
    found: set[str] = set()
    alike: set[type[BaseModel]] = set()
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= {key} if inner in alike else _keys(inner, f"{key}.")
            alike.add(inner)
        else:
            found.add(key)
    return found


def test_the_example_names_every_key_and_loads() -> None:
    config = load_config(ROOT / "config.example.yaml", {"AGENT_OS_GITHUB_TOKEN": "x"})
    assert config.agents["fixer"].read_only == (Path("/opt/fix.py"),)
    data = yaml.safe_load(EXAMPLE)

    def has(path: str) -> bool:
        node = data
        for part in path.split("."):
            if not isinstance(node, dict) or part not in node:
                return False
            node = node[part]
        return True

    missing = [key for key in _keys(Config) if not has(key)]
    assert missing == []


def test_the_example_says_the_defaults() -> None:
    data = yaml.safe_load(EXAMPLE)
    default = Config.model_validate({"github": {"token": "x"}}).model_dump(
        mode="json", by_alias=True
    )
    same = ("limits", "labels", "grant", "people", "schedule", "retention", "store")
    same += ("prompt_tokens",)
    for section in same:
        assert data[section] == default[section], section
    assert data["sandbox"] == default["sandbox"]


def test_every_key_has_a_meaning_beside_it() -> None:
    lines = EXAMPLE.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"^  [a-z_-]+:", line) and "#" not in line:
            before = lines[number - 1].strip()
            parent = next(x for x in reversed(lines[:number]) if re.match(r"^[a-z]", x))
            named = ("labels", "providers", "agents", "routing", "models", "prompt_tokens")
            group = parent.split(":")[0] in named
            assert before.startswith("#") or group, (
                f"config.example.yaml, line {number + 1}: {line}"
            )


def test_readme_names_every_key_of_the_repository_file() -> None:
    block = README.partition("```yaml")[2].partition("```")[0]
    for name in RepositoryFile.model_fields:
        if name != "test":
            assert re.search(rf"^\s*{name}:", block, re.MULTILINE), name


def test_crontab_example_is_generated() -> None:
    expected = crontab(None, "agent-os", Path("/path/to/config.yaml"))
    assert (ROOT / "crontab.example").read_text() == expected
    assert all(f" job {name} " in expected for name in JOBS)


def test_every_test_that_the_security_pages_name_is_there() -> None:
    text = (ROOT / "SECURITY.md").read_text() + (ROOT / "docs/security.md").read_text()
    named = set(re.findall(r"`(?:tests/)?([a-z0-9]+/(?:test_\w+\.py)?)(?:::(\w+))?`", text))
    assert named
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    for path, test in named:
        if path.split("/")[0] in folders:
            assert (ROOT / "tests" / path).exists(), path
            assert not test or f"def {test}(" in (ROOT / "tests" / path).read_text(), test
