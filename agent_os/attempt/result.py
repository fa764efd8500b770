"""`.agent_result.md`: one model is the prompt's instructions, the example, and the parser."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent_os.attempt import asking
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FAMILIES, FailureCode, Family
from agent_os.domain.requests import MOST_REQUESTS, AgentRequest, Grant
from agent_os.workspace.candidates import is_real_directory, read_regular

FILE_NAME = ".agent_result.md"
MAX_BYTES = 256 * 1024
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
#: An agent can only lower the verdict: codes that would not be charged are not its to claim.
BLOCKERS = (
    *(code for code in FailureCode if FAMILIES[code] is Family.PERSON),
    FailureCode.INCOMPLETE,
    FailureCode.CONFLICT,
    FailureCode.TESTS_FAILED,
)


_FRONT = {"status", "blocker", "requests"}


class Status(StrEnum):
    COMPLETE = "complete"
    PARTIAL = "partial"
    BLOCKED = "blocked"


def _section(title: str, ask: str, example: str) -> str:
    return Field(default="", title=title, description=ask, examples=[example])


class AgentResult(BaseModel):
    """What the agent says of its work. Strict: what is unknown or left unfilled is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Status
    blocker: FailureCode | None = None
    requests: tuple[AgentRequest, ...] = Field(default=(), max_length=MOST_REQUESTS)
    summary: str = _section(
        "Summary",
        "What you did and why, in one to three sentences. Required.",
        "`parse_date` dropped the time zone; it now returns aware times.",
    )
    changed: str = _section(
        "Changed",
        "The files you changed, each with a word on how.",
        "- `dates.py`: keep the offset\n- `tests/test_dates.py`: a case with an offset",
    )
    remaining: str = _section(
        "Remaining",
        "What is left to do, or `None`.",
        "None",
    )
    failed_approaches: str = _section(
        "Failed approaches",
        "What you tried that did not work, so that nobody tries it again, or `None`.",
        "`datetime.fromisoformat` alone rejects the suffix `GMT`.",
    )
    next_step: str = _section(
        "Next step",
        "The first thing that whoever goes on should do, or `None`.",
        "None",
    )
    tests_run: str = _section(
        "Tests run",
        "The commands you ran to check your work, and what they said.",
        "`pytest -q`: 31 passed",
    )
    risks: str = _section(
        "Risks",
        "What could break, or what you are unsure of, or `None`.",
        "Callers that compare with naive times will raise now.",
    )
    manual_steps: str = _section(
        "Manual steps",
        "What a person must do by hand afterwards, or `None`.",
        "None",
    )

    @model_validator(mode="after")
    def _whole(self) -> AgentResult:
        if self.status is Status.COMPLETE and self.blocker is not None:
            raise ValueError("`blocker` must be left out when status is complete")
        if self.status is not Status.COMPLETE and self.blocker not in BLOCKERS:
            raise ValueError(f"`blocker` must be one of {', '.join(BLOCKERS)}")
        if too_long := asking.too_long(self.requests):
            raise ValueError(too_long)
        if not self.summary:
            raise ValueError("the section Summary is missing or empty")
        for name, title, ask in sections():
            if is_placeholder(str(getattr(self, name)), ask):
                raise ValueError(f"the section {title} still holds a placeholder")
        return self


def sections() -> list[tuple[str, str, str]]:
    """(field, title, what to write) of each section, in order."""
    fields = AgentResult.model_fields.items()
    return [(name, f.title, f.description or "") for name, f in fields if f.title]


def instructions(grant: Grant) -> str:
    """What the prompt says about the file, and about what may be asked for in it."""
    lines = [f"- `## {title}`: {ask}" for _, title, ask in sections()]
    blockers = ", ".join(f"`{code}`" for code in BLOCKERS)
    return "\n".join(
        [
            f"When you end, write the file `{FILE_NAME}` in the top folder; do not commit it.",
            "It starts with YAML front matter: `status` is one of "
            + ", ".join(f"`{status}`" for status in Status)
            + f"; unless it is `complete`, `blocker` is one of {blockers}.",
            "Then these sections, and no others:",
            *lines,
            *asking.instructions(grant),
        ]
    )


def example() -> str:
    """A file that the parser takes; shown in the prompt."""
    parts = ["---", f"status: {Status.COMPLETE}", "---"]
    for name, title, _ in sections():
        shown = (AgentResult.model_fields[name].examples or [""])[0]
        parts.append(f"\n## {title}\n\n{shown}")
    return "\n".join(parts) + "\n"


def read_result(work: Path) -> bytes | None:
    """The file's bytes, or None when there is none. BadInput if it is a link or too large."""
    return read_left(work, FILE_NAME, MAX_BYTES)


def read_left(work: Path, name: str, max_bytes: int) -> bytes | None:
    """The same for any file that an agent leaves for us in its work dir."""
    path = work / name
    if not is_real_directory(work):
        return None
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise BadInput(f"{name} is not a regular file.")
    if not path.exists():
        return None
    data = read_regular(path, max_bytes + 1)
    if len(data) > max_bytes:
        raise BadInput(f"{name} is larger than {max_bytes:,} bytes.")
    return data


def parse_result(data: bytes) -> AgentResult:
    """Read the file strictly. BadInput says what is wrong, in words an agent can act on."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{FILE_NAME} is not UTF-8 (byte {error.start}).") from error
    # Who shows it need not think of what a terminal would obey.
    text = _CONTROLS.sub("\ufffd", text)
    match = re.match(r"\ufeff?\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)(.*)", text, re.S)
    if match is None:
        raise BadInput(f"{FILE_NAME} must start with front matter between lines of `---`.")
    try:
        front = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        # PyYAML raises ValueError for a date that does not exist, for one, and the next two for
        # `!!bool x` and `!!timestamp x`.
        raise BadInput(f"The front matter of {FILE_NAME} is not YAML{_where(error)}.") from error
    if not isinstance(front, dict) or not set(front) <= _FRONT:
        known = "`status`, `blocker` and `requests`"
        raise BadInput(f"The front matter of {FILE_NAME} holds {known} only.")
    try:
        return AgentResult.model_validate({**front, **_parse_sections(match[2])})
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"][:1] == ("requests",):
            raise BadInput(f"{FILE_NAME}: {asking.what_is_wrong(first)}") from error
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{FILE_NAME}: {f'{where}: ' if where else ''}{first['msg']}.") from error


def _where(error: Exception) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ""
    return f": line {error.problem_mark.line + 2}: {error.problem}"


def _parse_sections(body: str) -> dict[str, str]:
    names = {title.casefold(): name for name, title, _ in sections()}
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    fenced = False
    for line in body.splitlines():
        fenced ^= line.lstrip().startswith("```")
        # Not one expression for the whole line: that takes for ever on a line made for it.
        heading = None if fenced else re.match(r"#{1,2}\s+(?=\S)", line)
        if heading:
            title = line[heading.end() :].rstrip().rstrip("#").rstrip()
            name = names.get(title.casefold())
            if name is None or name in found:
                why = "twice" if name in found else "unknown"
                raise BadInput(f"{FILE_NAME}: the section {title[:60]!r} is {why}.")
            current = found[name] = []
        elif current is not None:
            current.append(line)
        elif line.strip():
            raise BadInput(f"{FILE_NAME}: text before the first section.")
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def is_placeholder(text: str, ask: str) -> bool:
    """Whether `text` only stands for what was asked for by `ask`."""
    plain = " ".join(text.split()).strip("`*_ ").casefold()
    if plain.rstrip(".:!") in ("todo", "tbd", "fixme", "xxx") or set(plain) & {".", "…"} == set(
        plain or "?"
    ):
        return True
    if plain.rstrip(".") == " ".join(ask.split()).casefold().rstrip("."):
        return True
    return re.fullmatch(r"<[^<>]+>\.?", plain) is not None or plain.startswith(("todo:", "<one "))
