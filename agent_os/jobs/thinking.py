"""The organization asks a model something: one bounded call, paid before it is made.

Everything works without it: None means that there is no answer, whatever the cause. Jobs that
think have a text of their own to fall back to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

import sqlalchemy as sa

from agent_os.agents import asking, prices
from agent_os.agents.asking import Heard
from agent_os.config.agents import ModelSettings
from agent_os.domain import answering
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.contract import Contract
from agent_os.domain.errors import AgentOSError
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.reasons import Reason
from agent_os.effects import orders
from agent_os.effects.accounts import provider_order
from agent_os.effects.world import World
from agent_os.models.backend import Message, Request
from agent_os.policy import health, own_work, routing, texts, thinking
from agent_os.policy.budget import Purse
from agent_os.policy.thinking import Refusal
from agent_os.store import log, providers, repositories, tasks, thoughts, trials
from agent_os.store.repositories import Repository

T = TypeVar("T", bound=Contract)
Thinker = Literal["planner", "analyzer"]

_SYSTEM = "You help to run a software organization. You answer with JSON only."
_MOST_DETAIL = 400


def think(
    world: World, repo: str, thinker: Thinker, purpose: str, prompt: str, answer: type[T]
) -> T | None:
    """What the model says, or None. At most `limits.triage_seconds`; the same question again gets
    the answer that it got before. Text from outside must stand in fences (`thinking.fenced`)."""
    model = world.config.thinker(thinker)
    with world.store.read() as tx:
        row = repositories.named(tx, repo)
    if model is None or row is None:
        return None
    schema = answering.schema(answer)
    whole = world.finder.redact(thinking.with_schema(prompt, schema))
    ask = _Ask(row, thinker, _name(purpose), whole, schema, _order(world, model))
    with world.store.read() as tx:
        known = thinking.recall(thoughts.of_repository(tx, row.repo_id), ask.of)
    if known.answer is not None:
        return answer.model_validate(known.answer)
    if known.over:
        return None
    began = world.clock.now()
    refused = _refused(world, ask) or _begin(world, ask, began)
    if refused is not None:
        _note_refusal(world, ask, refused)
        return None
    return _ended(world, ask, began, _call(world, ask), answer)


def _name(purpose: str) -> str:
    return " ".join(purpose.split())[:80]


@dataclass(frozen=True)
class _Ask:
    """One question."""

    row: Repository
    thinker: Thinker
    purpose: str
    prompt: str
    schema: dict[str, Any]
    order: AgentOrder

    @property
    def of(self) -> str:
        """The same for the same question to the same model."""
        return texts.digest(self.thinker, self.provider, self.order.model, self.prompt)

    @property
    def cap(self) -> float:
        """US dollars."""
        return thinking.cap(prices.price_of(self.order), self.prompt)

    @property
    def provider(self) -> str:
        return self.order.provider.name if self.order.provider else ""

    def event(self, kind: EventKind, at: datetime, **data: Any) -> Event:
        named = {"thinker": self.thinker, "purpose": self.purpose, "of": self.of}
        return Event(
            kind=kind, at=at, repo_id=self.row.repo_id, number=DESK, data={**named, **data}
        )


def _order(world: World, model: ModelSettings) -> AgentOrder:
    account = provider_order(world, model.provider)
    return AgentOrder(
        name="thinker", driver="", model=model.model, provider=account, price=model.price
    )


def _refused(world: World, ask: _Ask) -> Refusal | None:
    """Why the model is not to be asked about this repository now."""
    rules = world.config.rules(ask.row.name)
    model = world.config.thinker_rules(ask.thinker)
    if rules is None or model is None:
        return Refusal(reason=Reason.REPO_FROZEN, detail="it is not in the config")
    if len(ask.prompt) > thinking.LONGEST_PROMPT:
        detail = f"the prompt has {len(ask.prompt)} characters of {thinking.LONGEST_PROMPT}"
        return Refusal(reason=Reason.UNREADABLE, detail=detail)
    try:
        vendors = _vendors(world, ask.row)
    except AgentOSError as error:
        return Refusal(reason=Reason.UNREADABLE, detail=error.message[:_MOST_DETAIL])
    with world.store.read() as tx:
        seen = providers.listed(tx)
    pool = routing.Pool(health=seen, key_marks=world.key_marks, vendors=vendors)
    place = routing.thinker_place(model, "default", rules, pool, world.clock.now())
    if place.refused is None:
        return None
    return Refusal(reason=place.refused, detail=place.detail[:_MOST_DETAIL])


def _vendors(world: World, row: Repository) -> tuple[str, ...] | None:
    """Who may see the code by the repository's own file, as it is now. AgentOSError."""
    mirror = world.mirror(row.repo_id)
    mirror.ensure(row.clone_url)
    mirror.fetch(row.clone_url, world.token)
    base = mirror.resolve(f"refs/heads/{row.default_branch}")
    return None if base is None else orders.repository_file(mirror, base).vendors


def _begin(world: World, ask: _Ask, now: datetime) -> Refusal | None:
    """Reserve the money and note the thought, in one transaction; or why not."""
    cap = ask.cap
    with world.store.write() as tx:
        refused = _too_many(tx, ask, now) or thinking.unaffordable(
            cap,
            purse(tx, now),
            world.config.limits,
            _own(tx, now),
            world.config.improvement.usd_per_week,
        )
        if refused is None:
            data = {"provider": ask.provider, "model": ask.order.model, "cap": cap}
            log.append(world.store, tx, [ask.event(EventKind.THOUGHT_STARTED, now, **data)])
    return refused


def _too_many(tx: sa.Connection, ask: _Ask, now: datetime) -> Refusal | None:
    lately = [
        event
        for event in thoughts.of_repository(tx, ask.row.repo_id)
        if event.kind is EventKind.THOUGHT_STARTED
        and event.data.get("thinker") == ask.thinker
        and event.at > now - timedelta(hours=1)
    ]
    if len(lately) < thinking.MOST_AN_HOUR:
        return None
    return Refusal(reason=Reason.BACKOFF, detail=f"{len(lately)} thoughts in an hour")


def purse(tx: sa.Connection, now: datetime) -> Purse:
    """This UTC day's money; thoughts under way are among what is spent, with their caps."""
    return Purse(spent=trials.spent_on(tx, now), reserved=_reserved(tx, own=False))


def _own(tx: sa.Connection, now: datetime) -> float:
    """This week's money for what the organization gave itself, and for its thinking."""
    thought = thoughts.spent_since(tx, own_work.week_start(now))
    return trials.spent_by_itself(tx, now) + thought + _reserved(tx, own=True)


def _reserved(tx: sa.Connection, *, own: bool) -> float:
    """By the running attempts of all tasks, or of those that we gave ourselves."""
    found = [task for _, task in tasks.listed(tx, unsettled=True) if task.own or not own]
    return sum(task.running.cost for task in found if task.running is not None)


def _call(world: World, ask: _Ask) -> Heard:
    request = Request(
        system=_SYSTEM,
        messages=(Message(role="user", text=ask.prompt),),
        max_output_tokens=thinking.LONGEST_ANSWER,
        answer_schema=ask.schema,
        seconds=world.config.limits.triage_seconds,
    )
    key = world.config.providers[ask.provider].api_key.value.get_secret_value()
    return asking.within(ask.order, key, request)


def _ended(world: World, ask: _Ask, began: datetime, said: Heard, answer: type[T]) -> T | None:
    """Written with what is known of the provider now. The answer is as it is kept: redacted."""
    found, said = _parsed(world, said, answer)
    data: dict[str, Any] = {
        "code": said.code.value if said.code else thinking.ANSWERED,
        "detail": said.detail,
        "began": began.isoformat(),
        "cap": ask.cap,
        "usd": said.spent.usd,
        "spent": said.spent.model_dump(exclude_defaults=True),
    }
    if found is not None:
        data["answer"] = found.model_dump(mode="json")
    now = world.clock.now()
    events = [ask.event(EventKind.THOUGHT_ENDED, now, **data), *_seen(world, ask, said, now)]
    with world.store.write() as tx:
        log.append(world.store, tx, events)
    return found


def _parsed(world: World, said: Heard, answer: type[T]) -> tuple[T | None, Heard]:
    if said.code is not None:
        return None, said
    try:
        return world.finder.redact_model(answering.read(said.text, answer)), said
    except ValueError as error:
        detail = f"The model's answer is not valid: {error}"[:_MOST_DETAIL]
        return None, replace(said, code=FailureCode.INVALID_RESULT, detail=detail)


def _seen(world: World, ask: _Ask, said: Heard, now: datetime) -> list[Event]:
    """How the provider is. A model that was slow for us keeps no agent from its work."""
    name = health.triage_key(ask.provider, ask.order.model, said.code)
    with world.store.read() as tx:
        before = providers.listed(tx).get(name)
    mark, backoff = world.key_marks.get(ask.provider, ""), world.config.limits.backoff_seconds
    detail, until = said.detail, said.resets_at
    after = health.after(before, name, said.code, detail, until, mark, backoff, now)
    if after is None:
        return []
    data = after.model_dump(mode="json")
    return [
        Event(kind=EventKind.PROVIDER_SEEN, at=now, repo_id=ask.row.repo_id, number=DESK, data=data)
    ]


def _note_refusal(world: World, ask: _Ask, refused: Refusal) -> None:
    """Once, until something else becomes of the same purpose."""
    data = {"code": thinking.NOT_ASKED, "reason": refused.reason, "detail": refused.detail}
    with world.store.write() as tx:
        mine = [
            event.data
            for event in thoughts.of_repository(tx, ask.row.repo_id)
            if event.data.get("purpose") == ask.purpose
        ]
        if mine and mine[-1].get("reason") == refused.reason:
            return
        now = world.clock.now()
        log.append(world.store, tx, [ask.event(EventKind.THOUGHT_ENDED, now, **data)])
