"""The door to GitHub: its answers as our errors, what is repeated, and lists read to their end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from agent_os.domain import errors
from agent_os.domain.clock import RandomIds
from agent_os.domain.observed import CheckState
from agent_os.github import readers
from agent_os.github.client import GitHubClient
from agent_os.github.governor import Governor
from agent_os.store.database import Store

from .making import NOW, at, sha

API = "http://127.0.0.1:9/api/v3"
REPO = "/repos/acme/todo"
STARTED = "Mon, 05 Jan 2026 12:00:00 GMT"


class Hands:
    """A clock that is set by hand; a pause moves it."""

    def __init__(self) -> None:
        self.time = NOW
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def client(clock: Hands) -> GitHubClient:
    return GitHubClient(API, "t", 5, Governor(clock, clock.sleep), None)


@pytest.fixture
def github() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def calls(github: responses.RequestsMock, path: str) -> int:
    return sum(1 for c in github.calls if (c.request.url or "").startswith(f"{API}{path}"))


#: (status, headers, body, the error, words of it)
ANSWERS: list[tuple[int, dict[str, str], Any, type[errors.GitHubError], str]] = [
    (401, {}, {"message": "Bad credentials"}, errors.TokenRefused, "Check github.token"),
    (
        403,
        {"X-Accepted-GitHub-Permissions": "contents=write"},
        {"message": "Resource not accessible"},
        errors.NotPermitted,
        "The token needs: contents=write.",
    ),
    (403, {}, {"message": "no"}, errors.NotPermitted, "Check the token's permissions."),
    (404, {}, {"message": "Not Found"}, errors.NotFound, "Not Found"),
    (410, {}, {"message": "This issue was deleted"}, errors.NotFound, "deleted"),
    (405, {}, {"message": "not mergeable"}, errors.Conflict, "not mergeable"),
    (409, {}, {"message": "Head branch was modified"}, errors.Conflict, "modified"),
    (
        422,
        {},
        {"message": "Validation Failed", "errors": [{"message": "exists"}, {"code": "custom"}]},
        errors.Conflict,
        "Validation Failed. exists. custom",
    ),
    (422, {}, {"message": "Odd", "errors": ["a string"]}, errors.Conflict, "422"),
    (400, {}, "<html>no JSON</html>", errors.GitHubError, "<html>no JSON</html>"),
    (500, {}, {"message": "oops"}, errors.GitHubUnreachable, "oops"),
    (502, {}, "<html>bad gateway</html>", errors.GitHubUnreachable, "bad gateway"),
    (307, {}, {"message": "Moved"}, errors.Moved, "Moved"),
]


@pytest.mark.parametrize(("status", "headers", "body", "error", "words"), ANSWERS)
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_each_answer_is_an_error_of_ours_and_a_write_is_sent_once(
    client: GitHubClient,
    github: responses.RequestsMock,
    clock: Hands,
    verb: str,
    status: int,
    headers: dict[str, str],
    body: Any,
    error: type[errors.GitHubError],
    words: str,
) -> None:
    given = {"json": body} if isinstance(body, dict) else {"body": body}
    github.add(verb, f"{API}{REPO}", status=status, headers=headers, **given)
    with pytest.raises(errors.GitHubError) as caught:
        client.get(REPO) if verb == "GET" else client.send(verb, REPO, {})
    assert type(caught.value) is error
    assert caught.value.status == status
    assert words in str(caught.value)
    repeated = verb == "GET" and status >= 500
    assert calls(github, REPO) == (3 if repeated else 1)
    assert clock.slept == ([0.5, 1.0] if repeated else [])


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError("refused"),
        requests.ReadTimeout("late"),
        requests.exceptions.ChunkedEncodingError("cut"),
    ],
)
@pytest.mark.parametrize(("verb", "times"), [("GET", 3), ("POST", 1), ("PUT", 1), ("DELETE", 1)])
def test_no_answer(
    client: GitHubClient,
    github: responses.RequestsMock,
    failure: Exception,
    verb: str,
    times: int,
) -> None:
    """A lost answer must not make two comments: only reads are sent again."""
    github.add(verb, f"{API}{REPO}", body=failure)
    with pytest.raises(errors.GitHubUnreachable, match="No answer from"):
        client.get(REPO) if verb == "GET" else client.send(verb, REPO, {"a": 1})
    assert calls(github, REPO) == times


def test_a_read_that_succeeds_at_the_third_time(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    github.add("GET", f"{API}{REPO}", status=502)
    github.add("GET", f"{API}{REPO}", body=requests.ConnectionError())
    github.add("GET", f"{API}{REPO}", json={"id": 1})
    assert client.get(REPO) == {"id": 1}


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_an_answer_that_is_not_json(
    client: GitHubClient, github: responses.RequestsMock, verb: str
) -> None:
    github.add(verb, f"{API}{REPO}", body="<html>a proxy's login page</html>")
    with pytest.raises(errors.GitHubUnreachable, match="not JSON"):
        client.get(REPO) if verb == "GET" else client.send(verb, REPO, {})


def test_an_answer_without_a_body(client: GitHubClient, github: responses.RequestsMock) -> None:
    github.add("DELETE", f"{API}{REPO}/labels/x", status=204)
    assert client.send("DELETE", f"{REPO}/labels/x") is None


# Limits.

RESET = at(900)
LIMITED: list[tuple[int, dict[str, str], str, datetime]] = [
    (
        403,
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(RESET.timestamp()))},
        "API rate limit exceeded",
        RESET,
    ),
    (
        429,
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(RESET.timestamp()))},
        "API rate limit exceeded",
        RESET,
    ),
    (429, {"Retry-After": "120"}, "slow down", at(120)),
    (403, {"Retry-After": "30"}, "You have exceeded a secondary rate limit", at(30)),
    (403, {}, "You have exceeded a secondary rate limit. Please wait", at(60)),
    (429, {}, "too many", at(60)),
]


@pytest.mark.parametrize(("status", "headers", "words", "until"), LIMITED)
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_at_most_one_request_until_the_reset(
    client: GitHubClient,
    github: responses.RequestsMock,
    clock: Hands,
    verb: str,
    status: int,
    headers: dict[str, str],
    words: str,
    until: datetime,
) -> None:
    github.add(verb, f"{API}{REPO}", status=status, headers=headers, json={"message": words})

    def ask() -> None:
        client.get(REPO) if verb == "GET" else client.send(verb, REPO, {})

    for seconds in (0, 1, (until - NOW).total_seconds() - 1):
        clock.time = at(seconds)
        with pytest.raises(errors.RateLimited) as caught:
            ask()
        assert caught.value.until == until
    assert len(github.calls) == 1
    clock.time = until
    with pytest.raises(errors.RateLimited):
        ask()
    assert len(github.calls) == 2


def test_the_last_request_before_the_limit_is_answered(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(RESET.timestamp()))}
    github.add("GET", f"{API}{REPO}", json={"id": 1}, headers=headers)
    assert client.get(REPO) == {"id": 1}
    with pytest.raises(errors.RateLimited):
        client.get(REPO)
    assert len(github.calls) == 1


def test_the_clock_of_github(
    client: GitHubClient, github: responses.RequestsMock, clock: Hands
) -> None:
    clock.time = at(-100)
    github.add("GET", f"{API}{REPO}", json={}, headers={"Date": STARTED})
    client.get(REPO)
    assert client.governor.github_now() == NOW
    clock.time = at(1)
    client.get(REPO)
    assert client.governor.github_now() == at(1), "a difference below two seconds says nothing"


# Redirections.


def test_a_renamed_repository_is_followed(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    github.add("GET", f"{API}{REPO}", status=301, headers={"Location": f"{API}/repositories/1"})
    github.add("GET", f"{API}/repositories/1", json={"full_name": "acme/new"})
    assert client.get(REPO)["full_name"] == "acme/new"


def test_a_moved_list_keeps_its_question(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    """Without it, closed issues and those beyond the thirtieth would seem to be gone."""
    new = f"{API}/repositories/1/issues?per_page=100&state=all"
    github.add("GET", f"{API}{REPO}/issues", status=301, headers={"Location": new})
    github.add("GET", f"{API}/repositories/1/issues", json=[{"id": 1}])
    assert client.all(f"{REPO}/issues", state="all") == [{"id": 1}]
    assert (github.calls[-1].request.url or "").endswith("?per_page=100&state=all")


@pytest.mark.parametrize(
    "location", ["http://127.0.0.2:9/api/v3/x", "https://127.0.0.1:9/api/v3/x", f"{API}{REPO}"]
)
def test_a_redirection_elsewhere_or_in_a_circle_is_an_error_of_ours(
    client: GitHubClient, github: responses.RequestsMock, location: str
) -> None:
    github.add("GET", f"{API}{REPO}", status=301, headers={"Location": location})
    if not location.endswith(REPO):
        github.add("GET", location, json={"stolen": True})
    with pytest.raises(errors.GitHubError):
        client.get(REPO)
    assert all("127.0.0.1:9" in (c.request.url or "") for c in github.calls)


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_write_is_not_sent_to_another_place(
    client: GitHubClient, github: responses.RequestsMock, status: int
) -> None:
    new = f"{API}/repositories/1/issues"
    github.add("POST", f"{API}{REPO}/issues", status=status, headers={"Location": new})
    github.add("POST", new, json={"id": 1})
    with pytest.raises(errors.Moved):
        client.send("POST", f"{REPO}/issues", {})
    assert len(github.calls) == 1


def test_a_log_is_read_from_where_it_lies_without_our_token(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    blob = "http://127.0.0.3:9/logs/1?signature=x"
    path = f"{API}{REPO}/actions/jobs/7/logs"
    github.add("GET", path, status=302, headers={"Location": blob})
    github.add("GET", blob, body="line 1\nline 2")
    assert readers.job_log(client, "acme/todo", 7, 100) == "line 1\nline 2"
    assert "Authorization" in github.calls[0].request.headers
    assert "Authorization" not in github.calls[-1].request.headers


def test_of_a_long_log_only_the_tail_is_held(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    blob = "http://127.0.0.3:9/logs/1"
    path = f"{API}{REPO}/actions/jobs/7/logs"
    github.add("GET", path, status=302, headers={"Location": blob})
    github.add("GET", blob, body="x" * 1_000_000 + "the last line")
    assert readers.job_log(client, "acme/todo", 7, 13) == "the last line"


# Lists.


def pages(github: responses.RequestsMock, path: str, *bodies: Any, key: str = "") -> None:
    for number, body in enumerate(bodies, 1):
        last = number == len(bodies)
        link = {} if last else {"Link": f'<{API}{path}?page={number + 1}>; rel="next"'}
        match = [responses.matchers.query_param_matcher({"page": str(number)})]
        if number == 1:
            match = [responses.matchers.query_param_matcher({"per_page": "100"})]
        given = {"body": body} if isinstance(body, Exception) else {"json": body}
        github.add("GET", f"{API}{path}", headers=link, match=match, **given)


def test_a_list_is_read_to_its_end(client: GitHubClient, github: responses.RequestsMock) -> None:
    pages(github, "/x", [{"id": 1}], [{"id": 2}], [{"id": 3}])
    assert [i["id"] for i in client.all("/x")] == [1, 2, 3]


def test_a_list_inside_an_object(client: GitHubClient, github: responses.RequestsMock) -> None:
    pages(github, "/x", {"items": [{"id": 1}]}, {"items": [{"id": 2}]})
    assert [i["id"] for i in client.all("/x", "items")] == [1, 2]


@pytest.mark.parametrize("second", [{"message": "a"}, {"items": None}, "text", [{"id": 2}]])
def test_what_is_no_list_is_no_end_of_one(
    client: GitHubClient, github: responses.RequestsMock, second: Any
) -> None:
    given = (second,) if isinstance(second, list) else ({"items": []}, second)
    pages(github, "/x", *given)
    if isinstance(second, list):
        assert client.all("/x", "items") == second  # some lists come bare: nothing is lost
        return
    with pytest.raises(errors.IncompleteList):
        client.all("/x", "items")


def test_a_page_that_fails_fails_the_list(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    pages(github, "/x", [{"id": 1}], requests.ConnectionError())
    with pytest.raises(errors.GitHubUnreachable):
        client.all("/x")


def test_a_list_without_an_end(client: GitHubClient, github: responses.RequestsMock) -> None:
    link = {"Link": f'<{API}/x?page=2>; rel="next", <{API}/x?page=9>; rel="last"'}
    github.add("GET", f"{API}/x", json=[], headers=link)
    with pytest.raises(errors.IncompleteList, match="more than 100 pages"):
        client.all("/x")


def test_a_next_page_elsewhere_is_not_asked(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    link = {"Link": '<http://127.0.0.2:9/x?page=2>; rel="next"'}
    github.add("GET", f"{API}/x", json=[], headers=link)
    github.add("GET", "http://127.0.0.2:9/x", json=[])
    with pytest.raises(errors.GitHubError):
        client.all("/x")
    assert all((c.request.url or "").startswith("http://127.0.0.1:9/") for c in github.calls)


# Kept answers.


@pytest.fixture
def keeping(tmp_path: Path, clock: Hands) -> Iterator[GitHubClient]:
    store = Store(f"sqlite:///{tmp_path / 's.sqlite'}", clock, RandomIds())
    yield GitHubClient(API, "t", 5, Governor(clock, clock.sleep), store)
    store.close()


def test_a_304_is_answered_from_what_was_kept_with_its_next_page(
    keeping: GitHubClient, github: responses.RequestsMock
) -> None:
    first = {"Link": f'<{API}/x?page=2>; rel="next"', "ETag": 'W/"one"'}
    github.add("GET", f"{API}/x?per_page=100", json=[{"id": 1}], headers=first)
    github.add("GET", f"{API}/x?page=2", json=[{"id": 2}], headers={"ETag": '"two"'})
    assert [i["id"] for i in keeping.all("/x")] == [1, 2]
    github.replace("GET", f"{API}/x?per_page=100", status=304)
    github.replace("GET", f"{API}/x?page=2", json=[{"id": 3}], headers={"ETag": '"three"'})
    assert [i["id"] for i in keeping.all("/x")] == [1, 3]
    asked = [c.request.headers.get("If-None-Match") for c in github.calls]
    assert asked == [None, None, 'W/"one"', '"two"']


def test_an_answer_that_is_not_json_is_not_kept(
    keeping: GitHubClient, github: responses.RequestsMock
) -> None:
    github.add("GET", f"{API}/x", body="<html>", headers={"ETag": '"bad"'})
    with pytest.raises(errors.GitHubUnreachable):
        keeping.get("/x")
    github.replace("GET", f"{API}/x", json={"id": 1})
    assert keeping.get("/x") == {"id": 1}
    assert "If-None-Match" not in github.calls[-1].request.headers


# Checks.


def run(name: str, conclusion: str | None = "success", status: str = "completed") -> Any:
    return {"name": name, "status": status, "conclusion": conclusion, "details_url": ""}


def status(name: str, state: str) -> Any:
    return {"context": name, "state": state}


CHECKS: list[tuple[list[Any], list[Any], dict[str, CheckState]]] = [
    ([], [], {}),
    ([run("t")], [], {"t": CheckState.SUCCESS}),
    ([run("t", "neutral"), run("u", "skipped")], [], dict.fromkeys("tu", CheckState.SUCCESS)),
    ([run("t", None, "in_progress")], [], {"t": CheckState.PENDING}),
    ([run("t", None, "queued"), run("t")], [], {"t": CheckState.PENDING}),
    ([run("t", "action_required")], [], {"t": CheckState.NEEDS_PERSON}),
    ([run("t", "failure"), run("t", None, "queued")], [], {"t": CheckState.FAILURE}),
    ([run("t", "action_required"), run("t", None, "queued")], [], {"t": CheckState.NEEDS_PERSON}),
    *(
        ([run("t", word)], [], {"t": CheckState.FAILURE})
        for word in ("cancelled", "timed_out", "stale", "startup_failure", "a_new_word", None)
    ),
    ([], [status("s", "pending")], {"s": CheckState.PENDING}),
    ([], [status("s", "error")], {"s": CheckState.FAILURE}),
    ([run("t")], [status("t", "failure")], {"t": CheckState.FAILURE}),
]


@pytest.mark.parametrize(("runs", "statuses", "expected"), CHECKS)
def test_the_worst_of_each_name_counts(
    client: GitHubClient,
    github: responses.RequestsMock,
    runs: list[Any],
    statuses: list[Any],
    expected: dict[str, CheckState],
) -> None:
    commit = f"{API}{REPO}/commits/{sha('c')}"
    github.add("GET", f"{commit}/check-runs", json={"check_runs": runs})
    github.add("GET", f"{commit}/status", json={"statuses": statuses})
    found = readers.checks(client, "acme/todo", sha("c"))
    assert {c.name: c.state for c in found.checks} == expected


def test_statuses_beyond_the_first_page_count(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    commit = f"{REPO}/commits/{sha('c')}"
    github.add("GET", f"{API}{commit}/check-runs", json={"check_runs": []})
    good, bad = [status(f"s{n}", "success") for n in range(100)], [status("last", "failure")]
    pages(github, f"{commit}/status", {"statuses": good}, {"statuses": bad})
    found = readers.checks(client, "acme/todo", sha("c")).checks
    assert len(found) == 101
    assert [c.name for c in found if c.state is CheckState.FAILURE] == ["last"]


def test_a_token_that_may_not_read_check_runs_reads_workflow_runs(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    commit = f"{API}{REPO}/commits/{sha('c')}"
    github.add("GET", f"{commit}/check-runs", status=403, json={"message": "no"})
    github.add("GET", f"{API}{REPO}/actions/runs", json={"workflow_runs": [run("CI", "failure")]})
    github.add("GET", f"{commit}/status", json={"statuses": []})
    found = readers.checks(client, "acme/todo", sha("c")).checks
    assert [(c.name, c.state) for c in found] == [("CI", CheckState.FAILURE)]


def test_only_the_log_of_an_actions_job_can_be_read(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    url = "https://github.example/acme/todo/actions/runs/1/job/77"
    runs = [
        {**run("a"), "details_url": url, "app": {"slug": "github-actions"}},
        {**run("b"), "details_url": url, "app": {"slug": "other"}},
    ]
    commit = f"{API}{REPO}/commits/{sha('c')}"
    github.add("GET", f"{commit}/check-runs", json={"check_runs": runs})
    github.add("GET", f"{commit}/status", json={"statuses": []})
    found = readers.checks(client, "acme/todo", sha("c")).checks
    assert [c.job_id for c in found] == [77, 0]


# What is read.


def test_that_a_branch_is_gone_needs_the_repository_to_be_there(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    github.add("GET", f"{API}{REPO}/git/ref/heads/b", status=404, json={"message": "no"})
    github.add("GET", f"{API}{REPO}", json={"id": 1})
    assert readers.branch_head(client, "acme/todo", "b") is None
    github.replace("GET", f"{API}{REPO}", status=404, json={"message": "no"})
    with pytest.raises(errors.NotFound):
        readers.branch_head(client, "acme/todo", "b")


def test_unknown_people_have_no_permission(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    path = f"{API}{REPO}/collaborators/ghost/permission"
    github.add("GET", path, status=404, json={"message": "no"})
    assert readers.permission(client, "acme/todo", "ghost") == "none"


def edited(github: responses.RequestsMock, total: int, *versions: dict[str, Any]) -> None:
    history = {"totalCount": total, "nodes": list(versions)}
    answer = {"data": {"repository": {"issue": {"userContentEdits": history}}}}
    github.add("POST", "http://127.0.0.1:9/api/graphql", json=answer)


def test_the_edits_of_an_issue(client: GitHubClient, github: responses.RequestsMock) -> None:
    node = {"editedAt": "2026-01-05T12:00:00Z", "editor": None, "diff": None}
    edited(github, 1, node)
    assert readers.edits(client, "acme/todo", 1).versions == ((NOW, "ghost", ""),)


def test_edits_that_were_not_all_read_say_nothing(
    client: GitHubClient, github: responses.RequestsMock
) -> None:
    """The oldest of the newest hundred may be a stranger's, made after the request."""
    node = {"editedAt": "2026-01-05T12:00:00Z", "editor": {"login": "eve"}, "diff": "evil"}
    edited(github, 2, node)
    with pytest.raises(errors.IncompleteList):
        readers.edits(client, "acme/todo", 1)


def test_a_graphql_error_is_ours(client: GitHubClient, github: responses.RequestsMock) -> None:
    answer = {"data": None, "errors": [{"message": "Could not resolve"}]}
    github.add("POST", "http://127.0.0.1:9/api/graphql", json=answer)
    with pytest.raises(errors.GitHubError, match="Could not resolve"):
        readers.edits(client, "acme/todo", 1)


def test_times_are_aware() -> None:
    assert readers.moment("2026-01-05T12:00:00Z") == NOW
    assert readers.moment("2026-01-05T13:00:00+01:00").astimezone(UTC) == NOW
