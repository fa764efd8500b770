"""The outermost layer: keeps the log of requests and carries out ordered faults."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from agent_os.localhub import refusals
from agent_os.localhub.faults import Fault
from agent_os.localhub.graphql.documents import PATHS, Operation, peek
from agent_os.localhub.hub import Hub

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

#: Of a GraphQL request, to see what it asks for (bytes).
MOST_READ_AHEAD = 1024 * 1024

# Open connections by client address, for the fault that cuts one.
_open: dict[tuple[str, int], asyncio.Transport] = {}


class CuttableProtocol(H11Protocol):
    """uvicorn's HTTP protocol, whose connections can be cut without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Remember the connection."""
        self._address: tuple[str, int] = tuple(transport.get_extra_info("peername")[:2])
        _open[self._address] = transport
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        _open.pop(self._address, None)
        super().connection_lost(exc)


class Door:
    """ASGI middleware around the whole hub. Admin requests pass unlogged and never fail."""

    def __init__(self, hub: Hub, app: App) -> None:
        self._hub = hub
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith("/_hub"):
            await self._app(scope, receive, send)
            return
        scope["hub_path"] = scope["path"]
        path = scope["path"]
        started = time.perf_counter()
        operation: Operation | None = None
        if scope["method"] == "POST" and path in PATHS:
            body, receive = await _read_ahead(receive)
            operation = peek(body)
        kind = operation and operation.kind
        strike = self._hub.faults.take(scope["method"], path, kind)
        scope["hub_strike"] = strike
        if strike.delay:
            await asyncio.sleep(strike.delay)
        status = await self._serve(scope, receive, send, strike.hard)
        self._hub.traffic.add(
            method=scope["method"],
            path=path,
            query=scope["query_string"].decode("latin-1"),
            status=status,
            user=scope.get("hub_user"),
            at=self._hub.now(),
            ms=(time.perf_counter() - started) * 1000,
            operation=operation and str(operation),
        )

    async def _serve(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send, fault: Fault | None
    ) -> int:
        """Answers the status sent, 0 for none."""
        if fault is not None and fault.kind == "drop_before":
            await _cut(scope, receive)
            return 0
        if fault is not None and fault.kind != "drop_after":
            return await self._fail(fault, receive, send, graphql=scope["path"] in PATHS)
        dropping = fault is not None
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if dropping:
                return
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, watched)
        if dropping:
            await _cut(scope, receive)
        return status

    async def _fail(self, fault: Fault, receive: Receive, send: Send, *, graphql: bool) -> int:
        while (await receive()).get("more_body"):
            pass
        hub = self._hub
        status, headers, content = refusals.answer(
            fault, hub.clock.epoch(), hub.rates.limit, graphql=graphql
        )
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": content})
        return status


async def _read_ahead(receive: Receive) -> tuple[bytes, Receive]:
    """The body's beginning, whole unless it is larger than a document may be, and what gives the
    same messages again."""
    seen: list[Message] = []
    body = b""
    while len(body) <= MOST_READ_AHEAD:
        seen.append(await receive())
        body += seen[-1].get("body", b"")
        if not seen[-1].get("more_body"):
            break

    async def again() -> Message:
        return seen.pop(0) if seen else await receive()

    return body, again


async def _cut(scope: MutableMapping[str, Any], receive: Receive) -> None:
    transport = _open.get(tuple(scope["client"]))
    if transport is not None:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
