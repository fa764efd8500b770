"""Serving our pages beside the daemon, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from agent_os.domain.errors import ConfigError

_START_SECONDS = 10.0
_STOP_SECONDS = 2.0


@contextmanager
def served(app: Starlette, host: str, port: int) -> Generator[int]:
    """Serve while inside; gives the port (0 picks one). ConfigError when it can't be bound."""
    config = uvicorn.Config(
        app, host=host, port=port, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
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
