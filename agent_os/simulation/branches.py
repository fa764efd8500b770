"""One past, several futures: a process for each, one after the other, from the same day on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from agent_os.domain.errors import AgentOSError
from agent_os.simulation.engine import Organization

#: What becomes of an organization, in words that another process can read.
Future = Callable[[Organization], str]


class Branches:
    """`tell` lets one future happen, and everything is as it was before."""

    def __init__(self, made: Organization, past: Path) -> None:
        self._made = made
        self._past = past

    def tell(self, future: Future) -> str:
        """AgentOSError when the future's process ended without a word."""
        fork = get_context("fork")
        ours, theirs = fork.Pipe(duplex=False)
        process = fork.Process(target=_happens, args=(self._made, future, theirs))
        process.start()
        theirs.close()
        try:
            return ours.recv_bytes().decode()
        except EOFError as error:
            raise AgentOSError("A branch of the simulation ended by an error.") from error
        finally:
            ours.close()
            process.join()
            shutil.rmtree(self._made.root)
            shutil.copytree(self._past, self._made.root)


def _happens(made: Organization, future: Future, out: Connection) -> None:
    out.send_bytes(future(made).encode())


@contextmanager
def branches(made: Organization) -> Generator[Branches]:
    """Of an organization as it is now; it can't go on itself meanwhile."""
    # SQLite's connections can't be taken into another process; its file can, and is whole then.
    made.world.store.close()
    past = made.root.with_name(f"{made.root.name}-past")
    shutil.copytree(made.root, past)
    try:
        yield Branches(made, past)
    finally:
        shutil.rmtree(past)
