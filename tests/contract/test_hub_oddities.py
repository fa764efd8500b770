"""Requests at the hub's edges: what GitHub refuses, and what it does of its own accord."""

import socket
import time
from collections.abc import Iterator

import pytest
import requests
from github import Auth, Github, GithubException
from github.Repository import Repository

from tests.hub import HubProcess

MISSING = "f" * 40


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    root = tmp_path_factory.mktemp("hub") / "root"
    with HubProcess(root, ["alice", "bob", "rita"]) as running:
        yield running


@pytest.fixture
def repo(hub: HubProcess, request: pytest.FixtureRequest) -> Repository:
    """A repository with one file and the branch `topic`, named after the test."""
    name = f"acme/{request.node.name}"
    hub.seed(name, {"a.txt": "1\n"})
    hub.push(name, "topic", {"b.txt": "1\n"})
    return client(hub).get_repo(name)


def client(hub: HubProcess, user: str = "alice") -> Github:
    return Github(
        base_url=hub.api_url,
        auth=Auth.Token(hub.token(user)),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )


def test_times_and_paths_out_of_range(hub: HubProcess, repo: Repository) -> None:
    path = f"/repos/{repo.full_name}"
    for since in ("0001-01-01T00:00:00%2B05:00", "9999-12-31T23:59:59-05:00", "soon"):
        assert hub.api("GET", f"{path}/issues?since={since}").status_code == 422, since
    repo.create_issue("one")
    assert len(hub.api("GET", f"{path}/issues?since=0999-01-01").json()) == 1
    assert hub.api("GET", f"{path}/contents/%2e%2e/a.txt").status_code == 404
    assert hub.api("GET", f"{path}/commits?path=../a.txt").json() == []
    assert len(hub.api("GET", f"{path}/commits?path=/a.txt").json()) == 1


def test_absent_lists_may_be_null(hub: HubProcess, repo: Repository) -> None:
    body = {"title": "t", "labels": None, "assignees": None}
    assert hub.api("POST", f"/repos/{repo.full_name}/issues", body).status_code == 201


def test_refs_take_full_ids_only(hub: HubProcess, repo: Repository) -> None:
    sha = repo.get_branch("topic").commit.sha
    for wrong in ("topic", sha[:10], "--help", MISSING):
        body = {"ref": "refs/heads/new", "sha": wrong}
        assert hub.api("POST", f"/repos/{repo.full_name}/git/refs", body).status_code == 422
        moved = hub.api("PATCH", f"/repos/{repo.full_name}/git/refs/heads/topic", body)
        assert moved.status_code == 422
    for rival in ("refs/heads/topic/deeper", "refs/heads"):
        with pytest.raises(GithubException) as refused:
            repo.create_git_ref(rival, sha)
        assert refused.value.status == 422
    assert [ref.ref for ref in repo.get_git_refs()] == ["refs/heads/main", "refs/heads/topic"]


def test_names_of_owners(hub: HubProcess) -> None:
    for name in ("api", "login", "_hub", "a%20b", "%3Cscript%3E", "-x"):
        assert hub.api("POST", f"/orgs/{name}/repos", {"name": "x"}).status_code == 404, name
        assert hub.api("GET", f"/orgs/{name}").status_code == 404, name
    assert hub.api("GET", "/orgs/alice").status_code == 404
    assert hub.api("GET", "/orgs/new-here").json()["type"] == "Organization"


def test_asking_for_the_limit_is_free(hub: HubProcess) -> None:
    try:
        hub.admin("POST", "/rate", {"limit": 1})
        assert [hub.api("GET", "/rate_limit").status_code for _ in range(2)] == [200, 200]
        assert [hub.api("GET", "/user").status_code for _ in range(3)] == [200, 403, 403]
        left = hub.api("GET", "/rate_limit").json()["resources"]["core"]
        assert (left["used"], left["remaining"]) == (1, 0)
    finally:
        hub.admin("POST", "/rate", {"limit": 15000})


def test_settings_at_creation(hub: HubProcess) -> None:
    body = {"name": "made", "allow_squash_merge": False, "delete_branch_on_merge": True}
    made = hub.api("POST", "/user/repos", body).json()
    assert (made["allow_squash_merge"], made["delete_branch_on_merge"]) == (False, True)


def test_the_default_branch_outlives_its_merge(repo: Repository) -> None:
    repo.edit(delete_branch_on_merge=True)
    repo.create_git_ref("refs/heads/release", repo.get_branch("main").commit.sha)
    repo.create_pull(base="main", head="topic", title="In").merge()
    repo.create_pull(base="release", head="main", title="Out").merge()
    assert {branch.name for branch in repo.get_branches()} == {"main", "release"}


def test_a_head_reset_to_its_base_closes_the_pull_request(repo: Repository) -> None:
    pull = repo.create_pull(base="main", head="topic", title="t")
    repo.get_git_ref("heads/topic").edit(repo.get_branch("main").commit.sha, force=True)
    pull.update()
    assert (pull.state, pull.merged) == ("closed", False)
    assert [event.event for event in pull.get_issue_events()] == ["head_ref_force_pushed", "closed"]


def test_an_address_closes_an_issue(hub: HubProcess, repo: Repository) -> None:
    issue, other = repo.create_issue("one"), repo.create_issue("two")
    body = f"Fixes {issue.html_url}\nSee {other.html_url}, closes {hub.url}/acme/else/issues/2"
    repo.create_pull(base="main", head="topic", title="t", body=body).merge()
    assert repo.get_issue(issue.number).state == "closed"
    assert repo.get_issue(other.number).state == "open"


def test_combined_status_has_pages(hub: HubProcess, repo: Repository) -> None:
    sha = repo.get_branch("topic").commit.sha
    for number in range(3):
        repo.get_commit(sha).create_status("success", context=f"c{number}")
    answer = hub.api("GET", f"/repos/{repo.full_name}/commits/{sha}/status?per_page=2")
    assert answer.json()["total_count"] == 3
    assert len(answer.json()["statuses"]) == 2
    assert 'rel="next"' in answer.headers["Link"]


def test_one_pending_review_and_readers_do_not_count(hub: HubProcess, repo: Repository) -> None:
    hub.api("PUT", f"/repos/{repo.full_name}/collaborators/rita", {"permission": "pull"})
    main = repo.get_branch("main")
    main.edit_protection(required_approving_review_count=1)
    pull = repo.create_pull(base="main", head="topic", title="t")
    seen = client(hub, "bob").get_repo(repo.full_name).get_pull(pull.number)
    seen.create_review(body="later")
    with pytest.raises(GithubException) as refused:
        seen.create_review(body="again")
    assert refused.value.status == 422
    by_rita = client(hub, "rita").get_repo(repo.full_name).get_pull(pull.number)
    assert by_rita.create_review(event="APPROVE").state == "APPROVED"
    assert repo.get_pull(pull.number).mergeable_state == "blocked"
    next(iter(seen.get_reviews())).delete()
    seen.create_review(event="APPROVE")
    assert repo.get_pull(pull.number).mergeable_state == "clean"


def test_comments_on_lines_and_answers(repo: Repository) -> None:
    pull = repo.create_pull(base="main", head="topic", title="t")
    first = pull.create_review_comment("why?", repo.get_commit("topic"), "b.txt", line=1)
    answer = pull.create_review_comment_reply(first.id, "so")
    assert (answer.in_reply_to_id, answer.path) == (first.id, "b.txt")
    assert pull.get_review_comment(first.id).body == "why?"
    assert "in_reply_to_id" not in first.raw_data


def test_required_checks_on_their_own(repo: Repository) -> None:
    main = repo.get_branch("main")
    main.edit_protection(strict=False, contexts=["test"])
    changed = main.edit_required_status_checks(strict=True)
    assert (changed.strict, changed.contexts) == (True, ["test"])
    assert main.edit_required_status_checks(contexts=["a", "b"]).contexts == ["a", "b"]
    main.remove_required_status_checks()
    assert main.get_protection().required_status_checks is None
    with pytest.raises(GithubException) as refused:
        main.get_required_pull_request_reviews()
    assert refused.value.status == 404


def test_pictures_of_users(hub: HubProcess) -> None:
    url = hub.api("GET", "/user").json()["avatar_url"]
    picture = requests.get(url, timeout=10)
    assert picture.headers["Content-Type"].startswith("image/svg+xml")
    assert "<script" not in requests.get(url.replace("alice", "<script>"), timeout=10).text


def test_everybody_may_be_assigned(repo: Repository) -> None:
    assert [who.login for who in repo.get_assignees()] == ["alice", "bob", "rita"]


def test_the_page_tells_in_order_and_names_reviewers(hub: HubProcess, repo: Repository) -> None:
    pull = repo.create_pull(base="main", head="topic", title="t")
    pull.add_to_labels("first")
    pull.create_issue_comment("a remark")
    pull.add_to_labels("second")
    seen = client(hub, "bob").get_repo(repo.full_name).get_pull(pull.number)
    seen.create_review(event="REQUEST_CHANGES", body="not so")
    page = requests.get(pull.html_url, timeout=10).text
    places = [page.index(text) for text in ("first</span>", "a remark", "second</span>", "not so")]
    assert places == sorted(places)
    side = page.partition("<h3>Reviewers</h3>")[2]
    assert "bob" in side[:300] and "requested changes" in side[:300]


def test_clients_that_leave_are_no_failure(hub: HubProcess, repo: Repository) -> None:
    host = ("127.0.0.1", hub.port)
    sign_in = f"Host: x\r\nAuthorization: token {hub.token('alice')}\r\nContent-Length: 999\r\n\r\n"
    for path in (f"/api/v3/repos/{repo.full_name}/issues", f"/{repo.full_name}/git-receive-pack"):
        with socket.create_connection(host) as connection:
            connection.sendall(f"POST {path} HTTP/1.1\r\n{sign_in}half".encode())
    deadline = time.monotonic() + 10
    while sum(one["status"] == 400 for one in hub.requests()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "Traceback" not in hub.log_path.read_text()
