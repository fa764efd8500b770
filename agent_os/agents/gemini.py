"""Gemini CLI: `gemini -o stream-json`, and the tokens that it notes in its session's file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from agent_os.agents.driver import (
    Assignment,
    Driver,
    Finish,
    Launch,
    Reader,
    clean_environment,
    visible_paths,
)
from agent_os.agents.events import AgentEvent, Happening, bounded
from agent_os.agents.installed import program_paths
from agent_os.agents.jsonlines import (
    Counted,
    Record,
    Tools,
    ended_by_signal,
    ended_without_word,
    read,
    refused,
)
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.clock import Clock
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Usage

_OFFICIAL = "https://generativelanguage.googleapis.com"
_QUIET = {
    "GEMINI_TELEMETRY_ENABLED": "false",
    "GEMINI_CLI_NO_RELAUNCH": "true",
    "DO_NOT_TRACK": "1",
    "NO_COLOR": "1",
    "TZ": "UTC",
}
#: A pause until the next try that is longer is ours to make.
_LONGEST_PAUSE_MS = 6_000
_FAILED = re.compile(r"Attempt \d{1,3} failed")
_PAUSE = re.compile(r"Retrying after (\d{1,9})ms")
_MOST_WORDS = 2_000
#: It says no more than this when the answer breaks off.
_BROKEN_OFF = ("terminated", "empty response", "stream ended", "fetch failed", "incomplete")


class GeminiDriver(Driver):
    """Runs `gemini` in the work dir; nothing is asked, the sandbox is what holds it."""

    program = "gemini"
    install = "npm install -g @google/gemini-cli (with Node 20 or newer)"
    apis = ("google",)
    login_hosts = (
        *("cloudcode-pa.googleapis.com", "generativelanguage.googleapis.com"),
        *("oauth2.googleapis.com", "www.googleapis.com"),
    )
    login_files = (".gemini/oauth_creds.json", ".gemini/google_accounts.json")

    def launch(self, run: Assignment) -> Launch:
        """See Driver.launch."""
        env = {**clean_environment(run), **_QUIET}
        if not run.order.own_login:
            provider = run.order.provider
            url = provider.base_url if provider and provider.base_url else _OFFICIAL
            # Said even so: a `.env` in the repository could name another place for the key.
            env["GOOGLE_GEMINI_BASE_URL"] = url.rstrip("/").removesuffix("/v1beta")
            env["GEMINI_API_KEY"] = run.key or "none"
        argv = [self.program, "--yolo", "--skip-trust", "-o", "stream-json"]
        argv += ["-m", run.order.model] if run.order.model else []
        return Launch(
            argv=tuple(argv),
            env=env,
            stdin=run.prompt.encode(),
            read_only=(*program_paths(self.program, env["PATH"]), *visible_paths(run.order)),
            files={".gemini/settings.json": json.dumps(_settings(run.order.own_login))},
            notes=(".gemini/tmp/*/chats/session-*.jsonl",),
        )

    def reader(self, order: AgentOrder, clock: Clock) -> GeminiReader:
        """See Driver.reader."""
        return GeminiReader(clock)


def _settings(own_login: bool) -> dict[str, object]:
    kind = "oauth-personal" if own_login else "gemini-api-key"
    return {
        "security": {"auth": {"selectedType": kind}},
        "general": {
            "maxAttempts": 2,
            "enableAutoUpdate": False,
            "enableAutoUpdateNotification": False,
        },
        # Its limits take repeated text for a loop and end in silence; ours hold without that.
        "model": {"disableLoopDetection": True, "skipNextSpeakerCheck": True},
        "telemetry": {"enabled": False},
        "privacy": {"usageStatisticsEnabled": False},
    }


class GeminiReader(Reader):
    """Text comes in many small pieces; tokens stand in the session's file after each turn."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tools = Tools()
        self._counted = Counted()
        self._text = ""
        self._words = ""
        self._result: Record | None = None
        self._error = ""
        self._began = False

    def line(self, text: str) -> Sequence[AgentEvent]:
        """See Reader.line."""
        record = read(text)
        if record is None:
            return ()
        self._began = True
        kind = record.text("type")
        if kind == "message":
            return self._message(record)
        said = [AgentEvent(kind=Happening.TEXT, text=bounded(self._text))] if self._text else []
        self._text = ""
        match kind:
            case "init":
                session = record.text("session_id")
                return [*said, AgentEvent(kind=Happening.SESSION, session=session)]
            case "tool_use":
                self._words = ""
                call, name = record.text("tool_id"), record.text("tool_name")
                return [*said, *self._tools.start(call, name)]
            case "tool_result":
                return [*said, *self._tools.end(record.text("tool_id"))]
            case "error":
                return [*said, self._failing(record)]
            case "result":
                return [*said, *self._ended(record)]
            case _:
                return said

    def error_line(self, text: str) -> Sequence[AgentEvent]:
        """See Reader.error_line. Its retries are told here only, over several lines."""
        if _FAILED.match(text):
            self._words = ""
        elif not self._words:
            return ()
        self._words = f"{self._words}\n{text}"[:_MOST_WORDS]
        if pause := _PAUSE.search(text):
            self.hopeless = self.hopeless or int(pause[1]) > _LONGEST_PAUSE_MS
        elif "Retrying with backoff" not in text:
            return ()
        return [AgentEvent(kind=Happening.RETRY, text=bounded(self._words.strip()))]

    def noted_line(self, text: str) -> Sequence[AgentEvent]:
        """See Reader.noted_line."""
        record = read(text)
        if record is None or record.text("type") != "gemini":
            return ()
        return self._counted.more(record.text("id"), _usage(record.at("tokens"), _NOTED))

    def ended(self) -> Sequence[AgentEvent]:
        """See Reader.ended. Its sum holds also what it asked smaller models."""
        usage = _usage(self._result.at("stats"), _TOTALS) if self._result else Usage()
        return [AgentEvent(kind=Happening.TOTAL, usage=usage)] if usage.total else []

    def finish(self, exit_code: int, tail: str) -> Finish:
        """See Reader.finish."""
        result = self._result
        if result is None:
            if self._words:
                return self._judge(0, self._words)
            return ended_without_word(self._clock, exit_code, tail, began=self._began)
        ended = exit_code == 0 or ended_by_signal(exit_code)
        if result.text("status") == "success" and ended:
            if self._error:
                return Finish(FailureCode.AGENT_FAILED, f"It stopped: {self._error[:300]}")
            return Finish()
        # The exit code is what a byte can hold of the HTTP status.
        status = exit_code + 256 if 400 <= exit_code + 256 < 512 else 0
        return self._judge(status, result.text("error", "message") or self._error or self._words)

    def _judge(self, status: int, words: str) -> Finish:
        found = refused(self._clock, status, words)
        broken = any(word in words for word in _BROKEN_OFF)
        if found.code is FailureCode.AGENT_FAILED and broken:
            return Finish(FailureCode.OVERLOADED, f"The answer broke off: {found.detail}")
        if found.resets_at is None and self._words and found.code is not FailureCode.AGENT_FAILED:
            return Finish(found.code, found.detail, refused(self._clock, 0, self._words).resets_at)
        return found

    def _message(self, record: Record) -> list[AgentEvent]:
        if record.text("role") != "assistant":
            return []
        self._words = ""
        self._text = bounded(self._text + record.text("content"))
        return [AgentEvent(kind=Happening.PROGRESS)]

    def _failing(self, record: Record) -> AgentEvent:
        self._error = record.text("message")
        return AgentEvent(kind=Happening.ERROR, text=bounded(self._error))

    def _ended(self, record: Record) -> list[AgentEvent]:
        self._result = record
        return self._tools.end_all()


_NOTED = ("input", "output", "cached", "total")
_TOTALS = ("input_tokens", "output_tokens", "cached", "total_tokens")


def _usage(said: Record, names: tuple[str, str, str, str]) -> Usage:
    given, answered, cached, total = (said.count(name) for name in names)
    # What it thought is in the total only, and is billed as output.
    thought = max(0, total - given - answered)
    return Usage(
        input=max(0, given - cached), cached=cached, output=answered + thought, reasoning=thought
    )
