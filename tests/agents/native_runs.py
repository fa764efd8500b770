"""One run of our own agent: in this process, or as the program that it is."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent_os.agents.events import AgentEvent, Happening
from agent_os.agents.native import transcript
from agent_os.agents.native.limits import Account, Ended
from agent_os.agents.native.loop import Loop
from agent_os.agents.native.settings import VARIABLE, NativeLimits, NativeSettings
from agent_os.agents.native.telling import Teller
from agent_os.agents.native.tools.tool import Place
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Price
from agent_os.models.backend import InferenceBackend
from agent_os.models.failures import ModelError
from agent_os.models.registry import backend_for
from tests import planted
from tests.models import ModelServer

KEY = planted.MODEL_KEY
PROMPT = "Mend it."


@dataclass
class Ran:
    """How it ended: `code` None when it finished."""

    events: list[AgentEvent] = field(default_factory=list[AgentEvent])
    code: FailureCode | None = None
    message: str = ""

    def texts(self, kind: Happening, tool: str = "") -> list[str]:
        return [e.text for e in self.events if e.kind is kind and tool in ("", e.tool)]

    def count(self, kind: Happening) -> int:
        return sum(event.kind is kind for event in self.events)


class Ground:
    """A work dir and a HOME, and a back end of `openai-chat` unless said otherwise."""

    def __init__(self, root: Path, server: ModelServer | None = None) -> None:
        self.work = root / "work"
        self.home = root / "home"
        self.transcript = self.home / ".agent-os/transcript.json"
        self._server = server
        self.work.mkdir()
        self.home.mkdir()

    def settings(
        self,
        api: str = "openai-chat",
        *,
        limits: NativeLimits | None = None,
        price: Price | None = None,
        model: str = "deepseek-chat",
        context_tokens: int = 100_000,
        resume: bool = False,
    ) -> NativeSettings:
        url = self._server.url if self._server else ""
        return NativeSettings(
            api=api,
            model=model,
            base_url=url + ("/v1" if api.startswith("openai") else ""),
            key_variable="SOME_KEY",
            limits=limits or NativeLimits(seconds=60, call_seconds=20, tool_seconds=20),
            price=price,
            context_tokens=context_tokens,
            max_output_tokens=1_000,
            resume=resume,
        )

    def run(self, settings: NativeSettings, prompt: str = PROMPT) -> Ran:
        """In this process."""
        out, ran = io.StringIO(), Ran()
        opened = transcript.resume if settings.resume else transcript.begin
        teller = Teller(KEY, out)
        record = opened(self.transcript, prompt, teller.hide)
        place = Place(self.work, self.transcript.parent, settings.limits.tool_seconds)
        account = Account(settings.limits, settings.price)
        try:
            Loop(settings, _backend(settings), record, place, teller, account).run()
        except Ended as error:
            ran.code, ran.message = error.code, error.message
        except ModelError as error:
            ran.code, ran.message = error.failure, error.message
        ran.events = parsed(out.getvalue().splitlines())
        return ran

    def start(
        self, settings: NativeSettings, argv: Sequence[str] = (), prompt: str = PROMPT
    ) -> subprocess.Popen[bytes]:
        """As a program. `argv` stands before its own, e.g. that of a sandbox."""
        process = subprocess.Popen(
            (*argv, *PROGRAM),
            cwd=self.work,
            env=self.environment(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(prompt.encode())
        process.stdin.close()
        process.stdin = None
        return process

    def environment(self, settings: NativeSettings) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            VARIABLE: settings.model_dump_json(),
            "SOME_KEY": KEY,
        }

    def script(self, *replies: object) -> str:
        """A file of replies for the scripted back end; its `model`."""
        path = self.home / "script.json"
        path.write_text(json.dumps(replies))
        return str(path)


#: Kept for all runs of a module: to make one means to load this machine's certificates.
_BACKENDS: dict[tuple[str, str, str], InferenceBackend] = {}


def _backend(settings: NativeSettings) -> InferenceBackend:
    at = (settings.api, settings.base_url, settings.model)
    if at not in _BACKENDS:
        api, url, model = at
        _BACKENDS[at] = backend_for(api, base_url=url, api_key=KEY, model=model)
    return _BACKENDS[at]


def close_backends() -> None:
    """To be called at the end of a module that ran the agent in this process."""
    while _BACKENDS:
        _BACKENDS.popitem()[1].close()


PROGRAM = (sys.executable, "-I", "-m", "agent_os.agents.native")


def parsed(lines: Sequence[str]) -> list[AgentEvent]:
    """Every line is an event: a line that is none is an error here."""
    return [AgentEvent.model_validate_json(line) for line in lines]
