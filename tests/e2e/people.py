"""What people do on GitHub, over REST and git, as themselves."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tests.hub import HubProcess

Json = dict[str, Any]


class People:
    """Acts on one repository. Every method takes the acting `user`; alice is the owner."""

    def __init__(self, hub: HubProcess, repo: str) -> None:
        self.hub = hub
        self.repo = repo

    def ask(self, method: str, path: str, body: Any = None, *, user: str = "alice") -> Any:
        """One request below the repository; the JSON of a good answer."""
        answer = self.hub.api(method, f"/repos/{self.repo}{path}", body, user=user)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def issue(
        self, title: str, body: str = "", *, labels: tuple[str, ...] = (), user: str = "alice"
    ) -> int:
        """Open an issue; its number."""
        made = self.ask("POST", "/issues", {"title": title, "body": body}, user=user)
        for label in labels:
            self.label(made["number"], label)
        return made["number"]

    def label(self, number: int, *labels: str, user: str = "alice") -> None:
        self.ask("POST", f"/issues/{number}/labels", {"labels": list(labels)}, user=user)

    def unlabel(self, number: int, label: str, user: str = "alice") -> None:
        self.ask("DELETE", f"/issues/{number}/labels/{quote(label)}", user=user)

    def edit(self, number: int, user: str = "alice", **fields: Any) -> None:
        self.ask("PATCH", f"/issues/{number}", fields, user=user)

    def close(self, number: int, user: str = "alice") -> None:
        self.edit(number, user, state="closed")

    def reopen(self, number: int, user: str = "alice") -> None:
        self.edit(number, user, state="open")

    def delete(self, number: int) -> None:
        self.hub.admin("POST", "/issues/delete", {"repo": self.repo, "number": number})

    def comment(self, number: int, text: str, user: str = "alice") -> None:
        self.ask("POST", f"/issues/{number}/comments", {"body": text}, user=user)

    def review(self, pull: int, event: str, body: str, user: str = "alice", **more: Any) -> None:
        path = f"/pulls/{pull}/reviews"
        self.ask("POST", path, {"event": event, "body": body, **more}, user=user)

    def merge(self, pull: int, user: str = "alice") -> str:
        return self.ask("PUT", f"/pulls/{pull}/merge", {}, user=user)["sha"]

    def edit_pull(self, pull: int, user: str = "alice", **fields: Any) -> None:
        self.ask("PATCH", f"/pulls/{pull}", fields, user=user)

    def delete_branch(self, branch: str, user: str = "alice") -> None:
        self.ask("DELETE", f"/git/refs/heads/{branch}", user=user)

    def draft(self, pull: int, *, on: bool, user: str = "alice") -> None:
        node = self.ask("GET", f"/pulls/{pull}")["node_id"]
        name = "convertPullRequestToDraft" if on else "markPullRequestReadyForReview"
        text = f"mutation($id:ID!){{{name}(input:{{pullRequestId:$id}}){{clientMutationId}}}}"
        url = "/graphql"
        answer = self.hub.api("POST", url, {"query": text, "variables": {"id": node}}, user=user)
        assert answer.ok and not answer.json().get("errors"), answer.text

    def push(self, branch: str, files: Mapping[str, str], user: str = "alice") -> str:
        return self.hub.push(self.repo, branch, dict(files), user=user)

    def reader(self, login: str) -> None:
        """Make this person one who may only read."""
        if login not in self.hub.users:
            self.hub.add_user(login)
        self.ask("PUT", f"/collaborators/{login}", {"permission": "pull"})

    # what they see

    def seen(self, number: int) -> Json:
        return self.ask("GET", f"/issues/{number}")

    def labels(self, number: int) -> set[str]:
        return {label["name"] for label in self.seen(number)["labels"]}

    def comments(self, number: int) -> list[Json]:
        return self.ask("GET", f"/issues/{number}/comments?per_page=100")

    def pull(self, number: int) -> Json:
        return self.ask("GET", f"/pulls/{number}")

    def pulls(self) -> list[Json]:
        """All pull requests, oldest first."""
        return self.ask("GET", "/pulls?state=all&per_page=100&direction=asc")

    def branches(self) -> dict[str, str]:
        """Head of each branch."""
        found = self.ask("GET", "/branches?per_page=100")
        return {b["name"]: b["commit"]["sha"] for b in found}

    def file(self, path: str, ref: str = "main") -> str | None:
        """Text of a file on a branch; None when it is not there."""
        answer = self.hub.api("GET", f"/repos/{self.repo}/contents/{path}?ref={ref}")
        return b64decode(answer.json()["content"]).decode() if answer.ok else None
