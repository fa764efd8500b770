"""The repository's named checks, on the base and on the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from agent_os.attempt.gates.checkout import Checkout, CommandRun
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.signature import normalized
from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.failures import FailureCode
from agent_os.domain.profiles import Role
from agent_os.workspace.processes import End

_LOG_CHARS = 6_000
_SAID_CHARS = 200


@dataclass(frozen=True)
class Side:
    """What ran in one checkout: the setup command, then the checks unless the setup failed."""

    setup: CommandRun | None = None
    checks: Mapping[str, CommandRun] = field(default_factory=dict[str, CommandRun])

    @property
    def ready(self) -> bool:
        return self.setup is None or self.setup.passed


def run_checks(context: GateContext) -> list[GateResult]:
    """Setup and every named check in both checkouts; at the same time where that is safe."""
    gates = context.order.gates
    if not gates.checks:
        return [
            GateResult(name="checks", verdict=Verdict.NONE, detail="The repository names no check.")
        ]
    jobs: list[Callable[[], Side]] = [
        lambda: run_side(context, "base", context.order.base),
        lambda: run_side(context, "result", context.head),
    ]
    if context.sandbox.namespaced:
        with ThreadPoolExecutor(max_workers=2) as pool:
            base, result = (future.result() for future in [pool.submit(job) for job in jobs])
    else:
        base, result = (job() for job in jobs)
    if not (base.ready and result.ready):
        return [judge_setup(base.setup, result.setup, _network(context))]
    return [judge(name, base.checks[name], result.checks[name]) for name in gates.checks]


def run_side(
    context: GateContext, name: str, sha: str, adjust: Callable[[Checkout], None] | None = None
) -> Side:
    """Check out `sha`, let `adjust` change the files, run setup and checks."""
    checkout = Checkout(context, name, sha)
    if adjust is not None:
        adjust(checkout)
    gates = context.order.gates
    setup = checkout.run(gates.setup, Role.SETUP) if gates.setup else None
    if setup is not None:
        context.journal.write("gates", "setup", side=name, ended=setup.words)
        context.setups.append(setup.seconds)
    runs: dict[str, CommandRun] = {}
    if setup is None or setup.passed:
        for check, command in gates.checks.items():
            runs[check] = checkout.run(command)
            context.journal.write("gates", "check", side=name, name=check, ended=runs[check].words)
    return Side(setup, runs)


def judge_setup(
    base: CommandRun | None, result: CommandRun | None, network: Sequence[str] = ()
) -> GateResult:
    """Setup fails on the base: nobody can tell. Only on the result: the result broke it."""
    base_failed = base is not None and not base.passed
    run = base if base_failed else result
    assert run is not None  # one of them failed
    where = "the base" if base_failed else "the result, but not on the base"
    return GateResult(
        name="setup",
        verdict=Verdict.UNAVAILABLE if base_failed else Verdict.FAIL,
        detail=f"Setup failed on {where}: {run.words}{_last_words(run)}. {_reach(network)}",
        command=run.command,
        before=Verdict.FAIL if base_failed else Verdict.PASS,
        code=FailureCode.SETUP_FAILED if base_failed else FailureCode.GATE_FAILED,
        log=run.tail[-_LOG_CHARS:],
        seconds=run.seconds,
    )


def _network(context: GateContext) -> Sequence[str]:
    """What a setup command reaches; without a sandbox there is nothing to say of it."""
    if context.sandbox.kind == "none":
        return ("everything",)
    return context.order.profiles.setup.network


def _last_words(run: CommandRun) -> str:
    lines = [line.strip() for line in run.tail.splitlines() if line.strip()]
    return f" ({lines[-1][:_SAID_CHARS]})" if lines else ""


def _reach(network: Sequence[str]) -> str:
    """It mostly fails for want of a package."""
    shown = ", ".join(network) or "nothing on the network"
    return f"It reaches {shown}: `profiles.setup.network` of the config says what it may."


def judge(name: str, base: CommandRun, result: CommandRun) -> GateResult:
    """One check's verdict from how it ended on the base and on the result."""
    verdict, code, detail = _compare(base, result)
    return GateResult(
        name=name,
        verdict=verdict,
        detail=detail,
        command=result.command,
        before=_before(base),
        code=code,
        log=result.tail[-_LOG_CHARS:],
        seconds=round(result.seconds, 3),
    )


def _compare(base: CommandRun, result: CommandRun) -> tuple[Verdict, FailureCode | None, str]:
    if result.passed:
        words = "Passes." if base.passed else "Failed before, passes after."
        return Verdict.PASS, None, words
    if base.missing and result.missing:
        words = f"The command was not found ({result.words}), on the base neither."
        return Verdict.UNAVAILABLE, FailureCode.SETUP_FAILED, words
    if base.passed and result.missing:
        words = f"The command is there on the base, but not on the result ({result.words})."
        return Verdict.FAIL, FailureCode.GATE_FAILED, words
    if base.passed:
        return Verdict.FAIL, FailureCode.TESTS_FAILED, f"Passed before, now: {result.words}."
    if same_failure(base, result):
        return Verdict.FAIL, FailureCode.BASE_RED, f"Fails on the base alike: {result.words}."
    words = f"Fails on the base too, but differently: {base.words} before, {result.words} now."
    return Verdict.FAIL, FailureCode.TESTS_FAILED, words


def same_failure(one: CommandRun, other: CommandRun) -> bool:
    """Whether two runs failed in the same way, apart from times, paths and numbers."""
    if one.end is not other.end or one.exit_code != other.exit_code:
        return False
    return one.end is not End.EXITED or normalized(one.tail) == normalized(other.tail)


def _before(base: CommandRun) -> Verdict:
    if base.missing:
        return Verdict.UNAVAILABLE
    return Verdict.PASS if base.passed else Verdict.FAIL
