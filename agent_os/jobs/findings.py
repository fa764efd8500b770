"""What a check of the set-up found."""

from __future__ import annotations

from enum import StrEnum

from agent_os.domain.contract import Contract


class Grade(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(Contract):
    """One line of `agent-os doctor`; `fix` may have several."""

    name: str
    grade: Grade
    detail: str
    fix: str = ""
