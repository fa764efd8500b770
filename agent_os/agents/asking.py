"""One question to a model, with what it cost: triage and the organization's own thinking."""

from __future__ import annotations

from dataclasses import dataclass

from agent_os.agents import prices
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.usage import Spent
from agent_os.models.backend import InferenceBackend, Reply, Request
from agent_os.models.failures import ModelError
from agent_os.models.registry import backend_for


@dataclass(frozen=True)
class Said:
    """`said` is the reply, or why there is none. `spent` is known as far as the provider tells."""

    said: Reply | ModelError
    spent: Spent


def backend(order: AgentOrder, api_key: str) -> InferenceBackend:
    """The back end of the order's provider. BadInput for an interface that there is not."""
    provider = order.provider
    assert provider is not None  # the config does without none
    return backend_for(provider.api, base_url=provider.base_url, api_key=api_key, model=order.model)


def ask(model: InferenceBackend, order: AgentOrder, request: Request) -> Said:
    """One call, never repeated."""
    try:
        reply = model.reply(request)
    except ModelError as error:
        return Said(error, Spent(usage=error.usage, usd=prices.cost(order, error.usage)))
    usd = prices.cost(order, reply.usage)
    return Said(reply, Spent(usage=reply.usage, usd=usd, turns=1))
