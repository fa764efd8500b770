"""Gate `secrets`: no commit of the result gives away what its agent was given."""

from __future__ import annotations

from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.secrets import secrets_of, told
from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.failures import FailureCode

NAME = "secrets"


def check_secrets(context: GateContext) -> GateResult | None:
    """A push can't be taken back, so each commit counts, not only what is left in the end.

    None: it was given nothing.
    """
    secrets = secrets_of(context.order)
    if not secrets:
        return None
    if not told(context.repository.path, context.head, (context.order.base,), secrets):
        detail = "Nothing that the agent was given stands in its commits."
        return GateResult(name=NAME, verdict=Verdict.PASS, detail=detail)
    detail = "A key or login that the agent was given stands in its commits."
    code = FailureCode.SECRET_FOUND
    return GateResult(name=NAME, verdict=Verdict.FAIL, detail=detail, code=code)
