"""A round through every operation of the hub, as GitHub's documentation words the requests."""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from tests.hub import HubProcess

CI = """\
name: CI
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: test ! -e broken
"""


class Round:
    """Every operation of the hub at least once, as GitHub's documentation words the requests."""

    def __init__(self, hub: HubProcess) -> None:
        self.hub = hub
        self.repo = "/repos/acme/shop"

    def ask(self, method: str, path: str, body: Any = None, status: int = 0, **more: Any) -> Any:
        """One request; `status` is checked when given, else it must be a good one."""
        answer = self.hub.api(method, path, body, **more)
        good = answer.status_code == status if status else answer.status_code < 300
        assert good, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.json() if answer.content and is_json else None

    def until(self, found: Callable[[], Any], what: str) -> Any:
        end = time.monotonic() + 30
        while not (seen := found()):
            assert time.monotonic() < end, f"not in time: {what}"
            time.sleep(0.05)
        return seen

    def all(self) -> None:
        self.hub.seed("acme/shop", {"a.txt": "1\n", ".github/workflows/ci.yml": CI})
        self.people()
        self.repositories()
        self.issues()
        self.commits()
        self.pulls()
        self.checks()
        self.actions()
        self.hooks()

    def people(self) -> None:
        for path in ("/user", "/users/bob", "/orgs/acme", "/rate_limit", "/user/repos"):
            self.ask("GET", path)
        self.ask("GET", "/users/nobody", status=404)
        for path in ("/orgs/acme/repos", "/users/alice/repos"):
            self.ask("GET", path)

    def repositories(self) -> None:
        made = {"name": "made", "description": "d", "private": False, "auto_init": True}
        self.ask("POST", "/user/repos", made)
        self.ask("POST", "/user/repos", made, 422)
        self.ask("POST", "/orgs/acme/repos", {"name": "more", "delete_branch_on_merge": True})
        self.ask("PATCH", "/repos/alice/made", {"description": "e", "allow_rebase_merge": False})
        self.ask("PATCH", "/repos/alice/made", {"name": "renamed"})
        self.ask("GET", "/repos/alice/made", status=301)
        self.ask("PATCH", "/repos/alice/renamed", {"archived": True})
        self.ask("POST", "/repos/alice/renamed/issues", {"title": "x"}, 403)
        self.ask("PATCH", "/repos/alice/renamed", {"archived": False})
        self.ask("DELETE", "/repos/alice/renamed")
        self.ask("GET", self.repo)
        self.ask("GET", f"{self.repo}/collaborators")
        self.ask("PUT", f"{self.repo}/collaborators/bob", {"permission": "push"})
        for path in ("bob", "bob/permission"):
            self.ask("GET", f"{self.repo}/collaborators/{path}")
        self.ask("DELETE", f"{self.repo}/collaborators/bob")
        self.ask("GET", f"{self.repo}/assignees")

    def issues(self) -> None:
        repo = self.repo
        label = {"name": "Ready", "color": "0e8a16", "description": "Go"}
        self.ask("POST", f"{repo}/labels", label)
        self.ask("POST", f"{repo}/labels", label, 422)
        self.ask("PATCH", f"{repo}/labels/Ready", {"new_name": "Ready now", "color": "0e8a17"})
        self.ask("GET", f"{repo}/labels/Ready%20now")
        self.ask("POST", f"{repo}/labels", {"name": "gone"})
        self.ask("DELETE", f"{repo}/labels/gone")
        self.ask("GET", f"{repo}/labels")
        body = {"title": "one", "body": "b", "labels": ["Ready now"], "assignees": ["alice"]}
        number = self.ask("POST", f"{repo}/issues", body)["number"]
        self.ask("POST", f"{repo}/issues", {"title": ""}, 422)
        issue = f"{repo}/issues/{number}"
        for path in (issue, f"{repo}/issues?state=all&sort=updated&direction=asc&per_page=5"):
            self.ask("GET", path)
        self.ask("GET", f"{repo}/issues/999", status=404)
        self.ask("POST", f"{issue}/labels", {"labels": ["x", "y"]})
        self.ask("PUT", f"{issue}/labels", {"labels": ["z", "w"]})
        self.ask("DELETE", f"{issue}/labels/z")
        self.ask("DELETE", f"{issue}/labels/z", status=404)
        self.ask("GET", f"{issue}/labels")
        self.ask("DELETE", f"{issue}/labels")
        self.ask("POST", f"{issue}/assignees", {"assignees": ["bob"]})
        self.ask("DELETE", f"{issue}/assignees", {"assignees": ["bob"]})
        comment = self.ask("POST", f"{issue}/comments", {"body": "hi"}, user="bob")["id"]
        self.ask("PATCH", f"{repo}/issues/comments/{comment}", {"body": "ho"})
        for path in (f"{issue}/comments", f"{repo}/issues/comments?sort=updated&direction=desc"):
            self.ask("GET", path)
        self.ask("GET", f"{repo}/issues/comments/{comment}")
        self.ask("PATCH", issue, {"title": "two", "body": "c", "labels": ["Ready now"]})
        self.ask("PATCH", issue, {"state": "closed", "state_reason": "not_planned"})
        self.ask("PATCH", issue, {"state": "open"})
        for path in (f"{issue}/events", f"{issue}/timeline", f"{repo}/issues/events"):
            found = self.ask("GET", path)
        self.ask("GET", f"{repo}/issues/events/{found[0]['id']}")
        self.ask("DELETE", f"{repo}/issues/comments/{comment}")
        gone = self.ask("POST", f"{repo}/issues", {"title": "gone"})["number"]
        self.hub.admin("POST", "/issues/delete", {"repo": "acme/shop", "number": gone})
        self.ask("GET", f"{repo}/issues/{gone}", status=410)

    def commits(self) -> None:
        repo = self.repo
        self.hub.push("acme/shop", "topic", {"b.txt": "1\n", "dir/c.txt": "2\n"})
        main = self.ask("GET", f"{repo}/branches/main")["commit"]["sha"]
        for path in ("branches", "branches?protected=false", "commits", "commits?path=a.txt"):
            self.ask("GET", f"{repo}/{path}")
        for path in (f"commits/{main}", "compare/main...topic", f"commits/{main}/pulls"):
            self.ask("GET", f"{repo}/{path}")
        self.ask("GET", f"{repo}/commits/nonsense", status=422)
        self.ask("POST", f"{repo}/git/refs", {"ref": "refs/heads/side", "sha": main})
        self.ask("PATCH", f"{repo}/git/refs/heads/side", {"sha": main, "force": True})
        for path in ("git/ref/heads/side", "git/matching-refs/heads/s"):
            self.ask("GET", f"{repo}/{path}")
        self.ask("DELETE", f"{repo}/git/refs/heads/side")
        for path in ("contents/a.txt", "contents/", "contents/dir?ref=topic"):
            self.ask("GET", f"{repo}/{path}")
        blob = self.ask("GET", f"{repo}/contents/a.txt")
        assert b64decode(blob["content"]) == b"1\n"
        self.ask("GET", f"{repo}/git/blobs/{blob['sha']}")
        self.ask("GET", f"{repo}/contents/nothing", status=404)

    def pulls(self) -> None:
        repo = self.repo
        given = {"title": "Topic", "head": "topic", "base": "main", "body": "text", "draft": True}
        number = self.ask("POST", f"{repo}/pulls", given)["number"]
        self.ask("POST", f"{repo}/pulls", given, 422)
        pull = f"{repo}/pulls/{number}"
        text = (
            "mutation($id:ID!){markPullRequestReadyForReview(input:{pullRequestId:$id})"
            "{clientMutationId}}"
        )
        node = self.ask("GET", pull)["node_id"]
        self.ask("POST", "/graphql", {"query": text, "variables": {"id": node}})
        self.ask("PATCH", pull, {"title": "Topic 2", "body": "more", "base": "main"})
        self.ask("POST", f"{pull}/requested_reviewers", {"reviewers": ["bob"]})
        self.ask("GET", f"{pull}/requested_reviewers")
        self.ask("DELETE", f"{pull}/requested_reviewers", {"reviewers": ["bob"]})
        self.ask("POST", f"{pull}/requested_reviewers", {"reviewers": ["bob"]})
        self.review(pull)
        for path in (f"{repo}/pulls?state=all&head=acme:topic&sort=updated", f"{pull}/files"):
            self.ask("GET", path)
        self.ask("GET", f"{pull}/commits")
        self.ask("GET", f"{pull}/merge", status=404)
        self.hub.push("acme/shop", "main", {"d.txt": "3\n"})
        self.ask("PUT", f"{pull}/update-branch", {})
        self.ask("PATCH", pull, {"state": "closed"})
        self.ask("PATCH", pull, {"state": "open"})
        self.ask("PUT", f"{pull}/merge", {"sha": "0" * 40}, 409)
        self.ask("PUT", f"{pull}/merge", {"merge_method": "squash", "commit_title": "All"})
        self.ask("PUT", f"{pull}/merge", {}, 405)
        for path in (f"{pull}/merge", pull, f"{repo}/issues/{number}/timeline"):
            self.ask("GET", path)
        self.ask("GET", f"{repo}/issues/{number}/events")
        self.ask("DELETE", f"{repo}/git/refs/heads/topic")

    def review(self, pull: str) -> None:
        comment = {"path": "b.txt", "line": 1, "side": "RIGHT", "body": "why?"}
        given = {"event": "REQUEST_CHANGES", "body": "no", "comments": [comment]}
        first = self.ask("POST", f"{pull}/reviews", given, user="bob")["id"]
        pending = self.ask("POST", f"{pull}/reviews", {"body": "later"}, user="bob")["id"]
        self.ask("DELETE", f"{pull}/reviews/{pending}", user="bob")
        pending = self.ask("POST", f"{pull}/reviews", {"body": "now"}, user="bob")["id"]
        submitted = {"event": "COMMENT", "body": "now"}
        self.ask("POST", f"{pull}/reviews/{pending}/events", submitted, user="bob")
        self.ask("POST", f"{pull}/reviews", {"event": "APPROVE"}, 422)
        self.ask("PUT", f"{pull}/reviews/{first}/dismissals", {"message": "done"})
        self.ask("POST", f"{pull}/reviews", {"event": "APPROVE"}, user="bob")
        for path in ("reviews", f"reviews/{first}", f"reviews/{first}/comments", "comments"):
            found = self.ask("GET", f"{pull}/{path}")
        self.ask("POST", f"{pull}/comments/{found[0]['id']}/replies", {"body": "so"})
        head = self.ask("GET", pull)["head"]["sha"]
        self.ask("POST", f"{pull}/comments", {**comment, "commit_id": head})
        self.ask("GET", f"{self.repo}/pulls/comments/{found[0]['id']}")

    def checks(self) -> None:
        repo = self.repo
        sha = self.ask("GET", f"{repo}/branches/main")["commit"]["sha"]
        status = {"state": "success", "context": "lint", "description": "d", "target_url": None}
        self.ask("POST", f"{repo}/statuses/{sha}", status)
        self.ask("POST", f"{repo}/statuses/{sha}", {"state": "odd"}, 422)
        for path in ("statuses", "status", "check-runs", "check-suites"):
            self.ask("GET", f"{repo}/commits/main/{path}")
        given = {"name": "scan", "head_sha": sha, "status": "in_progress"}
        run = self.ask("POST", f"{repo}/check-runs", given)
        output = {"title": "t", "summary": "s", "text": "x"}
        ended = {"status": "completed", "conclusion": "neutral", "output": output}
        self.ask("PATCH", f"{repo}/check-runs/{run['id']}", ended)
        for path in (f"check-runs/{run['id']}", f"check-runs/{run['id']}/annotations"):
            self.ask("GET", f"{repo}/{path}")
        suite = run["check_suite"]["id"]
        for path in (f"check-suites/{suite}", f"check-suites/{suite}/check-runs"):
            self.ask("GET", f"{repo}/{path}")
        self.protect(f"{repo}/branches/main/protection")

    def protect(self, protection: str) -> None:
        self.ask("GET", protection, status=404)
        given = {
            "required_status_checks": {"strict": True, "contexts": ["test"]},
            "enforce_admins": True,
            "required_pull_request_reviews": {"required_approving_review_count": 1},
            "restrictions": None,
        }
        self.ask("PUT", protection, given)
        self.ask("PATCH", f"{protection}/required_status_checks", {"strict": False})
        for path in ("", "/required_status_checks", "/required_pull_request_reviews"):
            self.ask("GET", f"{protection}{path}")
        self.ask("GET", f"{self.repo}/rules/branches/main")
        for path in ("branches", "branches/main"):
            self.ask("GET", f"{self.repo}/{path}")
        self.ask("DELETE", f"{protection}/required_status_checks")
        self.ask("DELETE", protection)

    def actions(self) -> None:
        actions = f"{self.repo}/actions"

        def runs(query: str = "") -> list[Any]:
            return self.ask("GET", f"{actions}/runs{query}")["workflow_runs"]

        self.until(lambda: all(run["status"] == "completed" for run in runs()), "CI")
        flow = self.ask("GET", f"{actions}/workflows")["workflows"][0]["id"]
        for path in (f"workflows/{flow}", f"workflows/{flow}/runs", "workflows/ci.yml"):
            self.ask("GET", f"{actions}/{path}")
        run = f"{actions}/runs/{runs('?branch=main&event=push&status=success')[0]['id']}"
        job = self.ask("GET", f"{run}/jobs?filter=latest")["jobs"][0]["id"]
        for path in (run, f"{run}/attempts/1/jobs", f"{actions}/jobs/{job}", f"{run}/jobs"):
            self.ask("GET", path)
        self.ask("GET", f"{actions}/jobs/{job}/logs", status=302)
        self.ask("GET", f"{run}/logs", status=302)
        self.hub.ci(paused=True)
        self.ask("POST", f"{run}/rerun")
        self.ask("GET", run)
        self.ask("POST", f"{run}/cancel")
        self.ask("POST", f"{run}/cancel", status=409)
        self.hub.ci(paused=False)
        self.ask("POST", f"{run}/rerun-failed-jobs")

    def hooks(self) -> None:
        hooks = f"{self.repo}/hooks"
        config = {"url": "http://127.0.0.1:9/none", "content_type": "json", "secret": "s"}
        given = {"name": "web", "config": config, "events": ["push"], "active": True}
        hook = f"{hooks}/{self.ask('POST', hooks, given)['id']}"
        self.ask("POST", hooks, given, 422)
        self.ask("PATCH", hook, {"add_events": ["issues"], "active": True})
        self.ask("POST", f"{hook}/pings")
        found = self.until(lambda: self.ask("GET", f"{hook}/deliveries"), "the ping")
        self.ask("GET", f"{hook}/deliveries/{found[0]['id']}")
        self.ask("POST", f"{hook}/deliveries/{found[0]['id']}/attempts")
        for path in (hooks, hook):
            self.ask("GET", path)
        self.ask("DELETE", hook)
