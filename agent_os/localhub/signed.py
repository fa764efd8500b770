"""Addresses of logs that need no sign-in: GitHub keeps them on a host that wants no token."""

import hashlib
import hmac
import io
import zipfile

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from agent_os.localhub import jobs, runs
from agent_os.localhub.errors import Refusal
from agent_os.localhub.hub import Hub

JOB, RUN = "job", "run"


def address(hub: Hub, base: str, kind: str, repo_id: int, number: int) -> str:
    """Where the log of a job (text) or run (zip) can be read until the hub stops."""
    path = f"{repo_id}/{kind}/{number}"
    return f"{base}/_logs/{path}?sig={_signature(hub, path)}"


def _signature(hub: Hub, path: str) -> str:
    return hmac.new(hub.secret, path.encode(), hashlib.sha256).hexdigest()


def _job_log(hub: Hub, repo_id: int, job_id: int) -> Response:
    with hub.db.transaction():
        return PlainTextResponse(jobs.get(hub, repo_id, job_id).log())


def _run_log(hub: Hub, repo_id: int, run_id: int) -> Response:
    """The logs of the last attempt."""
    with hub.db.transaction():
        run = runs.get(hub, repo_id, run_id)
        found = jobs.of_run(hub, run.id, run.attempt)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, each in enumerate(found):
            archive.writestr(f"{number}_{each.name.replace('/', '-')}.txt", each.log())
    return Response(packed.getvalue(), media_type="application/zip")


def routes(hub: Hub) -> list[BaseRoute]:
    """GET what is at a signed address. A token beside the signature does not matter: who
    follows the redirect on the same host may keep it."""

    async def respond(request: Request) -> Response:
        names = request.path_params
        repo_id, kind, number = int(names["repo"]), str(names["kind"]), int(names["number"])
        given = request.query_params.get("sig", "")
        expected = _signature(hub, f"{repo_id}/{kind}/{number}")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise Refusal(403, "The address is not signed")
        if kind == JOB:
            return await run_in_threadpool(_job_log, hub, repo_id, number)
        return await run_in_threadpool(_run_log, hub, repo_id, number)

    return [Route("/_logs/{repo:int}/{kind}/{number:int}", respond)]
