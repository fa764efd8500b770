"""The loop: ask the model, run the tools that it calls, until it is finished or a limit ends it."""

from __future__ import annotations

from agent_os.agents.events import AgentEvent, Happening
from agent_os.agents.native import words
from agent_os.agents.native.context import Window
from agent_os.agents.native.limits import Account, Ended
from agent_os.agents.native.settings import NativeSettings
from agent_os.agents.native.telling import Teller
from agent_os.agents.native.tools.tool import Place
from agent_os.agents.native.tools.toolbox import FINISH, SPECS, run_calls
from agent_os.agents.native.transcript import Record
from agent_os.domain.failures import FailureCode
from agent_os.models.backend import InferenceBackend, Message, Reply, Request, Stop, ToolResult
from agent_os.models.failures import ContextOverflow, ModelError, TruncatedStream

#: So many replies in a row without one call that could be understood end the work.
_MOST_USELESS = 5
_SHOWN_ARGUMENTS = 500


class Loop:
    """One run. `record` holds the conversation, with the prompt as its last message."""

    def __init__(
        self,
        settings: NativeSettings,
        backend: InferenceBackend,
        record: Record,
        place: Place,
        teller: Teller,
        account: Account,
    ) -> None:
        self._settings = settings
        self._backend = backend
        self._record = record
        self._place = place
        self._teller = teller
        self._system = f"{words.SYSTEM}\n{settings.system}".strip()
        self._window = Window(settings, self._system, SPECS)
        self._useless = 0
        self._account = account

    def run(self) -> None:
        """To its end. Raises Ended for a limit, ModelError for a provider's failure."""
        self._teller.tell(AgentEvent(kind=Happening.SESSION, session=self._record.session))
        if warning := self._account.uncheckable():
            self._teller.say(Happening.TEXT, warning)
        while not self._step():
            pass

    def _step(self) -> bool:
        """One reply and its tools; whether the work is finished."""
        reply = self._ask()
        if reply.text:
            self._teller.say(Happening.TEXT, reply.text)
        if not reply.calls:
            return self._ended(reply)
        self._record.add(reply.message())
        results = self._run_tools(reply)
        self._record.add(Message(role="tool", results=results))
        failed = {result.call_id for result in results if result.failed}
        return any(call.name == FINISH and call.id not in failed for call in reply.calls)

    def _ended(self, reply: Reply) -> bool:
        """A reply without calls ends the work, unless it came to nothing by mistake."""
        if reply.stop is Stop.REFUSED:
            raise Ended(FailureCode.AGENT_FAILED, f"The model refused to go on. {reply.text}")
        if reply.stop is Stop.LENGTH:
            nudge = words.CUT_OFF
        elif reply.stop is Stop.MALFORMED:
            nudge = words.WRITTEN_WRONGLY
        elif not reply.text.strip():
            nudge = words.SAY_SOMETHING
        else:
            self._record.add(reply.message())
            return True
        self._count_useless(True)
        said = (reply.message(),) if reply.text.strip() and reply.stop is Stop.LENGTH else ()
        self._record.add(*said, Message(role="user", text=nudge))
        return False

    def _run_tools(self, reply: Reply) -> tuple[ToolResult, ...]:
        results: list[ToolResult] = []
        understood = False
        running = run_calls(
            reply.calls,
            self._place,
            lambda call: self._teller.say(
                Happening.TOOL, call.arguments[:_SHOWN_ARGUMENTS], tool=call.name
            ),
        )
        for done in running:
            hidden = self._teller.hide(done.result.text)
            results.append(done.result.model_copy(update={"text": hidden}))
            self._record.note(tuple(results))
            self._teller.say(Happening.TOOL_DONE, hidden[:_SHOWN_ARGUMENTS], tool=done.call.name)
            understood = understood or not done.malformed
        self._count_useless(not understood)
        return tuple(results)

    def _count_useless(self, useless: bool) -> None:
        self._useless = self._useless + 1 if useless else 0
        if self._useless >= _MOST_USELESS:
            raise Ended(
                FailureCode.AGENT_FAILED,
                f"The model wrote {_MOST_USELESS} replies in a row that could not be understood.",
            )

    def _ask(self) -> Reply:
        """The model's next reply. One retry of a stream that broke off, one of an overflow."""
        messages = self._window.fitting(self._record.messages)
        cut = overflown = False
        while True:
            if messages is not self._record.messages:
                self._record.replace(messages)
                messages = self._record.messages
            try:
                return self._call(messages)
            except TruncatedStream as error:
                if cut:
                    raise
                cut = True
                self._teller.say(Happening.RETRY, error.message)
            except ContextOverflow as error:
                fewer = self._window.harder(messages)
                if overflown or fewer == messages:
                    raise
                overflown, messages = True, fewer
                self._teller.say(Happening.RETRY, f"The conversation is too long: {error.message}")

    def _call(self, messages: tuple[Message, ...]) -> Reply:
        """The one place that calls the model: every limit is checked here, before."""
        self._account.check()
        settings = self._settings
        request = Request(
            system=self._system,
            messages=messages,
            tools=SPECS,
            max_output_tokens=settings.max_output_tokens,
            seconds=min(settings.limits.call_seconds, max(1.0, self._account.seconds_left())),
        )
        self._account.steps += 1
        try:
            reply = self._backend.reply(request)
        except ModelError as error:
            self._count(error)
            raise
        self._account.usage += reply.usage
        self._teller.turn(reply.usage)
        usage = reply.usage
        self._window.counted(messages, usage.input + usage.cached + usage.written)
        return reply

    def _count(self, error: ModelError) -> None:
        """A call that failed may have cost something all the same."""
        if error.usage.total:
            self._account.usage += error.usage
            self._teller.turn(error.usage)
