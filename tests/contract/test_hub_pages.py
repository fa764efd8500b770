"""The hub's pages in a browser's place: real HTTP, real forms, a real hub process."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.browser import Browser, Form
from tests.hub import HubProcess

CI = """\
name: CI
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Look
        run: echo "<b>it runs</b>"; echo "##[group]mine"; echo inner; test ! -e broken
      - run: echo last
"""
USERS = {"alice": "alice-token", "bob": "bob-token", "rita": "rita-token"}


def api(hub: HubProcess, method: str, path: str, data: object = None, user: str = "alice") -> Any:
    """An API request that must succeed; its JSON."""
    answer = hub.api(method, path, data, user=user)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("pages") / "hub", USERS) as started:
        yield started


@pytest.fixture(scope="module")
def shop(hub: HubProcess) -> str:
    readme = "# Shop\n\n<script>alert(1)</script> **bold** [code](src/a.py)\n"
    files = {"README.md": readme, "src/a.py": "x = 1\n"}
    hub.seed("acme/shop", {**files, ".github/workflows/ci.yml": CI})
    return "/acme/shop"


def wait_for(browser: Browser, page: str, text: str) -> str:
    deadline = time.monotonic() + 20
    while text not in (html := browser.get(page)):
        assert time.monotonic() < deadline, f"{text!r} did not appear on {page}"
        time.sleep(0.1)
    return html


def opened(hub: HubProcess, shop: str, title: str, body: str = "") -> str:
    issue = api(hub, "POST", f"/repos{shop}/issues", {"title": title, "body": body})
    return f"{shop}/issues/{issue['number']}"


def proposed(hub: HubProcess, name: str) -> str:
    """The page of an open pull request by bob, in a repository of its own."""
    repo = f"acme/{name}"
    hub.seed(repo, {"a.txt": "one\n"})
    hub.push(repo, "work", {"a.txt": "one\ntwo <i>\n"}, message="Add two")
    body = "| a | b |\n|---|---|\n|1|2|"
    pull = {"title": "Add two", "head": "work", "base": "main", "body": body}
    api(hub, "POST", f"/repos/{repo}/pulls", pull, "bob")
    return f"/{repo}/pull/1"


def test_pages_are_readable_without_signing_in(hub: HubProcess, shop: str) -> None:
    browser = Browser(hub.url)
    home = browser.get(shop)
    assert "src" in home and "<strong>bold</strong>" in home
    assert f'href="{shop}/blob/main/src/a.py"' in home
    assert "<script>" not in home and "&lt;script&gt;" in home
    assert "x = 1" in browser.get(f"{shop}/blob/main/src/a.py")
    assert "a.py" in browser.get(f"{shop}/tree/main/src")
    assert "Change files" in browser.get(f"{shop}/commits")
    for missing in ("/acme/none", f"{shop}/issues/999", f"{shop}/blob/main/no", f"{shop}/pull/x"):
        browser.get(missing, 404)
    assert "acme" in browser.get("/") and "body {" in browser.get("/_pages/style.css")


def test_titles_bodies_and_labels_are_escaped(hub: HubProcess, shop: str) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    body = f"{attack}\n\n[x](javascript:alert(1)) ![p](http://example.invalid/p.png) <details>"
    page = opened(hub, shop, attack, body)
    number = page.rpartition("/")[2]
    api(hub, "POST", f"/repos{shop}/issues/{number}/labels", {"labels": ['"><script>x']})
    api(hub, "POST", f"/repos{shop}/issues/{number}/comments", {"body": attack})
    for path in (page, f"{shop}/issues", f"{shop}/labels"):
        html = Browser(hub.url, "alice").get(path)
        assert "<script" not in html and "<img" not in html
        assert 'href="javascript' not in html
    answer = requests.get(hub.url + page, timeout=30)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_issue_from_opening_to_closing(hub: HubProcess, shop: str) -> None:
    alice = Browser(hub.url, "alice")
    html = alice.submit(f"{shop}/issues/new", f"{shop}/issues", title="Fix it", body="- [x] a")
    assert "Fix it" in html and 'type="checkbox"' in html
    number = re.findall(r"/issues/(\d+)/comment", html)[0]
    page = f"{shop}/issues/{number}"
    assert "Ready" in alice.submit(page, f"{page}/labels", add="Ready")
    assert "removed the label" in alice.submit(page, f"{page}/labels", remove="Ready")
    assert "A remark" in alice.submit(page, f"{page}/comment", body="A remark")
    assert "closed this" in alice.submit(page, f"{page}/comment", body="Done.", state="closed")
    assert "reopened this" in alice.submit(page, f"{page}/comment", body="", state="open")
    events = api(hub, "GET", f"/repos{shop}/issues/{number}/events")
    assert [one["event"] for one in events] == ["labeled", "unlabeled", "closed", "reopened"]
    assert {one["actor"]["login"] for one in events} == {"alice"}
    assert api(hub, "GET", f"/repos{shop}/issues/{number}")["body"] == "- [x] a"


def test_labels_are_made_once(hub: HubProcess, shop: str) -> None:
    alice = Browser(hub.url, "alice")
    fields = {"name": "Soon", "color": "#123456", "description": "later"}
    assert "later" in alice.submit(f"{shop}/labels", f"{shop}/labels", **fields)
    assert api(hub, "GET", f"/repos{shop}/labels/Soon")["color"] == "123456"
    assert alice.send(f"{shop}/labels", fields).status_code == 422


def test_forms_of_other_sites_change_nothing(hub: HubProcess, shop: str) -> None:
    page = opened(hub, shop, "Untouched")
    alice = Browser(hub.url, "alice")
    for origin in ("http://evil.example", "null", "", "http://127.0.0.1:1"):
        answer = alice.send(f"{page}/comment", {"body": "driven", "state": "closed"}, origin)
        assert answer.status_code == 403
    assert "driven" not in alice.get(page)
    rebound = {"Host": "evil.example"}
    answer = alice.session.get(hub.url + page, headers=rebound, timeout=30)
    assert answer.status_code == 403 and "Untouched" not in answer.text
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    answer = alice.session.post(
        f"{hub.url}{page}/comment", {"body": "driven"}, headers=headers, timeout=30
    )
    assert answer.status_code == 403
    assert "driven" not in alice.get(page)


def test_forms_need_a_user(hub: HubProcess, shop: str) -> None:
    page = opened(hub, shop, "Anonymous")
    nobody = Browser(hub.url)
    assert "Who are you?" in nobody.send(f"{page}/comment", {"body": "me"}).text
    assert "me</p>" not in nobody.get(page)
    for name in ("acme", "nobody-here"):  # an organization can't sign in
        assert nobody.send("/login", {"login": name, "next": "/"}).status_code == 404
    nobody.session.cookies.set("agent_os_hub_user", "acme")
    assert "Sign out" not in nobody.get("/")
    nobody.session.cookies.clear()
    outside = nobody.session.post(
        f"{hub.url}/login",
        {"login": "alice", "next": "//evil.example/"},
        headers={"Origin": hub.url},
        allow_redirects=False,
        timeout=30,
    )
    assert outside.headers["location"] == "/"
    assert "Sign out" in nobody.get("/")
    nobody.send("/logout", {"next": "/"})
    assert "Sign out" not in nobody.get("/")


def test_readers_may_talk_but_not_label(hub: HubProcess, shop: str) -> None:
    api(hub, "PUT", f"/repos{shop}/collaborators/rita", {"permission": "pull"})
    page = opened(hub, shop, "Read only")
    rita = Browser(hub.url, "rita")
    assert "hello" in rita.submit(page, f"{page}/comment", body="hello")
    assert rita.send(f"{page}/labels", {"add": "Ready"}).status_code == 403
    assert rita.send(f"{page}/comment", {"state": "closed"}).status_code == 403
    mixed = rita.send(f"{page}/comment", {"body": "half", "state": "closed"})
    assert mixed.status_code == 403 and "half" not in rita.get(page)
    assert 'value="Ready"' not in rita.get(page)


def test_reviews_and_a_merge(hub: HubProcess) -> None:
    page = proposed(hub, "merge")
    alice, bob = Browser(hub.url, "alice"), Browser(hub.url, "bob")
    html = alice.get(page)
    assert "<table>" in html and "two &lt;i&gt;" in html and 'class="add"' in html
    own = bob.send(f"{page}/review", {"event": "APPROVE", "body": ""})
    assert own.status_code == 422 and "your own pull request" in own.text
    html = alice.submit(page, f"{page}/review", event="REQUEST_CHANGES", body="Not yet")
    assert "requested changes" in html and "Not yet" in html
    assert "approved these changes" in alice.submit(page, f"{page}/review", event="APPROVE")
    reviews = api(hub, "GET", "/repos/acme/merge/pulls/1/reviews")
    assert [one["state"] for one in reviews] == ["CHANGES_REQUESTED", "APPROVED"]
    stale = alice.send(f"{page}/merge", {"merge_method": "merge", "sha": "0" * 40})
    assert stale.status_code == 409
    html = alice.submit(page, f"{page}/merge", merge_method="squash")
    assert "Merged by" in html
    merged = api(hub, "GET", "/repos/acme/merge/pulls/1")
    assert merged["merged"] and merged["merged_by"]["login"] == "alice"
    assert "merged" in alice.get("/acme/merge/pulls?state=closed")
    assert "Add two" in alice.get("/acme/merge/commits")


def test_a_draft_is_made_ready(hub: HubProcess) -> None:
    page = proposed(hub, "draft")
    alice = Browser(hub.url, "alice")
    assert alice.send(f"{page}/draft", {"draft": "true"}).ok
    assert "still a draft" in alice.get(page)
    assert "no conflicts" in alice.submit(page, f"{page}/draft", draft="false")


def test_a_conflict_can_not_be_merged_and_closing_works(hub: HubProcess) -> None:
    page = proposed(hub, "conflict")
    hub.push("acme/conflict", "main", {"a.txt": "other\n"})
    alice = Browser(hub.url, "alice")
    form = Form(f"{page}/merge")
    form.feed(html := alice.get(page))
    assert "conflicts that must be resolved" in html
    assert form.buttons == [("", "", True)]
    assert alice.send(f"{page}/merge", form.fields).status_code == 405
    assert "Closed without merging" in alice.submit(page, f"{page}/comment", state="closed")
    assert api(hub, "GET", "/repos/acme/conflict/pulls/1")["state"] == "closed"
    assert alice.get(page.replace("/pull/", "/issues/")) == alice.get(page)


def test_runs_show_steps_logs_and_run_again(hub: HubProcess, shop: str) -> None:
    alice = Browser(hub.url, "alice")
    html = wait_for(alice, f"{shop}/actions", "dot success")
    page = re.findall(r'href="(/acme/shop/actions/runs/\d+)"', html)[-1]
    html = alice.get(page)
    assert "Look" in html and "&lt;b&gt;it runs&lt;/b&gt;" in html and "<b>it runs" not in html
    assert 'http-equiv="refresh"' not in html
    assert html.count('<details class="step"') == 3
    assert "success" in alice.get(shop)
    alice.submit(page, f"{page}/rerun")
    assert "attempt 2" in wait_for(alice, page, "badge success")


def test_an_unsupported_workflow_tells_why(hub: HubProcess) -> None:
    workflow = CI.replace("ubuntu-latest", "windows-latest")
    hub.seed("acme/strange", {".github/workflows/ci.yml": workflow})
    alice = Browser(hub.url)
    html = wait_for(alice, "/acme/strange/actions", "action required")
    page = re.findall(r'href="(/acme/strange/actions/runs/\d+)"', html)[-1]
    assert "windows-latest" in alice.get(page)


def test_former_names_lead_to_the_repository(hub: HubProcess) -> None:
    hub.seed("acme/before", {"a": "a"})
    api(hub, "PATCH", "/repos/acme/before", {"name": "after"})
    answer = requests.get(f"{hub.url}/acme/before/issues", timeout=30)
    assert answer.url == f"{hub.url}/acme/after/issues"
