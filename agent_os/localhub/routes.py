"""Every route of the hub, and the application they make."""

import re
from collections.abc import Awaitable, Callable
from email.utils import formatdate

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from agent_os.localhub import admin, gitbackend, pages, repositories, signed
from agent_os.localhub.api import (
    actions,
    checks,
    comments,
    contents,
    events,
    graphql,
    hooks,
    issues,
    labels,
    merges,
    protection,
    pulls,
    refs,
    reviews,
    statuses,
    users,
)
from agent_os.localhub.api import commits as api_commits
from agent_os.localhub.api import repositories as api_repositories
from agent_os.localhub.door import App, Door, Message, Receive, Send
from agent_os.localhub.errors import Refusal, not_found
from agent_os.localhub.graphql import documents
from agent_os.localhub.http import endpoint
from agent_os.localhub.hub import Hub

# Order matters where a path parameter could swallow a longer path.
API = (
    users,
    api_repositories,
    labels,
    comments,
    events,
    issues,
    merges,
    reviews,
    pulls,
    protection,
    checks,
    statuses,
    refs,
    api_commits,
    contents,
    actions,
    hooks,
)
BY_ID = re.compile(r"/api/v3/repositories/(\d{1,18})(/.*)?")


def _api(hub: Hub) -> list[BaseRoute]:
    return [
        Route(f"/api/v3{path}", endpoint(hub, handler), methods=[method])
        for module in API
        for method, path, handler in module.ROUTES
    ]


def _graphql(hub: Hub) -> list[BaseRoute]:
    handler = endpoint(hub, graphql.query)
    return [Route(path, handler, methods=["POST"]) for path in documents.PATHS]


def _git(hub: Hub) -> list[BaseRoute]:
    async def serve(request: Request) -> Response:
        return await gitbackend.serve(hub, request)

    what = "{owner}/{repo}/{what:path}"
    return [
        Route(f"/{what.replace('{what:path}', 'info/refs')}", _with(serve, "info/refs")),
        *(
            Route(f"/{{owner}}/{{repo}}/{service}", _with(serve, service), methods=["POST"])
            for service in gitbackend.SERVICES
        ),
    ]


Endpoint = Callable[[Request], Awaitable[Response]]


def _with(serve: Endpoint, what: str) -> Endpoint:
    async def respond(request: Request) -> Response:
        request.scope["path_params"]["what"] = what
        return await serve(request)

    return respond


async def _refusal(_: Request, error: Exception) -> Response:
    refusal = error if isinstance(error, Refusal) else not_found()
    return JSONResponse(refusal.body(), refusal.status, refusal.headers)


async def _left(_: Request, __: Exception) -> Response:
    """The client went away in the middle of its request: nobody reads this."""
    return Response(status_code=400)


def _by_id(hub: Hub, app: App) -> App:
    """/repositories/{id}/... means /repos/{owner}/{name}/... of that repository."""

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        found = BY_ID.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is not None:
            try:
                with hub.db.transaction():
                    repo = repositories.by_id(hub, int(found[1]))
                scope["path"] = f"/api/v3/repos/{repo.full_name}{found[2] or ''}"
            except Refusal:
                pass
        await app(scope, receive, send)

    return serve


def _dated(hub: Hub, app: App) -> App:
    """Every answer says what time it is here: by the hub's clock, as in all that it tells."""

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = (b"date", formatdate(hub.clock.epoch(), usegmt=True).encode())
                message = {**message, "headers": [*message.get("headers", ()), date]}
            await send(message)

        await app(scope, receive, dated)

    return serve


def application(hub: Hub) -> App:
    """The ASGI application."""
    routes = [
        *admin.routes(hub),
        *signed.routes(hub),
        *_graphql(hub),
        *_api(hub),
        *_git(hub),
        *pages.routes(hub),
    ]
    handlers = {404: _refusal, 405: _refusal, Refusal: _refusal, ClientDisconnect: _left}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return _dated(hub, Door(hub, _by_id(hub, app)))
