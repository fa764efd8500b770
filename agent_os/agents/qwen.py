"""Qwen Code: `qwen -o stream-json`, and its log, where alone it tells that it tries again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from agent_os.agents.driver import (
    Assignment,
    Driver,
    Finish,
    Launch,
    clean_environment,
    visible_paths,
)
from agent_os.agents.events import AgentEvent, Happening, bounded
from agent_os.agents.installed import program_paths
from agent_os.agents.jsonlines import Record, ended_by_signal, ended_without_word, refused
from agent_os.agents.streamjson import StreamReader
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.clock import Clock
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Usage

_OFFICIAL = "https://api.openai.com/v1"
_QUIET = {
    "QWEN_TELEMETRY_ENABLED": "false",
    "QWEN_CODE_SUPPRESS_YOLO_WARNING": "1",
    "QWEN_DEBUG_LOG_FILE": "1",
    "DO_NOT_TRACK": "1",
    "NO_COLOR": "1",
    "TZ": "UTC",
}
_SETTINGS = {
    "general": {"enableAutoUpdate": False, "disableAutoUpdate": True, "disableUpdateNag": True},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "model": {"generationConfig": {"maxRetries": 0}, "skipLoopDetection": True},
}
#: They leave the work dir, or wait for a time at which nobody is there.
_WITHOUT = ("enter_worktree", "cron_create", "loop_wakeup")
_MOST_RETRIES = 2
#: A pause until the next try that is longer is ours to make.
_LONGEST_PAUSE_MS = 6_000
_FAILED = re.compile(
    r"\S{1,40} \[(?:WARN|ERROR)\] \[RETRY\] Attempt (\d{1,3}) failed(?: with status (\d{3}))?"
)
_PAUSE = re.compile(r"explicit delay of (\d{1,9})ms")
_WORDS = re.compile(r"\s{0,8}providerMessage: (.{1,2000})")
_BROKEN_OFF = ("terminated", "connection error", "premature close", "finish reason", "stream ended")


class QwenDriver(Driver):
    """Runs `qwen` in the work dir; nothing is asked, the sandbox is what holds it."""

    program = "qwen"
    install = "npm install -g @qwen-code/qwen-code (with Node 22)"
    apis = ("openai-chat",)

    def launch(self, run: Assignment) -> Launch:
        """See Driver.launch."""
        env = {**clean_environment(run), **_QUIET}
        provider = run.order.provider
        env["OPENAI_BASE_URL"] = (provider.base_url if provider else "") or _OFFICIAL
        env["OPENAI_API_KEY"] = run.key or "none"
        argv = [self.program, "--yolo", "-o", "stream-json", "--include-partial-messages"]
        argv += ["--auth-type", "openai"]
        argv += ["--model", run.order.model] if run.order.model else []
        for tool in _WITHOUT:
            argv += ["--exclude-tools", tool]
        return Launch(
            argv=tuple(argv),
            env=env,
            stdin=run.prompt.encode(),
            read_only=(*program_paths(self.program, env["PATH"]), *visible_paths(run.order)),
            files={".qwen/settings.json": json.dumps(_SETTINGS)},
            notes=(".qwen/debug/*.txt",),
        )

    def reader(self, order: AgentOrder, clock: Clock) -> QwenReader:
        """See Driver.reader."""
        return QwenReader(clock)


class QwenReader(StreamReader):
    """Tries of the same request again stand in its log only, with the provider's words below."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._status = 0
        self._words = ""
        self._broken = 0

    def system(self, record: Record) -> list[AgentEvent]:
        """See StreamReader.system. An answer that broke off is asked for again, many times."""
        if record.text("subtype") != "retry":
            return super().system(record)
        self._broken += 1
        self._words = self._words or _BROKEN_OFF[0]
        self.hopeless = self.hopeless or self._broken > _MOST_RETRIES
        return [AgentEvent(kind=Happening.RETRY, text=bounded(record.text("data", "reason")))]

    def noted_line(self, text: str) -> Sequence[AgentEvent]:
        """See Reader.noted_line."""
        if failed := _FAILED.match(text):
            self._status, self._words = int(failed[2] or 0), text
            pause = _PAUSE.search(text)
            long = pause is not None and int(pause[1]) > _LONGEST_PAUSE_MS
            self.hopeless = self.hopeless or long or int(failed[1]) > _MOST_RETRIES
            return [AgentEvent(kind=Happening.RETRY, status=self._status, text=bounded(text))]
        if self._words and (said := _WORDS.match(text)):
            self._words = said[1]
        return ()

    def assistant(self, record: Record) -> list[AgentEvent]:
        """See StreamReader.assistant."""
        if not self.hopeless:
            self._status, self._words, self._broken = 0, "", 0
        return super().assistant(record)

    def usage(self, said: Record) -> Usage:
        """See StreamReader.usage. Here what was cached is a part of the input."""
        cached = said.count("cache_read_input_tokens")
        given = max(0, said.count("input_tokens") - cached)
        return Usage(input=given, cached=cached, output=said.count("output_tokens"))

    def finish(self, exit_code: int, tail: str) -> Finish:
        """See Reader.finish."""
        result = self.result
        if result is None:
            if self._words:
                return self._judge(self._status, self._words)
            return ended_without_word(self.clock, exit_code, tail, began=self.began)
        if result.true("is_error") or (exit_code and not ended_by_signal(exit_code)):
            said = result.text("error", "message") or result.text("result")
            return self._judge(0, said or f"It ended with exit code {exit_code}.")
        return Finish()

    def _judge(self, status: int, words: str) -> Finish:
        found = refused(self.clock, status, words)
        broken = any(word in words.lower() for word in _BROKEN_OFF)
        if found.code is FailureCode.AGENT_FAILED and broken:
            return Finish(FailureCode.OVERLOADED, f"The answer broke off: {found.detail}")
        return found
