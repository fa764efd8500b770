"""GraphQL, over HTTP."""

from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.errors import Refusal
from agent_os.localhub.graphql.execution import execute


def query(call: Call) -> Reply:
    """POST a query or mutation; its errors come with status 200, as on GitHub."""
    text, variables = call.body().get("query"), call.section("variables") or {}
    if not isinstance(text, str):
        raise Refusal(400, "A query attribute must be specified and must be a string.")
    return Reply(200, execute(call, text, variables, call.text("operationName")))
