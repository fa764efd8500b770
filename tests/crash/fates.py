"""Lives drawn by chance: the same seed draws the same one."""

from __future__ import annotations

import random

from agent_os.attempt.failpoints import FAILPOINTS
from agent_os.domain.effects import EFFECTS

from .blows import Blow
from .lives import SLOW, Life

KILLS = 10
STAGES = ("intended", "performed", "recorded")
#: There the agent had begun: it is not run twice, and its attempt is lost.
LOST_AT = ("agent.claimed", "agent.running", "agent.ended")
_MOST_RUNNERS_KILLED = 3
_FARTHEST = 12


def drawn(seed: int) -> Life:
    """A life with about ten kills. Only one of them loses an attempt: lost twice in a row it is
    a person's to look at."""
    chance = random.Random(seed)
    blows = [_blow(chance) for _ in range(KILLS)]
    runner, slow = _loss(chance, blows)
    cut = ""
    if not any(blow.hub_after for blow in blows) and chance.random() < 0.2:
        cut = chance.choice(("drop_before", "drop_after"))
    return Life(
        name=f"life-{seed}",
        blows=blows,
        runner=runner,
        cut=cut,
        issues=chance.choices((1, 2, 3), (6, 2, 1))[0],
        attempts=None,
        agents=SLOW if slow else {},
    )


def _blow(chance: random.Random) -> Blow:
    hub_after = chance.randint(1, 6) if chance.random() < 0.03 else 0
    kind = chance.random()
    if kind < 0.15:
        return Blow(seconds=chance.uniform(0.01, 0.5), hub_after=hub_after)
    if kind < 0.35:
        effect = chance.choice(sorted(EFFECTS))
        return Blow(at=rf"({effect}\.{chance.choice(STAGES)}|record)#{chance.randint(1, 3)}")
    if kind < 0.5:
        return Blow(at=rf".*\.{chance.choice(STAGES)}#{chance.randint(1, 4)}", hub_after=hub_after)
    return Blow(at=f".*#{chance.randint(1, _FARTHEST)}", hub_after=hub_after)


def _loss(chance: random.Random, blows: list[Blow]) -> tuple[tuple[str, ...], bool]:
    """(points at which runners are killed, whether the agent is slow); or, in `blows`, one kill
    of the agent or of everything."""
    kind = chance.random()
    if kind < 0.1:
        blows.insert(chance.randint(0, 4), Blow(at=r"accept_outcome\.intended#1", agent=True))
        return (), True
    if kind < 0.25:
        moment = Blow(seconds=chance.uniform(0.05, 0.9), everything=True)
        blows.insert(chance.randint(0, 4), moment)
        return (), chance.random() < 0.5
    points = chance.sample(FAILPOINTS, chance.randint(0, _MOST_RUNNERS_KILLED))
    lost = [point for point in points if point in LOST_AT]
    return tuple(p for p in FAILPOINTS if p in points and p not in lost[1:]), False
