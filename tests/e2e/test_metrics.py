"""Figures from a real log: what attempts leave in it, and whose lines later work mended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent_os.domain.attempts import Verdict
from agent_os.domain.events import EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.tasks import Status
from agent_os.jobs import allowances, measuring
from agent_os.policy.metrics.figures import measure
from agent_os.policy.metrics.parts import split
from agent_os.policy.metrics.rounds import RoundRow

from .conftest import Build
from .town import GREEN, Town

#: Spoils the code at first, and afterwards does what the other one does.
HASTY = "if test -f log.txt; then date > note.txt; else sed -i 's/a + b/a - b/' calc.py; fi"
#: Goes on from there and mends it; writes a line, which the next run replaces.
WRITER = "sed -i 's/a - b/a + b/' calc.py; test -f log.txt && echo b > log.txt || echo a > log.txt"
FILES = {**GREEN, ".agent-os.yaml": "setup: sleep 0.2\ntest: python3 -m unittest -q\n"}


def _rows(town: Town) -> list[RoundRow]:
    return measuring.rows(town.world)


@pytest.mark.long
def test_what_attempts_leave_in_the_log_and_whose_lines_were_mended(build: Build) -> None:
    town = build(agents={"hasty": HASTY, "writer": WRITER}, files=FILES)
    first = town.ready("Write a line", "## Goal\nA line in log.txt.\n")
    town.reaches(first, Status.DONE)
    [row] = _rows(town)
    spoiled, written = row.attempts
    assert (spoiled.code, written.code) == (FailureCode.TESTS_FAILED, None)
    assert (spoiled.agent, written.agent) == ("hasty", "writer")
    red = {g.name: (g.verdict, g.before, g.code) for g in spoiled.gates}
    assert red["test"] == (Verdict.FAIL, Verdict.PASS, FailureCode.TESTS_FAILED)
    assert {g.name for g in written.gates} > {"test", "diff", "size"}
    assert spoiled.prompt == written.prompt and len(written.prompt) == 12
    assert spoiled.setup_seconds >= 0.4 and not spoiled.repaired  # on both sides
    assert (row.changed_files, row.paths) == (1, ("log.txt",))
    assert row.merged_at is not None and row.merged_sha and row.pull and row.mended_at is None

    labels = ("bug", "Ready", "agent: writer")
    bug = town.issue("The line is wrong", "## Goal\nAnother.\n", labels=labels)
    town.reaches(bug, Status.DONE)
    third = town.ready("One more", "## Goal\nA note.\n")
    town.until(lambda: EventKind.WORK_MENDED in [e.kind for e in town.events(bug)])
    later = {row.number: row for row in _rows(town)}
    assert later[first].mended_at == later[bug].merged_at is not None
    assert later[bug].mended_at is None and later[bug].type == "debugging"

    town.reaches(third, Status.DONE)
    assert town.kinds(bug).count("work_mended") == 1  # each merge is looked at once
    now = town.world.clock.now() + timedelta(days=15)
    found = _rows(town)
    survival = measure("survival", found, now)
    assert (survival.value, survival.samples) == (2 / 3, 3)
    by_agent = {n: measure("success", rows, now) for n, rows in split(found, "agent").items()}
    assert (by_agent["hasty"].samples, by_agent["writer"].samples) == (2, 2)
    since = town.world.clock.now() + timedelta(seconds=1)
    assert measuring.rows(town.world, since=since) == []
    then = later[bug].requested_at - timedelta(microseconds=1)
    assert measuring.rows(town.world, until=then) == [row]


@pytest.mark.long
def test_what_is_used_of_githubs_hour_is_written_down_once(build_alone: Build) -> None:
    town = build_alone(agents={"writer": WRITER}, files=FILES)
    town.jobs()
    assert "api_used" not in town.kinds(), "too early in the hour"
    town.advance(55 * 60)
    for _ in range(3):
        town.jobs()
    found = [e for e in town.events() if e.kind is EventKind.API_USED]
    assert len(found) == len({e.data["resource"] for e in found}) >= 1
    core = next(e for e in found if e.data["resource"] == "core")
    assert 0 < core.data["used"] < core.data["limit"] == 15_000
    now = town.world.clock.now()
    [use] = [u for u in allowances.used(town.world, core.at, now) if u.resource == "core"]
    assert (use.hours, use.most) == (1, core.data["used"] / 15_000)
    assert allowances.used(town.world, core.at - timedelta(days=9), core.at - timedelta(1)) == []
