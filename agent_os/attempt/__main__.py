"""`python -m agent_os.attempt DIR`: exits 0 with an outcome, 2 on a bad order, 3 if locked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from agent_os.attempt.directory import AttemptDirectory, take_lock
from agent_os.attempt.failpoints import failpoint
from agent_os.attempt.runner import Runner
from agent_os.attempt.stopping import StopRequest
from agent_os.domain.attempts import Kind
from agent_os.domain.clock import SystemClock
from agent_os.domain.errors import BadInput

_USAGE, _BAD_ORDER, _LOCKED = 64, 2, 3


def main(arguments: list[str]) -> int:
    """Run the attempt in the directory that is named."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: python -m agent_os.attempt DIR\n")
        return _USAGE
    directory = AttemptDirectory(Path(arguments[0]))
    lock = take_lock(directory.lock)
    if lock is None:
        return _LOCKED
    try:
        failpoint("lock.taken")
        if directory.outcome.exists():
            return 0
        try:
            order = directory.read_order()
        except BadInput as error:
            # Without the order's ids there is no outcome to write.
            directory.agent_log.write_text(f"{error}\n", "utf-8")
            return _BAD_ORDER
        stop = StopRequest(directory.cancel)
        stop.listen()
        # Files get the modes that people's have; the folder itself keeps others out.
        os.umask(0o022)
        directory.path.chmod(0o700)
        runner = _triage_runner() if order.kind is Kind.TRIAGE else Runner
        runner(directory, order, SystemClock(), stop).run()
        return 0
    finally:
        os.close(lock)


def _triage_runner() -> type[Runner]:
    # Loaded for it alone: the other attempts ask no model themselves.
    from agent_os.attempt.triaging import TriageRunner

    return TriageRunner


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
