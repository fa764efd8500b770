"""A scenario: which step answers a request. Depends on the conversation, so retries are safe."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.models import tools
from tests.models.conversation import Api, Conversation, call_id
from tests.models.reply import Call, Reply, Usage
from tests.models.steps import (
    Act,
    Fail,
    Hang,
    Kind,
    Say,
    Several,
    SlowTokens,
    Step,
    ToolNeverEnds,
    Truncate,
    Write,
)

#: A prompt that holds one of these asks for a right result file.
REPAIR_WORDS = r"(?i)\brepair\b|(is|was) (not valid|invalid|unreadable)|could not be read"
#: What programs say when they want a file to be read before it is written over.
_REFUSED = r"(?i)\A\W*(<tool_use_error>|error:?)?\W*(file .{0,300}?has not been read|you must read)"
_PREFIXES = {Api.ANTHROPIC: "toolu_", Api.GOOGLE: "fc_"}

Script = Sequence[Step] | Callable[[Conversation], Sequence[Step]]


@dataclass(frozen=True)
class Scenario:
    """`steps` are one answer each; the last is repeated.

    `first` answers the first calls, counted. `repair` is the script from a repair prompt on.
    `answer` is what requests for JSON get (a value, or a function of the request); without it they
    get a small value that their schema takes. Requests without tools get `aside`, unless the step
    fails. `thinking` comes before each answer, as the vendors' reasoning does.
    """

    steps: Script
    first: tuple[Step, ...] = ()
    repair: Script | None = None
    answer: object | Callable[[Conversation], object] | None = None
    usage: Usage = field(default_factory=Usage)
    aside: str = "A plain answer."
    thinking: str = ""
    repair_words: str = REPAIR_WORDS

    def script(self, conversation: Conversation) -> tuple[Sequence[Step], Conversation]:
        """The steps that are on, and the part of the conversation that they answer."""
        script = self.steps
        if self.repair is not None:
            current = conversation.this_round()
            if re.search(self.repair_words, current.user_text):
                script, conversation = self.repair, current
        return script(conversation) if callable(script) else script, conversation


Answered = Reply | Fail | Hang


def respond(scenario: Scenario, conversation: Conversation, number: int) -> Answered:
    """The answer to one request; `number` is its place among the calls, from 0."""
    answer = _respond(scenario, conversation, number)
    return replace(answer, thinking=scenario.thinking) if isinstance(answer, Reply) else answer


def _respond(scenario: Scenario, conversation: Conversation, number: int) -> Answered:
    fault = conversation.fault()
    if fault is not None:
        return Fail(Kind.BAD_REQUEST, detail=fault)
    step, reached = _next(scenario, conversation, number)
    if isinstance(step, Fail | Hang):
        return step
    reply_id = uuid.uuid4().hex
    if conversation.forced is not None or conversation.schema is not None:
        return _json(scenario, conversation, reply_id)
    if isinstance(step, Truncate):
        return Reply(step.text, (), scenario.usage, reply_id, cut=step.after, clean=step.clean)
    if isinstance(step, SlowTokens) and not (step.act and conversation.tools):
        return Reply(step.text, (), scenario.usage, reply_id, pause=step.pause)
    if isinstance(step, Say):
        return Reply(step.text, (), scenario.usage, reply_id)
    if not conversation.tools:
        return Reply(scenario.aside, (), scenario.usage, reply_id)
    acts, by_shell = reached
    base = len(conversation.results)
    calls = tuple(
        tools.call(act, conversation, _id(conversation.api, base + place), by_shell)
        for place, act in enumerate(acts)
    )
    if isinstance(step, SlowTokens):
        return Reply(step.text, calls, scenario.usage, reply_id, pause=step.pause)
    return Reply(step.saying, calls, scenario.usage, reply_id)


def _id(api: Api, place: int) -> str:
    return call_id(_PREFIXES.get(api, "call_"), place, uuid.uuid4().hex[:12])


def _next(
    scenario: Scenario, conversation: Conversation, number: int
) -> tuple[Step, tuple[tuple[Act, ...], bool]]:
    """The step, and its acts that have no result yet with whether they must use the shell."""
    if number < len(scenario.first):
        step = scenario.first[number]
        return step, (_acts(step), False)
    steps, part = scenario.script(conversation)
    results = part.results
    if part is not conversation and len(results) == len(conversation.results):
        results = results[conversation.results_before(part) :]
    for step in steps:
        acts = _acts(step)
        if not acts or isinstance(step, ToolNeverEnds):
            return step, (acts, False)
        if len(results) < len(acts):
            return step, (acts[len(results) :], False)
        mine, results = results[: len(acts)], results[len(acts) :]
        refused = tuple(a for a, r in zip(acts, mine, strict=True) if _is_refused(a, r))
        if len(results) < len(refused):
            return step, (refused[len(results) :], True)
        results = results[len(refused) :]
    return Say(), ((), False)


def _acts(step: Step) -> tuple[Act, ...]:
    match step:
        case Several(acts):
            return acts
        case SlowTokens(act=act):
            return (act,) if act else ()
        case Say() | Fail() | Hang() | Truncate():
            return ()
        case _:
            return (step,)


def _is_refused(act: Act, result: str | None) -> bool:
    return isinstance(act, Write) and bool(result and re.match(_REFUSED, result))


def _json(scenario: Scenario, conversation: Conversation, reply_id: str) -> Reply:
    """The answer to a request for JSON: as a text, or as a call of the tool that it forces."""
    forced = next((t for t in conversation.tools if t.name == conversation.forced), None)
    schema = forced.schema if forced else conversation.schema or {}
    given = scenario.answer
    value = given(conversation) if callable(given) else given
    value = tools.instance(schema) if value is None else value
    if forced is None:
        return Reply(json.dumps(value), (), scenario.usage, reply_id)
    arguments = value if isinstance(value, dict) else {"value": value}
    call = Call(_id(conversation.api, len(conversation.results)), forced.name, arguments)
    return Reply("", (call,), scenario.usage, reply_id)
