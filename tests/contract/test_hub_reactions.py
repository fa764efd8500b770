"""Reactions to comments, through unmodified PyGithub."""

from __future__ import annotations

from pathlib import Path

from github import Auth, Github

from tests.hub import HubProcess


def test_a_reaction_counts_once_and_moves_no_time(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "root", ["alice", "bob"]) as hub:
        hub.seed("acme/app", {"a.txt": "x"})
        token = Auth.Token(hub.token("bob"))
        repo = Github(
            base_url=hub.api_url,
            auth=token,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
        ).get_repo("acme/app")
        made = hub.api("POST", "/repos/acme/app/issues", {"title": "T"}, user="alice")
        issue = repo.get_issue(made.json()["number"])
        comment = issue.create_comment("is it still wanted?")
        before = repo.get_issue(issue.number).updated_at
        for content in ("-1", "-1", "heart"):
            comment.create_reaction(content)
        seen = repo.get_issue(issue.number).get_comment(comment.id).raw_data
        assert (seen["reactions"]["-1"], seen["reactions"]["heart"]) == (1, 1)
        assert seen["reactions"]["total_count"] == 2
        assert repo.get_issue(issue.number).updated_at == before
        path = f"/repos/acme/app/issues/comments/{comment.id}/reactions"
        assert hub.api("POST", path, {"content": "shrug"}, user="bob").status_code == 422
