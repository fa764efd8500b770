"""What a scenario is made of, chosen by its seed."""

from __future__ import annotations

from dataclasses import dataclass

from agent_os.domain.rules import Mode
from agent_os.simulation.choices import Choices


@dataclass(frozen=True)
class Plan:
    issues: int
    calm_rounds: int
    """How far the work has come before anything interferes."""
    steps: int
    people: bool
    storms: bool
    crashes: float
    meanwhile: float
    """How probably something else happens at a point between two steps of a job."""
    elsewhere: bool
    """Plane B runs on another host: that it died can't be proven."""
    skew: float
    fails: float
    red: float
    mode: Mode
    slots: int

    @property
    def undisturbed(self) -> Plan:
        """The same work, and nobody and nothing interferes."""
        return Plan(self.issues, 0, 0, False, False, 0, 0, False, 0, 0, 0, self.mode, self.slots)


def plan(choices: Choices) -> Plan:
    people = choices.chance(0.5)
    return Plan(
        issues=choices.number(1, 3),
        calm_rounds=choices.pick((0, 0, 0, 1, 2, 3, 4)),
        steps=choices.number(20, 80),
        people=people,
        storms=choices.chance(0.7),
        crashes=choices.pick((0.0, 0.004, 0.015, 0.04)),
        meanwhile=choices.pick((0.0, 0.02, 0.06)),
        elsewhere=choices.chance(0.2),
        skew=choices.pick((0.0, 0.0, 0.7, -37.0, 90.0)),
        fails=choices.pick((0.0, 0.15, 0.35)),
        red=choices.pick((0.0, 0.0, 0.3)),
        mode=choices.pick((Mode.AUTO_MERGE, Mode.AUTO_MERGE, Mode.PULL_REQUEST))
        if people
        else Mode.AUTO_MERGE,
        slots=choices.number(1, 2),
    )
