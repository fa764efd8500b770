"""What all tests share: tests that need a program are skipped where it is missing, not in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator

import pytest
import structlog

from agent_os.workspace.sandbox import bwrap
from agent_os.workspace.tree import become_subreaper
from tests import leaks, told
from tests.agents import programs


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests marked `long`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The default run stays short; CI and `--long` run everything."""
    if config.getoption("--long") or os.environ.get("CI") == "true":
        return
    kept = [item for item in items if item.get_closest_marker("long") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Honour `needs(program)`: skip with the reason, but fail where everything must be there."""
    for marker in item.iter_markers("needs"):
        program = str(marker.args[0])
        reason = ""
        if shutil.which(program, path=programs.search_path()) is None:
            reason = f"needs {program}, which is not installed"
        elif program == "bwrap" and (problem := bwrap.problem()):
            reason = f"needs {program}, which does not work here: {problem}"
        if reason:
            if os.environ.get("CI") == "true":
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


@pytest.fixture(autouse=True)
def no_orphans_are_adopted() -> Generator[None]:
    """A test that ran a program in this process made it the parent of all orphans below. It never
    reaps them, and who looks through all processes (each attempt does) would get slower and slower.
    """
    yield
    become_subreaper(on=False)


@pytest.fixture(autouse=True)
def no_log_outlives_its_test() -> Generator[None]:
    """A command that ran in this process logs to the stderr that it was lent: gone by now."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def nothing_leaks(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """At the end of each worker: none of the fake secrets stands in what its tests left."""
    yield
    found = leaks.found_below(tmp_path_factory.getbasetemp())
    assert found == [], "\n".join(found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much was killed, failed and simulated; with how it ended, for what failed too."""
    found = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    for line in told.summary(r.user_properties for r in found if r.when == "call"):
        terminalreporter.write_line(line)
    for line in told.red_team(_attacks(terminalreporter)):
        terminalreporter.write_line(line)


def _attacks(reporter: pytest.TerminalReporter) -> Iterator[tuple[str, str, str]]:
    """What `told.red_team` wants: of each try of an attack one."""
    for ended in ("passed", "failed", "error", "skipped"):
        for report in reporter.getreports(ended):
            attack = dict(getattr(report, "user_properties", ())).get("attack")
            if attack is None or (report.when != "call" and ended == "passed"):
                continue
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            yield str(attack), "failed" if ended == "error" else ended, why
