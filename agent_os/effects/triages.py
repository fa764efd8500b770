"""Triages: what the model is told, and what its answer means for task and provider."""

from __future__ import annotations

from datetime import timedelta

from agent_os.config.agents import ModelSettings
from agent_os.domain.attempts import AgentOrder, GateOrder, Limits, Order, Outcome
from agent_os.domain.effects import AcceptOutcome
from agent_os.domain.errors import ConfigError
from agent_os.domain.events import EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.prompts import PromptParts
from agent_os.domain.records import Attempt
from agent_os.domain.tasks import Task
from agent_os.domain.triage import Triaged
from agent_os.effects import wellness
from agent_os.effects.accounts import provider_order
from agent_os.effects.performer import Facts
from agent_os.effects.world import World
from agent_os.policy import health, triaging

_LONGEST_CODEBASE = 40_000


def thinker(world: World) -> ModelSettings:
    """The model that reads issues. ConfigError: it was taken out of the config meanwhile."""
    found = world.config.thinker("dispatcher")
    if found is None:
        raise ConfigError("No model is configured for the dispatcher any more.")
    return found


def as_triage(world: World, task: Task, order: Order, codebase: str) -> Order:
    """The order to read the issue: no agent, no gates, and little time."""
    model, spec = thinker(world), task.spec
    parts = PromptParts(
        goal=spec.body,
        comments="\n\n".join(spec.comments),
        notes=task.notes,
        codebase=codebase[:_LONGEST_CODEBASE],
    )
    asked = AgentOrder(
        name=triaging.THINKER,
        driver="",
        model=model.model,
        provider=provider_order(world, model.provider),
        price=model.price,
    )
    seconds = world.config.limits.triage_seconds
    limits = Limits(
        deadline=world.clock.now() + timedelta(seconds=seconds),
        stall_seconds=max(1, round(seconds)),
        usd=order.limits.usd,
    )
    update = {"thinker": asked, "parts": parts, "limits": limits, "gates": GateOrder()}
    return order.model_copy(update=update)


def ended(
    world: World, effect: AcceptOutcome, task: Task, attempt: Attempt, outcome: Outcome
) -> Facts:
    """Never charged: it is no try at the work, and the task goes on without it."""
    code = outcome.code
    if code is None and outcome.triage is None:
        code = FailureCode.INVALID_RESULT
    data: dict[str, object] = {
        "detail": outcome.detail,
        "signature": outcome.signature,
        "seconds": (outcome.ended_at - outcome.started_at).total_seconds(),
        "charged": False,
    }
    if outcome.spent is not None:
        data["spent"] = outcome.spent.model_dump(exclude_defaults=True)
    if code is not None:
        data["code"] = code.value
    elif outcome.triage is not None:
        answer = Triaged(of=attempt.text_hash, attempt=attempt.number, answer=outcome.triage)
        data["triage"] = answer.model_dump(mode="json")
    name = health.triage_key(attempt.provider, attempt.model, outcome.code)
    said = (outcome.code, outcome.detail, outcome.resets_at, attempt.key_mark)
    fact = world.fact(effect, EventKind.ATTEMPT_ENDED, data, attempt=attempt.number)
    return [fact, *wellness.seen(world, effect, name, *said)]
