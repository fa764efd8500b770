"""Addresses of logs that need no sign-in: GitHub keeps them on a host that wants no token."""

import hashlib
import hmac

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from agent_os.localhub import jobs
from agent_os.localhub.errors import Refusal
from agent_os.localhub.hub import Hub


def address(hub: Hub, base: str, repo_id: int, job_id: int) -> str:
    """Where the job's log can be read without a token, until the hub stops."""
    return f"{base}/_logs/{repo_id}/{job_id}?sig={_signature(hub, repo_id, job_id)}"


def _signature(hub: Hub, repo_id: int, job_id: int) -> str:
    return hmac.new(hub.secret, f"{repo_id}/{job_id}".encode(), hashlib.sha256).hexdigest()


def routes(hub: Hub) -> list[BaseRoute]:
    """GET the text of a signed address. A token beside the signature does not matter: who
    follows the redirect on the same host may keep it."""

    def read(repo_id: int, job_id: int) -> str:
        with hub.db.transaction():
            return jobs.get(hub, repo_id, job_id).log()

    async def respond(request: Request) -> Response:
        repo_id, job_id = int(request.path_params["repo"]), int(request.path_params["job"])
        given = request.query_params.get("sig", "")
        signed = hmac.compare_digest(given.encode(), _signature(hub, repo_id, job_id).encode())
        if not signed:
            raise Refusal(403, "The address is not signed")
        return PlainTextResponse(await run_in_threadpool(read, repo_id, job_id))

    return [Route("/_logs/{repo:int}/{job:int}", respond)]
