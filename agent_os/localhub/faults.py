"""Failures ordered beforehand, for requests whose method and path match."""

import re
import threading
from dataclasses import dataclass, field, fields
from typing import Any

from agent_os.localhub.chances import Chance
from agent_os.localhub.errors import Refusal
from agent_os.localhub.traffic import is_write

KINDS = (
    "status",
    "drop_before",
    "drop_after",
    "latency",
    "primary_limit",
    "secondary_limit",
    "stale",
    "hide_newest",
)
#: These change how an answer is made, and may hit together with others; all else ends the matter.
SOFT = ("latency", "stale", "hide_newest")
#: Kinds of GraphQL operations.
OPERATIONS = ("query", "mutation")
#: The longest delay or age that can be ordered, in seconds.
MOST_SECONDS = 600.0


@dataclass
class Fault:
    """Applies to the next `count` requests of `method` (or *) whose path matches `path`.

    kind -- status: answer `status` with `headers` and `body`. drop_before, drop_after: cut the
    connection before or after the change. latency: wait `seconds`. primary_limit,
    secondary_limit: GitHub's refusals (403, or `status` 429), over in `seconds`. stale: reads see
    the storage as of `seconds` ago. hide_newest: lists leave out the `items` newest entries.
    count -- None for no end; without it 1, or no end when `probability` is given.
    operation -- `query` or `mutation`: hits GraphQL operations of this kind only.
    probability, seed -- hit that part of the matching requests, replayably.
    git sends a request once more by itself when a connection it used before is dropped: to make
    a push fail, order more than one.
    """

    path: str
    method: str = "*"
    kind: str = "status"
    operation: str | None = None
    status: int | None = None
    count: int | None = 1
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    seconds: float = 1.0
    items: int = 1
    probability: float = 1.0
    seed: int = 0
    matched: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise Refusal(422, f"kind must be one of {', '.join(KINDS)}")
        if self.operation not in (None, *OPERATIONS):
            raise Refusal(422, f"operation must be one of {', '.join(OPERATIONS)}")
        if not 0 <= self.seconds <= MOST_SECONDS:
            raise Refusal(422, f"seconds must be between 0 and {MOST_SECONDS:g}")
        try:
            self._pattern = re.compile(self.path)
        except re.error as error:
            raise Refusal(422, f"path is no regular expression: {error}") from error
        self._chance = Chance(self.probability, self.seed)

    @classmethod
    def ordered(cls, body: dict[str, Any]) -> "Fault":
        """From the fields of an admin request; 422 for others."""
        known = {each.name for each in fields(cls)} - {"matched", "fired"}
        if "path" not in body or not body.keys() <= known:
            raise Refusal(422, f"a fault has path and some of {', '.join(sorted(known))}")
        endless: dict[str, Any] = {"count": None} if "probability" in body else {}
        return cls(**{**endless, **body})

    @property
    def soft(self) -> bool:
        """Whether it leaves the request its answer."""
        return self.kind in SOFT

    @property
    def spent(self) -> bool:
        """Whether it hits nothing any more."""
        return self.count is not None and self.count <= 0

    def strikes(self, method: str, path: str, operation: str | None) -> bool:
        """Whether this fault hits the request; counted."""
        if self.spent or self.method not in ("*", method) or not self._pattern.search(path):
            return False
        if self.operation not in (None, operation):
            return False
        if self.kind in ("stale", "hide_newest") and is_write(method, path, operation):
            return False
        self.matched += 1
        if not self._chance.hits(f"{method} {path}"):
            return False
        self.fired += 1
        if self.count is not None:
            self.count -= 1
        return True

    def shown(self) -> dict[str, Any]:
        """Its fields, and how often it matched and fired."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True)
class Strike:
    """What hits one request: at most one `hard` fault, and soft ones beside it."""

    hard: Fault | None = None
    delay: float = 0.0
    stale: float = 0.0
    hidden: int = 0


class Faults:
    """The ordered faults, in the order they were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        with self._lock:
            self._faults.append(fault)

    def take(self, method: str, path: str, operation: str | None = None) -> Strike:
        """What hits this request, now used once. `operation` is the kind of a GraphQL one."""
        with self._lock:
            hard: Fault | None = None
            soft: list[Fault] = []
            for fault in self._faults:
                if (fault.soft or hard is None) and fault.strikes(method, path, operation):
                    if fault.soft:
                        soft.append(fault)
                    else:
                        hard = fault
        return Strike(
            hard,
            sum(each.seconds for each in soft if each.kind == "latency"),
            max((each.seconds for each in soft if each.kind == "stale"), default=0.0),
            sum(each.items for each in soft if each.kind == "hide_newest"),
        )

    def longest_staleness(self) -> float:
        """How far back reads may be asked to look, in seconds; 0 for not at all."""
        with self._lock:
            ages = [f.seconds for f in self._faults if f.kind == "stale" and not f.spent]
        return max(ages, default=0.0)

    def listed(self, *, spent: bool = False) -> list[dict[str, Any]]:
        """Those still to come, or `spent` ones too, each with its counters."""
        with self._lock:
            return [fault.shown() for fault in self._faults if spent or not fault.spent]

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._faults.clear()
