"""Answers that an ordered fault gives instead of the hub's own."""

import json
import uuid
from typing import Any

from agent_os.localhub.errors import DOCUMENTATION_URL
from agent_os.localhub.faults import Fault

LIMITS_URL = (
    "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
    "#about-secondary-rate-limits"
)


def answer(
    fault: Fault, epoch: float, limit: int, *, graphql: bool = False
) -> tuple[int, dict[str, str], bytes]:
    """(status, headers in lower case, body) of a fault of kind status or a limit.

    epoch -- the hub's time in seconds since 1970; limit -- requests an hour.
    """
    status, headers, body = _default(fault, epoch, limit)
    if graphql and fault.kind == "primary_limit" and fault.status is None:
        status, body = 200, graphql_limit(1)
    content = json.dumps(body if fault.body is None else fault.body).encode()
    headers |= {
        "content-type": "application/json; charset=utf-8",
        "x-github-request-id": uuid.uuid4().hex[:20].upper(),
        **{name.lower(): value for name, value in fault.headers.items()},
        "content-length": str(len(content)),
    }
    return fault.status or status, headers, content


def graphql_limit(user_id: int) -> dict[str, Any]:
    """What GraphQL answers, with status 200, when the hour's requests are spent."""
    message = f"API rate limit exceeded for user ID {user_id}."
    return {"errors": [{"type": "RATE_LIMITED", "message": message}]}


def _default(fault: Fault, epoch: float, limit: int) -> tuple[int, dict[str, str], dict[str, Any]]:
    if fault.kind == "primary_limit":
        body = {
            "message": "API rate limit exceeded for user ID 1. If you reach out to GitHub Support"
            " for help, please include the request ID and timestamp.",
            "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
            "status": str(fault.status or 403),
        }
        return 403, _spent(limit, int(epoch + fault.seconds + 0.999)), body
    if fault.kind == "secondary_limit":
        body = {
            "documentation_url": LIMITS_URL,
            "message": "You have exceeded a secondary rate limit. Please wait a few minutes before"
            " you try again. If you reach out to GitHub Support for help, please include the"
            " request ID and timestamp.",
        }
        return 403, {"retry-after": str(int(fault.seconds + 0.999))}, body
    # The status as text, as GitHub has it beside `message`.
    body = {"message": "Server Error", "documentation_url": DOCUMENTATION_URL}
    return 502, {}, body


def _spent(limit: int, reset: int) -> dict[str, str]:
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-used": str(limit),
        "x-ratelimit-reset": str(reset),
        "x-ratelimit-resource": "core",
    }
