"""Replies from a file, for tests and dry runs: no model is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Usage
from agent_os.models.backend import Reply, Request, Stop, ToolCall
from agent_os.models.failures import ModelError

_USAGE = Usage(input=100, output=10)


class ScriptedBackend:
    """Answers by the number of replies that the conversation holds already.

    The file is a JSON list of `{"text": …, "calls": [[tool, arguments], …]}`, or
    `{"fail": code, "message": …}`. After its end the work is finished.
    """

    def __init__(self, script: Path) -> None:
        try:
            self._replies: list[dict[str, Any]] = json.loads(script.read_text())
        except (OSError, ValueError) as error:
            raise BadInput(f"The script {script} can't be read: {error}.") from error

    def reply(self, request: Request) -> Reply:
        """See InferenceBackend."""
        number = sum(message.role == "assistant" for message in request.messages)
        if number >= len(self._replies):
            return Reply(text="Done.", calls=(), usage=_USAGE, stop=Stop.END)
        entry = self._replies[number]
        if "fail" in entry:
            raise ModelError(str(entry.get("message", "")), FailureCode(entry["fail"]))
        try:
            calls = tuple(
                ToolCall(id=f"call_{number}_{place}", name=name, arguments=json.dumps(arguments))
                for place, (name, arguments) in enumerate(entry.get("calls", ()))
            )
            text = str(entry.get("text", ""))
            stop = Stop.TOOLS if calls else Stop.END
            return Reply(text=text, calls=calls, usage=_USAGE, stop=stop)
        except (ValidationError, ValueError, TypeError) as error:
            raise BadInput(f"Reply {number} of the script is wrong: {error}.") from error

    def close(self) -> None:
        """Nothing to give up."""
