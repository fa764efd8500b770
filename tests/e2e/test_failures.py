"""What follows after each family of failures."""

from __future__ import annotations

import pytest

from agent_os.domain.tasks import Status, Task

from .conftest import Build
from .town import CALC, FILES, FIX, GREEN, WORK, Town

#: Counts its runs outside of the work dir; the second one does better.
PARTIAL = """cat > .agent_result.md <<'E'
---
status: {status}
blocker: {blocker}
---
## Summary
Half of it.
## Remaining
The other half.
E
echo x >> half.txt"""


def _codes(task: Task) -> list[str]:
    return [a.code.value if a.code else "complete" for a in task.attempts]


@pytest.mark.long
@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("true", "no_change"),
        ("echo '# more' >> calc.py", "tests_failed"),
        ("sed -i '/def test_add/,+1d' test_calc.py", "tests_weakened"),
        ("echo x >> calc.py; exit 3", "agent_failed"),
    ],
)
def test_a_charged_failure_goes_to_the_next_agent_with_a_handoff(
    build: Build, first: str, code: str
) -> None:
    base = CALC if code != "tests_failed" else CALC.replace("a - b", "a + b")
    if code == "tests_failed":
        first = "sed -i 's/a + b/b/' calc.py"
    # After failed tests the next agent goes on from the work that is there.
    second = (
        FIX if code != "tests_failed" else f"sed -i 's/return b$/return a + b/' calc.py; {WORK}"
    )
    town = build(files=FILES | {"calc.py": base}, agents={"first": first, "second": second})
    number = town.ready()
    task = town.settles(number, Status.DONE)
    assert _codes(task) == [code, "complete"]
    assert [a.agent for a in task.attempts] == ["first", "second"]
    handoff = town.attempt_file(number, 2, "handoff.md")
    assert "implement by first" in handoff
    assert "def test_add" in (town.file("test_calc.py") or "")
    assert code in town.pulls()[0]["body"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "limits", "code"),
    [
        ("while :; do echo .; sleep 0.05; done", {"attempt_minutes": 0.02}, "timeout"),
        ("sleep 30", {"stall_minutes": 0.017}, "stalled"),
    ],
)
def test_an_agent_that_hangs_is_ended(
    build: Build, command: str, limits: dict[str, float], code: str
) -> None:
    town = build(
        agents={"slow": command, "fixer": FIX},
        limits={"attempts": 3, "backoff_seconds": 0.2, **limits},
        mode="pull-request",
    )
    number = town.ready()
    task = town.waits(number, "person_merges")
    assert _codes(task) == [code, "complete"]


def test_a_protected_path_blocks_at_once_and_tells_once(build: Build) -> None:
    town = build(agents={"sly": f"{FIX}; echo '# x' >> .github/workflows/ci.yml", "other": FIX})
    number = town.ready()
    task = town.reaches(number, Status.BLOCKED)
    town.rests()
    assert _codes(task) == ["protected_path"]
    told = [c for c in town.comments_of(number) if "needs you" in c]
    assert len(told) == 1 and "@alice" in told[0] and ".github/workflows/ci.yml" in told[0]
    assert town.labels(number) == {"Blocked"} and town.pulls() == []


@pytest.mark.long
def test_attempts_exhausted_blocks(build: Build) -> None:
    town = build(agents={"a": "true", "b": "echo x > x.txt; exit 2"}, limits={"attempts": 3})
    number = town.ready()
    task = town.reaches(number, Status.BLOCKED)
    assert _codes(task) == ["no_change", "agent_failed", "no_change"]
    assert task.hold and "3 attempts failed" in task.hold.detail


@pytest.mark.long
def test_the_same_failure_three_times_parks(build: Build) -> None:
    town = build(agents={"a": "true"}, limits={"attempts": 9})
    number = town.ready()
    task = town.reaches(number, Status.BLOCKED)
    assert _codes(task) == ["no_change"] * 3


@pytest.mark.long
def test_a_missing_program_goes_to_the_next_agent_and_charges_nobody(build: Build) -> None:
    town = build(agents={"ghost": "no-such-program --fast", "fixer": FIX})
    number = town.ready()
    task = town.settles(number, Status.DONE)
    assert _codes(task) == ["agent_missing", "complete"]
    assert not any(a.charged for a in task.attempts)


@pytest.mark.long
def test_the_same_environment_failure_twice_blocks_with_one_incident(build: Build) -> None:
    files = FILES | {".agent-os.yaml": "setup: exit 7\ntest: python3 -m unittest -q\n"}
    town = build(files=files)
    first, second = town.ready(), town.ready("another")
    for number in (first, second):
        task = town.reaches(number, Status.BLOCKED)
        assert _codes(task) == ["setup_failed"] * 2
        assert not any(a.charged for a in task.attempts)
    assert town.kinds().count("incident") == 1


@pytest.mark.long
def test_a_red_base_waits_and_goes_on_when_the_base_moves(build: Build) -> None:
    town = build(agents={"worker": WORK})
    number = town.ready()
    task = town.waits(number, "base_red")
    assert _codes(task) == ["base_red"] and not task.attempts[0].charged
    town.rests()
    assert len(town.task(number).attempts) == 1
    town.push("main", {"calc.py": GREEN["calc.py"]})
    task = town.settles(number, Status.DONE)
    assert _codes(task) == ["base_red", "complete"]


@pytest.mark.long
def test_a_partial_result_is_tried_again_with_what_remains(build: Build) -> None:
    partial = PARTIAL.format(status="partial", blocker="incomplete")
    town = build(agents={"first": partial, "second": FIX})
    number = town.ready()
    task = town.settles(number, Status.DONE)
    assert _codes(task) == ["incomplete", "complete"]
    assert "The other half." in town.attempt_file(number, 2, "handoff.md")


def test_a_blocked_result_asks_a_person(build: Build) -> None:
    blocked = PARTIAL.format(status="blocked", blocker="needs_credentials")
    town = build(agents={"first": blocked, "second": FIX})
    number = town.ready()
    task = town.reaches(number, Status.BLOCKED)
    assert task.hold and task.hold.reason == "needs_credentials"
    town.until(lambda: any("needs you" in c for c in town.comments_of(number)))


@pytest.mark.long
def test_the_label_allows_tests_to_change(build: Build) -> None:
    town = build(
        files=GREEN, agents={"a": "sed -i '/def test_twice/,+1d' test_calc.py"}, mode="pull-request"
    )
    number = town.people.issue("Drop a test", labels=("tests may change", "Ready"))
    town.waits(number, "person_merges")
    assert "allowed by alice" in town.pulls()[0]["body"]


@pytest.mark.long
def test_trap_11_without_a_check_the_evidence_says_so(build: Build) -> None:
    town = build(
        files={"notes.txt": "hello\n"},
        agents={"w": WORK},
        mode="pull-request",
    )
    town.ready()
    town.until(lambda: town.pulls())
    assert "none configured" in town.pulls()[0]["body"]


def test_trap_05_an_empty_diff_is_no_result(build: Build) -> None:
    town = build(
        files=GREEN,
        agents={"empty": "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x"},
        limits={"attempts": 1},
    )
    number = town.ready()
    task = town.reaches(number, Status.BLOCKED)
    assert _codes(task) == ["no_change"]
    assert town.pulls() == [] and town.seen(number)["state"] == "open"


def _exhausted(town: Town, number: int) -> Task:
    return town.reaches(number, Status.BLOCKED)


def test_trap_20_a_person_is_told_once_a_change(build: Build) -> None:
    town = build(agents={"a": "true"}, limits={"attempts": 1})
    number = town.ready()
    for count in (1, 2):
        _exhausted(town, number)
        town.rests()
        town.rests()
        assert sum("needs you" in c for c in town.comments_of(number)) == count
        town.label(number, "Ready")
        town.until(lambda: town.task(number).status is not Status.BLOCKED)


def test_trap_09_a_disk_that_refuses_one_task_stops_no_other(build: Build) -> None:
    town = build()
    town.rests()
    row = town.row()
    assert row is not None
    bad = town.ready("bad")
    folder = town.home / "runtime" / "attempts"
    folder.mkdir()
    name = f"{town.repo.replace('/', '-')}-{bad}.{row.repo_id}"
    (folder / name).write_text("no folder")
    good = town.ready("good")
    town.reaches(good, Status.DONE)
    task = town.reaches(bad, Status.BLOCKED)
    assert task.hold and "NotADirectoryError" in task.hold.detail and task.attempts == ()
