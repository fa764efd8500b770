"""The named scenarios; those that take figures are functions too."""

from __future__ import annotations

from collections.abc import Mapping

from tests.models.scenario import Scenario, Script
from tests.models.steps import (
    BadArguments,
    Fail,
    Hang,
    Kind,
    Say,
    Several,
    Shell,
    SlowTokens,
    ToolNeverEnds,
    Truncate,
    Write,
    overflow,
    prose,
)
from tests.models.work import patch

#: What the scripts write when they are not given anything else.
FILES: Mapping[str, str] = {"hello.txt": "Hello from the script.\n"}
RESET_SECONDS = 30.0
PARALLEL = 8


def rate_limited_reset(seconds: float = RESET_SECONDS) -> Scenario:
    """429 with the time until it is over, in the header and in each vendor's own form."""
    return Scenario((Fail(Kind.RATE_LIMITED, retry_after=seconds, resets_in=seconds),))


def quota_plan(seconds: float = 3 * 3600) -> Scenario:
    """A subscription's or plan's limit, with its reset."""
    return Scenario((Fail(Kind.QUOTA_PLAN, resets_in=seconds),))


def quota(seconds: float = 17.5) -> Scenario:
    """No credit, no balance, no requests left today (Gemini tells a retry delay even so)."""
    return Scenario((Fail(Kind.QUOTA, resets_in=seconds),))


def parallel(count: int = PARALLEL, work: Script | None = None) -> Scenario:
    """Writes `count` files in one answer, then runs as many commands in one, then does the work."""
    writes = tuple(Write(f"part{n}.txt", f"part {n}\n") for n in range(count))
    shells = tuple(Shell(f"echo command {n}") for n in range(count))
    done = patch(FILES) if work is None or callable(work) else tuple(work)
    return Scenario((Several(writes), Several(shells), *done))


def chatty(megabytes: int = 2, turns: int = 2) -> Scenario:
    """Much text before the work: `megabytes` in all, over `turns` answers."""
    text = prose(megabytes * 1024 * 1024 // turns)
    talk = tuple(Shell(f"echo turn {n}", saying=text) for n in range(turns))
    return Scenario((*talk, *patch(FILES)))


def invalid_result(text: str = "status: done\nI did it all.\n") -> Scenario:
    """The work is right, the result file is not, until a repair is asked for."""
    return Scenario(patch(FILES, result=text), repair=patch({}))


def recovers(times: int = 2, seconds: float = 1) -> Scenario:
    """429 for the first calls, then it works."""
    fail = Fail(Kind.RATE_LIMITED, retry_after=seconds, resets_in=seconds)
    return Scenario(patch(FILES), first=(fail,) * times)


def succeed(files: Mapping[str, str] = FILES) -> Scenario:
    return Scenario(patch(files))


NAMED: Mapping[str, Scenario] = {
    "succeed": succeed(),
    "unauthorized": Scenario((Fail(Kind.UNAUTHORIZED),)),
    "bad_key": Scenario((Fail(Kind.BAD_KEY),)),
    "forbidden": Scenario((Fail(Kind.FORBIDDEN),)),
    "rate_limited": Scenario((Fail(Kind.RATE_LIMITED),)),
    "rate_limited_reset": rate_limited_reset(),
    "server_error": Scenario((Fail(Kind.SERVER_ERROR),)),
    "overloaded": Scenario((Fail(Kind.OVERLOADED),)),
    "overloaded_in_stream": Scenario((Fail(Kind.OVERLOADED, in_stream=True),)),
    "quota": quota(),
    "quota_plan": quota_plan(),
    "model_missing": Scenario((Fail(Kind.MODEL_MISSING),)),
    "overflow": Scenario((overflow(),)),
    "overflow_later": Scenario((Shell("echo before the overflow"), overflow())),
    "truncated": Scenario((Truncate(),)),
    "truncated_clean": Scenario((Truncate(clean=True),)),
    "hang": Scenario((Hang(),)),
    "hang_after_headers": Scenario((Hang(headers=True),)),
    "slow": Scenario((SlowTokens(act=Shell("echo slowly")), *patch(FILES))),
    "endless_tool": Scenario((ToolNeverEnds(),)),
    "parallel": parallel(),
    "bad_arguments": Scenario((BadArguments(), *patch(FILES))),
    "invalid_result": invalid_result(),
    "chatty": chatty(),
    "recovers": recovers(),
    "says_only": Scenario((Say("There is nothing to do."),)),
}
