"""Reviews of results: who is asked, and what their answers say of their providers."""

from __future__ import annotations

from agent_os.domain.attempts import Outcome, ReviewerRun, ReviewOrder
from agent_os.domain.effects import AcceptOutcome, StartAttempt
from agent_os.domain.tasks import Task
from agent_os.effects import wellness
from agent_os.effects.accounts import agent_order
from agent_os.effects.performer import Facts
from agent_os.effects.world import World
from agent_os.policy import health


def review_order(world: World, task: Task, effect: StartAttempt) -> ReviewOrder | None:
    """None: the config asks for no review."""
    rules = world.config.rules(task.repo)
    if rules is None or not rules.review:
        return None
    orders = [agent_order(world, name) for name in effect.reviewers]
    return ReviewOrder(
        reviewers=tuple(order for order in orders if order is not None),
        nobody=effect.unreviewed,
        seconds=max(1, round(world.config.limits.review_minutes * 60)),
        known=task.result.evidence.review if task.result else None,
    )


def providers_seen(world: World, effect: AcceptOutcome, outcome: Outcome) -> Facts:
    """A provider that refused a reviewer is not asked again before its time."""
    facts: Facts = []
    for run in outcome.reviewers:
        facts += _seen(world, effect, run)
    return facts


def _seen(world: World, effect: AcceptOutcome, run: ReviewerRun) -> Facts:
    settings = world.config.agents.get(run.agent)
    if settings is None or not settings.uses_model:
        return []
    provider = settings.provider or f"{settings.driver}-login"
    name = health.health_key(provider, settings.model, run.code)
    mark = world.key_marks.get(provider, "")
    return wellness.seen(world, effect, name, run.code, run.detail, run.resets_at, mark)
