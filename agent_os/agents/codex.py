"""Codex: `codex exec --json`, and what it notes of itself in its session's file meanwhile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

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
    OVERFLOWED,
    Record,
    Tools,
    ended_by_signal,
    ended_without_word,
    less,
    read,
    refused,
)
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.clock import Clock
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Usage

_KEY = "AGENT_OS_MODEL_KEY"
_OFFICIAL = "https://api.openai.com/v1"
_SETTINGS = (
    "analytics.enabled=false",
    "check_for_update_on_startup=false",
    'history.persistence="none"',
)
_WITHOUT = ("plugins", "apps")
#: Its own names for an error that its words don't tell.
_ERRORS = {
    "usage_limit_exceeded": FailureCode.QUOTA_EXHAUSTED,
    "server_overloaded": FailureCode.OVERLOADED,
    "internal_server_error": FailureCode.OVERLOADED,
    "unauthorized": FailureCode.AUTH_FAILED,
    "http_connection_failed": FailureCode.OVERLOADED,
    "response_stream_connection_failed": FailureCode.OVERLOADED,
    "response_stream_disconnected": FailureCode.OVERLOADED,
    "response_too_many_failed_attempts": FailureCode.OVERLOADED,
}
_TOOLS = ("command_execution", "mcp_tool_call", "web_search", "collab_tool_call")


class CodexDriver(Driver):
    """Runs `codex exec` in the work dir; nothing is asked, our sandbox is what holds it."""

    program = "codex"
    install = "npm install -g @openai/codex"
    apis = ("openai",)
    login_hosts = ("chatgpt.com", "auth.openai.com", "api.openai.com")
    login_files = (".codex/auth.json",)
    resumes = True

    def launch(self, run: Assignment) -> Launch:
        """See Driver.launch."""
        env = {**clean_environment(run), "TZ": "UTC", "DO_NOT_TRACK": "1"}
        settings: list[str] = [*_SETTINGS]
        if run.order.model:
            settings.append(f"model={json.dumps(run.order.model)}")
        if not run.order.own_login:
            env[_KEY] = run.key or "none"
            settings += ['model_provider="agent_os"', _provider(run.order)]
        argv = [self.program, "exec"]
        argv += ["resume", run.session] if run.session else []
        argv += ["--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        for setting in settings:
            argv += ["-c", setting]
        for feature in _WITHOUT:
            argv += ["--disable", feature]
        return Launch(
            argv=(*argv, "-"),
            env=env,
            stdin=run.prompt.encode(),
            read_only=(*program_paths(self.program, env["PATH"]), *visible_paths(run.order)),
            notes=(".codex/sessions/*/*/*/rollout-*.jsonl",),
        )

    def reader(self, order: AgentOrder, clock: Clock) -> CodexReader:
        """See Driver.reader."""
        return CodexReader(clock)


def _provider(order: AgentOrder) -> str:
    """A provider of its own: the built-in one takes no other key variable nor fewer retries."""
    url = order.provider.base_url if order.provider and order.provider.base_url else _OFFICIAL
    return (
        f"model_providers.agent_os={{name={json.dumps('agent-os')},base_url={json.dumps(url)},"
        f"env_key={json.dumps(_KEY)},wire_api={json.dumps('responses')},"
        "request_max_retries=0,stream_max_retries=2}"
    )


class CodexReader(Reader):
    """Tokens come from the session's file, after each turn; in the output they stand at the end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tools = Tools()
        self._error = ""
        self._reason = Record()
        self._reason_name = ""
        self._resets_at: datetime | None = None
        self._noted: Usage | None = None
        self._total = Usage()
        self._completed = False
        self._began = False

    def line(self, text: str) -> Sequence[AgentEvent]:
        """See Reader.line."""
        record = read(text)
        if record is None:
            return ()
        self._began = True
        match record.text("type"):
            case "thread.started":
                return [AgentEvent(kind=Happening.SESSION, session=record.text("thread_id"))]
            case "item.started" | "item.updated" | "item.completed":
                return self._item(record.text("type"), record.at("item"))
            case "turn.completed":
                self._completed, self._total = True, _usage(record.at("usage"))
                return self._tools.end_all()
            case "turn.failed":
                self._error = record.text("error", "message") or self._error
                return self._tools.end_all()
            case "error":
                return [self._failing(record.text("message"))]
            case _:
                return ()

    def noted_line(self, text: str) -> Sequence[AgentEvent]:
        """See Reader.noted_line."""
        record = read(text)
        if record is None or record.text("type") != "event_msg":
            return ()
        payload = record.at("payload")
        match payload.text("type"):
            case "token_count":
                self._limits(payload.at("rate_limits"))
                return self._turn(payload.at("info"))
            case "task_complete":
                reason = payload.at("error")
                self._reason = reason.at("codex_error_info")
                self._reason_name = reason.text("codex_error_info")
                return ()
            case _:
                return ()

    def ended(self) -> Sequence[AgentEvent]:
        """See Reader.ended. Its own sum is of the whole session, also of what was before."""
        if self._noted is not None or not self._total.total:
            return ()
        return [AgentEvent(kind=Happening.TOTAL, usage=self._total)]

    def finish(self, exit_code: int, tail: str) -> Finish:
        """See Reader.finish."""
        if self._completed and (exit_code == 0 or ended_by_signal(exit_code)):
            return Finish()
        if not self._error:
            return ended_without_word(self._clock, exit_code, tail, began=self._began)
        name = self._reason_name or next(iter(self._reason.fields), "")
        if name == "context_window_exceeded" or "ran out of room" in self._error:
            return Finish(FailureCode.AGENT_FAILED, f"{OVERFLOWED}: {self._error}")
        status = self._reason.count(name, "http_status_code") if name else 0
        found = refused(self._clock, status, self._error)
        code = found.code
        if code is FailureCode.AGENT_FAILED or name == "usage_limit_exceeded":
            code = _ERRORS.get(name, code)
        if code is FailureCode.AGENT_FAILED and self._error.startswith("stream disconnected"):
            code = FailureCode.OVERLOADED
        resets_at = found.resets_at
        if code is FailureCode.QUOTA_EXHAUSTED:
            resets_at = self._resets_at or resets_at
        return Finish(code, found.detail, resets_at)

    def _item(self, happened: str, item: Record) -> list[AgentEvent]:
        kind = item.text("type")
        # It gets on: what was refused before was given then.
        self._error = self._error if kind == "error" else ""
        if kind in _TOOLS:
            name = item.text("tool") or kind
            if happened == "item.completed":
                return self._tools.end(item.text("id"), name)
            return self._tools.start(item.text("id"), name) or [_ALIVE]
        if happened != "item.completed":
            return [_ALIVE]
        match kind:
            case "agent_message":
                return [AgentEvent(kind=Happening.TEXT, text=bounded(item.text("text")))]
            case "error":
                # Not fatal: e.g. that it knows nothing about this model.
                return [AgentEvent(kind=Happening.ERROR, text=bounded(item.text("message")))]
            case _:
                return [_ALIVE]

    def _failing(self, message: str) -> AgentEvent:
        self._error = message
        kind = Happening.RETRY if message.startswith("Reconnecting") else Happening.ERROR
        return AgentEvent(kind=kind, text=bounded(message))

    def _turn(self, info: Record) -> list[AgentEvent]:
        total, last = _usage(info.at("total_token_usage")), _usage(info.at("last_token_usage"))
        if not total.total:
            return [_ALIVE]
        # A session that was gone on with counts from its first beginning.
        more = less(total, less(total, last) if self._noted is None else self._noted)
        self._noted = total
        if not more.total:
            return [_ALIVE]
        turn = AgentEvent(kind=Happening.TURN)
        return [turn, AgentEvent(kind=Happening.USAGE, usage=more)]

    def _limits(self, limits: Record) -> None:
        for name in ("primary", "secondary"):
            if limits.count(name, "used_percent") >= 100 and (
                at := limits.moment(name, "resets_at")
            ):
                self._resets_at = max(at, self._resets_at or at)


_ALIVE = AgentEvent(kind=Happening.PROGRESS)


def _usage(said: Record) -> Usage:
    cached, written = said.count("cached_input_tokens"), said.count("cache_write_input_tokens")
    return Usage(
        input=max(0, said.count("input_tokens") - cached - written),
        cached=cached,
        written=written,
        output=said.count("output_tokens"),
        reasoning=said.count("reasoning_output_tokens"),
    )
