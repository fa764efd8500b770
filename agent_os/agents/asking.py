"""One question to a model, with what it cost: triage and the organization's own thinking."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime

import structlog

from agent_os.agents import prices
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Spent
from agent_os.models.backend import InferenceBackend, Reply, Request
from agent_os.models.failures import ModelError, TruncatedStream
from agent_os.models.registry import backend_for

_log = structlog.get_logger()
_MOST_DETAIL = 400
#: For a library that does not keep to the time it was given.
_GRACE_SECONDS = 2.0


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


@dataclass(frozen=True)
class Heard:
    """`text` is the answer where there is no code."""

    spent: Spent
    text: str = ""
    code: FailureCode | None = None
    detail: str = ""
    resets_at: datetime | None = None


def within(order: AgentOrder, api_key: str, request: Request) -> Heard:
    """One call, ended after `request.seconds`: in a thread, for nothing that a library does there
    may hold its caller up."""
    found: list[Heard] = []

    def run() -> None:
        try:
            found.append(_heard(order, api_key, request))
        except Exception as error:  # noqa: BLE001 - the thread's boundary: it is told as a failure
            _log.warning("call_crashed", model=order.model, exc_info=True)
            detail = f"{type(error).__name__}: {error}"[:_MOST_DETAIL]
            found.append(Heard(Spent(usd=None), code=FailureCode.AGENT_FAILED, detail=detail))

    # A daemon: when the time is over, the process may end without waiting for it.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(request.seconds + _GRACE_SECONDS)
    if found:
        return found[0]
    detail = f"The model gave no answer within {request.seconds:.0f} s."
    return Heard(Spent(usd=None), code=FailureCode.OVERLOADED, detail=detail)


def _heard(order: AgentOrder, api_key: str, request: Request) -> Heard:
    begin, model = time.monotonic(), backend(order, api_key)
    try:
        found = ask(model, order, request)
    finally:
        model.close()
    if not isinstance(found.said, ModelError):
        return Heard(found.spent, text=found.said.text)
    error = found.said
    # Broken off on the way: what was billed nobody knows.
    begun = isinstance(error, TruncatedStream) or time.monotonic() - begin >= request.seconds
    spent = Spent(usage=error.usage, usd=None) if begun else found.spent
    return Heard(spent, "", error.failure, error.message[:_MOST_DETAIL], error.resets_at)
