"""Keeping the conversation below the model's window."""

from __future__ import annotations

import math

from agent_os.agents.native.settings import NativeSettings
from agent_os.models.backend import Message, ToolSpec

_CHARS_A_TOKEN = 3.5
_MARGIN_TOKENS = 2_000
#: Dropping changes what the provider has cached: rarely and much is cheaper than each time a bit.
_DROP_TO = 0.6
_DROP_HARD_TO = 0.3
_SHORT = 400
_LONG = 8_000
_KEPT_STEPS = 2


class Window:
    """Estimates tokens by length, set right by what the provider has counted."""

    def __init__(self, settings: NativeSettings, system: str, tools: tuple[ToolSpec, ...]) -> None:
        room = settings.context_tokens - settings.max_output_tokens - _MARGIN_TOKENS
        self._budget = max(1_000, room)
        self._fixed = len(system) + sum(len(tool.model_dump_json()) for tool in tools)
        self._chars_a_token = _CHARS_A_TOKEN

    def counted(self, messages: tuple[Message, ...], tokens: int) -> None:
        """The provider has counted these as so many tokens."""
        chars = self._fixed + sum(map(_length, messages))
        if tokens > 500:
            # Only ever more careful than the estimate: a server may count what it cached as none.
            self._chars_a_token = max(1.5, min(_CHARS_A_TOKEN, chars / tokens))

    def fitting(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The same messages, or fewer when they come to more than the window takes."""
        if self._tokens(messages) <= self._budget:
            return messages
        return self._reduced(messages, math.floor(self._budget * _DROP_TO))

    def harder(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Much less than before: the provider has said that it was too much."""
        tokens = min(self._budget, self._tokens(messages))
        # The window is smaller than we believed, or its tokens are.
        self._budget = max(1_000, math.floor(tokens * _DROP_TO))
        return self._reduced(messages, math.floor(tokens * _DROP_HARD_TO))

    def _tokens(self, messages: tuple[Message, ...]) -> float:
        return (self._fixed + sum(map(_length, messages))) / self._chars_a_token

    def _reduced(self, messages: tuple[Message, ...], target: int) -> tuple[Message, ...]:
        for reduce in (self._without_results, self._without_long_texts, self._without_turns):
            if self._tokens(messages) > target:
                messages = reduce(messages, target)
        return messages

    def _without_results(self, messages: tuple[Message, ...], target: int) -> tuple[Message, ...]:
        """Old results of tools become one line each, the oldest first."""
        kept = list(messages)
        over = self._over(messages, target)
        for place in range(max(0, len(kept) - 2 * _KEPT_STEPS)):
            if over <= 0:
                break
            if kept[place].role == "tool":
                before, kept[place] = kept[place], _stub(kept[place])
                over -= _length(before) - _length(kept[place])
        return tuple(kept)

    def _without_long_texts(
        self, messages: tuple[Message, ...], target: int
    ) -> tuple[Message, ...]:
        """Replies that talked at length keep the beginning and the end of it."""
        del target
        return tuple(_shortened(message) for message in messages)

    def _without_turns(self, messages: tuple[Message, ...], target: int) -> tuple[Message, ...]:
        """Old steps go as a whole, but never the first message nor the last step."""
        first, rest = messages[0], messages[1:]
        over = self._over(messages, target)
        start = dropped = 0
        while over > 0:
            step = _first_step(rest, start)
            if step >= len(rest):
                break
            over -= sum(map(_length, rest[start:step]))
            start = step
            dropped += 1
        if dropped:
            note = f"\n\n[{dropped} earlier steps of your work were dropped to save space.]"
            first = first.model_copy(update={"text": _without_note(first.text) + note})
        return (first, *(_cut(message) for message in rest[start:]))

    def _over(self, messages: tuple[Message, ...], target: int) -> float:
        """How many characters are too many."""
        return (self._tokens(messages) - target) * self._chars_a_token


def _without_note(text: str) -> str:
    head, found, tail = text.rpartition("\n\n[")
    return head if found and tail.endswith("were dropped to save space.]") else text


def _first_step(messages: tuple[Message, ...], start: int) -> int:
    """Where the step that begins at `start` ends: at the next reply, or with the conversation."""
    for place in range(start + 1, len(messages)):
        if messages[place].role == "assistant":
            return place
    return len(messages)


def _stub(message: Message) -> Message:
    results = tuple(
        result
        if len(result.text) <= _SHORT
        else result.model_copy(
            update={"text": f"[{len(result.text)} characters of output were dropped to save space]"}
        )
        for result in message.results
    )
    return message.model_copy(update={"results": results})


def _shortened(message: Message) -> Message:
    if message.role != "assistant" or len(message.text) <= _LONG:
        return message
    return message.model_copy(update={"text": _middle_out(message.text, _LONG), "own": None})


def _cut(message: Message) -> Message:
    """Of the last step, each result keeps its beginning and end."""
    results = tuple(
        result.model_copy(update={"text": _middle_out(result.text, 8 * _SHORT)})
        for result in message.results
    )
    return message.model_copy(update={"results": results})


def _middle_out(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return f"{text[: longest // 2]}\n[… dropped to save space …]\n{text[-longest // 2 :]}"


def _length(message: Message) -> int:
    own = len(str(message.own.parts)) if message.own else 0
    calls = sum(len(call.arguments) + len(call.name) for call in message.calls)
    results = sum(len(result.text) + 50 for result in message.results)
    return max(own, len(message.text) + calls) + results + 20
