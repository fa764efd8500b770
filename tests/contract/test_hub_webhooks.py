"""Webhooks of the hub: signed, kept, redelivered on demand, and sent to this machine only."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from github import Auth, Github
from github.Repository import Repository

from agent_os.web import webhooks
from agent_os.web.server import served
from tests import planted
from tests.contract.mailboxes import Mailbox, until
from tests.hub import HubProcess

SECRET = planted.WEBHOOK_SECRET
CI = "on: push\njobs: {test: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "root", ["alice", "bob"]) as running:
        yield running


@pytest.fixture
def box(hub: HubProcess) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    yield mailbox
    hub.admin("POST", "/webhooks", {"duplicate": 0, "drop": 0, "order": "kept", "paused": False})
    mailbox.close()


@pytest.fixture
def repo(hub: HubProcess, request: pytest.FixtureRequest) -> Repository:
    name = f"acme/{request.node.name[:60]}"
    hub.seed(name, {"a.txt": "1\n"})
    return Github(
        base_url=hub.api_url,
        auth=Auth.Token(hub.token("alice")),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    ).get_repo(name)


def hooked(repo: Repository, box: Mailbox, *events: str, **config: str) -> Any:
    """A hook that leads to the box, once its ping has come."""
    given = {"url": box.url, "content_type": "json", "secret": SECRET, **config}
    hook = repo.create_hook("web", given, list(events or ["*"]), active=True)
    until(lambda: box.seen, "the ping")
    return hook


def test_issues_and_comments(repo: Repository, box: Mailbox) -> None:
    hook = hooked(repo, box)
    assert box.payload("ping")["hook_id"] == hook.id
    issue = repo.create_issue("one", body="first", labels=["Ready"])
    issue.edit(title="two", body="second")
    issue.remove_from_labels("Ready")
    issue.add_to_assignees("bob")
    comment = issue.create_comment("hello")
    comment.edit("bye")
    comment.delete()
    issue.edit(state="closed")
    issue.edit(state="open")
    expected = [
        "issues.opened",
        "issues.labeled",
        "issues.edited",
        "issues.unlabeled",
        "issues.assigned",
        "issue_comment.created",
        "issue_comment.edited",
        "issue_comment.deleted",
        "issues.closed",
        "issues.reopened",
    ]
    until(lambda: len(box.events()) >= len(expected), "all deliveries")
    assert box.events() == expected
    opened = box.payload("issues.opened")
    assert [label["name"] for label in opened["issue"]["labels"]] == ["Ready"]
    assert opened["repository"]["full_name"] == repo.full_name
    assert (opened["sender"]["login"], opened["organization"]["login"]) == ("alice", "acme")
    assert box.payload("issues.labeled")["label"]["name"] == "Ready"
    assert box.payload("issues.edited")["changes"] == {
        "title": {"from": "one"},
        "body": {"from": "first"},
    }
    assert box.payload("issue_comment.edited")["changes"] == {"body": {"from": "hello"}}
    assert box.payload("issues.assigned")["assignee"]["login"] == "bob"
    assert opened["issue"]["url"].startswith(repo.url)


def test_headers_and_signature(repo: Repository, box: Mailbox) -> None:
    hooked(repo, box, "issues")
    repo.create_issue("é")
    until(lambda: box.events(), "the delivery")
    headers, body = box.seen[-1]
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={digest}"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert (headers["x-github-event"], len(headers["x-github-delivery"])) == ("issues", 36)


def test_a_form_without_a_secret(repo: Repository, box: Mailbox) -> None:
    config = {"url": box.url, "content_type": "form"}
    repo.create_hook("web", config, ["issues"], active=True)
    until(lambda: box.seen, "the ping")
    headers, body = box.seen[0]
    assert json.loads(parse_qs(body.decode())["payload"][0])["zen"]
    assert "x-hub-signature-256" not in headers


def test_pull_requests_pushes_checks_and_statuses(
    hub: HubProcess, repo: Repository, box: Mailbox
) -> None:
    hooked(repo, box)
    first = hub.push(repo.full_name, "topic", {"b.txt": "1\n", ".github/workflows/c.yml": CI})
    pull = repo.create_pull(base="main", head="topic", title="t", draft=False)
    second = hub.push(repo.full_name, "topic", {"b.txt": "2\n"}, message="More")
    repo.get_commit(second).create_status("success", context="lint")
    sign = {"user": "bob"}
    path = f"/repos/{repo.full_name}/pulls/{pull.number}"
    hub.api("POST", f"{path}/requested_reviewers", {"reviewers": ["bob"]})
    hub.api("POST", f"{path}/reviews", {"event": "APPROVE", "body": "fine"}, **sign)
    until(lambda: "check_suite.completed" in box.events(), "CI")
    pull.merge(merge_method="squash")
    until(lambda: "pull_request.closed" in box.events(), "the end")
    pushed = json.loads(next(b for h, b in box.seen if h["x-github-event"] == "push"))
    assert (pushed["ref"], pushed["created"], pushed["after"]) == ("refs/heads/topic", True, first)
    assert pushed["commits"][0]["added"] == [".github/workflows/c.yml", "b.txt"]
    moved = box.payload("pull_request.synchronize")
    assert (moved["before"], moved["after"]) == (first, second)
    assert moved["pull_request"]["head"]["sha"] == second
    asked = box.payload("pull_request.review_requested")
    assert asked["requested_reviewer"]["login"] == "bob"
    review = box.payload("pull_request_review.submitted")
    assert (review["review"]["state"], review["sender"]["login"]) == ("approved", "bob")
    run = box.payload("check_run.completed")["check_run"]
    assert (run["name"], run["conclusion"]) == ("test", "success")
    assert box.payload("check_suite.completed")["check_suite"]["conclusion"] == "success"
    status = box.payload("status")
    assert (status["sha"], status["state"], status["context"]) == (second, "success", "lint")
    assert box.payload("pull_request.closed")["pull_request"]["merged"] is True
    assert box.payload("pull_request.opened")["number"] == pull.number


def test_only_what_was_asked_for_and_only_what_happened(
    hub: HubProcess, repo: Repository, box: Mailbox
) -> None:
    hooked(repo, box, "issue_comment")
    issue = repo.create_issue("one")
    refused = hub.api("POST", f"/repos/{repo.full_name}/issues/999/comments", {"body": "x"})
    assert refused.status_code == 404
    issue.create_comment("this")
    until(lambda: box.events(), "the comment")
    assert box.events() == ["issue_comment.created"]


def test_deliveries_are_kept_and_sent_again_on_demand(
    hub: HubProcess, repo: Repository, box: Mailbox
) -> None:
    hook = hooked(repo, box, "issues")
    box.code = 503
    repo.create_issue("one")

    def found() -> list[Any]:
        answer = hub.api("GET", f"/repos/{repo.full_name}/hooks/{hook.id}/deliveries")
        return [each for each in answer.json() if each["event"] == "issues"]

    [failed] = until(found, "the failure")
    assert (failed["status_code"], failed["redelivery"]) == (503, False)
    box.code = 200
    path = f"/repos/{repo.full_name}/hooks/{hook.id}/deliveries/{failed['id']}"
    full = hub.api("GET", path).json()
    assert full["request"]["payload"]["issue"]["title"] == "one"
    assert full["response"]["payload"] == "ok"
    time.sleep(0.3)
    assert len(box.events()) == 1, "GitHub sends nothing again by itself"
    assert hub.api("POST", f"{path}/attempts").status_code == 202
    second, first = until(lambda: found() if len(found()) == 2 else None, "the second attempt")
    assert (second["guid"], second["redelivery"]) == (first["guid"], True)
    assert second["status_code"] == 200
    assert box.seen[-1][0]["x-github-delivery"] == first["guid"]


def test_a_target_that_is_not_there(hub: HubProcess, repo: Repository) -> None:
    gone = Mailbox()
    hook = hooked(repo, gone, "issues")
    gone.close()
    repo.create_issue("one")
    path = f"/repos/{repo.full_name}/hooks/{hook.id}"

    def last() -> Any:
        [newest, *_] = hub.api("GET", f"{path}/deliveries").json()
        return newest if newest["event"] == "issues" else None

    assert until(last, "the failure")["status"] == "failed to connect to host"
    assert hub.api("GET", path).json()["last_response"]["code"] == 502


ELSEWHERE = (
    "http://example.invalid/hook",
    "https://127.0.0.1/hook",
    "http://127.0.0.1@example.invalid/",
    "http://10.0.0.1/",
    "http://0.0.0.0:1/",
    "http://[::ffff:8.8.8.8]/",
    "http://127.0.0.1.example.invalid/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1/a\nb",
    "ftp://127.0.0.1/",
    "",
)


def test_nothing_leaves_this_machine(hub: HubProcess, repo: Repository) -> None:
    for url in ELSEWHERE:
        body = {"config": {"url": url, "content_type": "json"}, "events": ["push"]}
        assert hub.api("POST", f"/repos/{repo.full_name}/hooks", body).status_code == 422, url


def test_hooks_are_managed(hub: HubProcess, repo: Repository, box: Mailbox) -> None:
    hook = hooked(repo, box, "issues")
    assert hook.config["secret"] == "********"
    again = {"config": {"url": box.url, "content_type": "json"}, "events": ["issues"]}
    path = f"/repos/{repo.full_name}/hooks"
    assert hub.api("POST", path, again).status_code == 422
    assert hub.api("POST", path, {**again, "events": ["nonsense"]}).status_code == 422
    hook.edit("web", {"url": box.url, "content_type": "json"}, events=["push"], active=False)
    assert [(h.events, h.active, "secret" in h.config) for h in repo.get_hooks()] == [
        (["push"], False, False)
    ]
    hook.ping()
    until(lambda: len(box.seen) == 2, "the second ping")
    hook.delete()
    assert list(repo.get_hooks()) == []
    hub.api("PUT", f"/repos/{repo.full_name}/collaborators/bob", {"permission": "pull"})
    assert hub.api("GET", path, user="bob").status_code == 403


def test_disorder(hub: HubProcess, repo: Repository, box: Mailbox) -> None:
    hooked(repo, box, "issues")
    hub.admin("POST", "/webhooks", {"paused": True, "order": "reverse", "duplicate": True})
    for title in ("one", "two", "three"):
        repo.create_issue(title)
    assert hub.admin("GET", "/webhooks")["pending"] == 3
    hub.admin("POST", "/webhooks", {"paused": False})
    until(lambda: len(box.events()) == 6, "the deliveries")
    titles = [json.loads(body)["issue"]["title"] for _, body in box.seen[1:]]
    assert titles == ["three", "three", "two", "two", "one", "one"]
    assert len({headers["x-github-delivery"] for headers, _ in box.seen[1:]}) == 3
    hub.admin("POST", "/webhooks", {"order": "kept", "duplicate": 0, "drop": 1})
    repo.create_issue("never")
    until(lambda: hub.admin("GET", "/webhooks")["pending"] == 0, "the drop")
    assert len(box.events()) == 6 and hub.admin("GET", "/webhooks")["dropped"] == 1


@pytest.mark.long
def test_what_is_pending_survives_a_crash(tmp_path: Path) -> None:
    mailbox = Mailbox()
    try:
        with HubProcess(tmp_path / "root") as hub:
            hub.seed("acme/shop", {"a": "1"})
            config = {"url": mailbox.url, "content_type": "json"}
            body = {"config": config, "events": ["issues"]}
            hub.api("POST", "/repos/acme/shop/hooks", body)
            until(lambda: mailbox.seen, "the ping")
            hub.admin("POST", "/webhooks", {"paused": True})
            hub.api("POST", "/repos/acme/shop/issues", {"title": "one"})
            hub.kill()
            hub.start()
            until(lambda: mailbox.events() == ["issues.opened"], "the delivery")
            assert "Traceback" not in hub.log_path.read_text()
    finally:
        mailbox.close()


def test_the_receiver_of_the_product_takes_them(hub: HubProcess, repo: Repository) -> None:
    woken: list[tuple[str, str]] = []
    receiver = webhooks.Receiver(
        SECRET, lambda job, name: woken.append((job, name)), lambda: True, lambda *_: False
    )
    with served(receiver.app(), "127.0.0.1", 0) as port:
        config = {"url": f"http://127.0.0.1:{port}/webhook", "content_type": "json"}
        hook = repo.create_hook("web", config | {"secret": SECRET}, ["*"], active=True)
        issue = repo.create_issue("one")
        until(lambda: woken, "the issue")
        woken.clear()
        hub.admin("POST", "/webhooks", {"duplicate": 1})
        issue.add_to_labels("Ready")
        until(lambda: woken, "the label")
        issue.create_comment("a remark")
        until(lambda: len(woken) == 2, "the comment")
        assert woken == [("dispatcher", repo.full_name)] * 2, "a double wakes nobody twice"
        hub.admin("POST", "/webhooks", {"duplicate": 0})
        path = f"/repos/{repo.full_name}/hooks/{hook.id}"
        codes = {d["status_code"] for d in hub.api("GET", f"{path}/deliveries").json()}
        assert codes == {202}
        hub.api("PATCH", path, {"config": {**config, "secret": "another"}})
        issue.create_comment("another remark")

        def refused() -> bool:
            return hub.api("GET", f"{path}/deliveries").json()[0]["status_code"] == 401

        until(refused, "the refusal")
        assert len(woken) == 2
