"""An attempt of kind `triage`: a model is asked once what the issue asks for."""

from __future__ import annotations

import json
import os
import threading
from datetime import datetime, timedelta

from agent_os.agents import asking
from agent_os.attempt.directory import write_atomic
from agent_os.attempt.failpoints import failpoint
from agent_os.attempt.failure import Failure, failure
from agent_os.attempt.prompt import cut, from_outside, render, sources_of
from agent_os.attempt.runner import Runner
from agent_os.attempt.states import Asked, Thought, load, save
from agent_os.attempt.stopping import StopRequest
from agent_os.domain.attempts import AgentOrder, Order, Outcome
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode
from agent_os.domain.triage import Triage, read, schema
from agent_os.domain.usage import Spent
from agent_os.models.backend import InferenceBackend, Message, Request
from agent_os.models.failures import ModelError

_SYSTEM = "You prepare the work of a software organization. You answer with JSON only."
#: For the reasoning too, where the model bills it as output.
_LONGEST_ANSWER = 8_000
_POLL_SECONDS = 0.05
_MOST_DETAIL = 400


class TriageRunner(Runner):
    """Its own stages; start, end and every accident are as with other attempts."""

    thought: Thought | None = None

    def _stages(self) -> Failure | None:
        self.thought = load(self.directory.triage_done, Thought)
        if self.thought is None:
            self.thought = self.finder.redact_model(self._think())
            save(self.directory.triage_done, self.thought)
            code = self.thought.code.value if self.thought.code else None
            self.journal.write("triage", "ended", code=code)
            failpoint("agent.done")
        if self.thought.code is None:
            return None
        return failure(self.thought.code, self.thought.detail[:_MOST_DETAIL])

    def _think(self) -> Thought:
        asked = load(self.directory.triage_started, Asked) or Asked()
        if asked.times > 1:
            # What those calls cost nobody knows.
            detail = "The runner ended twice while the model was asked."
            return Thought(code=FailureCode.LOST, detail=detail, spent=Spent(usd=None))
        self.stop.check()
        if self.order.thinker is None:
            raise BadInput("The order names no model to ask.")
        prompt = triage_prompt(self)
        prompt = self.finder.redact(prompt)
        write_atomic(self.directory.prompt, prompt)
        save(self.directory.triage_started, Asked(times=asked.times + 1))
        self.journal.write("triage", "started", model=self.order.thinker.model)
        failpoint("agent.claimed")
        talk = _Talk(self, self.order.thinker, prompt)
        thought = talk.within(self._seconds_left(), self.stop)
        if asked.times:
            thought = thought.model_copy(update={"spent": thought.spent + Spent(usd=None)})
        return thought

    def _seconds_left(self) -> float:
        return (self.order.limits.deadline - self.clock.now()) / timedelta(seconds=1)

    def _outcome(self, failed: Failure | None, started_at: datetime) -> Outcome:
        outcome, thought = super()._outcome(failed, started_at), self.thought
        if thought is None:
            return outcome
        update = {"spent": thought.spent, "resets_at": thought.resets_at}
        if failed is None:
            update |= {"triage": thought.triage, "detail": thought.detail}
        return outcome.model_copy(update=update)


def triage_prompt(runner: TriageRunner) -> str:
    """What the model is told. BadInput for a template of the owner's that can't be used."""
    order: Order = runner.order
    budget = order.budget.model_dump()
    parts = order.parts.model_dump()
    return render(
        "triage.md.j2",
        runner.directory.prompts,
        title=from_outside(" ".join(order.title.split())),
        sources=sources_of(order),
        removed=order.removed,
        task=order.task.partition("#")[0],
        parts={name: from_outside(cut(text, budget[name])) for name, text in parts.items()},
        schema=json.dumps(schema(), indent=1),
    )


class _Talk:
    """The call, in a thread: nothing that a library does there can hold the attempt up."""

    def __init__(self, runner: TriageRunner, thinker: AgentOrder, prompt: str) -> None:
        self._runner = runner
        self._thinker = thinker
        self._prompt = prompt
        self._spent = Spent()
        self._thought: Thought | None = None
        self._crash: Exception | None = None
        self._over = threading.Event()

    def within(self, seconds: float, stop: StopRequest) -> Thought:
        """Stopped when someone asks for it; whatever was wrong in the thread is raised here."""
        if seconds <= 0:
            detail = "The deadline passed before the model was asked."
            return Thought(code=FailureCode.TIMEOUT, detail=detail)
        # A daemon: when the time is over, the process ends without waiting for it.
        threading.Thread(target=self._run, args=(seconds,), daemon=True).start()
        while not self._over.wait(_POLL_SECONDS):
            stop.check()
            if self._runner.clock.now() >= self._runner.order.limits.deadline:
                detail = f"The model gave no answer within {seconds:.0f} s."
                return Thought(code=FailureCode.OVERLOADED, detail=detail, spent=self._spent)
        if self._crash is not None:
            raise self._crash
        assert self._thought is not None  # neither time nor a crash ended the thread
        return self._thought

    def _run(self, seconds: float) -> None:
        provider = self._thinker.provider
        try:
            assert provider is not None  # the config does without none
            backend = asking.backend(self._thinker, os.environ.get(provider.key_variable, ""))
            self._thought = self._ask(backend, seconds)
            backend.close()
        except Exception as error:  # noqa: BLE001 - the thread's boundary: raised where it is awaited
            self._crash = error
        finally:
            self._over.set()

    def _ask(self, backend: InferenceBackend, seconds: float) -> Thought:
        """Once, and once more with what is wrong with the answer."""
        messages, problem = (Message(role="user", text=self._prompt),), ""
        for _ in range(2):
            request = Request(
                system=_SYSTEM,
                messages=messages,
                max_output_tokens=_LONGEST_ANSWER,
                answer_schema=schema(),
                seconds=seconds,
            )
            found = asking.ask(backend, self._thinker, request)
            self._pay(found.spent)
            reply = found.said
            if isinstance(reply, ModelError):
                return self._refused(reply)
            try:
                return self._said(read(reply.text))
            except ValueError as error:
                problem = str(error)[:_MOST_DETAIL]
            again = render("triage_repair.md.j2", self._runner.directory.prompts, problem=problem)
            messages = (*messages, reply.message(), Message(role="user", text=again))
        detail = f"The model's answer is not valid: {problem}"
        return Thought(code=FailureCode.INVALID_RESULT, detail=detail, spent=self._spent)

    def _pay(self, spent: Spent) -> None:
        self._spent = self._spent + spent

    def _refused(self, error: ModelError) -> Thought:
        detail, resets_at = error.message[:_MOST_DETAIL], error.resets_at
        return Thought(code=error.failure, detail=detail, resets_at=resets_at, spent=self._spent)

    def _said(self, triage: Triage) -> Thought:
        can = "doable" if triage.doable else "not doable yet"
        return Thought(
            code=None,
            detail=f"{triage.size}, {triage.type}, {can}",
            triage=triage,
            spent=self._spent,
        )
