"""How a modelled attempt goes: what ends it, when, with which evidence, and for how much."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from agent_os.domain.attempts import GateResult, Kind, Order, Verdict
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Spent, Usage
from agent_os.policy import texts
from agent_os.simulation.choices import Choices, stream
from agent_os.simulation.conditions import Conditions, share_of

#: By which an attempt fails that does not succeed, for reasons of its own.
_FAILURES: tuple[tuple[FailureCode, float], ...] = (
    (FailureCode.TESTS_FAILED, 6),
    (FailureCode.AGENT_FAILED, 1),
    (FailureCode.NO_CHANGE, 0.6),
    (FailureCode.INCOMPLETE, 1),
    (FailureCode.TIMEOUT, 0.5),
    (FailureCode.MISSING_CONTEXT, 0.3),
)
#: A fix knows what is wrong, and a merge is mostly nothing but a merge (logits).
_EASIER = {Kind.FIX: 0.8, Kind.REFRESH: 2.2}
_PLACES = ("parser", "session", "export", "billing", "search", "upload", "mail", "report")
_TESTS_A_PLACE = 6
_REFUSED_SECONDS = 8.0
_TOKENS_A_DOLLAR = 600_000


@dataclass(frozen=True)
class Job:
    """What an attempt works on, beyond what its order says."""

    repo: str
    type: str = "default"
    difficulty: float = 0.0
    """Logits; 0 is the average."""
    by_hand: bool = False
    """It needs a change that no agent may make."""


@dataclass(frozen=True)
class Course:
    """`code` None: it is complete."""

    seconds: float
    code: FailureCode | None = None
    detail: str = "All gates passed."
    signature: str = ""
    spent: Spent | None = None
    gates: tuple[GateResult, ...] = ()
    setup_seconds: float = 0.0
    repaired: bool = False
    prompt: str = ""
    resets_at: datetime | None = None

    @property
    def works(self) -> bool:
        """Whether its agent came to change something."""
        return self.code in (
            *(None, FailureCode.TESTS_FAILED, FailureCode.INCOMPLETE, FailureCode.SETUP_FAILED),
            *(FailureCode.BASE_RED, FailureCode.TIMEOUT, FailureCode.INVALID_RESULT),
        )


class Courses:
    """Draws the course of attempts."""

    def __init__(self, seed: int, conditions: Conditions) -> None:
        self._seed = seed
        self._choices = stream(seed)
        """Of the attempt at hand."""
        self._conditions = conditions

    def draw(self, order: Order, job: Job, now: datetime) -> Course:
        self._choices = stream(self._seed, order.task, order.round, order.number)
        if order.agent is None:
            return self._checked(order, job, now, Course(seconds=5.0))
        refused = self._conditions.refusal(order.agent.name, now)
        if refused is not None:
            code, until = refused
            said = f"The provider refused: {code.value}."
            none = Spent(usd=0.0)
            return Course(_REFUSED_SECONDS, code, said, f"{code}:refused", none, resets_at=until)
        worked = self._worked(order, job, order.agent.name, now)
        return worked if worked.code else self._checked(order, job, now, worked)

    def _worked(self, order: Order, job: Job, agent: str, now: datetime) -> Course:
        """The agent's own part."""
        choices, conditions, plan = self._choices, self._conditions, self._conditions.agent(agent)
        share = {Kind.FIX: 0.5, Kind.REFRESH: 0.25}.get(order.kind, 1.0)
        usd = share * choices.spread(conditions.usd(agent, now), plan.spread)
        seconds = 60 * share * choices.spread(plan.minutes, plan.spread)
        repaired = choices.chance(conditions.repairs(agent, now))
        prompt = conditions.prompt(agent, now)
        code = self._code(order, job, agent, now, repaired)
        if repaired:
            usd, seconds = usd * 1.25, seconds * 1.15
        left = (order.limits.deadline - now).total_seconds() - 60
        if code is FailureCode.TIMEOUT or seconds > left:
            code, seconds = FailureCode.TIMEOUT, left
        if order.limits.usd is not None and usd > order.limits.usd:
            code, usd = FailureCode.BUDGET_EXHAUSTED, order.limits.usd
        detail, signature = self._said(code, job)
        return Course(
            seconds, code, detail, signature, _spent(usd), repaired=repaired, prompt=prompt
        )

    def _code(
        self, order: Order, job: Job, agent: str, now: datetime, repaired: bool
    ) -> FailureCode | None:
        choices, conditions = self._choices, self._conditions
        if job.by_hand:
            return FailureCode.PROTECTED_PATH
        if repaired and choices.chance(conditions.unreadable(now)):
            return FailureCode.INVALID_RESULT
        logits = conditions.success(job.repo, agent, job.type, order.parts.lessons, now)
        logits += _EASIER.get(order.kind, 0.0) - job.difficulty
        if choices.chance(share_of(logits)):
            return None
        return choices.weighted(_FAILURES)

    def _said(self, code: FailureCode | None, job: Job) -> tuple[str, str]:
        """(detail, signature) of a failure, in one of many ways to fail."""
        if code is None:
            return "All gates passed.", ""
        where = self._choices.pick(_PLACES)
        which = self._choices.number(1, _TESTS_A_PLACE)
        if code is FailureCode.TESTS_FAILED:
            said = f"check `test`: tests/test_{where}.py::test_case_{which} fails."
            return said, texts.digest("test", job.repo, where, str(which))
        said = f"The attempt ended with {code.value} in {where}."
        return said, texts.digest(code.value, job.repo, where)

    def _checked(self, order: Order, job: Job, now: datetime, worked: Course) -> Course:
        """Setup and checks on base and result, as the gates run them: side by side."""
        choices, conditions = self._choices, self._conditions
        setup = 0.0
        if order.gates.setup:
            setup = choices.spread(conditions.setup_seconds(job.repo, now), 0.15)
        gates = tuple(self._gate(name, job.repo, now) for name in order.gates.checks)
        seconds = worked.seconds + setup + sum(gate.seconds for gate in gates)
        bad = next((g for g in gates if g.verdict in (Verdict.FAIL, Verdict.UNAVAILABLE)), None)
        checked = replace(worked, seconds=seconds, gates=gates, setup_seconds=2 * setup)
        if bad is None:
            return checked
        said = f"Gate `{bad.name}`: {bad.detail}"
        return replace(checked, code=bad.code, detail=said, signature=bad.signature)

    def _gate(self, name: str, repo: str, now: datetime) -> GateResult:
        """One check, on a result that deserves to pass."""
        choices, conditions = self._choices, self._conditions
        seconds = choices.spread(conditions.repository(repo).checks.get(name, 10.0), 0.15)
        made = GateResult(name=name, verdict=Verdict.PASS, before=Verdict.PASS, seconds=seconds)
        if name == conditions.missing_check(repo, now):
            return made.model_copy(
                update={
                    "verdict": Verdict.UNAVAILABLE,
                    "before": Verdict.UNAVAILABLE,
                    "code": FailureCode.SETUP_FAILED,
                    "detail": "The command was not found (exit code 127), on the base neither.",
                    "signature": texts.digest("missing", repo, name),
                    "seconds": 0.1,
                }
            )
        flaky = conditions.flaky(repo, name, now)
        before, after = choices.chance(flaky), choices.chance(flaky)
        signature = texts.digest("flaky", repo, name)
        if after and before:
            words = "Fails on the base alike: exit code 1."
            code, was = FailureCode.BASE_RED, Verdict.FAIL
        elif after:
            words = "Passed before, now: exit code 1."
            code, was = FailureCode.TESTS_FAILED, Verdict.PASS
        else:
            return made.model_copy(update={"before": Verdict.FAIL if before else Verdict.PASS})
        failed = {"verdict": Verdict.FAIL, "before": was, "code": code}
        return made.model_copy(update={**failed, "detail": words, "signature": signature})


def _spent(usd: float) -> Spent:
    tokens = round(usd * _TOKENS_A_DOLLAR)
    usage = Usage(input=tokens // 10, cached=tokens * 8 // 10, output=tokens // 10)
    return Spent(usage=usage, usd=round(usd, 4), turns=max(1, tokens // 20_000))


def difficulty(choices: Choices) -> float:
    """Of a task, in logits."""
    return (choices.between(-1, 1) + choices.between(-1, 1)) * 0.9
