"""Attempts that have ended: their commits become ours, their outcome a fact."""

from __future__ import annotations

from pathlib import Path

from agent_os.domain.attempts import Kind, Outcome
from agent_os.domain.effects import AcceptOutcome
from agent_os.domain.errors import BadInput
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode, charged
from agent_os.domain.records import Attempt
from agent_os.domain.tasks import Task
from agent_os.effects import grants, reviews, triages, wellness
from agent_os.effects.lost import lost
from agent_os.effects.orders import repository_file
from agent_os.effects.performer import ABSENT, Facts, Resolution
from agent_os.effects.world import World
from agent_os.policy import health
from agent_os.store.intents import Intent

#: Of a repository with more checks than anybody has, the rest counts in no figure.
_MOST_GATES = 100


class OutcomeAccepter:
    """Accepted once by (task, round, attempt, fence); its commits are ours before it counts."""

    def perform(self, world: World, effect: AcceptOutcome, intent: str) -> Facts:
        task = world.task(effect.key)
        directory = Path(effect.directory)
        try:
            outcome = world.executor.collect(directory)
        except BadInput as error:
            return [lost(world, effect, task, error.message)]
        if (outcome.round, outcome.number) != (effect.round, effect.attempt):
            return [lost(world, effect, task, "The outcome belongs to another attempt.")]
        attempt = next(a for a in task.attempts if a.number == effect.attempt)
        if attempt.kind is Kind.TRIAGE:
            return triages.ended(world, effect, task, attempt, outcome)
        if outcome.kept:
            mirror = world.mirror(task.repo_id)
            mirror.import_bundle(directory / "work.bundle", outcome.kept)
        seen = _provider_seen(world, effect, task, outcome)
        ended = _ended(world, effect, task, outcome)
        return [ended, *seen, *reviews.providers_seen(world, effect, outcome)]

    def probe(self, world: World, effect: AcceptOutcome, intent: Intent) -> Resolution:
        return ABSENT  # nothing outside changes, and taking it over again is harmless


def _ended(world: World, effect: AcceptOutcome, task: Task, outcome: Outcome) -> Event:
    attempt = next(a for a in task.attempts if a.number == effect.attempt)
    data: dict[str, object] = {
        "detail": outcome.detail,
        "signature": outcome.signature,
        "head": outcome.head,
        "seconds": (outcome.ended_at - outcome.started_at).total_seconds(),
        "sandbox": outcome.sandbox,
        "findings": outcome.findings.model_dump(exclude_defaults=True),
        "work": outcome.work or "",
        **_measured(outcome),
    }
    if outcome.spent is not None:
        data["spent"] = outcome.spent.model_dump(exclude_defaults=True)
    done = task.origin(attempt)
    moved = done.kind is not Kind.IMPLEMENT and done.start != task.branch_head
    if outcome.code is not None:
        data |= {"code": outcome.code.value, "charged": charged(outcome.code)}
        data["handoff"] = outcome.handoff.model_dump()
    elif moved or not (outcome.head or outcome.answer) or outcome.evidence is None:
        data |= {"code": FailureCode.CONFLICT.value, "charged": False}
        data |= {"detail": "The branch moved while the attempt ran; its work is kept."}
        data["handoff"] = outcome.handoff.model_dump()
    else:
        data["result"] = {
            "head": outcome.head or "",
            "answer": outcome.answer,
            "base": _verified_base(world, task, outcome),
            "text_hash": attempt.text_hash,
            "attempt": attempt.number,
            "summary": outcome.summary,
            "evidence": outcome.evidence.model_dump(mode="json"),
        }
    if "result" in data or outcome.code is not None:
        data |= _asked(world, task, attempt, outcome)
    return world.fact(effect, EventKind.ATTEMPT_ENDED, data, attempt=effect.attempt)


def _measured(outcome: Outcome) -> dict[str, object]:
    """What figures need of it, and neither history nor decisions: small, also when it failed."""
    evidence = outcome.evidence
    kept = ("name", "verdict", "before", "code", "signature", "seconds")
    gates = [
        {k: v for k, v in gate.model_dump(mode="json").items() if k in kept and v}
        for gate in (evidence.gates if evidence else ())[:_MOST_GATES]
    ]
    return {
        "gates": gates,
        "setup_seconds": evidence.setup_seconds if evidence else 0.0,
        "prompt": outcome.prompt,
        "repaired": outcome.repaired,
        "changed_files": outcome.changed_files,
        "paths": list(outcome.paths),
    }


def _asked(world: World, task: Task, attempt: Attempt, outcome: Outcome) -> dict[str, object]:
    wanted = grants.accepted(world, task, attempt, outcome)
    if not wanted:
        return {}
    file = repository_file(world.mirror(task.repo_id), attempt.base)
    asked = grants.judged(world, task, attempt, wanted, file)
    return {"asked": [one.model_dump(mode="json") for one in asked]}


def _verified_base(world: World, task: Task, outcome: Outcome) -> str:
    """The base that the result contains: for a newer one, the checks say nothing."""
    mirror = world.mirror(task.repo_id)
    if not outcome.head or mirror.is_ancestor(outcome.base, outcome.head):
        return outcome.base
    return mirror.merge_base(outcome.base, outcome.head) or ""


def _provider_seen(world: World, effect: AcceptOutcome, task: Task, outcome: Outcome) -> Facts:
    """What the attempt says of the provider that its agent used."""
    attempt = next(a for a in task.attempts if a.number == effect.attempt)
    if not attempt.provider or not outcome.agent or outcome.spent is None:
        return []
    code, mark = outcome.code, attempt.key_mark
    name = health.health_key(attempt.provider, attempt.model, code)
    return wellness.seen(world, effect, name, code, outcome.detail, outcome.resets_at, mark)
