"""How the continuous integration behaves, as tests order it."""

import re
import threading
from dataclasses import dataclass, field, fields
from typing import Any

from agent_os.localhub.chances import Chance
from agent_os.localhub.errors import Refusal


@dataclass
class Flip:
    """Turns the conclusion of the next `count` runs of repositories that match `repo` (a regular
    expression over owner/name) into its opposite; a later attempt concludes as it is.

    count -- None for no end; without it 1, or no end when `probability` is given. `event` is
    push, pull_request or * for both.
    """

    repo: str = ""
    event: str = "*"
    count: int | None = 1
    probability: float = 1.0
    seed: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        try:
            self._pattern = re.compile(self.repo)
        except re.error as error:
            raise Refusal(422, f"repo is no regular expression: {error}") from error
        self._chance = Chance(self.probability, self.seed)

    @classmethod
    def ordered(cls, body: dict[str, Any]) -> "Flip":
        """From the fields of an admin request; 422 for others."""
        known = {each.name for each in fields(cls)} - {"fired"}
        if not body.keys() <= known:
            raise Refusal(422, f"a flip has some of {', '.join(sorted(known))}")
        endless: dict[str, Any] = {"count": None} if "probability" in body else {}
        return cls(**{**endless, **body})

    def hits(self, repo: str, event: str) -> bool:
        """Whether the run is flipped; counted."""
        spent = self.count is not None and self.count <= 0
        if spent or self.event not in ("*", event) or not self._pattern.search(repo):
            return False
        if not self._chance.hits(f"{repo} {event}"):
            return False
        self.fired += 1
        if self.count is not None:
            self.count -= 1
        return True


@dataclass
class CiSettings:
    """`parallel` runs at a time; `delay` (seconds) passes before each run."""

    parallel: int = 2
    delay: float = 0.0
    paused: bool = False
    flips: list[Flip] = field(default_factory=list[Flip])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take_flip(self, repo: str, event: str) -> bool:
        """Whether the run that begins now is to conclude as its opposite."""
        with self._lock:
            return any(flip.hits(repo, event) for flip in self.flips)

    def shown(self) -> dict[str, Any]:
        """As GET /_hub/ci shows it."""
        flips = [{f.name: getattr(flip, f.name) for f in fields(flip)} for flip in self.flips]
        return {"delay": self.delay, "paused": self.paused, "flips": flips}
