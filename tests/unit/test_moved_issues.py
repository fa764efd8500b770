"""GitHub answers for what moved with a redirection: a rename is not a transfer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from agent_os.domain.clock import SystemClock
from agent_os.domain.errors import NotFound
from agent_os.github import readers
from agent_os.github.client import GitHubClient
from agent_os.github.governor import Governor

API = "http://127.0.0.1:9/api/v3"
OLD = f"{API}/repos/acme/todo"


def _issue(repo: str, number: int) -> dict[str, Any]:
    return {
        "number": number,
        "title": "t",
        "body": "",
        "user": {"login": "alice"},
        "state": "open",
        "labels": [],
        "updated_at": datetime.now(UTC).isoformat(),
        "repository_url": f"{API}/repos/{repo}",
    }


def _repository(name: str) -> dict[str, Any]:
    about = {"id": 1, "full_name": name, "archived": False, "default_branch": "main"}
    return {**about, "clone_url": "http://127.0.0.1:9/x.git"}


@pytest.fixture
def client() -> GitHubClient:
    return GitHubClient(API, "t", 5, Governor(SystemClock()), None)


@responses.activate
def test_a_transferred_issue_is_not_taken_for_the_one_it_became(client: GitHubClient) -> None:
    new = f"{API}/repositories/2/issues/12"
    responses.add("GET", f"{OLD}/issues/12", status=301, headers={"Location": new})
    responses.add("GET", new, json=_issue("acme/other", 12))
    responses.add("GET", OLD, json=_repository("acme/todo"))
    with pytest.raises(NotFound, match="transferred to acme/other#12"):
        readers.issue(client, "acme/todo", 12)


@responses.activate
def test_the_issue_of_a_renamed_repository_is_still_there(client: GitHubClient) -> None:
    new, renamed = f"{API}/repositories/1/issues/12", f"{API}/repositories/1"
    responses.add("GET", f"{OLD}/issues/12", status=301, headers={"Location": new})
    responses.add("GET", new, json=_issue("acme/tasks", 12))
    responses.add("GET", OLD, status=301, headers={"Location": renamed})
    responses.add("GET", renamed, json=_repository("acme/tasks"))
    assert readers.issue(client, "acme/todo", 12).number == 12
