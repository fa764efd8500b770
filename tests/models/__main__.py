"""`python -m tests.models --scenario succeed`: the server for use outside of tests."""

from __future__ import annotations

import argparse
import json
import signal
import time
from pathlib import Path

from tests.models.scenarios import NAMED
from tests.models.server import ModelServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.models", description=__doc__)
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="[API|MODEL=]NAME",
        help=f"may be given several times, as in anthropic=quota; names: {', '.join(NAMED)}",
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", type=Path, help="is written when the server listens")
    parser.add_argument("--log", type=Path, help="one line of JSON for each call of a model")
    given = parser.parse_args()
    pairs = [one.rpartition("=") for one in given.scenario or ["succeed"]]
    with ModelServer({key or "*": name for key, _, name in pairs}, given.port) as server:
        if given.port_file:
            partial = given.port_file.with_name(given.port_file.name + ".new")
            partial.write_text(server.url.rpartition(":")[2])
            partial.replace(given.port_file)
        print(server.url, flush=True)
        _watch(server, given.log)


def _watch(server: ModelServer, log: Path | None) -> None:
    """Until SIGTERM or SIGINT."""
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: ended.append(got))
    told = 0
    while not ended:
        time.sleep(0.1)
        for request in server.requests[told:]:
            told += 1
            if log:
                line = {"api": request.api, "path": request.path, "model": request.model}
                with log.open("a") as file:
                    print(json.dumps({**line, "status": request.status}), file=file)


if __name__ == "__main__":
    main()
