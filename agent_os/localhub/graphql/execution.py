"""Runs a document: a query in one transaction, each change of a mutation in its own."""

import re
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLResolveInfo,
    OperationType,
    execute_sync,
)

from agent_os.localhub.calls import Call, Json
from agent_os.localhub.graphql import documents, failures
from agent_os.localhub.graphql.mutations import Mutation
from agent_os.localhub.graphql.queries import Query

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def execute(call: Call, text: str, variables: Json, name: str | None) -> Json:
    """{"data", "errors"}: a field that fails is null and has an entry in `errors`; a document
    that can't be run at all has errors only. The caller holds no lock and no transaction."""
    try:
        found = documents.operation(text, name)
        wrong = documents.faults(text)
    except GraphQLError as error:
        return _refused(error)
    if wrong:
        return _refused(*wrong)
    if found is not None and found.operation is OperationType.QUERY:
        with call.hub.db.transaction():
            return _shown(_run(call, Query(call), text, variables, name))
    return _shown(_run(call, Mutation(call), text, variables, name))


def _run(call: Call, root: Any, text: str, variables: Json, name: str | None) -> ExecutionResult:
    return execute_sync(
        documents.schema(),
        documents.read(text),
        root_value=root,
        context_value=call,
        variable_values=variables,
        operation_name=name,
        field_resolver=_field,
        type_resolver=_type,
    )


def _field(source: Any, info: GraphQLResolveInfo[Call], **arguments: Any) -> Any:
    """The field of an object: its attribute or method of that name in snake case."""
    value = getattr(source, snake(info.field_name))
    if not callable(value):
        return value
    given = {snake(key): argument for key, argument in arguments.items()}
    if isinstance(source, Mutation):
        return value(**given)  # takes a repository's lock, which comes before the database's
    with info.context.hub.db.transaction():
        return value(**given)


def _type(value: Any, _: Any, __: GraphQLAbstractType) -> str:
    return type(value).__name__


def snake(name: str) -> str:
    """headRefOid -> head_ref_oid."""
    return _CAPITAL.sub("_", name).lower()


def _shown(result: ExecutionResult) -> Json:
    wrong = result.errors or []
    if result.data is None and wrong and not any(error.path for error in wrong):
        return _refused(*wrong)
    return {"data": result.data} | ({"errors": [failures.shown(e) for e in wrong]} if wrong else {})


def _refused(*wrong: GraphQLError) -> Json:
    return {"errors": [failures.shown(error) for error in wrong]}
