"""What the person of the demo does: over the wire, like a person with a browser."""

from __future__ import annotations

from typing import Any

import requests

from scripts.demo.servers import Addresses, person_token

_SECONDS = 30


class Person:
    """Somebody with an account on the hub, at work in one repository."""

    def __init__(self, addresses: Addresses, login: str, repo: str) -> None:
        self.repo = repo
        self.page = f"{addresses.url}/{repo}"
        self.push_url = addresses.url.replace("://", f"://{login}:{person_token(login)}@", 1)
        self.push_url += f"/{repo}.git"
        self._api_url = addresses.api_url
        self._admin_url = f"{addresses.url}/_hub"
        self._session = _session()
        self._session.headers["Authorization"] = f"token {person_token(login)}"

    def api(self, verb: str, path: str, body: Any = None) -> Any:
        """One request below the API's root; its JSON."""
        return self._ask(self._session, verb, self._api_url + path, body)

    def ask(self, verb: str, path: str, body: Any = None) -> Any:
        """One request below the repository."""
        return self.api(verb, f"/repos/{self.repo}{path}", body)

    def hub(self, path: str, body: Any) -> None:
        """One order to the hub itself, which knows no accounts there."""
        with _session() as session:
            self._ask(session, "POST", self._admin_url + path, body)

    def make_repository(self) -> None:
        owner, name = self.repo.split("/")
        self.api("POST", f"/orgs/{owner}/repos", {"name": name})

    def open_issue(self, title: str, labels: list[str], body: str) -> int:
        """The new issue's number."""
        issue = {"title": title, "body": body, "labels": labels}
        return self.ask("POST", "/issues", issue)["number"]

    def label_ready(self, number: int) -> None:
        self.ask("POST", f"/issues/{number}/labels", {"labels": ["Ready"]})

    def merge(self, number: int) -> None:
        self.ask("PUT", f"/pulls/{number}/merge", {"merge_method": "squash"})

    def pulls(self) -> list[dict[str, Any]]:
        return self.ask("GET", "/pulls?state=all&per_page=100")

    def events(self, number: int) -> list[dict[str, Any]]:
        return self.ask("GET", f"/issues/{number}/events?per_page=100")

    def close(self) -> None:
        self._session.close()

    @staticmethod
    def _ask(session: requests.Session, verb: str, url: str, body: Any) -> Any:
        answer = session.request(verb, url, json=body, timeout=_SECONDS)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def _session() -> requests.Session:
    """Without the proxies and passwords that a machine's settings may name: the hub is here."""
    session = requests.Session()
    session.trust_env = False
    return session
