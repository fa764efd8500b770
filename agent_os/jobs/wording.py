"""Better words for findings, by a model where there is one. Facts and numbers stay ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from agent_os.domain.contract import Contract, Text
from agent_os.domain.signals import Signal
from agent_os.effects.world import World
from agent_os.jobs.thinking import think
from agent_os.policy import texts, thinking
from agent_os.policy.neutral import neutral
from agent_os.store.repositories import Repository

#: Of one repository and week.
MOST = 3
_TASK = """\
A program found what is described below in the record of a software organization. Say it in better
words, for the person or the agent who is to mend it: a title that names the cause if it can be
known, what is wrong and why it matters in at most five sentences, and what to try first. Add no
number and no fact that is not there.
"""


class Wording(Contract):
    title: Annotated[Text, Field(min_length=5, max_length=120)]
    problem: Annotated[Text, Field(min_length=10, max_length=1_500)]
    proposal: Annotated[Text, Field(min_length=10, max_length=1_500)]


def worded(
    world: World, row: Repository, signals: Sequence[Signal], fresh: Sequence[str]
) -> list[Signal]:
    """The same signals. `fresh`: ids of those that are about to be filed, best first."""
    asked = {name: None for name in fresh[:MOST]}
    return [_worded(world, row, one) if one.id in asked else one for one in signals]


def _worded(world: World, row: Repository, signal: Signal) -> Signal:
    said = "\n\n".join([signal.title, signal.problem, signal.proposal, *signal.evidence])
    prompt = thinking.fenced(_TASK, {"finding": texts.bounded(said, 6_000)})
    found = think(world, row.name, "analyzer", f"words for {signal.id}", prompt, Wording)
    if found is None:
        return signal
    update = {
        "title": texts.issue_title(neutral(found.title)),
        # Quoted: a heading of the model's would begin a section of the task.
        "problem": f"{texts.quoted(found.problem)}\n\n{signal.problem}",
        "proposal": f"{texts.quoted(found.proposal)}\n\n{signal.proposal}",
    }
    return signal.model_copy(update=update)
