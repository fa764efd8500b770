"""The scripted model server: four vendors' APIs on 127.0.0.1."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.models.conversation import Api, Conversation, Json
from tests.models.handler import Handler
from tests.models.scenario import Scenario
from tests.models.scenarios import NAMED

#: A scenario, the name of one, or several by API (`anthropic`), model prefix (`gpt-5`) or `*`.
Chosen = Scenario | str | Mapping[str, "Scenario | str"]
_ALIASES = {"openai": Api.RESPONSES.value, "gemini": Api.GOOGLE.value}
EVERYTHING = "*"


@dataclass
class Request:
    """One call of a model, as it came. `at` is monotonic time; `status` what was answered, or 0."""

    api: Api
    path: str
    model: str
    body: Json
    at: float
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    status: int = 0


class ModelServer:
    """`with ModelServer("succeed") as server: server.url`. `scenario` may be set at any time.

    Setting it begins its count anew (for scenarios whose first calls fail).

    `requests` are the calls of models, `others` the (method, path) of all else that was asked.
    """

    def __init__(self, scenario: Chosen = "succeed", port: int = 0) -> None:
        self.scenario = scenario
        self.requests: list[Request] = []
        self.others: list[tuple[str, str]] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Connections(("127.0.0.1", port), Handler)
        self._server.models = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def scenario(self) -> Chosen:
        return self._scenario

    @scenario.setter
    def scenario(self, chosen: Chosen) -> None:
        self._by_key = by_key(chosen)
        self._scenario = chosen
        self._counted: defaultdict[int, int] = defaultdict(int)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def count(self) -> int:
        """How many calls of models came."""
        return len(self.requests)

    def start(self) -> ModelServer:
        self._thread.start()
        return self

    def close(self) -> None:
        """Ends all connections, also those that hang, and waits for their threads."""
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.cut()
        self._server.server_close()

    def __enter__(self) -> ModelServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def take(self, asked: Conversation, path: str, headers: Mapping[str, str]) -> Request:
        """Notes the request."""
        request = Request(asked.api, path, asked.model, asked.body, time.monotonic(), headers)
        with self._lock:
            self.requests.append(request)
        return request

    def choose(self, asked: Conversation) -> tuple[Scenario, int]:
        """The request's scenario (the longest model prefix wins over the API), and its number.

        Only requests with tools or for JSON are counted. LookupError if no scenario is for it.
        """
        found = self._by_key
        prefixes = sorted((k for k in found if asked.model.startswith(k)), key=len, reverse=True)
        for key in (*prefixes, asked.api.value, EVERYTHING):
            if key in found:
                return found[key], self._number(found[key], asked)
        raise LookupError(f"no scenario for {asked.api} and the model {asked.model!r}")

    def _number(self, scenario: Scenario, asked: Conversation) -> int:
        if not asked.tools and asked.schema is None:
            return len(scenario.first)
        with self._lock:
            self._counted[id(scenario)] += 1
            return self._counted[id(scenario)] - 1


def by_key(chosen: Chosen) -> dict[str, Scenario]:
    """KeyError, with the names there are, for one that is not known."""
    each = chosen if isinstance(chosen, Mapping) else {EVERYTHING: chosen}
    return {_ALIASES.get(key, key): _named(value) for key, value in each.items()}


def _named(scenario: Scenario | str) -> Scenario:
    if isinstance(scenario, Scenario):
        return scenario
    if scenario not in NAMED:
        raise KeyError(f"no scenario {scenario!r}; there are: {', '.join(NAMED)}")
    return NAMED[scenario]


class _Connections(ThreadingHTTPServer):
    """Knows its open connections, so that closing ends the idle and the hanging ones too."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128
    models: ModelServer

    def __init__(self, *given: Any) -> None:
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(*given)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no fault of the server's; anything else is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def cut(self) -> None:
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
