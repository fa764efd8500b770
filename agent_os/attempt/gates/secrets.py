"""Gate `secrets`: no commit of the result gives a secret away."""

from __future__ import annotations

from agent_os.attempt.gates.changes import readable
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.gates.patterns import matches
from agent_os.attempt.given_away import GivenAway, TooMuch, given_away
from agent_os.attempt.secrets import finder_of
from agent_os.domain.attempts import GateResult, Order, Verdict
from agent_os.domain.failures import FailureCode
from agent_os.workspace.snapshot import SnapshotRepository

NAME = "secrets"
_MOST_SHOWN = 5


def check_secrets(context: GateContext) -> GateResult:
    """Each commit counts, not only what is left in the end."""
    try:
        found = secrets_in(context.repository, context.order, context.head)
    except TooMuch as error:
        detail = f"{error.message} Nobody can look through that for secrets."
        code = FailureCode.GATE_FAILED
        return GateResult(name=NAME, verdict=Verdict.FAIL, detail=detail, code=code)
    if not found:
        detail = "No secret stands in its commits."
        return GateResult(name=NAME, verdict=Verdict.PASS, detail=detail)
    more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    words = "; ".join(readable(one.words) for one in found[:_MOST_SHOWN])
    detail = f"Its commits give away: {words}{more}."
    code = FailureCode.SECRET_FOUND
    return GateResult(name=NAME, verdict=Verdict.FAIL, detail=detail, code=code)


def secrets_in(repository: SnapshotRepository, order: Order, head: str) -> tuple[GivenAway, ...]:
    """What the commits on top of the base give away. GitError when that can't be told.

    In paths that the repository names (on its base), what only looks like a token is a fake.
    """
    found = given_away(repository.path, head, (order.base,), finder_of(order))
    return tuple(one for one in found if one.exact or not _is_fake(one, order))


def _is_fake(one: GivenAway, order: Order) -> bool:
    ignored = order.gates.secrets_ignored
    return bool(one.path) and any(matches(pattern, one.path) for pattern in ignored)
