"""A real agent program in our runner against the program alone; the runner's memory beside it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from scripts.benchmarks.figure import Figure, Setting, Spread, Table
from tests.agents.bare import run_bare
from tests.agents.cells import begin, environment
from tests.agents.memory import Heard, listen
from tests.agents.programs import NAMED, Agent, available
from tests.attempt.world import World
from tests.models import ModelServer, Scenario
from tests.models.scenarios import chatty
from tests.models.steps import Shell
from tests.models.work import patch

_PROGRAMS = ("claude", "codex")
#: Each turn takes about as long as this tool, which is little for a real one.
_WORKS = "timeout 0.5 tail -f /dev/null; true"


def overhead(setting: Setting) -> list[Figure]:
    """Both in turn, so that what else the machine does hits both."""
    runs, turns = setting.size("runs", 2, 7), setting.size("turns", 4, 10)
    there = [NAMED[name] for name in _PROGRAMS if available(NAMED[name])]
    return [_overhead(agent, setting.folder / agent.name, runs, turns) for agent in there]


def much_output(setting: Setting) -> list[Figure]:
    """The runner's peak memory while a program writes 50 MB, over that of an ordinary run."""
    megabytes, runs = setting.size("megabytes", 2, 24), setting.size("runs", 1, 3)
    agent = NAMED["claude"]
    if not available(agent):
        return []
    world = _world(setting.folder / "output")
    pairs = [(listen(world, agent, "succeed"), _much(world, agent, megabytes)) for _ in range(runs)]
    more = [(much.peak - few.peak) / 1e6 for few, much in pairs]
    rows = tuple(
        (round(few.peak / 1e6, 1), round(much.peak / 1e6, 1), round(much.written / 1e6))
        for few, much in pairs
    )
    columns = ("ordinary run (MB)", "much output (MB)", "written (MB)")
    return [
        Figure(
            name="output",
            what=f"memory for {rows[0][2]} MB of a real program's output",
            unit="MB",
            spread=Spread.of(more),
            how=f"{runs} pairs; the runner's VmHWM above that of a run with little output",
            target="at most 30 MB",
            bound=30.0,
            tables=(Table("The runner's peak", columns, rows),),
        )
    ]


def _much(world: World, agent: Agent, megabytes: int) -> Heard:
    return listen(world, agent, chatty(megabytes))


def _overhead(agent: Agent, folder: Path, runs: int, turns: int) -> Figure:
    world, work = _world(folder), tuple(Shell(_WORKS) for _ in range(turns))
    ours: list[float] = []
    bare: list[float] = []
    for n in range(runs + 1):
        with ModelServer(Scenario((*work, *patch({"hello.txt": "hello\n"})))) as server:
            attempt = begin(world, agent, server.url)
            begun = time.perf_counter()
            outcome = attempt.run(**environment())
            first = time.perf_counter() - begun
            assert outcome.code is None, outcome.detail
            begun = time.perf_counter()
            assert run_bare(agent, server.url, folder / "bare") == 0
            second = time.perf_counter() - begun
        shutil.rmtree(folder / "bare")
        if n:  # the first pair warms the file cache
            ours.append(first)
            bare.append(second)
    ratio = Spread.of(ours).median / Spread.of(bare).median
    rows = tuple(
        (name, round(s.low, 2), round(s.median, 2), round(s.high, 2))
        for name, s in (("in our runner", Spread.of(ours)), ("alone", Spread.of(bare)))
    )
    return Figure(
        name=f"agent-{agent.name}",
        what=f"a run of {agent.name} with {turns} tools of half a second in our runner",
        unit="× the program alone",
        spread=Spread.of([one / other for one, other in zip(ours, bare, strict=True)]),
        how=f"{runs} pairs in turn, ratio of medians; ours holds the work dir, the sandbox, the "
        "snapshot and the gates",
        target="at most 1.25 ×",
        bound=1.25,
        judged=ratio,
        tables=(Table(f"A run of {agent.name} (s)", ("how", "min", "median", "max"), rows),),
    )


def _world(folder: Path) -> World:
    folder.mkdir(parents=True)
    return World(folder)
