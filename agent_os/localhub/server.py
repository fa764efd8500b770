"""The hub as a process: open the storage, listen on loopback, serve until told to stop."""

import fcntl
import json
import logging
import signal
import socket
from pathlib import Path
from typing import IO

import uvicorn

from agent_os.localhub import accounts, pushes, repositories, routes
from agent_os.localhub.door import CuttableProtocol
from agent_os.localhub.hub import Hub
from agent_os.localhub.scheduler import Scheduler
from agent_os.localhub.webhooks import outbox
from agent_os.localhub.webhooks.postman import Postman

HOST = "127.0.0.1"
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 2
log = logging.getLogger(__name__)


def serve(root: Path, port: int, users: dict[str, str], *, ci_jobs: int = 2) -> None:
    """Serve the hub stored below `root` until SIGTERM or SIGINT.

    users -- token of each login. port -- 0 picks a free one. Prints one JSON line with `url` and
    `api_url` when requests are answered; raises OSError when the port is taken, or the root is
    in use by another hub.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / "hub.lock").open("w") as held:
        _lock(held, root)
        _serve(root, port, users, ci_jobs)


def _lock(held: IO[str], root: Path) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OSError(f"another hub is running on {root}") from error


def _serve(root: Path, port: int, users: dict[str, str], ci_jobs: int) -> None:
    listening = _listen(port)
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    hub = Hub.open(root)
    hub.ci.parallel = ci_jobs
    hub.url = url
    with hub.db.transaction():
        for login, token in users.items():
            accounts.add(hub.db, login, token, hub.now())
    outbox.attach(hub)
    _catch_up(hub)
    scheduler, postman = Scheduler(hub), Postman(hub)
    scheduler.start()
    postman.start()
    # uvicorn takes these over while it serves, and raises them again when it is done: that must
    # not end the process before the jobs are stopped.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        _run(hub, listening, url)
    finally:
        scheduler.stop()
        postman.stop()
        hub.replicas.close()
        hub.db.close()


def _listen(port: int) -> socket.socket:
    # The protocol is named since asyncio turns Nagle's algorithm off only then: without, every
    # answer of two parts waits 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((HOST, port))
    listening.listen(256)
    return listening


def _catch_up(hub: Hub) -> None:
    """Act on pushes that landed just before an earlier process was killed."""
    with hub.db.transaction():
        for repo in repositories.all_of(hub):
            if hub.git_dir(repo.id).is_dir():
                actor = accounts.by_id(hub.db, repo.pushing_user_id or repo.owner_id)
                pushes.sync(hub, repo, actor)


class _Announcing(uvicorn.Server):
    """Prints the address once requests are answered."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then announce."""
        await super().startup(sockets)
        print(json.dumps({"url": self._url, "api_url": f"{self._url}/api/v3"}), flush=True)


def _run(hub: Hub, listening: socket.socket, url: str) -> None:
    config = uvicorn.Config(
        routes.application(hub),
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    _Announcing(config, url).run([listening])
