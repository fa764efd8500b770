"""The program: prompt on stdin, events on stdout. Exit code 0: finished, 1: failed, 143: ended."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import closing, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from agent_os.agents.native import transcript
from agent_os.agents.native.limits import Account, Ended
from agent_os.agents.native.loop import Loop
from agent_os.agents.native.settings import NativeSettings, from_environment, read_stdin
from agent_os.agents.native.telling import Teller
from agent_os.agents.native.tools.tool import Place
from agent_os.domain.errors import AgentOSError
from agent_os.domain.failures import FailureCode
from agent_os.models.failures import ModelError
from agent_os.models.registry import backend_for
from agent_os.workspace.tree import become_subreaper, below, end_tree

_PR_SET_DUMPABLE = 4
_GRACE_SECONDS = 1.0


def main() -> int:
    signal.signal(signal.SIGTERM, _stop)
    become_subreaper()
    _hide_memory()
    try:
        settings, key = from_environment()
    except AgentOSError as error:
        Teller("").failed(FailureCode.AGENT_FAILED, str(error))
        return 1
    prompt, key = read_stdin(settings, key)
    return _run(settings, prompt, key, Teller(key))


def _run(settings: NativeSettings, prompt: str, key: str, teller: Teller) -> int:
    account = Account(settings.limits, settings.price)
    try:
        _work(settings, prompt, key, teller, account)
    except ModelError as error:
        failure = error
    except Ended as error:
        failure = error
    except (AgentOSError, OSError) as error:
        failure = Ended(FailureCode.AGENT_FAILED, str(error))
    else:
        failure = None
    teller.total(account.usage, account.usd)
    if isinstance(failure, ModelError):
        teller.failed_call(failure)
    elif failure is not None:
        teller.failed(failure.code, failure.message)
    return 0 if failure is None else 1


def _work(
    settings: NativeSettings, prompt: str, key: str, teller: Teller, account: Account
) -> None:
    """To its end. Raises Ended, ModelError, AgentOSError or OSError for why it failed."""
    path = settings.transcript_path
    opened = transcript.resume if settings.resume else transcript.begin
    record = opened(path, prompt, teller.hide)
    place = Place(Path.cwd(), path.parent, settings.limits.tool_seconds)
    backend = backend_for(
        settings.api, base_url=settings.base_url, api_key=key, model=settings.model
    )
    with closing(backend):
        Loop(settings, backend, record, place, teller, account).run()


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Ends the tools, whichever thread waits for them, and then us."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_tree(below(os.getpid()), grace_seconds=_GRACE_SECONDS)
    raise SystemExit(128 + signal.SIGTERM)


def _hide_memory() -> None:
    """What this process was started with holds the key: tools of the same user can't read it."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
