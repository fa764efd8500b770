"""The hub's git side, through the real git."""

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.hub import HubProcess, git


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "root", ["alice", "rita"]) as running:
        yield running


@pytest.fixture
def repo(hub: HubProcess, request: pytest.FixtureRequest) -> str:
    name = f"acme/{request.node.name}"
    hub.seed(name, {"README.md": "# Hello\n", "src/a b.txt": "one\n", "src/x.bin": "\0\1"})
    return name


@pytest.fixture
def work(hub: HubProcess, repo: str, tmp_path: Path) -> Path:
    git("clone", "-q", hub.git_url(repo), tmp_path / "work")
    return tmp_path / "work"


def commit(work: Path, name: str, text: str, message: str = "Change") -> str:
    (work / name).write_text(text)
    git("add", "-A", cwd=work)
    git("commit", "-q", "-m", message, cwd=work)
    return git("rev-parse", "HEAD", cwd=work).strip()


def test_clone_push_fetch(hub: HubProcess, repo: str, work: Path, tmp_path: Path) -> None:
    sha = commit(work, "new.txt", "new\n")
    git("push", "-q", "origin", "HEAD:main", "HEAD:refs/heads/feature/x", cwd=work)
    other = tmp_path / "other"
    git("-c", "protocol.version=2", "clone", "-q", hub.url + f"/{repo}", other, check=False)
    assert not other.exists(), "no token, no clone"
    git("clone", "-q", hub.git_url(repo).removesuffix(".git"), other)
    assert git("rev-parse", "HEAD", cwd=other).strip() == sha
    names = [each["name"] for each in hub.api("GET", f"/repos/{repo}/branches").json()]
    assert names == ["feature/x", "main"]
    for path in ("branches/feature/x", "branches/feature%2Fx"):
        assert hub.api("GET", f"/repos/{repo}/{path}").json()["commit"]["sha"] == sha
    assert hub.api("GET", f"/repos/{repo}/branches/none").status_code == 404


def test_partial_clone_and_single_commits(hub: HubProcess, repo: str, tmp_path: Path) -> None:
    part = tmp_path / "part"
    git("clone", "-q", "--filter=blob:none", "--no-checkout", hub.git_url(repo), part)
    git("checkout", "-q", "main", cwd=part)
    assert (part / "README.md").read_text() == "# Hello\n"
    old = git("rev-parse", "HEAD", cwd=part).strip()
    fresh = tmp_path / "fresh"
    git("init", "-q", fresh)
    git("fetch", "-q", "--depth=1", hub.git_url(repo), old, cwd=fresh)
    assert git("rev-parse", "FETCH_HEAD", cwd=fresh).strip() == old


@pytest.mark.long
def test_large_push(hub: HubProcess, repo: str, work: Path) -> None:
    data = "".join(f"{n * 7919 % 1000003:x}\n" for n in range(1_500_000))
    commit(work, "large.txt", data)
    git("-c", "http.postBuffer=1000", "push", "-q", "origin", "HEAD:large", cwd=work)
    assert hub.api("GET", f"/repos/{repo}/branches/large").status_code == 200


def test_force_with_lease(hub: HubProcess, repo: str, work: Path) -> None:
    first = commit(work, "a", "1")
    git("push", "-q", "origin", "HEAD:b", cwd=work)
    hub.push(repo, "b", {"z": "other"})
    git("reset", "-q", "--hard", "HEAD~1", cwd=work)
    second = commit(work, "a", "2")
    said = git("push", f"--force-with-lease=b:{first}", "origin", "HEAD:b", cwd=work, check=False)
    assert "stale info" in said
    theirs = git("ls-remote", "origin", "refs/heads/b", cwd=work).split()[0]
    git("push", "-q", f"--force-with-lease=b:{theirs}", "origin", "HEAD:b", cwd=work)
    assert hub.api("GET", f"/repos/{repo}/branches/b").json()["commit"]["sha"] == second


def test_refs(hub: HubProcess, repo: str, work: Path) -> None:
    sha = commit(work, "memory", "1")
    git("push", "-q", "origin", "HEAD:refs/agent-os/tasks/1", cwd=work)
    root = f"/repos/{repo}/git"
    shown = hub.api("GET", f"{root}/ref/agent-os/tasks/1").json()
    assert (shown["ref"], shown["object"]["sha"]) == ("refs/agent-os/tasks/1", sha)
    assert len(hub.api("GET", f"{root}/matching-refs/agent-os/").json()) == 1
    old = git("rev-parse", "HEAD~1", cwd=work).strip()
    made = hub.api("POST", f"{root}/refs", {"ref": "refs/heads/made", "sha": old})
    assert made.status_code == 201
    again = hub.api("POST", f"{root}/refs", {"ref": "refs/heads/made", "sha": old})
    assert (again.status_code, again.json()["message"]) == (422, "Reference already exists")
    for ref, target in (("main", old), ("refs/heads/a..b", old), ("refs/heads/n", "1" * 40)):
        assert hub.api("POST", f"{root}/refs", {"ref": ref, "sha": target}).status_code == 422
    moved = hub.api("PATCH", f"{root}/refs/heads/made", {"sha": sha})
    assert moved.json()["object"]["sha"] == sha
    back = hub.api("PATCH", f"{root}/refs/heads/made", {"sha": old})
    assert (back.status_code, back.json()["message"]) == (422, "Update is not a fast forward")
    assert hub.api("PATCH", f"{root}/refs/heads/made", {"sha": old, "force": True}).ok
    assert hub.api("DELETE", f"{root}/refs/heads/made").status_code == 204
    gone = hub.api("DELETE", f"{root}/refs/heads/made")
    assert (gone.status_code, gone.json()["message"]) == (422, "Reference does not exist")
    assert hub.api("DELETE", f"{root}/refs/heads/main").status_code == 422
    assert hub.api("GET", f"{root}/ref/heads/made").status_code == 404
    refused = git("push", "origin", "HEAD:refs/pull/9/head", cwd=work, check=False)
    assert "rejected" in refused


def test_readers_and_archives_cannot_push(hub: HubProcess, repo: str, work: Path) -> None:
    commit(work, "a", "1")
    hub.api("PUT", f"/repos/{repo}/collaborators/rita", {"permission": "pull"})
    said = git("push", hub.git_url(repo, "rita"), "HEAD:x", cwd=work, check=False)
    assert "403" in said
    git("ls-remote", hub.git_url(repo, "rita"), cwd=work)
    hub.api("PATCH", f"/repos/{repo}", {"archived": True})
    assert "403" in git("push", "origin", "HEAD:x", cwd=work, check=False)
    git("fetch", "-q", "origin", cwd=work)


def test_git_follows_a_rename(hub: HubProcess, repo: str, work: Path) -> None:
    assert hub.api("PATCH", f"/repos/{repo}", {"name": "elsewhere"}).ok
    commit(work, "a", "1")
    git("push", "-q", "origin", "HEAD:main", cwd=work)


def test_parallel_pushes(hub: HubProcess, repo: str) -> None:
    names = [f"p{number}" for number in range(6)]
    threads = [threading.Thread(target=hub.push, args=(repo, n, {n: n})) for n in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {each["name"] for each in hub.api("GET", f"/repos/{repo}/branches").json()}
    assert found == {"main", *names}


def test_dropped_push(hub: HubProcess, repo: str, work: Path) -> None:
    for kind, lands in (("drop_before", False), ("drop_after", True)):
        sha = commit(work, "a", kind)
        hub.fault("POST", "/git-receive-pack$", kind, count=5)  # git sends it once more by itself
        said = git("push", "origin", f"HEAD:{kind}", cwd=work, check=False)
        hub.admin("DELETE", "/faults")
        assert "error" in said or "fatal" in said
        found = hub.api("GET", f"/repos/{repo}/branches/{kind}")
        assert found.ok == lands
        assert not lands or found.json()["commit"]["sha"] == sha


def test_compressed_request(hub: HubProcess, repo: str) -> None:
    body = b"0014command=ls-refs\n00000000"
    headers = {
        "Content-Encoding": "gzip",
        "Content-Type": "application/x-git-upload-pack-request",
        "Git-Protocol": "version=2",
    }
    answer = requests.post(
        f"{hub.url}/{repo}.git/git-upload-pack",
        data=gzip.compress(body),
        headers=headers,
        auth=("x-access-token", hub.token("alice")),
        timeout=10,
    )
    assert b"refs/heads/main" in answer.content


def test_commits_and_compare(hub: HubProcess, repo: str, work: Path) -> None:
    first = git("rev-parse", "HEAD", cwd=work).strip()
    git("mv", "README.md", "INTRO.md", cwd=work)
    odd = "Odd \x01 words\n\nbody"
    second = commit(work, "src/a b.txt", "one\ntwo\n", odd)
    git("rm", "-q", "src/x.bin", cwd=work)
    third = commit(work, "new", "x\n")
    git("push", "-q", "origin", "HEAD:topic", cwd=work)
    hub.push(repo, "main", {"main.txt": "m"})
    listed = hub.api("GET", f"/repos/{repo}/commits?sha=topic&per_page=2").json()
    assert [each["sha"] for each in listed] == [third, second]
    assert listed[1]["commit"]["message"] == odd
    one = hub.api("GET", f"/repos/{repo}/commits/{second[:10]}").json()
    files = {f["filename"]: f for f in one["files"]}
    assert files["INTRO.md"]["previous_filename"] == "README.md"
    assert files["src/a b.txt"]["patch"] == "@@ -1 +1,2 @@\n one\n+two"
    assert one["stats"] == {"total": 1, "additions": 1, "deletions": 0}
    compared = hub.api("GET", f"/repos/{repo}/compare/main...topic").json()
    assert (compared["status"], compared["ahead_by"], compared["behind_by"]) == ("diverged", 2, 1)
    assert compared["merge_base_commit"]["sha"] == first
    assert [each["sha"] for each in compared["commits"]] == [second, third]
    assert {f["filename"]: f["status"] for f in compared["files"]} == {
        "INTRO.md": "renamed",
        "new": "added",
        "src/a b.txt": "modified",
        "src/x.bin": "removed",
    }
    same = hub.api("GET", f"/repos/{repo}/compare/main...main").json()
    assert (same["status"], same["files"]) == ("identical", [])
    assert hub.api("GET", f"/repos/{repo}/compare/main...none").status_code == 404
    assert hub.api("GET", f"/repos/{repo}/commits/{'1' * 40}").status_code == 422


def test_contents(hub: HubProcess, repo: str) -> None:
    root = f"/repos/{repo}/contents"
    names = [(each["name"], each["type"]) for each in hub.api("GET", root).json()]
    assert names == [("README.md", "file"), ("src", "dir")]
    inner = hub.api("GET", f"{root}/src").json()
    assert [each["path"] for each in inner] == ["src/a b.txt", "src/x.bin"]
    file = hub.api("GET", f"{root}/src/a b.txt?ref=main").json()
    assert (file["encoding"], file["size"]) == ("base64", 4)
    assert hub.api("GET", f"{root}/none").status_code == 404
    assert hub.api("GET", f"{root}/README.md?ref=none").status_code == 404
    assert hub.api("GET", f"{root}/a%00b").status_code == 422


def test_empty_repository(hub: HubProcess) -> None:
    hub.api("POST", "/user/repos", {"name": "empty"})
    assert hub.api("GET", "/repos/alice/empty/commits").status_code == 409
    assert hub.api("GET", "/repos/alice/empty/branches").json() == []
    assert hub.api("GET", "/repos/alice/empty/contents").status_code == 404
    hub.push("alice/empty", "first", {"a": "1"})
    assert hub.api("GET", "/repos/alice/empty").json()["default_branch"] == "main"
    changed = hub.api("PATCH", "/repos/alice/empty", {"default_branch": "first"})
    assert changed.json()["default_branch"] == "first"
    assert hub.api("PATCH", "/repos/alice/empty", {"default_branch": "none"}).status_code == 422
