"""The attempt's code, from its gates: the worst one counts, and nothing is rounded up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent_os.attempt.failure import Failure, failure
from agent_os.attempt.gates.contract import NAME as CONTRACT
from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.failures import FailureCode, Family, family

_WORST_FIRST = (Family.PERSON, Family.TASK, Family.ENVIRONMENT, Family.PROVIDER)


def worst(gates: Iterable[GateResult]) -> Failure | None:
    """What the gates together say; None when each passed or has nothing configured.

    A red base counts only when nothing else went wrong; an unavailable gate is never a pass.
    """
    bad = [gate for gate in gates if gate.verdict in (Verdict.FAIL, Verdict.UNAVAILABLE)]
    if not bad:
        return None
    gate = min(bad, key=_rank)
    code = gate.code or FailureCode.GATE_FAILED
    said = gate.detail if gate.name == CONTRACT else f"{gate.name}: {gate.detail}"
    found = failure(code, said, gate.name, gate.detail, gate.log[-2000:])
    return replace(found, signature=f"{code}:{gate.signature}") if gate.signature else found


def _rank(gate: GateResult) -> tuple[int, int]:
    code = gate.code or FailureCode.GATE_FAILED
    return int(code is FailureCode.BASE_RED), _WORST_FIRST.index(family(code))
