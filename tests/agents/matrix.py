"""`python -m tests.agents.matrix`: every program against every scenario, in the real runner."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.agents.cells import EXPECTED, Cell, run_cell
from tests.agents.programs import AGENTS, Agent, available
from tests.attempt.world import World

_HEAD = f"{'program':17} {'scenario':21} {'code':18} {'seconds':>7} {'requests':>8}  tree gone"


def main(arguments: Sequence[str]) -> int:
    """Print the matrix; 1 when a cell is not as it must be."""
    names = [agent.name for agent in AGENTS]
    parser = argparse.ArgumentParser(prog="python -m tests.agents.matrix", description=__doc__)
    parser.add_argument("--program", action="append", choices=names, help="default: all")
    parser.add_argument("--scenario", action="append", choices=list(EXPECTED), help="default: all")
    parser.add_argument("--json", type=Path, help="write the cells here too")
    given = parser.parse_args(arguments)
    agents = [agent for agent in AGENTS if agent.name in (given.program or names)]
    missing = [agent for agent in agents if not available(agent)]
    print(_HEAD, flush=True)
    cells: list[Cell] = []
    for cell in run_all([a for a in agents if a not in missing], given.scenario or list(EXPECTED)):
        print(line(cell), flush=True)
        cells.append(cell)
    for agent in missing:
        print(f"{agent.name:17} is not installed: scripts/install-agents.sh {agent.program}")
    if given.json:
        given.json.write_text(json.dumps([as_json(cell) for cell in cells], indent=1) + "\n")
    wrong = [cell for cell in cells if cell.faults]
    print(f"{len(cells)} cells, {len(wrong)} wrong, {len(missing)} programs missing.")
    return 1 if wrong or missing else 0


def run_all(agents: Sequence[Agent], scenarios: Sequence[str]) -> Iterator[Cell]:
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        world = World(Path(folder))
        for agent in agents:
            for scenario in scenarios:
                yield run_cell(world, agent, scenario)


def line(cell: Cell) -> str:
    code = cell.code.value if cell.code else "done"
    gone = "no" if cell.left else "yes"
    faults = f"  WRONG: {'; '.join(cell.faults)} ({cell.detail[:160]})" if cell.faults else ""
    figures = f"{cell.seconds:7.1f} {cell.requests:8}"
    return f"{cell.agent:17} {cell.scenario:21} {code:18} {figures}  {gone}{faults}"


def as_json(cell: Cell) -> dict[str, object]:
    return {
        "program": cell.agent,
        "scenario": cell.scenario,
        "code": cell.code.value if cell.code else None,
        "detail": cell.detail,
        "seconds": round(cell.seconds, 2),
        "requests": cell.requests,
        "left": list(cell.left),
        "faults": cell.faults,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
