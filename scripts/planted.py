"""Are planted faults found? `python -m scripts.planted --seeds 20` prints how many and how soon.

Each seed is an organization with a healthy past of six weeks, and from there five futures of four
weeks: without a fault, and with three faults of different places each. With `--log FILE` each
future is written there when it ends, and is not run again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from agent_os.policy.statistics import wilson
from agent_os.simulation import evaluation
from agent_os.simulation.evaluation import CLEAN, GROUPS, Run
from agent_os.simulation.scenario import load

_SCENARIO = Path(__file__).parents[1] / "agent_os/simulation/scenarios/planted.yaml"
_PAST_WEEKS = 6.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--groups", nargs="*", default=list(GROUPS), choices=list(GROUPS))
    parser.add_argument("--past", type=float, default=_PAST_WEEKS)
    parser.add_argument("--scenario", type=Path, default=_SCENARIO)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--print", action="store_true", help="what is in the log, and run nothing")
    asked = parser.parse_args()
    known = _read(asked.log)
    seeds = range(asked.first, asked.first + asked.seeds)

    def told(run: Run) -> None:
        known[run.group, run.seed] = run
        _say(run)
        if asked.log is not None:
            with asked.log.open("a") as lines:
                lines.write(run.model_dump_json() + "\n")

    for seed in () if asked.print else seeds:
        todo = [group for group in asked.groups if (group, seed) not in known]
        if todo:
            evaluation.evaluated(load(asked.scenario), seed, todo, asked.past, told)
    _print([run for (group, seed), run in known.items() if group in asked.groups and seed in seeds])


def _read(path: Path | None) -> dict[tuple[str, int], Run]:
    if path is None or not path.exists():
        return {}
    found = [Run.model_validate_json(line) for line in path.read_text().splitlines()]
    return {(run.group, run.seed): run for run in found}


def _say(run: Run) -> None:
    days = ", ".join(f"{v.kind} {_days(v.found_days)}" for v in run.verdicts)
    alarms = " ".join(run.alarms)
    print(f"{run.group} seed {run.seed}, {run.seconds:.0f} s: {days}; {alarms}", flush=True)


def _print(runs: Sequence[Run]) -> None:
    print(f"{'kind':22}{'found':>10}{'median days':>13}{'filed':>7}{'mended':>8}")
    for row in evaluation.rows(runs):
        share = f"{row.found}/{row.planted}"
        days = _days(row.median_days)
        print(f"{row.kind:22}{share:>10}{days:>13}{row.filed:>7}{row.mended:>8}")
    print(f"recall    {_share(*evaluation.recall(runs))}")
    print(f"precision {_share(*evaluation.precision(runs))}")
    clean = [run for run in runs if run.group == CLEAN]
    alarms = sum(len(run.alarms) for run in clean)
    print(f"false alarms on {len(clean)} clean runs: {alarms}")
    for run in runs:
        for said in run.alarms:
            print(f"alarm: {run.group} seed {run.seed}: {said}")
    for said in dict.fromkeys(said for run in runs for said in run.troubles):
        print(f"trouble: {said}")


def _days(days: float | None) -> str:
    return "-" if days is None else f"{days:g}"


def _share(hits: int, samples: int) -> str:
    if not samples:
        return "nothing to tell it by"
    low, high = wilson(hits, samples)
    return f"{hits} of {samples} ({hits / samples:.0%}, {low * 100:.0f}–{high * 100:.0f}%)"


if __name__ == "__main__":
    main()
