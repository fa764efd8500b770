"""Statuses, check runs, and the hub's own CI."""

import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
import requests
from github import Auth, Github
from github.CheckRun import CheckRun
from github.Repository import Repository

from tests.hub import HubProcess

DEADLINE_SECONDS = 30
CI = """\
name: CI
on:
  push:
  pull_request:
    branches: [main]
jobs:
  test:
    name: unit tests
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Look
        run: echo "on $GITHUB_EVENT_NAME of $GITHUB_REF" && test ! -e broken
"""
SLOW = CI.replace("run: echo", "run: sleep 60 && echo").replace(
    "  pull_request:\n    branches: [main]\n", ""
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "root") as running:
        yield running


def open_repo(hub: HubProcess, name: str) -> Repository:
    client = Github(
        base_url=hub.api_url,
        auth=Auth.Token(hub.token("alice")),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    return client.get_repo(name)


def until(found: Callable[[], object], what: str) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not found():
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.05)


def finished(repo: Repository, sha: str, count: int) -> list[CheckRun]:
    """The check runs of a commit once `count` are complete."""

    def done() -> bool:
        runs = list(repo.get_commit(sha).get_check_runs())
        return len(runs) == count and all(run.status == "completed" for run in runs)

    until(done, f"{count} check runs of {sha}")
    return list(repo.get_commit(sha).get_check_runs())


def test_statuses(hub: HubProcess) -> None:
    sha = hub.seed("acme/statuses", {"a": "1"})
    repo = open_repo(hub, "acme/statuses")
    commit = repo.get_commit(sha)
    assert commit.get_combined_status().state == "pending"
    commit.create_status("pending", "https://ci.invalid/1", "soon", "ci")
    commit.create_status("success", context="lint")
    assert commit.get_combined_status().state == "pending"
    commit.create_status("success", context="ci")
    combined = repo.get_commit("main").get_combined_status()
    assert (combined.state, combined.total_count, combined.sha) == ("success", 2, sha)
    assert [s.state for s in commit.get_statuses()] == ["success", "success", "pending"]
    for body in ({"state": "odd"}, {}):
        answer = hub.api("POST", f"/repos/acme/statuses/statuses/{sha}", body)
        assert answer.status_code == 422
    assert hub.api("POST", f"/repos/acme/statuses/statuses/{'1' * 40}", {}).status_code == 422


def test_check_runs(hub: HubProcess) -> None:
    sha = hub.seed("acme/checks", {"a": "1"})
    repo = open_repo(hub, "acme/checks")
    run = repo.create_check_run("review", sha, details_url="https://x.invalid/")
    assert (run.status, run.conclusion, run.app.slug) == ("queued", None, "alice")
    run.edit(status="in_progress")
    output = {"title": "t", "summary": "s"}
    run.edit(conclusion="failure", output=output)
    fresh = repo.get_check_run(run.id)
    assert (fresh.status, fresh.conclusion, fresh.output.title) == ("completed", "failure", "t")
    assert fresh.completed_at is not None
    assert fresh.check_suite.id
    again = repo.create_check_run("review", sha, status="completed", conclusion="success")
    commit = repo.get_commit(sha)
    assert [r.id for r in commit.get_check_runs()] == [again.id]
    assert [r.id for r in commit.get_check_runs(filter="all")] == [again.id, run.id]
    assert list(commit.get_check_runs(check_name="other")) == []
    suites = list(commit.get_check_suites())
    assert [(s.app.slug, s.head_sha) for s in suites] == [("alice", sha)]
    for body in (
        {"name": "x"},
        {"name": "x", "head_sha": "1" * 40},
        {"name": "x", "head_sha": sha, "conclusion": "odd"},
    ):
        assert hub.api("POST", "/repos/acme/checks/check-runs", body).status_code == 422


def test_ci_runs_for_push_and_pull_request(hub: HubProcess) -> None:
    sha = hub.seed("acme/ci", {".github/workflows/ci.yml": CI})
    repo = open_repo(hub, "acme/ci")
    (first,) = finished(repo, sha, 1)
    assert (first.name, first.conclusion, first.app.slug) == (
        "unit tests",
        "success",
        "github-actions",
    )
    head = hub.push("acme/ci", "topic", {"broken": "x"})
    pull = repo.create_pull(base="main", head="topic", title="x")
    assert {run.conclusion for run in finished(repo, head, 2)} == {"failure"}
    assert repo.get_pull(pull.number).mergeable_state == "unstable"
    runs = list(repo.get_workflow_runs(branch=repo.get_branch("topic")))
    assert [(r.event, r.status, r.conclusion) for r in runs] == [
        ("pull_request", "completed", "failure"),
        ("push", "completed", "failure"),
    ]
    assert len(list(repo.get_workflow_runs(event="push", head_sha=head))) == 1
    (job,) = runs[0].jobs()
    assert [(s.name, s.conclusion) for s in job.steps if s.name == "Look"] == [("Look", "failure")]
    text = hub.api("GET", f"/repos/acme/ci/actions/jobs/{job.id}/logs")
    assert text.status_code == 302
    where = text.headers["Location"]
    assert "on pull_request of refs/pull/1/head" in requests.get(where, timeout=30).text
    token = {"Authorization": f"token {hub.token('alice')}"}
    # Who follows the redirect may keep the token: the host is the same.
    assert requests.get(where, headers=token, timeout=30).status_code == 200
    assert requests.get(where.replace("sig=", "sig=0"), timeout=30).status_code == 403
    assert requests.get(where.partition("?")[0], timeout=30).status_code == 403
    moved = hub.api("GET", f"/repos/acme/ci/actions/runs/{runs[0].id}/logs")
    assert moved.status_code == 302
    packed = requests.get(moved.headers["Location"], timeout=30).content
    assert len(ZipFile(BytesIO(packed)).namelist()) == 1
    assert [flow.path for flow in repo.get_workflows()] == [".github/workflows/ci.yml"]
    assert repo.get_workflow("ci.yml").state == "active"
    next_head = hub.push("acme/ci", "topic", {"more": "x"})
    assert len(finished(repo, next_head, 2)) == 2
    assert runs[0].rerun() is True
    until(lambda: repo.get_workflow_run(runs[0].id).status == "completed", "the rerun")
    assert repo.get_workflow_run(runs[0].id).run_attempt == 2
    assert len(list(runs[0].jobs("all"))) == 2


def test_other_refs_start_nothing_and_odd_workflows_never_pass(hub: HubProcess) -> None:
    odd = CI.replace("runs-on: ubuntu-latest", "runs-on: windows-latest")
    sha = hub.seed("acme/odd", {".github/workflows/odd.yml": odd})
    repo = open_repo(hub, "acme/odd")
    (run,) = finished(repo, sha, 1)
    assert run.conclusion == "action_required"
    assert "windows-latest" in str(run.output.summary)
    before = repo.get_workflow_runs().totalCount
    body = {"ref": "refs/agent-os/x", "sha": sha}
    assert hub.api("POST", "/repos/acme/odd/git/refs", body).status_code == 201
    assert repo.get_workflow_runs().totalCount == before


@pytest.mark.long
def test_unfinished_runs_survive_a_crash(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "root", ci_jobs=1) as hub:
        hub.admin("POST", "/ci", {"paused": True})
        sha = hub.seed("acme/ci", {".github/workflows/ci.yml": CI})
        repo = open_repo(hub, "acme/ci")
        assert [r.status for r in repo.get_commit(sha).get_check_runs()] == ["queued"]
        hub.kill()
        hub.start()
        assert [run.conclusion for run in finished(repo, sha, 1)] == ["success"]


@pytest.mark.long
def test_stop_is_quick_and_ends_jobs_and_cancel_works(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "root") as hub:
        sha = hub.seed("acme/ci", {".github/workflows/slow.yml": SLOW})
        repo = open_repo(hub, "acme/ci")

        def running() -> bool:
            return [r.status for r in repo.get_commit(sha).get_check_runs()] == ["in_progress"]

        until(running, "the slow run")
        started = time.monotonic()
        hub.stop()
        assert time.monotonic() - started < 5
        hub.start()
        until(running, "the slow run, again")
        assert repo.get_workflow_runs()[0].cancel() is True
        assert [run.conclusion for run in finished(repo, sha, 1)] == ["cancelled"]
        assert "Traceback" not in hub.log_path.read_text()


@pytest.mark.long
def test_cancelling_what_waits_takes_effect_at_once(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "root") as hub:
        hub.admin("POST", "/ci", {"paused": True})
        sha = hub.seed("acme/ci", {".github/workflows/ci.yml": CI})
        repo = open_repo(hub, "acme/ci")
        assert repo.get_workflow_runs()[0].cancel() is True
        (run,) = repo.get_commit(sha).get_check_runs()
        assert (run.status, run.conclusion) == ("completed", "cancelled")
        assert repo.get_workflow_runs()[0].conclusion == "cancelled"
