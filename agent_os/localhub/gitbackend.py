"""Git over HTTP: `git http-backend` as a CGI program."""

import logging
import subprocess
import tempfile
from collections.abc import Generator
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agent_os.localhub import pushes, repositories, signin
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal, not_found
from agent_os.localhub.git import ENVIRONMENT
from agent_os.localhub.hub import Hub
from agent_os.localhub.repositories import Repository

TIMEOUT_SECONDS = 600
CHUNK_BYTES = 256 * 1024
SERVICES = ("git-upload-pack", "git-receive-pack")
log = logging.getLogger(__name__)


async def serve(hub: Hub, request: Request) -> Response:
    """Answer info/refs, git-upload-pack or git-receive-pack of /{owner}/{repo}[.git]/."""
    try:
        user = await run_in_threadpool(_sign_in, hub, request)
        repo = await run_in_threadpool(_repository, hub, request, user)
    except Refusal as refusal:
        return _refused(refusal)
    # The body is spooled before git starts: answering while it still arrives made large pushes
    # hang, since neither side read.
    with tempfile.TemporaryFile() as body:
        async for part in request.stream():
            body.write(part)
        body.seek(0)
        try:
            return await run_in_threadpool(_answer, hub, request, user, repo, body)
        except Refusal as refusal:
            return _refused(refusal)


def _refused(refusal: Refusal) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if refusal.status == 401 else None
    return Response(refusal.message, refusal.status, headers, "text/plain")


def _sign_in(hub: Hub, request: Request) -> User:
    user = signin.user_of(hub, request.headers.get("authorization", ""))
    request.scope["hub_user"] = user.login
    return user


def service_of(request: Request) -> str:
    """The git service a request asks for, '' for none."""
    if request.path_params["what"] == "info/refs":
        return request.query_params.get("service", "")
    return request.path_params["what"]


def _repository(hub: Hub, request: Request, user: User) -> Repository:
    service = service_of(request)
    if service not in SERVICES:
        raise Refusal(403, "Please upgrade your git client.")
    owner, name = request.path_params["owner"], request.path_params["repo"]
    with hub.db.transaction():
        repo = repositories.follow(hub, owner, name.removesuffix(".git"))
        if service == "git-receive-pack":
            repositories.require_write(hub, repo, user)
    return repo


def _answer(hub: Hub, request: Request, user: User, repo: Repository, body: IO[bytes]) -> Response:
    if request.method == "POST" and service_of(request) == "git-receive-pack":
        return _push(hub, request, user, repo, body)
    return _run(hub, request, user, repo, body)


def _push(hub: Hub, request: Request, user: User, repo: Repository, body: IO[bytes]) -> Response:
    """One push at a time in a repository; all that follows from it is done before the answer."""
    with hub.lock(repo.id):
        with hub.db.transaction():
            fresh = repositories.by_id(hub, repo.id)
            repositories.require_write(hub, fresh, user)
            hub.db.update("repositories", repo.id, pushing_user_id=user.id)
        response = _run(hub, request, user, repo, body)
        with hub.db.transaction():
            pushes.sync(hub, fresh, user)
    return response


def _run(hub: Hub, request: Request, user: User, repo: Repository, body: IO[bytes]) -> Response:
    if not hub.git_dir(repo.id).is_dir():
        raise not_found()
    headers = request.headers
    environment = ENVIRONMENT | {
        "GIT_PROJECT_ROOT": str(hub.root / "repos"),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repo.id}.git/{request.path_params['what']}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.url.query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "REMOTE_USER": user.login,
        "REMOTE_ADDR": "127.0.0.1",
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_COMMITTER_NAME": user.login,
        "GIT_COMMITTER_EMAIL": user.email,
    }
    out = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the response has been sent
    done = subprocess.run(
        ["git", "http-backend"],
        stdin=body,
        stdout=out,
        stderr=subprocess.PIPE,
        env=environment,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        log.warning("git http-backend: %s", done.stderr.decode(errors="replace").strip())
    out.seek(0)
    return _response(out)


def _response(out: IO[bytes]) -> Response:
    status, headers = 200, dict[str, str]()
    while line := out.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers[name] = value.strip()

    def chunks() -> Generator[bytes]:
        with out:
            while part := out.read(CHUNK_BYTES):
                yield part

    return StreamingResponse(chunks(), status, headers)
