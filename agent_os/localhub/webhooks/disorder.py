"""What may go wrong with deliveries, as tests order it."""

import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agent_os.localhub.chances import Chance
from agent_os.localhub.errors import Refusal

ORDERS = ("kept", "reverse", "shuffle")
T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """duplicate, drop -- the part (0 to 1; true is all) of deliveries that are sent twice, or
    never. order -- kept, reverse or shuffle, among what came within `window` seconds, or while
    `paused`."""

    duplicate: float = 0.0
    drop: float = 0.0
    order: str = "kept"
    window: float = 0.2
    seed: int = 0
    paused: bool = False

    @classmethod
    def ordered(cls, body: dict[str, Any], before: "Settings") -> "Settings":
        """The settings before with what an admin request changes; 422 for others."""
        values = {**vars(before), **body}
        if values.keys() != vars(before).keys() or values["order"] not in ORDERS:
            known = ", ".join(sorted(vars(before)))
            raise Refusal(422, f"deliveries have {known}; order is one of {', '.join(ORDERS)}")
        return cls(
            duplicate=float(values["duplicate"]),
            drop=float(values["drop"]),
            order=str(values["order"]),
            window=float(values["window"]),
            seed=int(values["seed"]),
            paused=bool(values["paused"]),
        )


@dataclass
class Disorder:
    """The settings in force, and counts of what they did."""

    settings: Settings = field(default_factory=Settings)
    counts: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._set(self.settings)

    def _set(self, settings: Settings) -> None:
        duplicate = Chance(settings.duplicate, settings.seed)
        drop = Chance(settings.drop, settings.seed)
        self.settings, self._duplicate, self._drop = settings, duplicate, drop
        self._random = random.Random(settings.seed)

    def change(self, body: dict[str, Any]) -> None:
        """New settings; chance begins anew."""
        with self._lock:
            self._set(Settings.ordered(body, self.settings))

    def arranged(self, waiting: Sequence[T]) -> list[T]:
        """The order to send in."""
        found = list(waiting)
        with self._lock:
            if self.settings.order == "reverse":
                found.reverse()
            elif self.settings.order == "shuffle":
                self._random.shuffle(found)
        return found

    def times(self, event: str) -> int:
        """How often to send the next delivery of this event: 0, 1 or 2."""
        with self._lock:
            if self._drop.hits(f"drop {event}"):
                self.counts["dropped"] += 1
                return 0
            times = 2 if self._duplicate.hits(f"duplicate {event}") else 1
            self.counts["sent"] += times
            self.counts["duplicated"] += times - 1
            return times

    def shown(self) -> dict[str, Any]:
        """As /_hub/webhooks shows it."""
        counts = {name: self.counts[name] for name in ("sent", "dropped", "duplicated")}
        return {**vars(self.settings), **counts}
