"""Serving our pages beside the daemon, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from agent_os.domain.errors import ConfigError

_START_SECONDS = 10.0
_STOP_SECONDS = 2.0
#: A connection on which no request has begun, or that is idle, is closed after so long.
IDLE_SECONDS = 10.0
#: Connections at a time; those above it are answered 503.
_MOST = 100


class _Impatient(H11Protocol):
    """Closes connections whose request never comes: uvicorn waits for a first line for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(IDLE_SECONDS, self._look)

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        # Of the cycle only what is there: uvicorn starts with none, whatever its types say.
        if getattr(self.cycle, "response_complete", True):
            self.transport.abort()
        else:
            self.loop.call_later(IDLE_SECONDS, self._look)


@contextmanager
def served(app: Starlette, host: str, port: int) -> Generator[int]:
    """Serve while inside; gives the port (0 picks one). ConfigError when it can't be bound."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=_Impatient,
        ws="none",
        limit_concurrency=_MOST,
        server_header=False,
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    thread.start()
    waited = threading.Event()
    for _ in range(int(_START_SECONDS * 50)):
        if server.started or not thread.is_alive():
            break
        waited.wait(0.02)
    if not server.started:
        raise ConfigError(
            f"{host}:{port} can't be listened on.",
            next_step="Choose another `webhooks.listen`, or end what uses it.",
        )
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
