"""What an error means for the attempt: a code from the closed set, and one line."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass

from agent_os.attempt.signature import fingerprint
from agent_os.attempt.stopping import Stopped
from agent_os.domain.errors import AgentOSError, GitError, SandboxError
from agent_os.domain.failures import FailureCode

_NO_SPACE = ("No space left on device", "Disk quota exceeded")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MAX_DETAIL = 500


@dataclass(frozen=True)
class Failure:
    """`signature` is equal when the same thing failed again."""

    code: FailureCode
    detail: str
    signature: str


def failure(code: FailureCode, detail: str, *evidence: str) -> Failure:
    """A failure whose signature comes from `evidence`, or from the detail if there is none."""
    # It may quote what an agent or a test wrote, and is shown in terminals.
    said = _CONTROLS.sub("\ufffd", detail[:_MAX_DETAIL])
    return Failure(code, said, f"{code}:{fingerprint(*(evidence or (detail,)))}")


def failure_of(error: Exception) -> Failure:
    """What an exception that ended a stage means."""
    if isinstance(error, Stopped):
        return failure(FailureCode.LOST, str(error))
    if is_disk_full(error):
        return failure(FailureCode.DISK_FULL, "No space left on the disk.", "")
    if isinstance(error, GitError):
        return failure(FailureCode.GIT_FAILED, str(error))
    if isinstance(error, SandboxError):
        return failure(FailureCode.SANDBOX_FAILED, str(error))
    kind = type(error).__name__
    first = (str(error).splitlines() or [""])[0]
    code = FailureCode.AGENT_MISSING if isinstance(error, AgentOSError) else FailureCode.LOST
    return failure(code, f"{kind}: {first}" if code is FailureCode.LOST else str(error))


def is_disk_full(error: BaseException) -> bool:
    """Whether the disk or a quota was full, also where git says so."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    text = f"{error.message} {error.output}" if isinstance(error, GitError) else ""
    return any(words in text for words in _NO_SPACE)
