"""A job's log cut into its steps."""

from dataclasses import dataclass, field

GROUP, END, ERROR, WARNING = "##[group]", "##[endgroup]", "##[error]", "##[warning]"
MAX_LINES = 2_000


@dataclass
class Section:
    """One step's part of the log; lines are (kind, text), kind is head, error, warning or plain."""

    title: str
    lines: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    left_out: int = 0

    def take(self, other: "Section") -> None:
        """Add a part that turned out to belong here."""
        self.lines += [("plain", other.title), *other.lines]
        self.left_out += other.left_out


def sections(text: str) -> list[Section]:
    """The log by steps, each with its last MAX_LINES lines."""
    found: list[Section] = []
    head = False
    for line in text.splitlines():
        if line.startswith(GROUP):
            found.append(Section(line.removeprefix(GROUP)))
            head = True
        elif line == END and head:
            head = False
        else:
            if not found:
                found.append(Section("Set up job"))
            found[-1].lines.append(_line(line, head=head))
    for one in found:
        one.left_out = max(0, len(one.lines) - MAX_LINES)
        del one.lines[: one.left_out]
    return found


def _line(line: str, *, head: bool) -> tuple[str, str]:
    if line.startswith(ERROR):
        return "error", line.removeprefix(ERROR)
    if line.startswith(WARNING):
        return "warning", line.removeprefix(WARNING)
    return ("head" if head else "plain"), line
