"""One page request: who is looking, at what, and what a form sent."""

import dataclasses
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse

from agent_os.localhub import accounts, repositories
from agent_os.localhub.accounts import User
from agent_os.localhub.calls import Call
from agent_os.localhub.errors import Refusal, not_found
from agent_os.localhub.hub import Hub
from agent_os.localhub.repositories import Repository

COOKIE = "agent_os_hub_user"
MAX_FORM_BYTES = 1024 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class SignInNeeded(Exception):
    """The form needs a user."""


@dataclass
class Visit:
    """A request for a page, with the parsed form of a POST."""

    hub: Hub
    request: Request
    user: User | None
    form: dict[str, list[str]]

    def text(self, name: str) -> str:
        """A path parameter."""
        return str(self.request.path_params[name])

    def number(self, name: str = "number") -> int:
        """A numeric path parameter; 404 otherwise."""
        value = self.text(name)
        if not value.isdecimal() or len(value) > 18:
            raise not_found()
        return int(value)

    def query(self, name: str, default: str = "") -> str:
        """A query parameter."""
        return self.request.query_params.get(name, default)

    def field(self, name: str) -> str:
        """A form field without the browser's CRLF, "" when absent."""
        return self.form.get(name, [""])[0].replace("\r\n", "\n")

    def fields(self, name: str) -> list[str]:
        """Every value of a form field."""
        return self.form.get(name, [])

    def repo(self) -> Repository:
        """The repository in the path; 404, or Moved."""
        return repositories.get(self.hub, self.text("owner"), self.text("repo"))

    def call(self, body: dict[str, Any], params: dict[str, str]) -> "Act":
        """The same act as an API request, so that API handlers can carry it out."""
        if self.user is None:
            raise SignInNeeded
        host = self.request.headers["host"]
        names = {key: str(value) for key, value in self.request.path_params.items()}
        return Act(
            hub=self.hub,
            user=self.user,
            base=f"{self.request.url.scheme}://{host}",
            method="POST",
            path=self.request.url.path,
            params=names | params,
            query={},
            raw=b"",
            data=body,
        )


@dataclass
class Act(Call):
    """A call whose body comes from a form."""

    data: dict[str, Any]

    def json(self) -> Any:
        """The fields; an absent one is not there."""
        return self.data

    def with_body(self, data: dict[str, Any]) -> "Act":
        """The same act with other fields."""
        return dataclasses.replace(self, data=data)


def back(path: str) -> RedirectResponse:
    """To a page after a form, so that reloading doesn't send it again."""
    return RedirectResponse(quote(path, safe="/?=&#%+"), status_code=303)


def signed_in(hub: Hub, request: Request) -> User | None:
    """The user chosen at sign-in, or None. There is no password: the hub is a loopback toy."""
    login = unquote(request.cookies.get(COOKIE, ""))
    user = accounts.find(hub.db, login) if login else None
    return user if user is not None and user.token is not None else None


def check_host(request: Request) -> None:
    """403 unless the page was asked for under a loopback name (a rebound name could read it)."""
    host = request.headers.get("host", "")
    if host.rpartition(":")[0] not in LOOPBACK and host not in LOOPBACK:
        raise Refusal(403, "The hub's pages are served under 127.0.0.1 or localhost only.")


def check_origin(request: Request) -> None:
    """403 unless the form stood on a page of this hub: other web pages must not drive it."""
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if request.headers.get("origin", "") != own:
        raise Refusal(403, "This form was sent from another site; nothing was changed.")


async def read_form(request: Request) -> dict[str, list[str]]:
    """A urlencoded form; 413 when it is too long, 400 when it is something else."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_FORM_BYTES:
            raise Refusal(413, "The form is too long.")
        parts.append(part)
    try:
        return parse_qs(b"".join(parts).decode(), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise Refusal(400, "The form is malformed.") from error
