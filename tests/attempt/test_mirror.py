"""The mirror: fetching, importing, and pushes that can't overwrite anything."""

from __future__ import annotations

import http.server
import os
import subprocess
import threading
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from agent_os.domain.attempts import KeptRef
from agent_os.domain.errors import BadInput, Conflict, GitError, TokenRefused
from agent_os.workspace.mirror import Mirror, Update

from .world import World, git

TOKEN = "s3cret-token"
OTHER = "another-login"


@pytest.fixture
def remote(world: World) -> str:
    path = world.root / "remote.git"
    git(world.root, "clone", "-q", "--bare", str(world.origin), str(path))
    return str(path)


def make(world: World, text: str, parent: str) -> str:
    git(world.origin, "checkout", "-q", parent)
    sha = world.commit({"x.txt": text})
    git(world.origin, "branch", "-f", f"b{text}", sha)
    world.sync()
    return sha


def test_a_push_creates_then_advances_and_never_overwrites(world: World, remote: str) -> None:
    mirror, ref = world.mirror, "refs/heads/agent-os/12"
    one = make(world, "1", world.base)
    two = make(world, "2", one)
    other = make(world, "3", world.base)
    assert mirror.ls_remote(remote, "", ref) is None
    mirror.push(remote, "", Update(ref, one, ""))
    assert mirror.ls_remote(remote, "", ref) == one
    with pytest.raises(Conflict):
        mirror.push(remote, "", Update(ref, other, ""))
    with pytest.raises(Conflict):
        mirror.push(remote, "", Update(ref, other, one))
    with pytest.raises(Conflict):
        mirror.push(remote, "", Update(ref, two, world.base))
    mirror.push(remote, "", Update(ref, two, one))
    with pytest.raises(Conflict):
        mirror.push(remote, "", Update(ref, "", one))
    mirror.push(remote, "", Update(ref, "", two))
    assert mirror.ls_remote(remote, "", ref) is None


def test_fetching_prunes_branches_but_nothing_of_ours(world: World) -> None:
    one = make(world, "1", world.base)
    git(world.mirror.path, "update-ref", "refs/agent-os/attempts/7-1/1.1/head", one)
    git(world.origin, "checkout", "-q", "main")
    git(world.origin, "branch", "-D", "b1")
    world.sync()
    assert world.mirror.resolve("refs/heads/b1") is None
    assert world.mirror.resolve("refs/agent-os/attempts/7-1/1.1/head") == one
    with pytest.raises(BadInput):
        world.mirror.fetch(str(world.origin), "", ["+refs/*:refs/agent-os/*"])


def test_reading_files_and_history(world: World) -> None:
    mirror = world.mirror
    (world.origin / "link").symlink_to("app.py")
    sha = world.commit({"big.txt": "x" * 2000})
    world.sync()
    assert mirror.read_file(sha, "app.py") is not None
    assert mirror.read_file(sha, "link") is None
    assert mirror.read_file(sha, "tests") is None
    assert mirror.read_file(sha, "nothing") is None
    with pytest.raises(BadInput):
        mirror.read_file(sha, "big.txt", max_bytes=1000)
    assert "+x" in mirror.diff(world.base, sha, 10_000)
    assert mirror.diff(world.base, sha, 100).endswith("[cut]")
    assert mirror.merge_base(sha, world.base) == world.base
    assert not mirror.has("0" * 40)
    for bad in ("--upload-pack=x", "HEAD", "main", ""):
        with pytest.raises(BadInput):
            mirror.has(bad)
    assert mirror.resolve("--help") is None


def test_a_bundle_brings_exactly_what_is_recorded(world: World) -> None:
    attempt = world.attempt()
    outcome = attempt.run()
    bundle = attempt.path / "work.bundle"
    wrong = [KeptRef(ref=outcome.kept[0].ref, sha=world.base)]
    with pytest.raises(GitError):
        world.mirror.import_bundle(bundle, wrong)
    with pytest.raises(BadInput):
        sha = outcome.kept[0].sha
        world.mirror.import_bundle(bundle, [KeptRef(ref="refs/heads/main", sha=sha)])
    damaged = attempt.path / "damaged"
    damaged.write_bytes(bundle.read_bytes()[:-30])
    with pytest.raises(GitError):
        world.mirror.import_bundle(damaged, outcome.kept)
    assert world.mirror.resolve(outcome.kept[0].ref) is None
    world.mirror.import_bundle(bundle, outcome.kept)
    assert world.mirror.resolve(outcome.kept[0].ref) == outcome.kept[0].sha


SEEN: set[str] = set()


def holders(folder: Path) -> set[str]:
    """Processes that show the token in arguments or environment; files below that hold it."""
    found: set[str] = set()
    for path in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            with suppress(OSError):
                if TOKEN.encode() in (path / name).read_bytes():
                    found.add(f"{path / name}")
    for path in folder.rglob("*"):
        with suppress(OSError):
            if path.is_file() and TOKEN.encode() in path.read_bytes():
                found.add(str(path))
    return found


class _Hub(http.server.BaseHTTPRequestHandler):
    """git http-backend behind a password, as a host would have it."""

    root = Path()
    seen: set[str]

    def _serve(self) -> None:
        import base64

        self.seen |= holders(self.root)

        wanted = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="hub"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "REMOTE_USER": "x",
        }
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        done = subprocess.run(["git", "http-backend"], env=env, input=body, capture_output=True)
        head, _, data = done.stdout.partition(b"\r\n\r\n")
        self.send_response(200)
        for line in head.decode().splitlines():
            self.send_header(*line.split(": ", 1))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _serve

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def hub(world: World, remote: str) -> Generator[str]:
    git(Path(remote), "config", "http.receivepack", "true")
    handler = type("Handler", (_Hub,), {"root": world.root, "seen": SEEN})
    SEEN.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/remote.git"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def persons_home(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose git settings lead elsewhere, and what was asked of its credential helper."""
    home = world.root / "person"
    home.mkdir()
    asked = home / "asked"
    (home / ".gitconfig").write_text(
        f'[credential]\n\thelper = "!f() {{ echo $1 >> {asked}; cat >> {asked}; }}; f"\n'
        f'[url "http://127.0.0.1:9/"]\n\tinsteadOf = http://127.0.0.1\n'
        f"[core]\n\thooksPath = {home}/hooks\n\taskPass = {home}/hooks/pre-push\n"
        "[http]\n\textraHeader = X-Not: ours\n\tproxy = http://127.0.0.1:9\n"
    )
    (home / ".netrc").write_text(f"machine 127.0.0.1 login {OTHER} password {OTHER}\n")
    (home / "hooks").mkdir()
    (home / "hooks" / "pre-push").write_text(f"#!/bin/sh\ntouch {asked}\n")
    (home / "hooks" / "pre-push").chmod(0o755)
    for name, value in {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_ASKPASS": str(home / "hooks" / "pre-push"),
        "GIT_SSH_COMMAND": f"touch {asked}",
        "GIT_TRACE_CURL": str(home / "trace"),
        "GIT_CONFIG_PARAMETERS": "'http.proxy=http://127.0.0.1:9'",
    }.items():
        monkeypatch.setenv(name, value)
    return home


def test_the_token_is_given_over_a_pipe_only(world: World, hub: str, persons_home: Path) -> None:
    """Not in a URL, an argument, an environment or a file, at any time of a fetch or a push; and
    nobody's own settings have a part in it."""
    done = threading.Event()
    seen: set[str] = set()

    def watch() -> None:
        while not done.is_set():
            seen.update(holders(world.root))

    watcher = threading.Thread(target=watch)
    watcher.start()
    mirror = Mirror(world.root / "fresh.git")
    mirror.ensure(hub)
    mirror.fetch(hub, TOKEN)
    assert mirror.has(world.base)
    mirror.push(hub, TOKEN, Update("refs/heads/new", world.base, ""))
    assert mirror.ls_remote(hub, TOKEN, "refs/heads/new") == world.base
    done.set()
    watcher.join()
    assert seen | SEEN | holders(world.root) == set()
    assert {path.name for path in persons_home.iterdir()} == {".gitconfig", ".netrc", "hooks"}


def test_the_token_does_not_follow_a_redirect_elsewhere(world: World, hub: str) -> None:
    """The other place is asked without it, and refuses."""

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", hub + self.path.removeprefix("/x.git"))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(TokenRefused):
            world.mirror.fetch(f"http://127.0.0.1:{server.server_address[1]}/x.git", TOKEN)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_refused_token_is_told_from_an_absent_remote(world: World, hub: str, token: str) -> None:
    with pytest.raises(TokenRefused):
        world.mirror.fetch(hub, token)
    with pytest.raises(TokenRefused):
        world.mirror.push(hub, token, Update("refs/heads/new", world.base, ""))
    with pytest.raises(GitError):
        world.mirror.ls_remote("http://127.0.0.1:9/none.git", "t", "refs/heads/main")
