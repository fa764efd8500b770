"""The client: PyGithub's requester underneath, our errors and JSON above it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import urlencode

import requests
from github import GithubException

from agent_os.domain import errors
from agent_os.github.governor import Governor
from agent_os.github.requester import requester
from agent_os.store import answers
from agent_os.store.database import Store

_PER_PAGE = 100
_MOST_PAGES = 100
_CHUNK_BYTES = 65_536
_FOUND, _MOVED = 302, (301, 307, 308)
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')

_GRAPH_ERRORS: dict[str, type[errors.GitHubError]] = {
    "NOT_FOUND": errors.NotFound,
    "FORBIDDEN": errors.NotPermitted,
    "UNPROCESSABLE": errors.Conflict,
}

Json = dict[str, Any]


class Wire(Protocol):
    """What carries one request to GitHub: PyGithub's requester, or a simulation of the network."""

    def requestJson(
        self, verb: str, url: str, parameters: None, headers: dict[str, Any] | None, input: Any
    ) -> tuple[int, dict[str, Any], str]:
        """(status, headers by lower-case name, text). requests.RequestException: no answer."""
        ...


class GitHubClient:
    """`get`, `pages`, `send`: paths below the API's root, JSON in and out, errors of our tree."""

    def __init__(
        self,
        api_url: str,
        token: str,
        timeout: float,
        governor: Governor,
        store: Store | None,
        wire: Wire | None = None,
    ) -> None:
        self.api_url = api_url
        self.governor = governor
        self._token = token
        self._timeout = timeout
        self._store = store
        self._login = ""
        self._given = wire
        self._wire: Wire = wire or requester(api_url, token, timeout)

    def copy(self) -> GitHubClient:
        """Another one for another thread: a connection of its own, the same governor."""
        return GitHubClient(
            self.api_url, self._token, self._timeout, self.governor, self._store, self._given
        )

    @property
    def login(self) -> str:
        """Whose token it is."""
        if not self._login:
            self._login = str(self.get("/user")["login"])
        return self._login

    def get(self, path: str, **query: str | int) -> Any:
        """One object. Asked with the ETag of the last answer."""
        _, body = self._page(_with_query(path, query))
        return body

    def get_tail(self, path: str, size: int) -> str:
        """The last `size` bytes of a text such as a job's log, however long it is. It lies on
        another host, which gets no token."""
        return self.governor.read(lambda: self._tail(path, size))

    def pages(self, path: str, key: str = "", **query: str | int) -> Iterator[list[Json]]:
        """A list, page by page; `key` names it inside an object. IncompleteList when it breaks.

        The caller may stop early; one that reads on gets every page or an error.
        """
        url: str | None = _with_query(path, {"per_page": _PER_PAGE, **query})
        for _ in range(_MOST_PAGES):
            assert url is not None
            link, body = self._page(url)
            items = body.get(key) if key and isinstance(body, dict) else body
            if not isinstance(items, list):
                raise errors.IncompleteList(f"GitHub's answer for {path} is not a list.")
            yield items
            found = _NEXT.search(link)
            url = found[1].removeprefix(self.api_url) if found else None
            if url is None:
                return
        raise errors.IncompleteList(f"The list {path} has more than {_MOST_PAGES} pages.")

    def all(self, path: str, key: str = "", **query: str | int) -> list[Json]:
        """A whole list."""
        return [item for page in self.pages(path, key, **query) for item in page]

    def send(self, verb: str, path: str, body: Any = None) -> Any:
        """A change: sent once. GitHubUnreachable when it is unknown whether it happened."""
        _, _, text = self.governor.write(lambda: self._request(verb, path, body=body))
        return _parsed(text, path) if text else None

    def query(self, text: str, variables: Json) -> Json:
        """A GraphQL query's data."""
        return self.query_partly(text, variables, "")[0]

    def query_partly(self, text: str, variables: Json, field: str) -> tuple[Json, bool]:
        """(data, whether the token may not read a `field` in it: that one is null then)."""
        _, _, answer = self.governor.read(lambda: self._graphql(text, variables))
        data, found = _graph(answer)
        for error in found:
            if not (error.get("type") == "FORBIDDEN" and field in (error.get("path") or ())):
                raise self._graph_error(error)
        return data, bool(found)

    def mutate(self, text: str, variables: Json) -> Json:
        """A GraphQL mutation: sent once. GitHubUnreachable also when a part of it was refused:
        the part before may have happened."""
        _, _, answer = self.governor.write(lambda: self._graphql(text, variables))
        data, found = _graph(answer)
        if found and any(value is not None for value in data.values()):
            said = self._graph_error(found[0]).message
            raise errors.GitHubUnreachable(f"Refused in part: {said}")
        if found:
            raise self._graph_error(found[0])
        return data

    def _graph_error(self, error: Json) -> errors.GitHubError:
        kind = str(error.get("type"))
        if kind in ("RATE_LIMITED", "RATE_LIMIT"):
            return self.governor.spent()
        return _GRAPH_ERRORS.get(kind, errors.GitHubError)(f"GraphQL: {error.get('message')}")

    def _graphql(self, text: str, variables: Json) -> tuple[int, dict[str, Any], str]:
        url = self.api_url.removesuffix("/api/v3").removesuffix("/v3")
        path = f"{url}/api/graphql" if url != self.api_url else f"{url}/graphql"
        return self._request("POST", path, body={"query": text, "variables": variables})

    def _page(self, url: str) -> tuple[str, Any]:
        kept = self._kept(url)
        headers = {"If-None-Match": kept.etag} if kept else {}
        status, found, text = self.governor.read(lambda: self._request("GET", url, headers))
        if status == 304 and kept:
            return kept.link, json.loads(kept.body)
        link, etag = found.get("link", ""), found.get("etag", "")
        body = _parsed(text, url)
        if etag and self._store:
            with self._store.write() as tx:
                answers.put(self._store, tx, url, answers.Answer(etag, link, text))
        return link, body

    def _tail(self, path: str, size: int) -> str:
        status, found, text = self._request("GET", path)
        if status != _FOUND:
            return text[-size:]
        tail = b""
        try:
            with requests.get(
                found.get("location", ""), timeout=self._timeout, stream=True
            ) as answer:
                if not answer.ok:
                    raise _error("GET", path, answer.status_code, {}, answer.reason or "")
                for chunk in answer.iter_content(_CHUNK_BYTES):
                    tail = (tail + chunk)[-size:]
        except requests.RequestException as error:
            message = f"No answer from where {path} lies: {type(error).__name__}."
            raise errors.GitHubUnreachable(message) from error
        return tail.decode(errors="replace")

    def _kept(self, url: str) -> answers.Answer | None:
        if self._store is None:
            return None
        with self._store.read() as tx:
            return answers.get(tx, url)

    def _request(
        self, verb: str, url: str, headers: dict[str, Any] | None = None, body: Any = None
    ) -> tuple[int, dict[str, Any], str]:
        status, found, text = self._ask(verb, url, headers, body)
        moved = status in _MOVED and found.get("location", "").startswith(f"{self.api_url}/")
        if moved and verb == "GET":  # a renamed repository: its list with all of the question
            new = found["location"].removeprefix(self.api_url)
            status, found, text = self._ask(verb, new, headers, body)
        if status >= 400 or status in _MOVED:
            raise _error(verb, url, status, found, text)
        return status, found, text

    def _ask(
        self, verb: str, url: str, headers: dict[str, Any] | None, body: Any
    ) -> tuple[int, dict[str, Any], str]:
        try:
            status, found, text = self._wire.requestJson(verb, url, None, headers, body)
        except requests.RequestException as error:
            raise errors.GitHubUnreachable(
                f"No answer from {self.api_url} for {verb} {url}: {type(error).__name__}.",
                next_step="Check `github.api_url` and the network.",
            ) from error
        except (GithubException, AssertionError, ValueError, RuntimeError) as error:
            # PyGithub's words for an address that is not the API's, among others.
            raise errors.GitHubError(f"{verb} {url}: {error}") from error
        self.governor.note(status, found, text)
        return status, found, text


def _parsed(text: str, url: str) -> Any:
    """GitHubUnreachable when it is not JSON: whatever answered, it was not GitHub's API."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise errors.GitHubUnreachable(f"GitHub's answer for {url} is not JSON.") from error


def _graph(text: str) -> tuple[Json, list[Json]]:
    """(data, errors) of a GraphQL answer: both may be there."""
    answer = _parsed(text, "GraphQL")
    if not isinstance(answer, dict):
        raise errors.GitHubUnreachable("GitHub's answer for GraphQL is not an object.")
    return answer.get("data") or {}, answer.get("errors") or []


def _with_query(path: str, query: dict[str, str | int]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _error(
    verb: str, url: str, status: int, headers: dict[str, Any], text: str
) -> errors.GitHubError:
    message = f"GitHub answered {status} for {verb} {url}: {_said(text)}"
    if status == 401:
        return errors.TokenRefused(message, status=status)
    if status == 403:
        needed = headers.get("x-accepted-github-permissions", "")
        step = f"The token needs: {needed}." if needed else "Check the token's permissions."
        return errors.NotPermitted(message, status=status, next_step=step)
    if status in _MOVED:
        return errors.Moved(message, status=status)
    if status in (404, 410):
        return errors.NotFound(message, status=status)
    if status in (405, 409, 422):
        return errors.Conflict(message, status=status)
    if status >= 500:
        return errors.GitHubUnreachable(message, status=status)
    return errors.GitHubError(message, status=status)


def _said(text: str) -> str:
    try:
        body = json.loads(text)
        details = [e.get("message") or e.get("code") for e in body.get("errors", [])]
        return ". ".join(str(p) for p in [body["message"], *details] if p)
    except (ValueError, KeyError, AttributeError, TypeError):
        return " ".join(text.split())[:200]
