"""PyGithub's requester, without its own way of following redirections."""

from __future__ import annotations

from github import Auth
from github.Requester import (
    HTTPRequestsConnectionClass,
    HTTPSRequestsConnectionClass,
    Requester,
    RequestsResponse,
)

API_VERSION = "2022-11-28"


class _Http(HTTPRequestsConnectionClass):
    def getresponse(self) -> RequestsResponse:
        return _unfollowed(super().getresponse())


class _Https(HTTPSRequestsConnectionClass):
    def getresponse(self) -> RequestsResponse:
        return _unfollowed(super().getresponse())


def _unfollowed(response: RequestsResponse) -> RequestsResponse:
    """A 301 as a 308. PyGithub sends a 301 to the new path at once, writes too, and drops the
    query: of a renamed repository's issues only the first thirty open ones would be seen."""
    if response.status == 301:
        response.status = 308
    return response


class PlainRequester(Requester):
    """Sends each request once, to the place that was named."""


PlainRequester.injectConnectionClasses(_Http, _Https)
# Injecting is meant for tests and switches kept connections off; here they are wanted.
setattr(PlainRequester, "_Requester__persist", True)  # noqa: B010  # a name of PyGithub's own


def requester(api_url: str, token: str, timeout: float) -> PlainRequester:
    """`timeout` in seconds. Nothing is repeated: that is the governor's to decide."""
    return PlainRequester(
        auth=Auth.Token(token),
        base_url=api_url,
        timeout=int(max(1, timeout)),
        user_agent="agent-os",
        per_page=30,
        verify=True,
        retry=None,
        pool_size=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
        lazy=True,
        api_version=API_VERSION,
    )
