"""One look at the pull requests: what the answer says, and what REST is asked for besides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from agent_os.domain import errors
from agent_os.domain.clock import SystemClock
from agent_os.domain.observed import CheckState
from agent_os.github import labels, looks
from agent_os.github.client import GitHubClient
from agent_os.github.governor import Governor

from .making import sha

API = "http://127.0.0.1:9/api/v3"
GRAPHQL = "http://127.0.0.1:9/api/graphql"
REPO = f"{API}/repos/acme/todo"
BASE, HEAD = sha("b"), sha("c")


@pytest.fixture
def client() -> GitHubClient:
    return GitHubClient(API, "t", 5, Governor(SystemClock(), lambda _: None), None)


@pytest.fixture
def github() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def rollup(*nodes: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return {"contexts": {"pageInfo": {"hasNextPage": more}, "nodes": list(nodes)}}


def run(name: str, conclusion: str | None = "SUCCESS", **more: Any) -> dict[str, Any]:
    return {
        "__typename": "CheckRun",
        "name": name,
        "status": "COMPLETED" if conclusion else "IN_PROGRESS",
        "conclusion": conclusion,
        "detailsUrl": "http://127.0.0.1:9/acme/todo/actions/runs/1/job/7",
        "title": None,
        "summary": None,
        "checkSuite": {"app": {"slug": "github-actions"}},
        **more,
    }


def pull(checks: Any = None, commit: str = HEAD, **more: Any) -> dict[str, Any]:
    return {
        "number": 40,
        "state": "OPEN",
        "isDraft": False,
        "merged": False,
        "mergedBy": None,
        "author": {"login": "agent-os", "__typename": "Bot"},
        "headRefOid": HEAD,
        "headRefName": "agent-os/12",
        "baseRefName": "main",
        "body": "",
        "mergeable": "MERGEABLE",
        "mergeStateStatus": "CLEAN",
        "updatedAt": "2026-01-05T12:00:00Z",
        "reviews": {"pageInfo": {"hasNextPage": False}, "nodes": []},
        "commits": {"nodes": [{"commit": {"oid": commit, "statusCheckRollup": checks}}]},
        **more,
    }


def answer(one: Any, *, base: Any = None, rule: Any = None, **more: Any) -> dict[str, Any]:
    target = {"oid": BASE, "statusCheckRollup": base}
    repository = {"ref": {"target": target, "refUpdateRule": rule}, "owner": None, "p40": one}
    return {"data": {"repository": repository}, **more}


def look(client: GitHubClient, github: responses.RequestsMock, said: Any) -> looks.Look:
    github.add("POST", GRAPHQL, json=said)
    return looks.look(client, "acme/todo", "main", [40])


def test_a_look_is_one_request(client: GitHubClient, github: responses.RequestsMock) -> None:
    status = {"__typename": "StatusContext", "context": "ci/old", "state": "EXPECTED"}
    status |= {"targetUrl": None, "description": None}
    review = {"databaseId": 5, "author": {"login": "bob", "__typename": "User"}}
    review |= {"state": "CHANGES_REQUESTED", "body": "no", "commit": {"oid": HEAD}}
    review |= {"submittedAt": "2026-01-05T12:00:00Z"}
    reviews = {"pageInfo": {"hasNextPage": False}, "nodes": [review]}
    seen = look(
        client,
        github,
        answer(
            pull(rollup(run("test", "FAILURE"), run("lint", None), status), reviews=reviews),
            base=rollup(run("test")),
            rule={"requiredStatusCheckContexts": ["test"]},
        ),
    )
    one = seen.pulls[40]
    assert (seen.base, seen.required) == (BASE, ("test",))
    assert [(c.name, c.state) for c in seen.base_checks.checks] == [("test", CheckState.SUCCESS)]
    states = {c.name: c.state for c in one.checks.checks}
    pending, failed = CheckState.PENDING, CheckState.FAILURE
    assert states == {"test": failed, "lint": pending, "ci/old": pending}
    assert {c.job_id for c in one.checks.checks} == {7, 0}
    assert one.pull.author == "agent-os[bot]", "as REST names a bot"
    assert one.pull.mergeable is True and one.pull.mergeable_state == "clean"
    assert [(r.author, r.state) for r in one.reviews] == [("bob", "changes_requested")]


def test_no_rollup_means_that_nothing_reported(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    seen = look(client, github, answer(pull()))
    assert seen.pulls[40].checks.checks == () and seen.base_checks.checks == ()


@pytest.mark.parametrize(
    "said",
    [
        answer(
            pull(),
            errors=[
                {
                    "type": "FORBIDDEN",
                    "message": "Resource not accessible by personal access token",
                    "path": ["repository", "p40", "commits", "nodes", 0, "statusCheckRollup"],
                }
            ],
            base=rollup(),
        ),
        answer(pull(rollup(run("test"), more=True)), base=rollup()),
        answer(pull(rollup(run("test")), commit=sha("d")), base=rollup()),
    ],
    ids=["not permitted", "more than a page", "the list of commits lags"],
)
def test_checks_that_are_not_all_there_are_asked_of_rest(
    client: GitHubClient, github: responses.RequestsMock, said: Any
) -> None:
    run_ = {"name": "asked", "status": "completed", "conclusion": "success"}
    found = {"total_count": 1, "check_runs": [run_]}
    github.add("GET", f"{REPO}/commits/{HEAD}/check-runs", json=found)
    github.add("GET", f"{REPO}/commits/{HEAD}/status", json={"statuses": []})
    seen = look(client, github, said)
    assert [c.name for c in seen.pulls[40].checks.checks] == ["asked"]


def test_what_else_is_refused_is_an_error(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    refused = {"type": "NOT_FOUND", "message": "Could not resolve", "path": ["repository", "p40"]}
    with pytest.raises(errors.NotFound):
        look(client, github, answer(None, errors=[refused]))


def test_a_spent_limit_stops_everything(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    refused = {"type": "RATE_LIMITED", "message": "API rate limit exceeded"}
    github.add("POST", GRAPHQL, json={"errors": [refused]})
    for _ in range(2):
        with pytest.raises(errors.RateLimited):
            looks.look(client, "acme/todo", "main", [40])
    assert len(github.calls) == 1


def test_labels_are_changed_by_one_mutation(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    known = [{"name": "in progress", "node_id": "L1"}, {"name": "Ready", "node_id": "L2"}]
    github.add("GET", f"{REPO}/labels", json=known)
    wanted = {"issue": "I1", "add": ["L1"], "remove": ["L2"]}
    body = {"query": labels.mutation(add=True, remove=True), "variables": wanted}
    match = [responses.matchers.json_params_matcher(body)]
    github.add("POST", GRAPHQL, json={"data": {"add": {}, "remove": {}}}, match=match)
    labels.change(client, "acme/todo", "I1", ["In Progress"], ["ready", "never there"])


@pytest.mark.parametrize(
    ("data", "expected"),
    [({"add": {}, "remove": None}, errors.GitHubUnreachable), ({"add": None}, errors.NotFound)],
    ids=["in part: it may have happened", "whole: it did not happen"],
)
def test_a_refused_mutation(
    client: GitHubClient,
    github: responses.RequestsMock,
    data: dict[str, Any],
    expected: type[errors.GitHubError],
) -> None:
    github.add("GET", f"{REPO}/labels", json=[{"name": "a", "node_id": "L1"}])
    refused = {"type": "NOT_FOUND", "message": "gone", "path": ["add"]}
    github.add("POST", GRAPHQL, json={"data": data, "errors": [refused]})
    with pytest.raises(expected):
        labels.change(client, "acme/todo", "I1", ["a"], [])
    assert len([c for c in github.calls if c.request.url == GRAPHQL]) == 1
