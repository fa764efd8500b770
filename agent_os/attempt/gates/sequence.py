"""The gates in order: cheap ones first, the costly ones only when those passed."""

from __future__ import annotations

from collections.abc import Callable

from agent_os.attempt.gates.approvals import asks_of
from agent_os.attempt.gates.checks import run_checks
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.gates.files import check_files
from agent_os.attempt.gates.protected import check_protected
from agent_os.attempt.gates.review import run_review
from agent_os.attempt.gates.secrets import check_secrets
from agent_os.attempt.gates.size import check_diff, check_size
from agent_os.attempt.gates.tests import check_tests
from agent_os.attempt.secrets import finder_of
from agent_os.domain.attempts import Evidence, GateResult, Verdict
from agent_os.workspace.removing import remove

_CHEAP: tuple[Callable[[GateContext], GateResult | None], ...] = (
    *(check_diff, check_size, check_files, check_protected, check_secrets),
)
_GOOD = (Verdict.PASS, Verdict.NONE)


def run_gates(context: GateContext, contract: GateResult) -> Evidence:
    """All gates' results for `context.head`, starting with `contract`."""
    remove(context.directory.checkouts)
    results: list[GateResult] = []
    finder = finder_of(context.order)

    def add(result: GateResult) -> None:
        result = finder.redact_model(result)
        results.append(result)
        facts = {"name": result.name, "verdict": result.verdict.value, "detail": result.detail}
        context.journal.write("gates", "gate", **facts)
        _log(context, result)

    add(contract)
    for gate in _CHEAP:
        if (seen := gate(context)) is not None:
            add(seen)
    if all(result.verdict in _GOOD for result in results):
        for result in run_checks(context):
            add(result)
        context.stop.check()
    if all(result.verdict in _GOOD for result in results):
        add(check_tests(context))
    review = None
    if context.order.review is not None and all(result.verdict in _GOOD for result in results):
        result, review = run_review(context, context.order.review, results)
        add(result)
    remove(context.directory.checkouts)
    return Evidence(
        base=context.order.base,
        head=context.head,
        sandbox=context.sandbox.kind,
        gates=tuple(results),
        review=review,
        asks=asks_of(context),
        asked=context.order.gates.approvals,
        setup_seconds=round(sum(context.setups), 3),
    )


def _log(context: GateContext, result: GateResult) -> None:
    with context.directory.gates_log.open("a", encoding="utf-8", errors="replace") as file:
        file.write(f"== {result.name}: {result.verdict} {result.detail}\n")
        if result.command:
            file.write(f"$ {result.command}\n")
        file.write(f"{result.log}\n" if result.log else "")
