"""Trying a policy on a simulated organization before it is let loose on a real one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_os.cli.context import JsonOption, failing, show, table

if TYPE_CHECKING:
    from rich.console import Console

    from agent_os.simulation.comparing import Difference
    from agent_os.simulation.result import SimulationResult
    from agent_os.simulation.scenario import Scenario


def simulate(
    scenario: Annotated[
        Path,
        typer.Argument(
            help="What the organization is made of: a YAML file, or `plain` and the like."
        ),
    ],
    seed: Annotated[int, typer.Option("--seed", help="Instead of the file's.")] = 0,
    seeds: Annotated[
        int, typer.Option("--seeds", help="With --compare: so many pairs.", min=2)
    ] = 10,
    weeks: Annotated[float, typer.Option("--weeks", help="Instead of the file's.")] = 0,
    compare: Annotated[
        Path | None, typer.Option("--compare", help="Another scenario, over the same seeds.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Leave the store and attempts below this folder.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run the real jobs, store and local hub with modelled agents, people and CI."""
    with failing():
        from agent_os.simulation import comparing

        made = _read(scenario, weeks)
        first = seed or made.seed
        if compare is not None:
            other = _read(compare, weeks)
            found = comparing.paired(made, other, range(first, first + seeds))
            data = [one.model_dump(mode="json") for one in found]
            show(json, data, lambda console: _draw_differences(console, found))
            return
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
        result = comparing.simulated(made, first, keep)
        show(json, result.model_dump(mode="json"), lambda console: _draw(console, result))


def _read(path: Path, weeks: float) -> Scenario:
    from agent_os.simulation.scenario import load

    found = load(_file(path))
    return found.model_copy(update={"weeks": weeks}) if weeks else found


def _file(named: Path) -> Path:
    """The file itself, or the example of that name. ConfigError names the examples."""
    from importlib.resources import files

    from agent_os.domain.errors import ConfigError

    examples = Path(str(files("agent_os.simulation") / "scenarios"))
    if named.exists():
        return named
    if (example := examples / f"{named.name}.yaml").is_file() and named.name == str(named):
        return example
    known = ", ".join(sorted(each.stem for each in examples.glob("*.yaml")))
    raise ConfigError(
        f"There is no scenario at {named}.", next_step=f"Name a YAML file, or one of: {known}."
    )


def _draw(console: Console, result: SimulationResult) -> None:
    console.print(
        f"{result.scenario or 'Simulation'}: seed {result.seed}, {result.weeks:g} weeks in "
        f"{result.seconds:.1f} s; digest {result.digest[:16]}"
    )
    console.print(
        f"{result.requested} tasks asked for, {result.done} done, {result.cancelled} cancelled, "
        f"{result.attempts} attempts, ${result.usd:.2f}"
    )
    _draw_figures(console, result)
    console.print(
        f"{result.signals} signals ({_counted(result.outcomes)}), {result.filed} issues filed, "
        f"{result.own_merged} of them merged; hypotheses: {_counted(result.hypotheses)}"
    )
    if result.fates:
        console.print(table("planted", ["fault", "where", "found", "by", "mended"], _fates(result)))
    looks = "; ".join(f"{one.job} {one.run} of {one.due}" for one in result.looks)
    console.print(f"Job runs of due times (the others had nothing to look at): {looks}")
    for name, count in result.troubles.items():
        console.print(f"trouble: {name}, {count} times: {result.errors.get(name, '')}")


def _draw_figures(console: Console, result: SimulationResult) -> None:
    from agent_os.policy.metrics.figures import FIGURES
    from agent_os.policy.metrics.words import columns

    rows = [[FIGURES[name].title, *columns(one)] for name, one in result.figures.items()]
    console.print(table("figures", ["figure", "value", "nine times of ten", "samples"], rows))


def _fates(result: SimulationResult) -> list[list[str]]:
    return [
        [
            *(one.kind, one.repository),
            "not found" if one.found_days is None else f"after {one.found_days:g} days",
            one.found_by,
            "" if one.mended_days is None else f"after {one.mended_days:g} days",
        ]
        for one in result.fates
    ]


def _draw_differences(console: Console, found: list[Difference]) -> None:
    rows = [
        [
            *(one.name, _number(one.first), _number(one.other), _number(one.difference)),
            *(_interval(one.low, one.high), str(one.pairs)),
            "clear" if one.clear else "",
        ]
        for one in found
    ]
    columns = ["figure", "first", "other", "difference", "nine times of ten", "pairs", ""]
    console.print(table("other against first, paired by seed", columns, rows))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3g} to {high:.3g}"


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"
