"""opencode: `opencode run --format json`, and its log on standard error, where it tells retries."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import timedelta

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
    read,
    refused,
)
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.clock import Clock
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Usage

_KEY = "AGENT_OS_MODEL_KEY"
_QUIET = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_CLAUDE_CODE_SKILLS": "1",
    "OPENCODE_EXPERIMENTAL_DISABLE_FILEWATCHER": "1",
    # A repository could name another place for the key there, and packages to be installed.
    "OPENCODE_DISABLE_PROJECT_CONFIG": "1",
    "OPENCODE_PURE": "1",
    "DO_NOT_TRACK": "1",
    "NO_COLOR": "1",
    "TZ": "UTC",
}
#: The package that speaks the interface, and the vendor's own place for it.
_PACKAGES = {
    "openai-chat": ("@ai-sdk/openai-compatible", "https://api.deepseek.com/v1"),
}
#: Else it installs this package from npm at each start, for plugins that are not there.
_PLUGINS = {
    ".config/opencode/node_modules/.keep": "",
    ".config/opencode/package-lock.json": json.dumps(
        {"packages": {"": {"dependencies": {"@opencode-ai/plugin": "*"}}}}
    ),
}
#: What it takes a model's window to be, of which it knows nothing.
_WINDOW = {"context": 128_000, "output": 8_192}
#: It has no setting for how often it tries again.
_MOST_RETRIES = 2
_LONGEST_PAUSE = timedelta(seconds=6)
_REFUSAL = re.compile(
    r'level=ERROR .{0,200}message="stream error" .{0,300}small=false '
    r'.{0,200}error\.error(?:\.message)?="(?:AI_\w{1,40}: )?(.{1,2000})'
)
#: How it calls the end of an answer that has none.
_BROKEN_OFF = ("unknown", "error", "other", "")
_BROKEN = Finish(FailureCode.OVERLOADED, "The answer broke off, again and again.")
#: Answers in a row that begin and do not end.
_MOST_STARTS = 4
_MOST_OVERFLOWS = 3
_NO_USE_IN_WAITING = (
    FailureCode.QUOTA_EXHAUSTED,
    FailureCode.AUTH_FAILED,
    FailureCode.MODEL_UNAVAILABLE,
)


class OpencodeDriver(Driver):
    """Runs `opencode run` in the work dir; nothing is asked, the sandbox is what holds it."""

    program = "opencode"
    install = "npm install -g opencode-ai"
    apis = tuple(_PACKAGES)
    login_hosts = (
        *("api.anthropic.com", "api.openai.com", "api.deepseek.com", "opencode.ai"),
        *("generativelanguage.googleapis.com", "console.anthropic.com", "auth.openai.com"),
    )
    login_files = (".local/share/opencode/auth.json",)
    tells_tools = False

    def launch(self, run: Assignment) -> Launch:
        """See Driver.launch."""
        env = {**clean_environment(run), **_QUIET}
        env["OPENCODE_CONFIG_CONTENT"] = json.dumps(_config(run.order))
        if not run.order.own_login:
            env[_KEY] = run.key or "none"
        argv = [self.program, "run", "--format", "json", "--auto", "--title", "agent-os"]
        argv += ["--print-logs", "--log-level", "ERROR"]
        return Launch(
            argv=tuple(argv),
            env=env,
            stdin=run.prompt.encode(),
            read_only=(*program_paths(self.program, env["PATH"]), *visible_paths(run.order)),
            files=_PLUGINS,
        )

    def reader(self, order: AgentOrder, clock: Clock) -> OpencodeReader:
        """See Driver.reader."""
        return OpencodeReader(clock)


def _config(order: AgentOrder) -> dict[str, object]:
    provider = order.provider
    model = order.model if order.own_login else f"agent-os/{order.model}"
    config: dict[str, object] = {
        "autoupdate": False,
        "share": "disabled",
        "snapshot": False,
        "model": model,
        "small_model": model,
        "permission": {"edit": "allow", "bash": "allow", "webfetch": "allow", "question": "deny"},
    }
    if not order.own_login:
        package, official = _PACKAGES[provider.api if provider else "openai-chat"]
        url = (provider.base_url if provider else "") or official
        config["provider"] = {
            "agent-os": {
                "npm": package,
                "name": "agent-os",
                "options": {"baseURL": url, "apiKey": f"{{env:{_KEY}}}"},
                "models": {order.model: {"name": order.model, "limit": _WINDOW}},
            }
        }
    return config


class OpencodeReader(Reader):
    """A tool is told when it has ended. Retries and broken answers have no end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tools = Tools()
        self._session = ""
        self._reason = ""
        self._refusals = 0
        self._starts = 0
        self._overflows = 0
        self._refused: Finish | None = None
        self._failed: Finish | None = None
        self._began = False

    def line(self, text: str) -> Sequence[AgentEvent]:
        """See Reader.line."""
        record = read(text)
        if record is None:
            return ()
        self._began = True
        session, part = record.text("sessionID"), record.at("part")
        events: list[AgentEvent] = []
        if session and session != self._session:
            self._session = session
            events.append(AgentEvent(kind=Happening.SESSION, session=session))
        match record.text("type"):
            case "tool_use":
                self._gets_on()
                return [*events, *self._tools.end(part.text("callID"), part.text("tool"))]
            case "text":
                return [*events, AgentEvent(kind=Happening.TEXT, text=bounded(part.text("text")))]
            case "step_finish":
                return [*events, *self._step(part)]
            case "error":
                return [*events, self._failing(record.at("error"))]
            case "step_start":
                self._starts += 1
                if self._starts > _MOST_STARTS:
                    self._refused = self._refused or _BROKEN
                    self.hopeless = True
                return [*events, AgentEvent(kind=Happening.PROGRESS)]
            case _:
                return [*events, AgentEvent(kind=Happening.PROGRESS)]

    def error_line(self, text: str) -> Sequence[AgentEvent]:
        """See Reader.error_line."""
        found = _REFUSAL.search(text)
        if found is None:
            return ()
        words = found[1].rstrip('"')
        finish = refused(self._clock, 0, words)
        if finish.code is FailureCode.AGENT_FAILED:
            if finish.detail.startswith(OVERFLOWED):
                return ()
            # It tries again only what can get well.
            finish = Finish(FailureCode.OVERLOADED, finish.detail)
        self._refuse(finish)
        return [AgentEvent(kind=Happening.RETRY, text=bounded(words), code=finish.code)]

    def finish(self, exit_code: int, tail: str) -> Finish:
        """See Reader.finish."""
        if self._failed is not None and (exit_code or self.hopeless):
            return self._failed
        if self._refused is not None and (exit_code or self.hopeless):
            return self._refused
        if self._reason == "stop" and ended_by_signal(exit_code):
            return Finish()
        if exit_code == 0 and self._reason:
            return Finish()
        return ended_without_word(self._clock, exit_code, tail, began=self._began)

    def _gets_on(self) -> None:
        self._refusals, self._refused, self._failed = 0, None, None

    def _refuse(self, finish: Finish) -> None:
        self._refusals += 1
        self._refused = finish
        late = finish.resets_at and finish.resets_at - self._clock.now() > _LONGEST_PAUSE
        if late or finish.code in _NO_USE_IN_WAITING or self._refusals > _MOST_RETRIES:
            self.hopeless = True

    def _step(self, part: Record) -> list[AgentEvent]:
        self._reason, self._starts = part.text("reason"), 0
        if self._reason == "stop" and self._failed is None:
            self._gets_on()
        elif self._reason in _BROKEN_OFF:
            self._refuse(_BROKEN)
        tokens = part.at("tokens")
        usage = Usage(
            input=tokens.count("input"),
            cached=tokens.count("cache", "read"),
            written=tokens.count("cache", "write"),
            output=tokens.count("output") + tokens.count("reasoning"),
            reasoning=tokens.count("reasoning"),
        )
        return [
            AgentEvent(kind=Happening.TURN),
            AgentEvent(kind=Happening.USAGE, usage=usage),
        ]

    def _failing(self, error: Record) -> AgentEvent:
        data = error.at("data")
        words, status = data.text("message") or error.text("name"), data.count("statusCode")
        body = read(data.text("responseBody"))
        fields = {**data.at("responseHeaders").fields, **(body.fields if body else {})}
        self._failed = refused(self._clock, status, words, fields)
        if error.text("name") == "ContextOverflowError":
            self._overflows += 1
            # It makes its context smaller and goes on, without end where that does not help.
            self.hopeless = self.hopeless or self._overflows > _MOST_OVERFLOWS
        return AgentEvent(kind=Happening.ERROR, text=bounded(words), status=status)
