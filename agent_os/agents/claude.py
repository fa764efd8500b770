"""Claude Code: `claude -p` with `stream-json`."""

from __future__ import annotations

from datetime import datetime, timedelta

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
from agent_os.agents.jsonlines import (
    OVERFLOWED,
    Record,
    ended_by_signal,
    ended_without_word,
    refused,
)
from agent_os.agents.streamjson import StreamReader
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.clock import Clock
from agent_os.domain.failures import FailureCode
from agent_os.domain.provider_errors import classify
from agent_os.domain.usage import Usage

#: A pause until the next try that is longer is ours to make.
_LONGEST_PAUSE = timedelta(seconds=5)
_QUIET = {
    "CLAUDE_CODE_MAX_RETRIES": "2",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DO_NOT_TRACK": "1",
    # It refuses to skip permissions as root otherwise.
    "IS_SANDBOX": "1",
    # Times of day in its messages are then in the zone that we read them in.
    "TZ": "UTC",
}
#: They leave the work dir, or wait for a time at which nobody is there.
_WITHOUT = "EnterWorktree,CronCreate,ScheduleWakeup"
#: Its own words for an error, where there is no HTTP status.
_ERRORS = {
    "billing_error": FailureCode.QUOTA_EXHAUSTED,
    "authentication_failed": FailureCode.AUTH_FAILED,
    "oauth_org_not_allowed": FailureCode.AUTH_FAILED,
    "rate_limit": FailureCode.RATE_LIMITED,
    "overloaded": FailureCode.OVERLOADED,
    "server_error": FailureCode.OVERLOADED,
    "connection_failed": FailureCode.OVERLOADED,
    "model_not_found": FailureCode.MODEL_UNAVAILABLE,
}


class ClaudeDriver(Driver):
    """Runs `claude` in the work dir; nothing is asked, the sandbox is what holds it."""

    program = "claude"
    install = "npm install -g @anthropic-ai/claude-code (with Node 22)"
    apis = ("anthropic",)
    login_hosts = (
        *("api.anthropic.com", "platform.claude.com", "console.anthropic.com", "claude.ai"),
    )
    login_files = (".claude/.credentials.json",)
    resumes = True

    def launch(self, run: Assignment) -> Launch:
        """See Driver.launch."""
        env = {**clean_environment(run), **_QUIET}
        provider = run.order.provider
        if provider is not None and provider.base_url:
            env["ANTHROPIC_BASE_URL"] = provider.base_url.rstrip("/").removesuffix("/v1")
        if not run.order.own_login:
            env["ANTHROPIC_API_KEY"] = run.key or "none"
        argv = [self.program, "-p", "--output-format", "stream-json", "--verbose"]
        # Else it tells nothing while an answer comes, and not what that answer cost.
        argv += ["--include-partial-messages", "--dangerously-skip-permissions"]
        argv += [f"--disallowedTools={_WITHOUT}"]
        argv += ["--model", run.order.model] if run.order.model else []
        argv += ["--resume", run.session] if run.session else []
        # It counts by the vendor's list: where the owner's price is another, it would end early.
        listed = run.usd and run.order.price is None
        argv += [f"--max-budget-usd={run.usd:.4f}"] if listed else []
        paths = program_paths(self.program, env["PATH"])
        return Launch(tuple(argv), env, run.prompt.encode(), (*paths, *visible_paths(run.order)))

    def reader(self, order: AgentOrder, clock: Clock) -> ClaudeReader:
        """See Driver.reader."""
        return ClaudeReader(clock)


class ClaudeReader(StreamReader):
    """An error of its provider's says "success" too; `is_error` tells."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._error = ""
        self._resets_at: datetime | None = None
        self._refused: Finish | None = None

    def finish(self, exit_code: int, tail: str) -> Finish:
        """See Reader.finish."""
        result = self.result
        if self._refused is not None and (result is None or self.hopeless):
            return self._refused
        if result is None:
            return ended_without_word(self.clock, exit_code, tail, began=self.began)
        said = result.text("result") or result.text("subtype")
        if "budget" in result.text("terminal_reason") + result.text("subtype"):
            return Finish(FailureCode.BUDGET_EXHAUSTED, "It reached its own cap on money.")
        if result.true("is_error") or (exit_code and not ended_by_signal(exit_code)):
            return self._judge(result, said)
        if denied := result.each("permission_denials"):
            name = denied[0].text("tool_name")
            return Finish(FailureCode.AGENT_FAILED, f"It was not allowed to use its tool {name}.")
        return Finish()

    def usage(self, said: Record) -> Usage:
        """See StreamReader.usage."""
        return _usage(said, _STEPS)

    def total(self, result: Record) -> AgentEvent:
        """See StreamReader.total. Of all models: it asks a smaller one too."""
        # The other figures are of the whole session, where an earlier one was gone on with.
        models = result.at("model_usage_since_last_result")
        if not models.fields:
            models = result.at("modelUsage")
        used = [_usage(models.at(name), _TOTALS) for name in models.fields]
        prices = [models.number(name, "costUSD") for name in models.fields]
        known = [price for price in prices if price is not None]
        usd = sum(known) if known and len(known) == len(prices) else None
        usage = sum(used, Usage()) if used else self.usage(result.at("usage"))
        return AgentEvent(kind=Happening.TOTAL, usage=usage, usd=usd)

    def system(self, record: Record) -> list[AgentEvent]:
        """See StreamReader.system."""
        return (
            [self._retry(record)]
            if record.text("subtype") == "api_retry"
            else super().system(record)
        )

    def assistant(self, record: Record) -> list[AgentEvent]:
        """See StreamReader.assistant. Errors come in the form of an answer."""
        self._error = record.text("error")
        if not self._error:
            return super().assistant(record)
        words = " ".join(block.text("text") for block in record.each("message", "content"))
        status = record.count("api_error_status")
        return [AgentEvent(kind=Happening.ERROR, status=status, text=bounded(words))]

    def other(self, record: Record) -> list[AgentEvent]:
        """See StreamReader.other."""
        info = record.at("rate_limit_info")
        if record.text("type") != "rate_limit_event" or info.text("status") != "rejected":
            return []
        self._resets_at = info.moment("resetsAt")
        return [AgentEvent(kind=Happening.ERROR, text="rate limit", resets_at=self._resets_at)]

    def _judge(self, result: Record, said: str) -> Finish:
        reason = result.text("terminal_reason")
        if reason == "prompt_too_long":
            return Finish(FailureCode.AGENT_FAILED, f"{OVERFLOWED}: {said[:300]}")
        if reason not in ("api_error", "") and not self._error:
            return Finish(FailureCode.AGENT_FAILED, f"It gave up ({reason}): {said[:300]}")
        if (
            not self._error
            and not result.text("api_error")
            and not result.count("api_error_status")
        ):
            return Finish(FailureCode.AGENT_FAILED, f"It gave up: {said[:300]}")
        found = refused(self.clock, result.count("api_error_status"), said, result.fields)
        code = found.code
        if code is FailureCode.AGENT_FAILED or self._error == "billing_error":
            code = _ERRORS.get(self._error) or _ERRORS.get(result.text("api_error")) or code
        if self._resets_at is not None and code is FailureCode.RATE_LIMITED:
            code = FailureCode.QUOTA_EXHAUSTED
        return Finish(code, found.detail, found.resets_at or self._resets_at)

    def _retry(self, record: Record) -> AgentEvent:
        status, error = record.count("error_status"), record.text("error")
        pause = timedelta(milliseconds=record.count("retry_delay_ms"))
        if pause > _LONGEST_PAUSE:
            now = self.clock.now()
            code = classify(status, error, {}, now).code or _ERRORS.get(error)
            words = f"Its provider refused ({status or 'no status'}, {error}) and named a pause."
            self._refused = Finish(code or FailureCode.OVERLOADED, words, now + pause)
            self.hopeless = True
        return AgentEvent(kind=Happening.RETRY, status=status, text=bounded(error))


_STEPS = {
    "input": "input_tokens",
    "cached": "cache_read_input_tokens",
    "written": "cache_creation_input_tokens",
    "output": "output_tokens",
}
_TOTALS = {
    "input": "inputTokens",
    "cached": "cacheReadInputTokens",
    "written": "cacheCreationInputTokens",
    "output": "outputTokens",
    "reasoning": "thinkingTokens",
}


def _usage(said: Record, names: dict[str, str]) -> Usage:
    return Usage.model_validate({kind: said.count(name) for kind, name in names.items()})
