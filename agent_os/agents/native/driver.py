"""Our own agent as the runner sees it. Needs no program: it is a part of this package."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

import agent_os
from agent_os.agents import prices
from agent_os.agents.driver import (
    Assignment,
    Driver,
    Finish,
    Launch,
    Reader,
    clean_environment,
    visible_paths,
)
from agent_os.agents.events import AgentEvent, Happening
from agent_os.agents.jsonlines import ended_without_word
from agent_os.agents.native.settings import VARIABLE, NativeLimits, NativeSettings
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.clock import Clock
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode

#: (context window, longest answer) in tokens, by interface: what its current models all take.
_SIZES = {
    "anthropic": (200_000, 16_000),
    "openai": (200_000, 16_000),
    "openai-chat": (128_000, 8_000),
    "google": (1_000_000, 16_000),
}
#: Of the time until the deadline: it ends by itself then, and tells why.
_OWN_SHARE = 0.98


class NativeDriver(Driver):
    """Runs `agent_os.agents.native` in the work dir."""

    install = "nothing: it comes with agent-os"
    apis = ("anthropic", "openai", "openai-chat", "google")
    resumes = True

    def launch(self, run: Assignment) -> Launch:
        """See Driver.launch."""
        env = clean_environment(run)
        env[VARIABLE] = _settings(run).model_dump_json()
        # Isolated: what lies in the work dir must not be imported instead of our own modules.
        argv = (sys.executable, "-I", "-m", "agent_os.agents.native")
        stdin = f"{run.key}\n{run.prompt}".encode()
        return Launch(argv, env, stdin, (*_ourselves(), *visible_paths(run.order)))

    def reader(self, order: AgentOrder, clock: Clock) -> NativeReader:
        """See Driver.reader."""
        return NativeReader(clock)


class NativeReader(Reader):
    """Its lines are our events already."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = False
        self._error: AgentEvent | None = None

    def line(self, text: str) -> Sequence[AgentEvent]:
        """See Reader.line."""
        try:
            event = AgentEvent.model_validate_json(text)
        except ValidationError:
            return ()
        self._began = True
        if event.kind is Happening.ERROR:
            self._error = event
        return (event,)

    def finish(self, exit_code: int, tail: str) -> Finish:
        """See Reader.finish."""
        error = self._error
        if error is not None:
            return Finish(error.code or FailureCode.AGENT_FAILED, error.text, error.resets_at)
        if exit_code == 0 and self._began:
            return Finish()
        return ended_without_word(self._clock, exit_code, tail, began=self._began)


def _settings(run: Assignment) -> NativeSettings:
    order, provider = run.order, run.order.provider
    if provider is None or not order.model:
        raise BadInput(f"The agent {order.name} needs a provider and a model.")
    window, longest = _SIZES[provider.api]
    return NativeSettings(
        api=provider.api,
        model=order.model,
        base_url=provider.base_url,
        key_on_stdin=True,
        limits=NativeLimits(seconds=run.seconds * _OWN_SHARE, usd=run.usd),
        price=prices.price_of(order),
        context_tokens=window,
        max_output_tokens=longest,
        resume=bool(run.session),
    )


def _ourselves() -> tuple[Path, ...]:
    """Python, the installed packages and this one."""
    package = Path(agent_os.__file__).parent
    return tuple(dict.fromkeys((Path(sys.prefix), Path(sys.base_prefix), package)))
