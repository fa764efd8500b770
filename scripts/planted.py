"""Are planted faults found? `python -m scripts.planted --seeds 20` prints how many and how soon.

One fault of each kind is planted alone, over the same seeds; `clean` has none. With `--log FILE`
each run is written there when it ends, and is not run again.
"""

from __future__ import annotations

import argparse
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from agent_os.policy.statistics import wilson
from agent_os.simulation import evaluation
from agent_os.simulation.evaluation import CLEAN, Verdict
from agent_os.simulation.scenario import FaultKind, load

_SCENARIO = Path(__file__).parents[1] / "agent_os/simulation/scenarios/planted.yaml"
_KINDS = (CLEAN, *(kind.value for kind in FaultKind))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", default=_KINDS, choices=_KINDS)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--scenario", type=Path, default=_SCENARIO)
    parser.add_argument("--log", type=Path)
    asked = parser.parse_args()
    known = _read(asked.log)
    wanted = [(k, s) for s in range(asked.first, asked.first + asked.seeds) for k in asked.kinds]
    todo = [one for one in wanted if one not in known]
    for verdict in _run(asked.scenario, todo, asked.processes):
        known[verdict.kind, verdict.seed] = verdict
        if asked.log is not None:
            with asked.log.open("a") as lines:
                lines.write(verdict.model_dump_json() + "\n")
    _print([known[one] for one in wanted if one in known])


def _read(path: Path | None) -> dict[tuple[str, int], Verdict]:
    if path is None or not path.exists():
        return {}
    found = [Verdict.model_validate_json(line) for line in path.read_text().splitlines()]
    return {(v.kind, v.seed): v for v in found}


def _one(scenario: Path, kind: str, seed: int) -> Verdict:
    return evaluation.evaluated(load(scenario), kind, seed)


def _run(scenario: Path, todo: Sequence[tuple[str, int]], processes: int) -> Generator[Verdict]:
    """As they end."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_one, scenario, kind, seed) for kind, seed in todo]
        for future in as_completed(futures):
            verdict = future.result()
            days = "-" if verdict.found_days is None else f"{verdict.found_days:g}"
            print(f"{verdict.kind} seed {verdict.seed}: found after {days} days, {verdict.alarms}")
            yield verdict


def _print(verdicts: Sequence[Verdict]) -> None:
    head = f"{'kind':22}{'found':>10}{'median days':>13}{'filed':>7}{'mended':>8}{'alarms':>8}"
    print(head)
    for row in evaluation.rows(verdicts):
        days = "-" if row.median_days is None else f"{row.median_days:g}"
        share = f"{row.found}/{row.planted}"
        print(f"{row.kind:22}{share:>10}{days:>13}{row.filed:>7}{row.mended:>8}{row.alarms:>8}")
    print(f"recall    {_share(*evaluation.recall(verdicts))}")
    print(f"precision {_share(*evaluation.precision(verdicts))}")
    clean = [v for v in verdicts if v.kind == CLEAN]
    alarms = sum(len(v.alarms) for v in clean)
    print(f"false alarms on {len(clean)} clean runs: {alarms}")
    for said in dict.fromkeys(said for v in verdicts for said in v.troubles):
        print(f"trouble: {said}")


def _share(hits: int, samples: int) -> str:
    if not samples:
        return "nothing to tell it by"
    low, high = wilson(hits, samples)
    return f"{hits} of {samples} ({hits / samples:.0%}, {low * 100:.0f}–{high * 100:.0f}%)"


if __name__ == "__main__":
    main()
