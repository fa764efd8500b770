"""What goes wrong in a field, and how GitHub tells it: with a `type` beside the message."""

import logging
from typing import Any

from graphql import GraphQLError

from agent_os.localhub.errors import Refusal

#: By the status that REST answers with.
TYPES = {403: "FORBIDDEN", 404: "NOT_FOUND", 410: "NOT_FOUND"}
log = logging.getLogger(__name__)


class Failure(Exception):
    """A field fails with this type and message; the field is null, the rest is answered."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def not_found(what: str) -> Failure:
    """`what` is like "a Repository with the name 'acme/shop'."."""
    return Failure("NOT_FOUND", f"Could not resolve to {what}")


def shown(error: GraphQLError) -> dict[str, Any]:
    """An entry of `errors`. What is neither a refusal nor the query's fault is logged."""
    entry: dict[str, Any] = {}
    cause = error.original_error
    message = error.message
    if isinstance(cause, Failure):
        entry["type"] = cause.kind
    elif isinstance(cause, Refusal):
        entry["type"] = TYPES.get(cause.status, "UNPROCESSABLE")
        message = cause.message
    elif cause is not None and not isinstance(cause, GraphQLError):
        log.error("a GraphQL field failed: %s", error.path, exc_info=cause)
        message = "Something went wrong while executing your query."
    if error.path:
        entry["path"] = error.path
    if error.locations:
        entry["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    return entry | {"message": message}
