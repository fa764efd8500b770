"""One streamed call: its time limits, and its failures as ours."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

from agent_os.domain.usage import Usage
from agent_os.models.failures import ModelError, overdue, translate

CONNECT_SECONDS = 15.0
#: Between two pieces of an answer. Models that think are silent for minutes.
READ_SECONDS = 240.0
#: Broken off in the middle of a stream, the SDKs let these through as they are.
_EXPECTED = (httpx2.HTTPError, httpx2.StreamError, json.JSONDecodeError)


@dataclass
class Progress:
    """What has come of one answer; a back end keeps it up to date while it reads."""

    begun: bool = False
    usage: Usage = field(default_factory=Usage)


def timeouts(seconds: float) -> httpx2.Timeout:
    """For a call that may take `seconds` in all."""
    read = min(READ_SECONDS, seconds)
    return httpx2.Timeout(read, connect=min(CONNECT_SECONDS, seconds))


@contextmanager
def watched(
    seconds: float, secret: str, expected: tuple[type[Exception], ...]
) -> Generator[Progress]:
    """Raises ModelError for what the SDK (`expected`) and the HTTP library raise inside."""
    progress = Progress()
    begun = time.monotonic()
    try:
        yield progress
    except ModelError:
        raise
    except (*expected, *_EXPECTED) as error:
        if time.monotonic() - begun >= seconds:
            raise overdue(seconds) from error
        raise translate(error, secret, begun=progress.begun, usage=progress.usage) from error


@contextmanager
def limited(seconds: float, close: Callable[[], None]) -> Generator[Callable[[], None]]:
    """Gives a check to call for each piece, and closes a stream that only sends signs of life."""
    end = time.monotonic() + seconds
    timer = threading.Timer(seconds, close)
    timer.daemon = True
    timer.start()

    def check() -> None:
        if time.monotonic() > end:
            raise overdue(seconds)

    try:
        yield check
    finally:
        timer.cancel()
        close()
