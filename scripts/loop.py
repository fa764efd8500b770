"""Does self-improvement help? `python -m scripts.loop --seeds 10` pairs it on with it off.

People ask for the same in both. With `--log FILE` each run is written there when it ends, and is
not run again.
"""

from __future__ import annotations

import argparse
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from agent_os.config.improvement import GroomerSettings, ImprovementSettings, MemorySettings
from agent_os.simulation.comparing import differences, simulated
from agent_os.simulation.result import SimulationResult
from agent_os.simulation.scenario import Scenario, load

_SCENARIO = Path(__file__).parents[1] / "agent_os/simulation/scenarios/loop.yaml"
_OFF = ImprovementSettings(
    issues_per_week=0,
    report="off",
    groomer=GroomerSettings(proposals=0),
    memory=MemorySettings(codebase=False),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--weeks", type=float, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--scenario", type=Path, default=_SCENARIO)
    parser.add_argument("--log", type=Path)
    asked = parser.parse_args()
    known = _read(asked.log)
    seeds = range(asked.first, asked.first + asked.seeds)
    wanted = [(name, seed) for seed in seeds for name in ("off", "on")]
    todo = [one for one in wanted if one not in known]
    for result in _run(asked.scenario, asked.weeks, todo, asked.processes):
        known[result.scenario, result.seed] = result
        if asked.log is not None:
            with asked.log.open("a") as lines:
                lines.write(result.model_dump_json() + "\n")
    _print([(known["off", s], known["on", s]) for s in seeds])


def _read(path: Path | None) -> dict[tuple[str, int], SimulationResult]:
    if path is None or not path.exists():
        return {}
    lines = path.read_text().splitlines()
    found = [SimulationResult.model_validate_json(line) for line in lines]
    return {(r.scenario, r.seed): r for r in found}


def _run(
    path: Path, weeks: float, todo: Sequence[tuple[str, int]], processes: int
) -> Generator[SimulationResult]:
    """As they end."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_one, path, weeks, name, seed) for name, seed in todo]
        for future in as_completed(futures):
            result = future.result()
            days = {f.kind: f.mended_days for f in result.fates}
            fates = ", ".join(f"{k} {'open' if d is None else f'{d:g} d'}" for k, d in days.items())
            print(f"{result.scenario} seed {result.seed}: {result.done} done; {fates}")
            yield result


def _one(path: Path, weeks: float, name: str, seed: int) -> SimulationResult:
    made: Scenario = load(path)
    changed: dict[str, object] = {"name": name, "weeks": weeks or made.weeks}
    if name == "off":
        changed["improvement"] = _OFF
    return simulated(made.model_copy(update=changed), seed)


def _print(pairs: Sequence[tuple[SimulationResult, SimulationResult]]) -> None:
    print(f"{'figure':30}{'off':>9}{'on':>9}{'on - off':>10}   nine times of ten   pairs")
    for one in differences(pairs):
        numbers = "".join(_number(v).rjust(w) for v, w in ((one.first, 9), (one.other, 9)))
        span = "" if one.low is None else f"{_number(one.low)} to {_number(one.high)}"
        clear = "clear" if one.clear else ""
        gap = _number(one.difference).rjust(10)
        print(f"{one.name:30}{numbers}{gap}   {span:20}{one.pairs:>3} {clear}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


if __name__ == "__main__":
    main()
