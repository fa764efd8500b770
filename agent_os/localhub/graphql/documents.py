"""Documents as they are sent: read, checked against the schema, and what kind each is."""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_operation_ast,
    parse,
    validate,
)

#: Where documents are posted; the second is PyGithub's address.
PATHS = ("/api/graphql", "/api/v3/graphql")
MOST_TOKENS = 20_000
KEPT_DOCUMENTS = 256
TOO_DEEP = "The document is nested too deeply."


@dataclass(frozen=True)
class Operation:
    """`kind` is query, mutation or subscription; `name` is None for one that has none."""

    kind: str
    name: str | None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.name else self.kind

    @property
    def write(self) -> bool:
        """Whether it may change something."""
        return self.kind != "query"


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """The part of GitHub's schema that is served."""
    text = resources.files("agent_os.localhub.graphql").joinpath("schema.graphql").read_text()
    return build_schema(text)


@lru_cache(maxsize=KEPT_DOCUMENTS)
def read(text: str) -> DocumentNode:
    """The document, whatever it asks for. GraphQLError when it is malformed."""
    try:
        return parse(text, max_tokens=MOST_TOKENS)
    except RecursionError as error:
        raise GraphQLError(TOO_DEEP) from error


@lru_cache(maxsize=KEPT_DOCUMENTS)
def faults(text: str) -> tuple[GraphQLError, ...]:
    """What of a document (one that can be read) does not fit the schema."""
    try:
        return tuple(validate(schema(), read(text)))
    except RecursionError:
        return (GraphQLError(TOO_DEEP),)


def operation(text: str, name: str | None) -> OperationDefinitionNode | None:
    """The operation that is meant; None when the document does not say."""
    return get_operation_ast(read(text), name)


def peek(raw: bytes) -> Operation | None:
    """Which operation a request's body holds; None for a body that will be refused."""
    try:
        body: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return None
    name = body.get("operationName")
    try:
        found = operation(body["query"], name if isinstance(name, str) else None)
    except GraphQLError:
        return None
    if found is None:
        return None
    return Operation(found.operation.value, found.name.value if found.name else None)
