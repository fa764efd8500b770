"""Refusals the hub answers with, in GitHub's words and status codes."""

from collections.abc import Sequence
from typing import Any

DOCUMENTATION_URL = "https://docs.github.com/rest"


class Refusal(Exception):
    """An answer other than success: HTTP status, `message`, optional `errors` and headers."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[Any] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = list(errors)
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """GitHub's error body; `errors` only when there are any."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors:
            body["errors"] = self.errors
        return body | {"documentation_url": DOCUMENTATION_URL, "status": str(self.status)}


def not_found() -> Refusal:
    """404, also for what the user may not see."""
    return Refusal(404, "Not Found")


def forbidden(message: str = "Must have admin rights to Repository.") -> Refusal:
    """403: signed in, but not allowed."""
    needed = "contents=write; issues=write; pull_requests=write"
    return Refusal(403, message, headers={"X-Accepted-GitHub-Permissions": needed})


def archived() -> Refusal:
    """403 for every write to an archived repository."""
    return Refusal(403, "Repository was archived so is read-only.")


def invalid(resource: str, field: str, code: str = "invalid", message: str = "") -> Refusal:
    """422 with one entry in `errors`, as GitHub shapes validation failures."""
    entry = {"resource": resource, "code": code, "field": field}
    if message:
        entry["message"] = message
    return Refusal(422, "Validation Failed", [entry])


def custom(resource: str, message: str) -> Refusal:
    """422 whose reason is only in words (`code: custom`)."""
    entry = {"resource": resource, "code": "custom", "message": message}
    return Refusal(422, "Validation Failed", [entry])
