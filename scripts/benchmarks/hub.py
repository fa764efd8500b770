"""A hub process, and what people do there: over the wire."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Self

import requests

OWNER, BOT = "alice", "agent-os"
TOKENS = {OWNER: "bench-token-of-alice", BOT: "bench-token-of-agent-os"}
SECRET = "bench-webhook-secret"
_SECONDS = 60
_SHA = re.compile(r"/[0-9a-f]{40}(?=/|$)")
_BRANCH = re.compile(r"/heads/.+$")
_NUMBER = re.compile(r"/\d+(?=/|$)")
#: What GitHub sends by itself when these happen; the receiver ignores all others.
EVENTS = (
    *("issues", "issue_comment", "push", "pull_request", "pull_request_review"),
    *("check_run", "check_suite", "status"),
)


class Hub:
    """`agent-os hub serve` on a free port; a context manager."""

    def __init__(self, folder: Path, ci_jobs: int = 2) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        argv = [sys.executable, "-m", "agent_os", "hub", "serve", "--root", str(folder / "hub")]
        for login, token in TOKENS.items():
            argv += ["--user", f"{login}={token}"]
        argv += ["--ci-jobs", str(ci_jobs)]
        with (folder / "hub.log").open("w") as log:
            self._process = subprocess.Popen(
                argv, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the hub did not start: {(folder / 'hub.log').read_text()}")
        ready = json.loads(line)
        self.url: str = ready["url"]
        self.api_url: str = ready["api_url"]
        self._session = requests.Session()
        self._session.trust_env = False
        # The bench makes more in a minute than GitHub allows in an hour.
        self.admin("POST", "/rate", {"limit": 10_000_000})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def api(self, verb: str, path: str, body: Any = None, user: str = OWNER) -> Any:
        """One request below the API's root; its JSON. HTTPError unless it is good."""
        headers = {"Authorization": f"token {TOKENS[user]}"}
        answer = self._session.request(
            verb, self.api_url + path, json=body, headers=headers, timeout=_SECONDS
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def admin(self, verb: str, path: str, body: Any = None) -> Any:
        """One request below /_hub; its JSON."""
        answer = self._session.request(verb, f"{self.url}/_hub{path}", json=body, timeout=_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def address(self, repo: str) -> str:
        """A clone URL with alice's token."""
        return self.url.replace("://", f"://{OWNER}:{TOKENS[OWNER]}@", 1) + f"/{repo}.git"

    def make(self, repo: str, files: dict[str, str]) -> None:
        """A repository with these files as one commit on main."""
        owner, name = repo.split("/")
        self.api("POST", f"/orgs/{owner}/repos", {"name": name})
        work = self.folder / "seeds" / name
        for path, text in files.items():
            file = work / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        git("init", "--quiet", "--initial-branch=main", cwd=work)
        git("add", "--all", cwd=work)
        git("commit", "--quiet", "--message", "begin", cwd=work)
        git("push", "--quiet", self.address(repo), "main", cwd=work)

    def issue(self, repo: str, title: str, *labels: str) -> int:
        body = {"title": title, "body": f"## Goal\n{title}.\n", "labels": list(labels)}
        return self.api("POST", f"/repos/{repo}/issues", body)["number"]

    def label(self, repo: str, number: int, label: str = "Ready") -> float:
        """The time (seconds since 1970) just before the request was sent."""
        at = time.time()
        self.api("POST", f"/repos/{repo}/issues/{number}/labels", {"labels": [label]})
        return at

    def hook(self, repo: str, port: int) -> None:
        """Deliveries of the repository go to this port."""
        config = {"url": f"http://127.0.0.1:{port}/webhook", "secret": SECRET}
        config["content_type"] = "json"
        self.api("POST", f"/repos/{repo}/hooks", {"config": config, "events": list(EVENTS)})

    def reset_traffic(self) -> None:
        self.admin("POST", "/requests/reset")

    def traffic(self) -> list[dict[str, Any]]:
        """The bot's requests to the API since the last reset; git's are left out."""
        found = self.admin("GET", "/requests")["requests"]
        return [r for r in found if r["user"] == BOT and ".git/" not in r["path"]]


def itemized(traffic: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """(`METHOD route`, `304` or `counted`) and how often."""
    found: Counter[tuple[str, str]] = Counter()
    for request in traffic:
        kind = "304" if request["status"] == 304 else "counted"
        found[f"{request['method']} {route(request['path'])}", kind] += 1
    return found


def route(path: str) -> str:
    """A path with names for what differs: `/repos/{repo}/issues/{n}/labels`."""
    path = path.removeprefix("/api/v3")
    path = re.sub(r"^/repos/[^/]+/[^/]+", "/repos/{repo}", path)
    path = _NUMBER.sub("/{n}", _BRANCH.sub("/heads/{branch}", _SHA.sub("/{sha}", path)))
    path = re.sub(r"/branches/[^/]+", "/branches/{branch}", path)
    path = re.sub(r"/labels/[^/]+$", "/labels/{name}", path)
    return re.sub(r"/collaborators/[^/]+", "/collaborators/{login}", path)


def git(*arguments: str | Path, cwd: Path | None = None) -> str:
    """git with a fixed environment; its output. RuntimeError with git's own words."""
    who = {"NAME": "bench", "EMAIL": "bench@example.invalid"}
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        **{f"GIT_{role}_{key}": who[key] for role in ("AUTHOR", "COMMITTER") for key in who},
    }
    done = subprocess.run(
        ["git", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"git {arguments}: {done.stderr}")
    return done.stdout
