"""What the agent is told by the variable AGENT_OS_NATIVE."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from agent_os.domain.contract import Contract
from agent_os.domain.errors import BadInput
from agent_os.domain.usage import Price

VARIABLE = "AGENT_OS_NATIVE"
TRANSCRIPT = ".agent-os/transcript.json"


class NativeLimits(Contract):
    """Of one run. Each is checked before a call of the model; None: no limit."""

    steps: int = 200
    seconds: float = 3600.0
    usd: float | None = None
    """Can only be checked where the price is known."""
    tokens: int | None = None
    """Of all kinds, in and out."""
    call_seconds: float = 900.0
    """One answer of the model, to its end."""
    tool_seconds: float = 300.0
    """The longest time that one tool may be given."""


class NativeSettings(Contract):
    """The variable's JSON."""

    api: str
    model: str
    base_url: str = ""
    key_variable: str = ""
    """The variable that holds the key; empty: there is none, or it comes on stdin."""
    key_on_stdin: bool = False
    """It is the first line there: a sandbox shows its own environment to what runs in it."""
    limits: NativeLimits = NativeLimits()
    price: Price | None = None
    """Per million tokens; None: not known."""
    context_tokens: int = 200_000
    """The model's window, for what goes in and comes out."""
    max_output_tokens: int = 16_000
    transcript: str = TRANSCRIPT
    """Relative to HOME."""
    resume: bool = False
    """Go on with the transcript that is there."""
    system: str = ""
    """Added to our own words about how to work."""

    @property
    def transcript_path(self) -> Path:
        return Path.home() / self.transcript


def read_stdin(settings: NativeSettings, key: str) -> tuple[str, str]:
    """(prompt, key). Where stdin is a file it is emptied, so that no tool can read it again."""
    text = sys.stdin.read()
    with suppress(OSError):
        os.ftruncate(sys.stdin.fileno(), 0)
    if not settings.key_on_stdin:
        return text, key
    found, _, prompt = text.partition("\n")
    return prompt, found


def from_environment(env: MutableMapping[str, str] = os.environ) -> tuple[NativeSettings, str]:
    """(settings, key). Takes both out of `env`, so that no tool inherits them. Raises BadInput."""
    text = env.pop(VARIABLE, "")
    try:
        settings = NativeSettings.model_validate(json.loads(text))
    except (ValueError, ValidationError) as error:
        raise BadInput(f"{VARIABLE} is not what it should be: {error}") from error
    return settings, env.pop(settings.key_variable, "") if settings.key_variable else ""
