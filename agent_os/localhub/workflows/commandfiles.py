"""The files through which a step speaks to the runner: GITHUB_ENV, GITHUB_PATH and others."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent_os.localhub.workflows.problems import BadCommandFile

MAX_SUMMARY_CHARS = 60_000
MAX_BYTES = 1024 * 1024
NAMES = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class CommandFiles:
    """Fresh, empty command files for one step."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> "CommandFiles":
        """Make the folder and its empty files."""
        folder.mkdir(parents=True)
        for name in NAMES:
            (folder / name).touch()
        return cls(folder)

    def environment(self) -> dict[str, str]:
        """The variables that tell the step where the files are."""
        return {name: str(self.folder / name) for name in NAMES}

    def variables(self) -> dict[str, str]:
        """What the step put into GITHUB_ENV; raises BadCommandFile. GITHUB_OUTPUT must parse too,
        though nothing here can read an output."""
        self._parse("GITHUB_OUTPUT")
        return self._parse("GITHUB_ENV")

    def paths(self) -> list[str]:
        """What the step put into GITHUB_PATH, the newest first."""
        lines = self._text("GITHUB_PATH").splitlines()
        return [line for line in reversed(lines) if line and "\x00" not in line]

    def summary(self) -> str:
        """The Markdown in GITHUB_STEP_SUMMARY, bounded."""
        return self._text("GITHUB_STEP_SUMMARY")[:MAX_SUMMARY_CHARS]

    def _text(self, name: str) -> str:
        path = self.folder / name
        if path.is_symlink() or not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode("utf-8", "replace")

    def _parse(self, name: str) -> dict[str, str]:
        found: dict[str, str] = {}
        lines = iter(self._text(name).splitlines())
        for line in lines:
            if not line:
                continue
            key, mark, value = _split(line)
            if (not _VARIABLE.fullmatch(key) and (name == "GITHUB_ENV" or not key)) or not mark:
                raise BadCommandFile(f"{name}: '{line[:200]}' is not NAME=value")
            found[key] = value if mark == "=" else _until(lines, value, name)
            if "\x00" in found[key]:
                raise BadCommandFile(f"{name}: the value of {key} holds a NUL character")
        return found


def _split(line: str) -> tuple[str, str, str]:
    """NAME, the mark that comes first (= or <<), and the rest."""
    equals, heredoc = line.find("="), line.find("<<")
    if heredoc >= 0 and (equals < 0 or heredoc < equals):
        return line.partition("<<")
    return line.partition("=")


def _until(lines: Iterator[str], end: str, name: str) -> str:
    value: list[str] = []
    for line in lines:
        if line == end:
            return "\n".join(value)
        value.append(line)
    raise BadCommandFile(f"{name}: the line '{end}' that ends a value is missing")
