"""What may come between any two steps of a job: its process dies, or others act meanwhile."""

from __future__ import annotations

from typing import Protocol


class Crash(BaseException):
    """The process `pid` is killed here. Nothing of ours catches it."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


class Points(Protocol):
    def reached(self, name: str) -> None:
        """The process at work has come to this point. May raise its Crash."""
        ...

    def must(self, holds: object, said: str) -> None:
        """The scenario has failed unless it holds."""
        ...

    def changed(self, verb: str, path: str) -> None:
        """A write of ours has been done. Violation if it must not have been."""
        ...


class Violation(BaseException):
    """Something happened that must never happen. No boundary of ours may take it for trouble."""
