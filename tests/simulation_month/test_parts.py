"""What a simulated organization is made of: its time, its git, its faults, its verdicts."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent_os.domain.errors import ConfigError
from agent_os.domain.events import Event, EventKind
from agent_os.localhub.git import Person
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.simulation import evaluation, telltale
from agent_os.simulation.conditions import Conditions, Planted, lesson_of
from agent_os.simulation.evaluation import CLEAN, GROUPS, Run, Verdict
from agent_os.simulation.gitmodel import OBJECTS
from agent_os.simulation.mirror import Held
from agent_os.simulation.objectfiles import ObjectFiles
from agent_os.simulation.result import Fate
from agent_os.simulation.scenario import FaultKind, FaultPlan, Scenario, load
from agent_os.simulation.timetable import Timetable, working_hours_later

_SCENARIOS = Path(__file__).parents[2] / "agent_os/simulation/scenarios"
_WHO = Person("a", "a@example.invalid", "2026-01-01T00:00:00Z")
_MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begin", "hours", "end"),
    [
        ("2026-03-02T00:00", 0, "2026-03-02T09:00"),
        ("2026-03-02T10:00", 3, "2026-03-02T13:00"),
        ("2026-03-02T16:00", 2, "2026-03-03T10:00"),
        ("2026-03-06T16:30", 1, "2026-03-09T09:30"),
        ("2026-03-07T12:00", 9, "2026-03-10T10:00"),
        ("2026-03-02T09:00", 40, "2026-03-09T09:00"),
    ],
)
def test_people_work_from_nine_to_five(begin: str, hours: float, end: str) -> None:
    moment = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    assert working_hours_later(moment, hours).isoformat()[:16] == end


def test_what_is_planned_for_one_time_happens_in_the_order_of_planning() -> None:
    timetable, done = Timetable(), list[int]()
    for number, day in ((1, 2), (2, 1), (3, 1)):
        timetable.at(_MONDAY + timedelta(days=day), lambda number=number: done.append(number))
    while found := timetable.next(_MONDAY + timedelta(days=2)):
        found[1]()
    assert done == [2, 3]  # the end is not part of it


def test_the_models_commits_are_gits(tmp_path: Path) -> None:
    """Whoever reads our mirror with git itself finds what the model holds."""
    files = {"src/a.py": "1\n", "src-x": "2\n", "src.py": "3", "b/c/d.txt": "ü\n", "é": ""}
    first = OBJECTS.commit(OBJECTS.tree(files), [], "one\n", _WHO, _WHO)
    second = OBJECTS.commit(OBJECTS.tree(files | {"z": "9"}), [first], "two", _WHO, _WHO)
    held = Held(ObjectFiles(tmp_path))
    held.take([second])
    held.refs = {"refs/heads/main": second}
    held.changed()

    def git(*args: str) -> str:
        done = subprocess.run(
            ["git", "-c", "core.quotePath=false", "--git-dir", str(tmp_path), *args],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert git("fsck", "--full", "--strict") == ""
    assert git("rev-list", "main").split() == [second, first]
    assert git("ls-tree", "-r", "--name-only", first).split() == sorted(files)
    assert git("diff", "--name-only", first, second) == "z"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("repositories: []\n", "repositories"),
        ("repositories: [{name: acme/app}]\nagent: []\n", "agent"),
        ("repositories: [{name: acme/app, flaky: 2}]\n", "flaky"),
        ("repositories: [{name: acme/app}]\nfaults: [{kind: rust}]\n", "kind"),
        ("repositories: [{name: acme/app}]\nfaults: [{kind: slow_setup, agent: who}]\n", "who"),
        ("repositories: [{name: acme/app}]\nagents: [{name: a, provider: b}]\n", "provider"),
    ],
)
def test_a_wrong_scenario_is_told_by_its_line(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load(file)


def test_the_scenarios_that_come_with_it_can_be_read() -> None:
    found = [load(path).name for path in sorted(_SCENARIOS.glob("*.yaml"))]
    assert len(found) >= 3
    assert len(set(found)) == len(found)


def _conditions(kind: FaultKind) -> tuple[Conditions, Planted]:
    repository = {"name": "acme/app"}
    plan = FaultPlan(kind=kind, day=7)
    made = Conditions(Scenario.model_validate({"repositories": [repository], "faults": [plan]}))
    return made, made.planted[0]


def _figures(conditions: Conditions, planted: Planted, day: float) -> tuple[object, ...]:
    now, repo, agent = _MONDAY + timedelta(days=day), "acme/app", "swift"
    return (
        conditions.success(repo, agent, "default", lesson_of(planted), now),
        conditions.refusal(agent, now),
        conditions.usd(agent, now),
        conditions.setup_seconds(repo, now),
        conditions.flaky(repo, "test", now),
        conditions.missing_check(repo, now),
        conditions.prompt(agent, now),
    )


#: These change what people do, or what is in the record; no figure.
_ELSEWHERE = (
    *(FaultKind.DUPLICATE_ISSUES, FaultKind.STALE_DEPENDENCY, FaultKind.EAGER_GROOMER),
    FaultKind.REFUTED_IMPROVEMENT,
)


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind not in _ELSEWHERE])
def test_a_fault_begins_on_its_day_and_ends_when_it_is_mended(kind: FaultKind) -> None:
    conditions, planted = _conditions(kind)
    before = _figures(conditions, planted, 6)
    assert _figures(conditions, planted, 12) != before
    planted.mended_at = _MONDAY + timedelta(days=20)
    assert _figures(conditions, planted, 19) != before
    assert _figures(conditions, planted, 21) == before


def test_a_refuted_improvement_is_worse_once_it_is_merged() -> None:
    conditions, planted = _conditions(FaultKind.REFUTED_IMPROVEMENT)
    before = _figures(conditions, planted, 12)
    planted.mended_at = _MONDAY + timedelta(days=11)
    assert _figures(conditions, planted, 12) != before


def test_what_is_to_tell_of_a_fault_is_something_that_can_be_found() -> None:
    """A finding that is renamed would be missed for ever, and count as a false alarm."""
    kinds = {kind.value for kind in FindingKind}
    named = [one for found in telltale.SIGNALS.values() for one in found]
    starts = {one.split(":")[1] for one in named if one.startswith("analyzer")}
    follows = {one for found in telltale.FOLLOWS.values() for one in found}
    assert starts | follows <= kinds


def _seen(signal: str) -> Event:
    data = {"signal": signal, "title": "", "outcome": "filed", "reason": ""}
    return Event(kind=EventKind.SIGNAL_SEEN, at=_MONDAY, repo_id=1, number=0, data=data)


def test_a_fault_is_found_where_it_is() -> None:
    _, planted = _conditions(FaultKind.SLOW_SETUP)
    slow = "analyzer:slow_step:1:setup"
    assert telltale.tells(planted, _seen(slow), "acme/app") == slow
    assert telltale.tells(planted, _seen(slow), "acme/other") == ""
    assert telltale.tells(planted, _seen("analyzer:flaky_check:1:test"), "acme/app") == ""


def test_recall_is_of_what_was_planted_and_precision_of_all_that_was_said() -> None:
    slow = Verdict(kind="slow_setup", found_days=4, filed=True)
    missed = Verdict(kind="slow_setup")
    runs = [
        Run(group="b", seed=1, verdicts=(slow,), hits=1),
        Run(group="b", seed=2, verdicts=(missed,), alarms=("analyzer:new_failure:1:x",)),
        Run(group=CLEAN, seed=1, alarms=("analyzer:agent_costly:1:swift",)),
        Run(group=CLEAN, seed=2),
    ]
    assert evaluation.recall(runs) == (1, 2)
    assert evaluation.precision(runs) == (1, 3)
    (row,) = evaluation.rows(runs)
    assert (row.found, row.planted, row.median_days, row.filed) == (1, 2, 4, 1)


def test_a_finding_that_no_fault_explains_is_an_alarm() -> None:
    _, planted = _conditions(FaultKind.SLOW_SETUP)
    slow, other = "analyzer:slow_step:1:setup", "analyzer:cost_rises:0:all"
    fate = Fate(kind="slow_setup", repository="acme/app", found_days=6, found_by=slow)
    signals = [slow, other, "analyzer:leftover:1:x", "groomer:1:todo:x"]
    found = evaluation.run_of("b", 1, [planted], [fate], signals, {})
    assert (found.hits, found.alarms) == (1, (other,))
    told = fate.model_copy(update={"found_by": "lesson ended"})
    assert evaluation.run_of("b", 1, [planted], [told], [], {}).hits == 1


def test_each_kind_is_planted_once_and_where_it_hides_no_other() -> None:
    places = [place for group in GROUPS.values() for place in group]
    assert sorted(kind for kind, _, _ in places) == sorted(FaultKind)
    scenario = load(_SCENARIOS / "planted.yaml")
    for group, chosen in GROUPS.items():
        assert len(evaluation.faults_of(scenario, group, 1)) == len(chosen)
