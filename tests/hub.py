"""A real hub process for tests."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from tests import planted

START_SECONDS = 30
STOP_SECONDS = 15
GIT_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Seed",
    "GIT_AUTHOR_EMAIL": "seed@example.invalid",
    "GIT_COMMITTER_NAME": "Seed",
    "GIT_COMMITTER_EMAIL": "seed@example.invalid",
}


def git(*arguments: str | Path, cwd: Path | None = None, check: bool = True) -> str:
    """Run git with a fixed environment; answers stdout, and fails with git's own words."""
    done = subprocess.run(
        ["git", *map(str, arguments)],
        cwd=cwd,
        env=GIT_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"git {arguments}: {done.stderr}")
    return done.stdout if check else done.stdout + done.stderr


class HubProcess:
    """`python -m agent_os.localhub` on a free port; a context manager. `users` maps login to
    token, or is a list of logins. `record` is a folder for requests and webhook payloads."""

    def __init__(
        self,
        root: Path,
        users: dict[str, str] | list[str] | None = None,
        *,
        ci_jobs: int = 2,
        record: Path | None = None,
    ) -> None:
        self.root = root
        self.record = record
        given = ["alice", "agent-os"] if users is None else users
        made = {u: planted.github_token(u) for u in given}
        self.users = dict(given) if isinstance(given, dict) else made
        self.ci_jobs = ci_jobs
        self.port = 0
        self.url = ""
        self.api_url = ""
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The hub's process id."""
        return self._running().pid

    @property
    def log_path(self) -> Path:
        """Where the hub's stderr goes."""
        return self.root.parent / f"{self.root.name}.log"

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "the hub is not running"
        return self._process

    def start(self) -> None:
        """Start, on the port it had before, and wait until it answers."""
        self.root.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "agent_os.localhub", "--root", str(self.root)]
        command += ["--port", str(self.port), "--ci-jobs", str(self.ci_jobs)]
        for login, token in self.users.items():
            command += ["--user", f"{login}={token}"]
        recording = {"AGENT_OS_HUB_RECORD": str(self.record)} if self.record else {}
        with self.log_path.open("a") as log:
            self._process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env={**os.environ, **recording},
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the hub did not start: {self.log_path.read_text()}"
        ready = json.loads(line)
        self.url, self.api_url = ready["url"], ready["api_url"]
        self.port = urlsplit(self.url).port or 0

    def stop(self) -> None:
        """SIGTERM, then wait; nothing when it is down already."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, as in a crash."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def restart(self) -> None:
        """Stop when running, and start on the same port and storage."""
        self.stop()
        self.start()

    def token(self, user: str) -> str:
        """The user's token."""
        return self.users[user]

    def git_url(self, repo: str, user: str = "alice") -> str:
        """A clone URL with the user's token in it."""
        return f"http://{user}:{self.token(user)}@127.0.0.1:{self.port}/{repo}.git"

    def api(
        self, method: str, path: str, body: Any = None, *, user: str = "alice", **options: Any
    ) -> requests.Response:
        """One REST request; `path` is below the API root. Redirects are not followed."""
        headers = {"Authorization": f"token {self.token(user)}", **options.pop("headers", {})}
        return requests.request(
            method,
            f"{self.api_url}{path}",
            json=body,
            headers=headers,
            timeout=30,
            allow_redirects=False,
            **options,
        )

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """One request below /_hub; answers the JSON."""
        answer = requests.request(method, f"{self.url}/_hub{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def requests(self, *, writes: bool = False) -> list[dict[str, Any]]:
        """What clients asked for so far: seq, method, path, query, status, user, at, write."""
        return self.admin("GET", f"/requests?writes={int(writes)}")["requests"]

    def reset_requests(self) -> None:
        """Forget the requests so far."""
        self.admin("POST", "/requests/reset")

    def fault(self, method: str, path: str, kind: str = "status", **more: Any) -> None:
        """Order a fault: kind status, drop_before or drop_after; count, status, headers, body."""
        self.admin("POST", "/faults", {"method": method, "path": path, "kind": kind, **more})

    def ci(self, **settings: Any) -> None:
        """Change how CI behaves: delay, paused, flip."""
        self.admin("POST", "/ci", settings)

    def revoke(self, login: str, *, revoked: bool = True) -> None:
        """Refuse the user's token, or take it again."""
        self.admin("POST", "/tokens", {"login": login, "revoked": revoked})

    def webhooks(self, **settings: Any) -> dict[str, Any]:
        """Change how webhooks are delivered: duplicate, drop, order, window, seed, paused."""
        return self.admin("POST", "/webhooks", settings)

    def add_user(self, login: str) -> None:
        """Another user, at runtime."""
        self.users[login] = f"token-of-{login}"
        self.admin("POST", "/users", {"login": login, "token": self.users[login]})

    def seed(self, repo: str, files: dict[str, str], user: str = "alice") -> str:
        """Create owner/name (unless it exists) and push these files to main as one commit on top
        of what is there; answers the commit id."""
        owner, _, name = repo.partition("/")
        path = "/user/repos" if owner == user else f"/orgs/{owner}/repos"
        made = self.api("POST", path, {"name": name}, user=user)
        assert made.status_code in (201, 422), made.text
        return self.push(repo, "main", files, user=user)

    def push(
        self,
        repo: str,
        branch: str,
        files: dict[str, str],
        *,
        user: str = "alice",
        message: str = "Change files",
        base: str = "main",
    ) -> str:
        """Commit these files on `branch` (made from `base` when new) and push; answers the id."""
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "work"
            git("clone", "-q", self.git_url(repo, user), work)
            known = git("branch", "-r", "--format=%(refname:short)", cwd=work).split()
            if f"origin/{branch}" in known:
                git("checkout", "-q", "-B", branch, f"origin/{branch}", cwd=work)
            elif f"origin/{base}" in known:
                git("checkout", "-q", "-b", branch, f"origin/{base}", cwd=work)
            else:
                git("checkout", "-q", "-B", branch, cwd=work)
            for name, text in files.items():
                target = work / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            git("add", "-A", cwd=work)
            git("commit", "-q", "--allow-empty", "-m", message, cwd=work)
            git("push", "-q", "origin", f"HEAD:refs/heads/{branch}", cwd=work)
            return git("rev-parse", "HEAD", cwd=work).strip()
