"""Which agents may take a task now, in which order, and for each why (not)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.failures import FailureCode
from agent_os.domain.health import Health, Trials
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import AgentRules, RepoRules
from agent_os.domain.tasks import Task
from agent_os.policy import health, quality


class Pool(Contract):
    """What is known of the agents and their providers, besides the config."""

    health: dict[str, Health] = Field(default_factory=dict[str, Health])
    """By provider, and by `provider/model`."""
    trials: dict[str, dict[str, Trials]] = Field(default_factory=dict[str, dict[str, Trials]])
    """By task type, then by agent."""
    key_marks: dict[str, str] = Field(default_factory=dict[str, str])
    """By provider: which key it has now."""
    vendors: tuple[str, ...] | None = None
    """Of the repository's own file; None: it does not say."""


class Place(Contract):
    """One agent's place in the chain for one task."""

    agent: str
    refused: Reason | None = None
    detail: str = ""
    until: datetime | None = None
    """Of a pause: when it ends."""


class Choice(Contract):
    """The chain in order, the unfit among them. `explored` goes first because little is known."""

    places: tuple[Place, ...]
    explored: str = ""

    @property
    def chain(self) -> tuple[str, ...]:
        return tuple(place.agent for place in self.places)

    @property
    def fit(self) -> tuple[str, ...]:
        return tuple(place.agent for place in self.places if place.refused is None)

    @property
    def refusal(self) -> Place | None:
        """Why nobody is fit: what ends by itself goes before what needs a person."""
        if self.fit or not self.places:
            return None
        pauses = [p for p in self.places if p.until is not None]
        if pauses:
            return min(pauses, key=lambda p: (p.until is None, p.until))
        return self.places[0]


def choose(task: Task, rules: RepoRules, pool: Pool, now: datetime) -> Choice:
    """Every agent of the task's chain with its place."""
    chain = rules.chain(task.spec.type, task.agent_label)
    explored = ""
    if rules.best_first and len(chain) > 1:
        trials = pool.trials.get(task.spec.type, {})
        key = f"{task.repo_id}#{task.number}.{task.round}"
        chain, explored = quality.ordered(chain, trials, key)
        if task.agent_label in chain:
            chain = (task.agent_label, *(a for a in chain if a != task.agent_label))
            explored = ""
    allowed = _allowed_vendors(task, rules, pool)
    places = tuple(_place(name, rules.agents[name], allowed, pool, now) for name in chain)
    return Choice(places=places, explored=explored)


def _allowed_vendors(
    task: Task, rules: RepoRules, pool: Pool, also: Sequence[str] = ()
) -> frozenset[str]:
    return _vendors_for(task.spec.type, rules, pool, also)


def _vendors_for(
    task_type: str, rules: RepoRules, pool: Pool, also: Sequence[str] = ()
) -> frozenset[str]:
    """The owner's list, narrowed by the repository's; else those in the owner's own chain: a
    label on an issue does not bring in another."""
    own = rules.chain(task_type)
    allowed = {rules.agents[name].vendor for name in (*own, *also)}
    if rules.vendors is not None:
        allowed = set(rules.vendors)
    if pool.vendors is not None:
        allowed &= set(pool.vendors)
    return frozenset(allowed)


def _place(
    name: str, agent: AgentRules, allowed: frozenset[str], pool: Pool, now: datetime
) -> Place:
    if agent.uses_model and agent.vendor not in allowed:
        said = f"{name}: the vendor {agent.vendor} is not among {', '.join(sorted(allowed)) or '–'}"
        return Place(agent=name, refused=Reason.VENDOR_NOT_ALLOWED, detail=said)
    if agent.missing_key:
        said = f"{name}: ${agent.missing_key} is not set"
        return Place(agent=name, refused=Reason.NO_CREDENTIALS, detail=said)
    mark = pool.key_marks.get(agent.provider, "")
    for key in (agent.provider, f"{agent.provider}/{agent.model}") if agent.uses_model else ():
        found = pool.health.get(key)
        if found is not None and health.unwell(found, mark, now):
            said = f"{name}: {key} {_words(found)}"
            return Place(
                agent=name, refused=Reason.PROVIDER_COOLING, detail=said, until=found.until
            )
    return Place(agent=name)


def _words(found: Health) -> str:
    times = f" {found.failures} times" if found.failures > 1 else ""
    advice = "; renew its key" if found.code is FailureCode.AUTH_FAILED else ""
    return f"refused{times} ({found.code}): {found.detail}{advice}"


def may_think(task: Task, rules: RepoRules, pool: Pool, now: datetime) -> bool:
    """Whether the model that reads issues may be asked about this one now."""
    if rules.thinker is None:
        return False
    return thinker_place(rules.thinker, task.spec.type, rules, pool, now).refused is None


def thinker_place(
    thinker: AgentRules, task_type: str, rules: RepoRules, pool: Pool, now: datetime
) -> Place:
    """Whether a model of the organization's own may be asked now, and why not."""
    place = _place(thinker.model, thinker, _vendors_for(task_type, rules, pool), pool, now)
    own = pool.health.get(health.triage_key(thinker.provider, thinker.model, None))
    mark = pool.key_marks.get(thinker.provider, "")
    if place.refused is None and own is not None and health.unwell(own, mark, now):
        said = f"{thinker.model}: {_words(own)}"
        return Place(
            agent=thinker.model, refused=Reason.PROVIDER_COOLING, detail=said, until=own.until
        )
    return place


def reviewers(
    workers: Collection[str],
    helpers: Collection[str],
    rules: RepoRules,
    pool: Pool,
    task: Task,
    now: datetime,
) -> Choice:
    """Who may look at the workers' result, best first: never a worker, nor the same program and
    model by another name. Who had no part in it (`helpers` had) and another vendor go first."""
    mine = [rules.agents[name] for name in workers if name in rules.agents]
    same = {(agent.driver, agent.model) for agent in mine if agent.uses_model}
    vendors = {agent.vendor for agent in mine if agent.uses_model}
    allowed = _allowed_vendors(task, rules, pool, rules.review)
    others = {name: rules.agents[name] for name in rules.review if name not in workers}
    fit = [name for name, agent in others.items() if (agent.driver, agent.model) not in same]
    fit.sort(key=lambda name: (name in helpers, others[name].vendor in vendors))
    return Choice(places=tuple(_place(name, others[name], allowed, pool, now) for name in fit))


def explain(choice: Choice, rules: RepoRules, trials: Mapping[str, Trials]) -> list[str]:
    """One line an agent: its place, what is known of it, and whether it may."""
    lines: list[str] = []
    everyone = [trials.get(name, Trials()) for name in choice.chain]
    for number, place in enumerate(choice.places, 1):
        known = trials.get(place.agent, Trials())
        low, high = quality.interval(known)
        usd = f"${quality.usd_each(known, everyone):.2f} each" if known.priced else "cost unknown"
        parts = [f"{known.merged} of {known.count} merged ({low:.0%}–{high:.0%}), {usd}"]
        if place.agent == choice.explored:
            parts.append("goes first because the least is known of it")
        if place.refused:
            parts.append(f"not now: {place.refused} ({place.detail})")
        elif place.agent == choice.fit[0]:
            parts.append("takes the next attempt, unless the one before says otherwise")
        lines.append(f"{number}. {place.agent}: {'; '.join(parts)}")
    order = "by expected merges per dollar" if rules.best_first else "as the config has it"
    return [f"Order: {order}.", *lines]
