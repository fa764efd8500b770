"""The conversation on disk: saved after each step, read again when a run goes on."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from pydantic import Field, ValidationError

from agent_os.domain.contract import Contract
from agent_os.domain.errors import BadInput
from agent_os.models.backend import Message, ToolResult

_INTERRUPTED = (
    "Interrupted: it may have happened, in part or as a whole. Look before you repeat it."
)


class Transcript(Contract):
    """`finished` calls are those of the last reply whose results are known already."""

    session: str = Field(default_factory=lambda: secrets.token_hex(8))
    messages: tuple[Message, ...] = ()
    finished: tuple[ToolResult, ...] = ()


class Record:
    """The transcript of this run, and the file that holds it. `hide` takes the key out."""

    def __init__(self, path: Path, transcript: Transcript, hide: Callable[[str], str]) -> None:
        self._path = path
        self._hide = hide
        self._transcript = transcript

    @property
    def session(self) -> str:
        return self._transcript.session

    @property
    def messages(self) -> tuple[Message, ...]:
        return self._transcript.messages

    def add(self, *messages: Message) -> None:
        self.replace((*self.messages, *messages))

    def replace(self, messages: tuple[Message, ...]) -> None:
        """Instead of all that was there, and on disk."""
        self._transcript = Transcript(session=self.session, messages=messages)
        self._save()

    def note(self, results: tuple[ToolResult, ...]) -> None:
        """Results of the last reply's calls so far, should the rest never come."""
        transcript = self._transcript
        self._transcript = transcript.model_copy(update={"finished": results})
        self._save()

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(self._path.name + ".new")
        data = self._hide(self._transcript.model_dump_json(exclude_defaults=True)).encode()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)


def begin(path: Path, prompt: str, hide: Callable[[str], str]) -> Record:
    """A new conversation. BadInput when there is no prompt."""
    if not prompt.strip():
        raise BadInput("There is no prompt on stdin.")
    record = Record(path, Transcript(), hide)
    record.add(Message(role="user", text=prompt))
    return record


def resume(path: Path, prompt: str, hide: Callable[[str], str]) -> Record:
    """The conversation that is there, ended calls and all; a new prompt is its next message.

    Begins a new one when there is none. BadInput when it can't be read.
    """
    try:
        transcript = Transcript.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return begin(path, prompt, hide)
    except (OSError, ValidationError) as error:
        raise BadInput(f"The transcript {path.name} can't be read: {error}.") from error
    record = Record(path, transcript, hide)
    messages = list(transcript.messages)
    if messages and messages[-1].calls:
        messages.append(_interrupted(messages[-1], transcript.finished))
    asked = [message.text for message in messages if message.role == "user"]
    if prompt.strip() and prompt not in asked:
        messages.append(Message(role="user", text=prompt))
    elif messages and messages[-1].role == "assistant":
        messages.append(Message(role="user", text="Go on."))
    record.replace(tuple(messages))
    return record


def _interrupted(reply: Message, finished: tuple[ToolResult, ...]) -> Message:
    known = {result.call_id: result for result in finished}
    results = tuple(
        known.get(call.id)
        or ToolResult(call_id=call.id, name=call.name, text=_INTERRUPTED, failed=True)
        for call in reply.calls
    )
    return Message(role="tool", results=results)
