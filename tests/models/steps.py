"""What a scripted model can do in one answer."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What went wrong; `words.py` says it as each vendor does."""

    UNAUTHORIZED = "unauthorized"
    BAD_KEY = "bad_key"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    OVERLOADED = "overloaded"
    QUOTA = "quota"
    QUOTA_PLAN = "quota_plan"
    MODEL_MISSING = "model_missing"
    OVERFLOW = "overflow"
    BAD_REQUEST = "bad_request"


def prose(length: int) -> str:
    """That many characters of text that never repeats itself: some programs look for loops."""
    lines = [f"{number} is followed by {number + 1}; " for number in range(10_000)]
    words = random.Random(1).randbytes(max(0, length - sum(map(len, lines))) // 2 + 1).hex(" ", 8)
    return ("".join(lines) + words)[:length]


@dataclass(frozen=True)
class Say:
    """A text without a tool call: the end of the model's turn."""

    text: str = "Done."


@dataclass(frozen=True)
class Write:
    """A file written by the program's own tool (or by its shell). `path` is relative."""

    path: str
    content: str
    saying: str = ""


@dataclass(frozen=True)
class Shell:
    command: str
    saying: str = ""


@dataclass(frozen=True)
class Use:
    """A call of the tool with exactly this name."""

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    saying: str = ""


@dataclass(frozen=True)
class BadArguments:
    """A call of the shell tool with cut JSON for arguments; wrong ones where JSON can't be cut."""

    saying: str = ""


@dataclass(frozen=True)
class ToolNeverEnds:
    """A shell call that blocks. It is made again and again, however often the program gives up."""

    command: str = "tail -f /dev/null"
    saying: str = ""


Act = Write | Shell | Use | BadArguments | ToolNeverEnds


@dataclass(frozen=True)
class Several:
    """Tool calls in one answer."""

    acts: tuple[Act, ...]
    saying: str = ""


@dataclass(frozen=True)
class Fail:
    """An error in the vendor's own words and fields.

    `status` replaces the vendor's own; `retry_after` (seconds) stands in the headers, `resets_in`
    (seconds) in the vendor's own field. `in_stream`: an error event after status 200.
    `detail` is what a bad request did wrong.
    """

    kind: Kind
    status: int | None = None
    retry_after: float | None = None
    resets_in: float | None = None
    in_stream: bool = False
    detail: str = ""


@dataclass(frozen=True)
class Truncate:
    """The answer ends in its middle: the connection is cut or, if `clean`, closed in good order."""

    text: str = prose(1500)
    after: float = 0.5
    clean: bool = False


@dataclass(frozen=True)
class Hang:
    """No answer; with `headers`, the status line and headers and then nothing."""

    headers: bool = False


@dataclass(frozen=True)
class SlowTokens:
    """A text that comes a word at a time, `pause` seconds apart; then the act, if there is one."""

    text: str = prose(100)
    pause: float = 0.2
    act: Act | None = None


Step = Say | Act | Several | Fail | Truncate | Hang | SlowTokens


def overflow() -> Fail:
    """The context is too long, in the vendor's words."""
    return Fail(Kind.OVERFLOW)
