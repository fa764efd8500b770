"""Chance that can be replayed: the same seed and the same events give the same outcome."""

import hashlib
import threading
from collections import Counter

from agent_os.localhub.errors import Refusal


class Chance:
    """Hits with `probability` (0 to 1).

    Whether the n-th event of a kind is hit depends on the seed, the kind and n only, not on what
    other kinds of events came in between: requests sent at the same time don't change the story.
    """

    def __init__(self, probability: float, seed: int) -> None:
        if not 0 <= probability <= 1:
            raise Refusal(422, "probability must be between 0 and 1")
        self._probability = probability
        self._seed = seed
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()

    def hits(self, kind: str) -> bool:
        """Whether the next event of this kind is hit."""
        with self._lock:
            self._seen[kind] += 1
            number = self._seen[kind]
        text = f"{self._seed}/{number}/{kind}".encode()
        drawn = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") / 2**64
        return drawn < self._probability
