"""One attempt in which every attack is tried from each place where foreign code runs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from agent_os.domain.attempts import AgentOrder, Outcome, ReviewOrder
from agent_os.domain.prompts import PromptParts
from agent_os.domain.review import Met
from tests.attempt.reviews import saying, verdict
from tests.attempt.world import FIX, Attempt, World
from tests.redteam.bait import Bait, bait

Place = Literal["agent", "setup", "gate", "reviewer"]
PLACES: tuple[Place, ...] = get_args(Place)
_LINE = re.compile(r"^ATTACK (\w+) (.*)$", re.M)
_ATTACK = "python3 -B attack/run.py"
_CRITERIA = "- `double` doubles"


@dataclass
class Raid:
    """`said`: by place and attack, what it got after `GOT`, or why it got nothing."""

    attempt: Attempt
    outcome: Outcome
    bait: Bait
    said: dict[Place, dict[str, str]] = field(default_factory=dict[Place, dict[str, str]])

    def refused(self, name: str, *why: str, places: tuple[Place, ...] = PLACES) -> None:
        """The attack was tried in each place, and ended in one of these ways (`nothing`: it ran,
        and there was nothing to get)."""
        said = {place: self.said[place].get(name, "not tried") for place in places}
        assert set(said.values()) <= set(why), (name, said)


@contextmanager
def raided(root: Path) -> Generator[Raid]:
    """Run the attempt, as a careless owner would: with secrets around, and a file left open."""
    world = World(root)
    with bait(root) as laid:
        laid.told.update(own="1.1", shown=[os.environ["PATH"], sys.prefix, sys.base_prefix])
        world.base = world.commit(laid.write(root))
        world.sync()
        attempt = _attempt(world)
        outcome = _run(attempt, laid)
        raid = Raid(attempt, outcome, laid)
        texts: dict[Place, str] = {
            "agent": attempt.text("agent.log"),
            "reviewer": attempt.text("review.1.log"),
        }
        for gate in outcome.evidence.gates if outcome.evidence else ():
            texts |= {place: gate.log for place in PLACES if gate.name == place}
        raid.said = {place: dict(_LINE.findall(text)) for place, text in texts.items()}
        yield raid


def _attempt(world: World) -> Attempt:
    reviewer = AgentOrder(
        name="looker", driver="command", command=f"{_ATTACK}; {saying(verdict(Met.MET))}"
    )
    result = "---\nstatus: complete\n---\n\n## Summary\n\nDoubles.\n"
    return world.attempt(
        f"{_ATTACK}; {FIX}; cat > .agent_result.md <<'E'\n{result}\nE",
        checks={"setup": "cat attack.said", "gate": _ATTACK},
        gates={"setup": f"{_ATTACK} > attack.said"},
        review=ReviewOrder(reviewers=(reviewer,)),
        parts=PromptParts(goal="Mend double", acceptance=_CRITERIA),
        sandbox="bwrap",
    )


def _run(attempt: Attempt, laid: Bait) -> Outcome:
    """By a runner with a terminal, an open folder and secrets in its environment."""
    outer, inner = os.openpty()
    process = subprocess.Popen(
        # setsid -c: the terminal is the one that controls it, as with a daemon in a shell.
        ["setsid", "-c", sys.executable, "-m", "agent_os.attempt", str(attempt.path)],
        env=attempt.environment(OWNERS_TOKEN=laid.word),
        stdin=inner,
        cwd="/",
        pass_fds=(laid.leaked,),
    )
    try:
        assert process.wait(timeout=120) == 0, attempt.text("runner.log")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait()
        os.close(outer)
        os.close(inner)
    return attempt.outcome()
