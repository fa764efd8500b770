"""Unified diffs, parsed for display."""

import re
from dataclasses import dataclass, field

MAX_LINES = 5_000
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)")


@dataclass(frozen=True)
class Line:
    """One line: kind is add, del, same, hunk or note; numbers are None where there is no line."""

    kind: str
    text: str
    old: int | None = None
    new: int | None = None


@dataclass
class FileDiff:
    """One changed file; `was` is its former path when it was renamed."""

    path: str
    was: str | None = None
    note: str = ""
    additions: int = 0
    deletions: int = 0
    lines: list[Line] = field(default_factory=list[Line])


@dataclass(frozen=True)
class Diff:
    """The files in git's order; `cut` when lines were left out."""

    files: list[FileDiff]
    cut: bool

    @property
    def additions(self) -> int:
        """Added lines that are shown."""
        return sum(one.additions for one in self.files)

    @property
    def deletions(self) -> int:
        """Deleted lines that are shown."""
        return sum(one.deletions for one in self.files)


class _Reader:
    """Goes through git's output line by line."""

    def __init__(self) -> None:
        self.files: list[FileDiff] = []
        self.old = self.new = self.old_left = self.new_left = 0

    def feed(self, text: str) -> None:
        if self.old_left > 0 or self.new_left > 0 or text.startswith("\\"):
            self._content(text)
        elif text.startswith("diff --git "):
            self.files.append(FileDiff(text.rpartition(" b/")[2].rstrip('"')))
        elif self.files:
            self._header(self.files[-1], text)

    def _header(self, file: FileDiff, text: str) -> None:
        hunk = _HUNK.match(text)
        if hunk:
            self.old, self.new = int(hunk[1]), int(hunk[3])
            self.old_left, self.new_left = int(hunk[2] or 1), int(hunk[4] or 1)
            file.lines.append(Line("hunk", text))
        elif text.startswith("rename from "):
            file.was = text.removeprefix("rename from ")
        elif text.startswith("+++ b/"):
            file.path = text.removeprefix("+++ b/").rstrip("\t")
        elif text.startswith(("new file", "deleted file", "Binary files", "old mode", "new mode")):
            file.note = (file.note + ", " if file.note else "") + text

    def _content(self, text: str) -> None:
        file = self.files[-1]
        mark, content = text[:1], text[1:]
        if mark == "+":
            file.lines.append(Line("add", content, None, self.new))
            file.additions += 1
        elif mark == "-":
            file.lines.append(Line("del", content, self.old, None))
            file.deletions += 1
        elif mark == "\\":
            file.lines.append(Line("note", text.removeprefix("\\ ")))
            return
        else:
            file.lines.append(Line("same", content, self.old, self.new))
        if mark != "+":
            self.old, self.old_left = self.old + 1, self.old_left - 1
        if mark != "-":
            self.new, self.new_left = self.new + 1, self.new_left - 1


def parse(text: str) -> Diff:
    """Git's unified diff as files and lines, at most MAX_LINES of them."""
    reader = _Reader()
    lines = text.split("\n")
    for line in lines[:MAX_LINES]:
        reader.feed(line)
    return Diff(reader.files, len(lines) > MAX_LINES)
