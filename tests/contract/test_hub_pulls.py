"""Pull requests, reviews and merges, through unmodified PyGithub and the real git."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from github import Auth, Github, GithubException
from github.PullRequest import PullRequest

from tests.hub import HubProcess, git


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    users = ["alice", "bob", "rita", "agent-os"]
    with HubProcess(tmp_path_factory.mktemp("hub") / "root", users) as running:
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
def name(hub: HubProcess, request: pytest.FixtureRequest) -> str:
    """A repository with a few files, named after the test."""
    short = request.node.name.replace("[", "-").replace("]", "")
    hub.seed(f"acme/{short}", {"a.txt": "1\n2\n3\n4\n5\n", "b.txt": "b\n"})
    return f"acme/{short}"


def open_pull(
    hub: HubProcess,
    name: str,
    branch: str = "topic",
    files: dict[str, str] | None = None,
    **more: Any,
) -> PullRequest:
    hub.push(name, branch, files or {f"{branch}.txt": "x\n"}, user="agent-os")
    repo = client(hub, "agent-os").get_repo(name)
    fields: dict[str, Any] = {
        "title": "A change",
        "body": "",
        "base": "main",
        "head": branch,
        **more,
    }
    return repo.create_pull(**fields)


def refused(act: Callable[[], object]) -> GithubException:
    with pytest.raises(GithubException) as caught:
        act()
    return caught.value


def kinds(pull: PullRequest) -> list[str]:
    return [event.event for event in pull.get_issue_events()]


def test_open_and_read(hub: HubProcess, name: str) -> None:
    files = {"a.txt": "1\n2\nthree\n4\n5\n", "new.txt": "n\n"}
    pull = open_pull(hub, name, files=files, head="acme:topic", body="Words")
    assert (pull.number, pull.state, pull.merged, pull.draft) == (1, "open", False, False)
    assert (pull.mergeable, pull.mergeable_state) == (True, "clean")
    assert (pull.commits, pull.additions, pull.deletions, pull.changed_files) == (1, 2, 1, 2)
    assert (pull.head.label, pull.base.ref) == ("acme:topic", "main")
    assert pull.head.repo.full_name == name
    assert [f.filename for f in pull.get_files()] == ["a.txt", "new.txt"]
    assert [c.sha for c in pull.get_commits()] == [pull.head.sha]
    repo = client(hub).get_repo(name)
    assert repo.get_issue(1).pull_request is not None
    assert repo.get_issue(1).as_pull_request().head.sha == pull.head.sha
    assert [p.number for p in repo.get_pulls(head="acme:topic")] == [1]
    assert list(repo.get_pulls(head="acme:other")) == []
    assert list(repo.get_pulls(base="other", state="all")) == []
    assert [p.number for p in repo.get_commit(pull.head.sha).get_pulls()] == [1]
    first = git("ls-remote", hub.git_url(name), "refs/pull/1/head").split()[0]
    assert first == pull.head.sha


def test_refused_pull_requests(hub: HubProcess, name: str) -> None:
    open_pull(hub, name)
    repo = client(hub).get_repo(name)
    second = refused(lambda: repo.create_pull(base="main", head="topic", title="again"))
    assert second.status == 422
    assert second.data["message"] == "Validation Failed"
    message = "A pull request already exists for acme:topic."
    assert second.data["errors"] == [
        {"resource": "PullRequest", "code": "custom", "message": message}
    ]
    git_ref = {"ref": "refs/heads/same", "sha": repo.get_branch("main").commit.sha}
    hub.api("POST", f"/repos/{name}/git/refs", git_ref)
    nothing = refused(lambda: repo.create_pull(base="main", head="same", title="empty"))
    assert nothing.data["errors"][0]["message"] == "No commits between main and same"
    for base, head, field in [("none", "topic", "base"), ("main", "none", "head")]:
        missing = refused(lambda b=base, h=head: repo.create_pull(base=b, head=h, title="x"))
        assert missing.data["errors"][0] == {
            "resource": "PullRequest",
            "code": "invalid",
            "field": field,
        }


@pytest.mark.long
@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_merge(hub: HubProcess, name: str, method: str, tmp_path: Path) -> None:
    repo = client(hub).get_repo(name)
    for title in ("named in body", "named in commit", "only mentioned", "other repository"):
        repo.create_issue(title)
    body = f"Fixes #1, closes: {name}#1\n`closes #3` see #3, fixes other/repo#4"
    pull = open_pull(hub, name, files={"t.txt": "1\n"}, body=body)
    hub.push(name, "topic", {"t.txt": "2\n"}, user="agent-os", message="Second\n\nResolves #2")
    hub.push(name, "main", {"main.txt": "m\n"})
    before = repo.get_branch("main").commit.sha
    pull = repo.get_pull(pull.number)
    done = pull.merge(merge_method=method, sha=pull.head.sha)
    assert done.merged
    assert repo.get_branch("main").commit.sha == done.sha
    commit = repo.get_commit(done.sha)
    parents = [parent.sha for parent in commit.parents]
    if method == "merge":
        assert parents == [before, pull.head.sha]
        assert commit.commit.message == "Merge pull request #5 from acme/topic\n\nA change"
    elif method == "squash":
        assert parents == [before]
        message = "A change (#5)\n\n* Change files\n\n* Second\n\nResolves #2"
        assert commit.commit.message == message
    else:
        middle = repo.get_commit(parents[0])
        assert (commit.commit.message, middle.commit.message) == (
            "Second\n\nResolves #2",
            "Change files",
        )
        assert [parent.sha for parent in middle.parents] == [before]
        assert commit.commit.author.name == "Seed"
        assert commit.committer.login == "alice"
    git("clone", "-q", hub.git_url(name), tmp_path / "w")
    assert (tmp_path / "w/t.txt").read_text() == "2\n"
    assert (tmp_path / "w/main.txt").read_text() == "m\n"
    merged = repo.get_pull(5)
    assert (merged.state, merged.merged, merged.merged_by.login) == ("closed", True, "alice")
    assert (merged.merge_commit_sha, merged.is_merged()) == (done.sha, True)
    assert (merged.commits, merged.additions) == (2, 1)
    assert kinds(merged) == ["merged", "closed"]
    states = [repo.get_issue(number).state for number in (1, 2, 3, 4)]
    assert states == ["closed", "closed", "open", "open"]
    closing = list(repo.get_issue(1).get_events())
    assert [(e.event, e.actor.login, e.commit_id) for e in closing] == [("closed", "alice", None)]
    again = refused(lambda: merged.merge())
    assert again.status == 405


def test_merge_into_another_branch_closes_nothing(hub: HubProcess, name: str) -> None:
    repo = client(hub).get_repo(name)
    repo.create_issue("stays")
    hub.push(name, "release", {"r": "1"})
    hub.push(name, "topic", {"t": "1"}, base="release", message="fixes #1")
    pull = repo.create_pull(base="release", head="topic", title="t", body="closes #1")
    pull.merge()
    assert repo.get_issue(1).state == "open"


def test_merge_refusals(hub: HubProcess, name: str) -> None:
    pull = open_pull(hub, name, files={"a.txt": "mine\n"})
    moved = refused(lambda: pull.merge(sha="1" * 40))
    assert moved.status == 409
    assert moved.data["message"] == "Head branch was modified. Review and try the merge again."
    hub.push(name, "main", {"a.txt": "theirs\n"})
    pull.update()
    assert (pull.mergeable, pull.mergeable_state) == (False, "dirty")
    conflict = refused(lambda: pull.merge())
    assert (conflict.status, conflict.data["message"]) == (405, "Pull Request is not mergeable")
    answer = hub.api("PUT", f"/repos/{name}/pulls/1/merge", {"merge_method": "odd"})
    assert answer.status_code == 422
    hub.api("PUT", f"/repos/{name}/collaborators/rita", {"permission": "pull"})
    assert hub.api("PUT", f"/repos/{name}/pulls/1/merge", user="rita").status_code == 403
    pull.edit(state="closed")
    assert refused(lambda: pull.merge()).status == 405
    assert pull.is_merged() is False


def test_required_checks_and_approvals(hub: HubProcess, name: str) -> None:
    repo = client(hub).get_repo(name)
    path = f"/repos/{name}/branches/main/protection"
    assert hub.api("GET", path).json()["message"] == "Branch not protected"
    main = repo.get_branch("main")
    main.edit_protection(strict=True, contexts=["ci", "lint"], required_approving_review_count=1)
    assert main.get_required_status_checks().contexts == ["ci", "lint"]
    rules = hub.api("GET", f"/repos/{name}/rules/branches/main").json()
    assert rules[0]["type"] == "required_status_checks"
    pull = open_pull(hub, name)

    def state() -> str:
        return repo.get_pull(1).mergeable_state

    assert state() == "blocked"
    assert "is expected" in refused(lambda: pull.merge()).data["message"]
    commit = repo.get_commit(pull.head.sha)
    commit.create_status("success", context="ci")
    commit.create_status("failure", context="lint")
    assert "is failing" in refused(lambda: pull.merge()).data["message"]
    commit.create_status("success", context="lint")
    assert "approving review" in refused(lambda: pull.merge()).data["message"]
    repo.get_pull(1).create_review(event="APPROVE")
    assert state() == "clean"
    hub.push(name, "main", {"m": "1"})
    assert state() == "behind"
    assert refused(lambda: pull.merge()).status == 405
    hub.api("DELETE", path)
    assert state() == "clean"
    assert hub.api("GET", f"/repos/{name}/rules/branches/main").json() == []


def test_head_branch_moves(hub: HubProcess, name: str, tmp_path: Path) -> None:
    pull = open_pull(hub, name)
    old = pull.head.sha
    new = hub.push(name, "topic", {"more": "1"}, user="agent-os")
    pull.update()
    assert (pull.head.sha, pull.commits) == (new, 2)
    work = tmp_path / "w"
    git("clone", "-q", "-b", "topic", hub.git_url(name, "bob"), work)
    git("reset", "-q", "--hard", "HEAD~1", cwd=work)
    git("push", "-q", "--force", "origin", "topic", cwd=work)
    pull.update()
    assert pull.head.sha == old
    event = next(iter(pull.get_issue_events()))
    assert (event.event, event.actor.login, event.commit_id) == (
        "head_ref_force_pushed",
        "bob",
        old,
    )
    git("push", "-q", "--delete", "origin", "topic", cwd=work)
    pull.update()
    assert (pull.state, pull.merged) == ("closed", False)
    assert kinds(pull)[1:] == ["head_ref_deleted", "closed"]
    assert refused(lambda: pull.edit(state="open")).status == 422
    git("push", "-q", "origin", f"{new}:refs/heads/topic", cwd=work)
    pull.edit(state="open")
    assert (pull.state, pull.head.sha) == ("open", new)


def test_pushed_to_base_counts_as_merged(hub: HubProcess, name: str, tmp_path: Path) -> None:
    repo = client(hub).get_repo(name)
    repo.create_issue("closed by body")
    repo.create_issue("closed by commit")
    pull = open_pull(hub, name, body="Fixes #1")
    work = tmp_path / "w"
    git("clone", "-q", hub.git_url(name, "bob"), work)
    message = "Take it in\n\nFixes #2"
    git("merge", "-q", "--no-ff", "-m", message, "origin/topic", cwd=work)
    git("push", "-q", "origin", "main", cwd=work)
    pull.update()
    sha = git("rev-parse", "HEAD", cwd=work).strip()
    assert (pull.merged, pull.merged_by.login, pull.merge_commit_sha) == (True, "bob", sha)
    assert pull.commits == 1
    events = [(e.event, e.commit_id) for n in (1, 2) for e in repo.get_issue(n).get_events()]
    assert events == [("closed", None), ("closed", sha)]


def test_edit_close_reopen(hub: HubProcess, name: str) -> None:
    pull = open_pull(hub, name)
    hub.push(name, "release", {"r": "1"})
    pull.edit(title="New", body="Text", base="release")
    assert (pull.title, pull.body, pull.base.ref) == ("New", "Text", "release")
    pull.edit(state="closed")
    assert pull.closed_at is not None
    again = open_pull(hub, name, title="second", base="release")
    assert refused(lambda: pull.edit(state="open")).status == 422
    again.edit(state="closed")
    pull.as_issue().edit(state="open")
    pull.update()
    assert (pull.state, pull.closed_at) == ("open", None)
    assert kinds(pull) == ["renamed", "base_ref_changed", "closed", "reopened"]


def test_draft(hub: HubProcess, name: str) -> None:
    pull = open_pull(hub, name, draft=True)
    assert (pull.draft, pull.mergeable_state) == (True, "draft")
    assert refused(lambda: pull.merge()).status == 405
    pull.mark_ready_for_review()
    pull.update()
    assert pull.draft is False
    pull.convert_to_draft()
    assert kinds(pull) == ["ready_for_review", "convert_to_draft"]


def test_reviews(hub: HubProcess, name: str) -> None:
    pull = open_pull(hub, name)
    own = refused(lambda: pull.create_review(event="APPROVE"))
    assert own.status == 422
    assert "Can not approve your own pull request" in str(own.data)
    assert refused(lambda: pull.create_review(event="REQUEST_CHANGES", body="x")).status == 422
    pull.create_review(event="COMMENT", body="mine")
    assert refused(lambda: pull.create_review_request(["agent-os"])).status == 422
    pull.create_review_request(["bob"])
    assert [who.login for who in pull.get_review_requests()[0]] == ["bob"]
    theirs = client(hub, "bob").get_repo(name).get_pull(1)
    first = theirs.create_review(event="REQUEST_CHANGES", body="please")
    assert list(pull.get_review_requests()[0]) == []
    pending = theirs.create_review(body="later")
    assert [review.state for review in pull.get_reviews()] == ["COMMENTED", "CHANGES_REQUESTED"]
    path = f"/repos/{name}/pulls/1/reviews/{pending.id}/events"
    assert hub.api("POST", path, {"event": "APPROVE"}, user="bob").json()["state"] == "APPROVED"
    approved = pull.get_review(pending.id)
    assert (approved.user.login, approved.commit_id) == ("bob", pull.head.sha)
    first.dismiss("done")
    assert pull.get_review(first.id).state == "DISMISSED"
    assert kinds(pull) == ["review_requested", "review_dismissed"]
    timeline = [event.event for event in pull.as_issue().get_timeline()]
    assert timeline.count("reviewed") == 3
    commit = client(hub).get_repo(name).get_commit(pull.head.sha)
    comment = theirs.create_review_comment("here", commit, "topic.txt", line=1)
    assert [(c.body, c.path, c.line) for c in pull.get_review_comments()] == [
        ("here", "topic.txt", 1)
    ]
    assert comment.pull_request_review_id
    pull.create_review_request(["bob"])
    pull.delete_review_request(["bob"])
    assert kinds(pull)[-1] == "review_request_removed"


def test_update_branch_and_deletion_on_merge(hub: HubProcess, name: str) -> None:
    pull = open_pull(hub, name)
    assert hub.api("PUT", f"/repos/{name}/pulls/1/update-branch").status_code == 422
    hub.push(name, "main", {"m": "1"})
    assert pull.update_branch() is True
    pull.update()
    repo = client(hub).get_repo(name)
    assert repo.compare("main", "topic").behind_by == 0
    repo.edit(delete_branch_on_merge=True)
    repo.get_pull(1).merge()
    assert [branch.name for branch in repo.get_branches()] == ["main"]
    assert kinds(repo.get_pull(1)) == ["merged", "closed", "head_ref_deleted"]
    assert repo.get_pull(1).merged


@pytest.mark.long
def test_merge_survives_a_crash_before_it_was_recorded(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "root") as hub:
        hub.seed("acme/app", {"a": "1"})
        repo = client(hub).get_repo("acme/app")
        repo.create_issue("task")
        pull = open_pull(hub, "acme/app", body="Fixes #1")
        squashed = hub.push("acme/app", "stand-in", {"topic.txt": "x\n"})
        hub.kill()
        bare = tmp_path / "root/repos/1.git"
        git("update-ref", "refs/heads/main", squashed, cwd=bare)
        git("update-ref", "refs/hub/merged/2/2", squashed, cwd=bare)
        hub.start()
        pull.update()
        assert (pull.merged, pull.merged_by.login) == (True, "agent-os")
        assert pull.merge_commit_sha == squashed
        assert repo.get_issue(1).state == "closed"
        assert "refs/hub" not in git("ls-remote", hub.git_url("acme/app"))
        answer = hub.api("POST", "/repos/acme/app/git/refs", {"ref": "refs/hub/x", "sha": squashed})
        assert answer.status_code == 422


def test_single_commit_squash_keeps_its_message(hub: HubProcess, name: str) -> None:
    hub.push(name, "topic", {"t": "1"}, message="Subject\n\nWhy it is so")
    repo = client(hub).get_repo(name)
    pull = repo.create_pull(base="main", head="topic", title="Other title")
    sha = pull.merge(merge_method="squash").sha
    assert repo.get_commit(sha).commit.message == "Subject (#1)\n\nWhy it is so"
    second = open_pull(hub, name, branch="second")
    done = second.merge(merge_method="squash", commit_title="Mine", commit_message="")
    assert repo.get_commit(done.sha).commit.message == "Mine"
