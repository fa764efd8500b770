"""The hub's REST side, through unmodified PyGithub and plain HTTP."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from github import Auth, Github, GithubException
from github.Repository import Repository

from tests.hub import HubProcess

Make = Callable[[str], Repository]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "root", ["alice", "bob", "rita"]) as running:
        yield running


def client(hub: HubProcess, user: str = "alice") -> Github:
    return Github(
        base_url=hub.api_url,
        auth=Auth.Token(hub.token(user)),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )


@pytest.fixture
def repo(hub: HubProcess, request: pytest.FixtureRequest) -> Repository:
    """A new repository of acme, named after the test."""
    name = request.node.name.replace("[", "-").replace("]", "")
    made = hub.api("POST", "/orgs/acme/repos", {"name": name, "auto_init": True})
    assert made.status_code == 201, made.text
    return client(hub).get_repo(f"acme/{name}")


def as_user(hub: HubProcess, user: str, repo: Repository) -> Repository:
    return client(hub, user).get_repo(repo.full_name)


def test_who_am_i(hub: HubProcess) -> None:
    assert client(hub, "bob").get_user().login == "bob"
    assert client(hub).get_user("bob").type == "User"
    for headers in ({}, {"Authorization": "token wrong"}, {"Authorization": "Basic !"}):
        answer = requests.get(f"{hub.api_url}/user", headers=headers, timeout=10)
        assert answer.status_code == 401
        assert {"message", "documentation_url"} <= answer.json().keys()
    bearer = {"Authorization": f"Bearer {hub.token('alice')}"}
    assert (
        requests.get(f"{hub.api_url}/user", headers=bearer, timeout=10).json()["login"] == "alice"
    )


def test_repository_settings_and_names(hub: HubProcess, repo: Repository) -> None:
    assert repo.owner.type == "Organization"
    assert repo.permissions is not None
    assert repo.permissions.push
    repo.create_issue("kept")
    old = repo.full_name
    repo.edit(name="renamed", description="new words")
    moved = hub.api("GET", f"/repos/{old}/issues/1")
    assert moved.status_code == 301
    assert moved.headers["Location"] == f"{hub.api_url}/repositories/{repo.id}/issues/1"
    assert client(hub).get_repo(old).full_name == "acme/renamed"
    assert hub.api("GET", f"/repositories/{repo.id}/issues/1").json()["title"] == "kept"
    fresh = client(hub).get_repo("acme/renamed")
    assert fresh.description == "new words"
    assert "renamed" in [each.name for each in client(hub).get_organization("acme").get_repos()]
    fresh.delete()
    assert hub.api("GET", "/repos/acme/renamed").status_code == 404
    assert hub.api("GET", f"/repos/{old}").status_code == 404


def test_archived_repository_is_read_only(hub: HubProcess, repo: Repository) -> None:
    issue = repo.create_issue("before")
    repo.edit(archived=True)
    writes = [
        ("POST", "/issues", {"title": "x"}),
        ("POST", f"/issues/{issue.number}/comments", {"body": "x"}),
        ("POST", f"/issues/{issue.number}/labels", {"labels": ["x"]}),
        ("PATCH", f"/issues/{issue.number}", {"state": "closed"}),
    ]
    for method, path, body in writes:
        answer = hub.api(method, f"/repos/{repo.full_name}{path}", body)
        assert answer.status_code == 403, path
        assert answer.json()["message"] == "Repository was archived so is read-only."
    assert repo.get_issue(1).state == "open"
    repo.edit(archived=False)
    repo.create_issue("after")


def test_issue_life_leaves_events_with_actors(hub: HubProcess, repo: Repository) -> None:
    issue = repo.create_issue("One", body="first", labels=["Ready"], assignees=["bob"])
    theirs = as_user(hub, "bob", repo).get_issue(issue.number)
    theirs.create_comment("hello")
    theirs.add_to_labels("bug", "bug")
    theirs.remove_from_labels("Ready")
    theirs.edit(title="Two")
    theirs.edit(state="closed", state_reason="not_planned")
    theirs.edit(state="closed")
    issue.edit(state="open")
    issue.remove_from_assignees("bob")
    events = list(issue.get_events())
    assert [(event.event, event.actor.login) for event in events] == [
        ("labeled", "alice"),
        ("assigned", "alice"),
        ("labeled", "bob"),
        ("unlabeled", "bob"),
        ("renamed", "bob"),
        ("closed", "bob"),
        ("reopened", "alice"),
        ("unassigned", "alice"),
    ]
    assert events[0].label.name == "Ready"
    assert events[4].rename == {"from": "One", "to": "Two"}
    ids = [event.id for event in events]
    assert ids == sorted(set(ids))
    assert repo.get_issues_event(ids[2]).issue.number == issue.number
    assert [event.id for event in repo.get_issues_events()] == ids[::-1]
    kinds = [event.event for event in issue.get_timeline()]
    assert kinds[:4] == ["labeled", "assigned", "commented", "labeled"]
    issue.update()
    assert (issue.state, issue.state_reason, issue.closed_at) == ("open", "reopened", None)


def test_label_refusals(hub: HubProcess, repo: Repository) -> None:
    label = repo.create_label("a b/c", "ff0000", "words")
    assert repo.get_label("a b/c").color == "ff0000"
    with pytest.raises(GithubException) as refused:
        repo.create_label("A B/C", "00ff00")
    assert refused.value.status == 422
    assert refused.value.data["errors"][0]["code"] == "already_exists"
    assert (
        hub.api(
            "POST", f"/repos/{repo.full_name}/labels", {"name": "x", "color": "red"}
        ).status_code
        == 422
    )
    issue = repo.create_issue("x", labels=["a b/c"])
    label.edit("other", "00ff00")
    assert [each.name for each in repo.get_issue(issue.number).labels] == ["other"]
    issue.set_labels("p", "q")
    assert [each.name for each in issue.get_labels()] == ["p", "q"]
    path = f"/repos/{repo.full_name}/issues/{issue.number}/labels/nothing"
    missing = hub.api("DELETE", path)
    assert (missing.status_code, missing.json()["message"]) == (404, "Label does not exist")
    issue.delete_labels()
    assert list(issue.get_labels()) == []


def test_issue_lists(hub: HubProcess, repo: Repository) -> None:
    made = [repo.create_issue(f"issue {n}", labels=["odd"] if n % 2 else []) for n in range(7)]
    made[3].edit(state="closed")
    made[5].add_to_assignees("bob")
    assert [i.number for i in repo.get_issues()] == [7, 6, 5, 3, 2, 1]
    assert [i.number for i in repo.get_issues(state="all", direction="asc")] == list(range(1, 8))
    assert [i.number for i in repo.get_issues(labels=["ODD"])] == [6, 2]
    assert [i.number for i in repo.get_issues(assignee="bob")] == [6]
    assert len(list(repo.get_issues(assignee="none"))) == 5
    future = hub.api("GET", f"/repos/{repo.full_name}/issues?since=2099-01-01T00:00:00Z")
    assert future.json() == []
    assert hub.api("GET", f"/repos/{repo.full_name}/issues?state=odd").status_code == 422


def test_pages_of_a_list(hub: HubProcess, repo: Repository) -> None:
    for number in range(5):
        repo.create_label(f"l{number}", "ffffff")
    path = f"/repos/{repo.full_name}/labels?per_page=2"
    first = hub.api("GET", path)
    assert first.links["next"]["url"] == f"{hub.api_url}{path}&page=2"
    assert first.links["last"]["url"] == f"{hub.api_url}{path}&page=3"
    last = hub.api("GET", f"{path}&page=3")
    assert len(last.json()) == 1
    assert set(last.links) == {"prev", "first"}
    assert "Link" not in hub.api("GET", f"/repos/{repo.full_name}/labels").headers
    assert hub.api("GET", f"{path}&page=9").json() == []
    small = Github(base_url=hub.api_url, auth=Auth.Token(hub.token("alice")), per_page=2)
    with small:
        assert len(list(small.get_repo(repo.full_name).get_labels())) == 5


def test_conditional_requests_cost_nothing(hub: HubProcess, repo: Repository) -> None:
    path = f"/repos/{repo.full_name}/issues?state=all"
    first = hub.api("GET", path)
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    assert first.headers["Cache-Control"].startswith("private, max-age=60")
    again = hub.api("GET", path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag
    used = int(first.headers["X-RateLimit-Used"])
    assert int(hub.api("GET", path).headers["X-RateLimit-Used"]) == used + 1
    repo.create_issue("news")
    assert hub.api("GET", path, headers={"If-None-Match": tag}).status_code == 200
    assert repo.update() is True
    assert repo.update() is False


def test_comments(hub: HubProcess, repo: Repository) -> None:
    issue = repo.create_issue("talk")
    comment = issue.create_comment("one")
    hub.admin("POST", "/clock", {"advance": 5})
    as_user(hub, "bob", repo).get_issue(1).create_comment("two")
    since = client(hub).get_repo(repo.full_name).get_issue(1).updated_at
    assert [c.body for c in issue.get_comments(since=since)] == ["two"]
    hub.admin("POST", "/clock", {"advance": 5})
    comment.edit("one, edited")
    fresh = issue.get_comment(comment.id)
    assert fresh.body == "one, edited"
    assert fresh.updated_at > fresh.created_at
    assert [c.user.login for c in repo.get_issues_comments()] == ["alice", "bob"]
    comment.delete()
    assert (
        hub.api("GET", f"/repos/{repo.full_name}/issues/comments/{comment.id}").status_code == 404
    )
    assert repo.get_issue(1).comments == 1
    for body in ({}, {"body": " "}, {"body": "x" * 65_537}, {"body": 5}):
        path = f"/repos/{repo.full_name}/issues/1/comments"
        assert hub.api("POST", path, body).status_code == 422, str(body)[:40]


def test_readers(hub: HubProcess, repo: Repository) -> None:
    repo.add_to_collaborators("rita", "pull")
    assert repo.get_collaborator_permission("rita") == "read"
    assert repo.get_collaborator_permission("bob") == "write"
    unknown = hub.api("GET", f"/repos/{repo.full_name}/collaborators/nobody/permission")
    assert unknown.status_code == 404
    theirs = as_user(hub, "rita", repo)
    issue = theirs.create_issue("from a reader", labels=["Ready"], assignees=["bob"])
    assert (issue.labels, issue.assignees) == ([], [])
    issue.create_comment("may")
    for method, path, body in [
        ("POST", "/issues/1/labels", {"labels": ["Ready"]}),
        ("POST", "/labels", {"name": "x"}),
        ("PUT", "/collaborators/rita", {"permission": "push"}),
        ("POST", "/git/refs", {"ref": "refs/heads/x", "sha": "0" * 40}),
    ]:
        answer = hub.api(method, f"/repos/{repo.full_name}{path}", body, user="rita")
        assert answer.status_code == 403, path
        assert "X-Accepted-GitHub-Permissions" in answer.headers
    repo.remove_from_collaborators("rita")
    assert repo.get_collaborator_permission("rita") == "write"
    mine = hub.api("POST", "/user/repos", {"name": "mine"}).json()["full_name"]
    assert (
        hub.api("GET", f"/repos/{mine}/collaborators/alice/permission").json()["permission"]
        == "admin"
    )


def test_deleted_issue_is_gone(hub: HubProcess, repo: Repository) -> None:
    repo.create_issue("to delete")
    hub.admin("POST", "/issues/delete", {"repo": repo.full_name, "number": 1})
    answer = hub.api("GET", f"/repos/{repo.full_name}/issues/1")
    assert (answer.status_code, answer.json()["message"]) == (410, "This issue was deleted")
    assert list(repo.get_issues(state="all")) == []
    assert repo.create_issue("next").number == 2


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"title": "\\ud800"}', 400),
        (b'{"title": ["x"]}', 422),
        (b'{"title": ""}', 422),
        (b'{"title": "%s"}' % (b"x" * 300), 422),
        (b'{"title": "a\\u0000b\\u001b", "body": "\\u0007"}', 201),
        (b"[" * 100_000, 400),
    ],
)
def test_odd_bodies(hub: HubProcess, raw: bytes, status: int) -> None:
    hub.api("POST", "/orgs/acme/repos", {"name": "odd"})
    headers = {"Authorization": f"token {hub.token('alice')}"}
    url = f"{hub.api_url}/repos/acme/odd/issues"
    answer = requests.post(url, data=raw, headers=headers, timeout=30)
    assert answer.status_code == status, answer.text
    assert "message" in answer.json() or status == 201


def test_huge_body_and_unknown_paths(hub: HubProcess) -> None:
    headers = {"Authorization": f"token {hub.token('alice')}"}
    url = f"{hub.api_url}/repos/acme/odd/issues"
    answer = requests.post(url, data=b"x" * (26 * 1024 * 1024), headers=headers, timeout=60)
    assert answer.status_code == 413
    for path in ("/nothing", "/repos/acme/nothing", "/repos/acme/odd/issues/x", "/repositories/99"):
        missing = hub.api("GET", path)
        assert (missing.status_code, missing.json()["message"]) == (404, "Not Found"), path


def test_rate_limit(hub: HubProcess) -> None:
    assert client(hub).get_rate_limit().resources.core.remaining > 0
    try:
        hub.admin("POST", "/rate", {"limit": 2})
        assert [hub.api("GET", "/user").status_code for _ in range(3)] == [200, 200, 403]
        assert hub.api("GET", "/user").headers["X-RateLimit-Remaining"] == "0"
        hub.admin("POST", "/clock", {"advance": 3601})
        assert hub.api("GET", "/user").status_code == 200
    finally:
        hub.admin("POST", "/rate", {"limit": 15000})


def test_ordered_faults(hub: HubProcess, repo: Repository) -> None:
    path = f"/repos/{repo.full_name}/issues"
    hub.reset_requests()
    hub.fault("POST", "/issues$", status=502, headers={"Retry-After": "1"}, body={"message": "no"})
    broken = hub.api("POST", path, {"title": "a"})
    assert (broken.status_code, broken.headers["Retry-After"]) == (502, "1")
    for kind in ("drop_before", "drop_after"):
        hub.fault("POST", "/issues$", kind)
        with pytest.raises(requests.ConnectionError):
            hub.api("POST", path, {"title": kind})
    assert hub.admin("GET", "/faults") == []
    assert [issue.title for issue in repo.get_issues()] == ["drop_after"]
    writes = hub.requests(writes=True)
    assert [(each["status"], each["method"]) for each in writes] == [
        (502, "POST"),
        (0, "POST"),
        (0, "POST"),
    ]
    hub.fault("GET", "/x")
    assert len(hub.admin("GET", "/faults")) == 1
    assert hub.admin("DELETE", "/faults") == []


def test_new_users_and_foreign_web_pages(hub: HubProcess) -> None:
    hub.add_user("carol")
    assert client(hub, "carol").get_user().login == "carol"
    headers = {"Origin": "http://evil.example"}
    url = f"{hub.url}/_hub/users"
    answer = requests.post(url, data=b'{"login":"e","token":"e"}', headers=headers, timeout=10)
    assert answer.status_code == 403


def test_urls_carry_the_base_the_client_used(hub: HubProcess, repo: Repository) -> None:
    base = f"http://localhost:{hub.port}"
    headers = {"Authorization": f"token {hub.token('alice')}"}
    url = f"{base}/api/v3/repos/{repo.full_name}"
    body = requests.get(url, headers=headers, timeout=10).json()
    assert body["url"] == url
    assert body["clone_url"] == f"{base}/{repo.full_name}.git"
    assert body["html_url"] == f"{base}/{repo.full_name}"


@pytest.mark.long
def test_state_survives_stop_and_kill(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "root") as hub:
        hub.seed("acme/app", {"a": "1\n"})
        for number, end in enumerate((hub.stop, hub.kill)):
            repo = client(hub).get_repo("acme/app")
            repo.create_issue(f"issue {number}", labels=["Ready"])
            end()
            hub.start()
        repo = client(hub).get_repo("acme/app")
        assert [issue.title for issue in repo.get_issues()] == ["issue 1", "issue 0"]
        assert repo.get_branch("main").commit.files[0].filename == "a"
        assert hub.log_path.read_text() == ""


@pytest.mark.long
def test_one_hub_for_one_root(hub: HubProcess) -> None:
    command = [sys.executable, "-m", "agent_os.localhub", "--root", str(hub.root)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert second.stderr.startswith("The hub can't start: another hub is running on")
    command = [Path(sys.executable).parent / "agent-os", "hub", "serve", "--user", "alice=a"]
    for more in (["--root", str(hub.root)], ["--root", f"{hub.root}2", "--port", str(hub.port)]):
        third = subprocess.run(
            [*command, *more], capture_output=True, text=True, timeout=30, check=False
        )
        assert third.returncode == 1
        assert third.stderr.startswith("Error: the hub can't start: "), third.stderr
