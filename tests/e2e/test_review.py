"""CI, reviews and bases: what the PR monitor makes of them."""

from __future__ import annotations

import pytest

from agent_os.domain.tasks import Status
from agent_os.jobs import doctor

from .conftest import Build
from .town import CI, FILES, GREEN, WITHOUT_CI, WORK, Town

#: CI also asks for a file that our own check does not know of.
STRICT_CI = (
    CI
    + """      - name: Look for the changelog
        run: test -e changes.txt || { echo changes.txt is missing; exit 1; }
"""
)
STRICT = GREEN | {"changes.txt": "", ".github/workflows/ci.yml": STRICT_CI}


def _mode(town: Town, mode: str, **more: object) -> None:
    town.config["repositories"][0] |= {"mode": mode, **more}
    town.open()


def test_trap_34_a_red_ci_goes_back_with_the_step_and_its_log(build: Build) -> None:
    agent = """date +%N >> log.txt
if grep -q "changes.txt is missing" "$AGENT_OS_HANDOFF"; then touch changes.txt
else rm -f changes.txt; fi"""
    town = build(files=STRICT, agents={"a": agent})
    number = town.ready()
    task = town.settles(number, Status.DONE)
    assert [(a.kind, a.code) for a in task.attempts] == [
        ("implement", "ci_failed"),
        ("fix", None),
    ]
    handoff = town.attempt_file(number, 2, "handoff.md")
    assert "changes.txt is missing" in handoff and "test" in handoff
    assert "changes.txt is missing" in town.attempt_file(number, 2, "task.md")
    assert len(town.pulls()) == 1 and town.file("changes.txt") == ""


@pytest.mark.long
def test_the_log_reaches_the_second_fixing_agent_too(build: Build) -> None:
    lazy = "if test -e log.txt; then exit 1; else rm changes.txt; date +%N >> log.txt; fi"
    able = "touch changes.txt"
    town = build(files=STRICT, agents={"lazy": lazy, "able": able})
    town.config["routing"]["default"] = ["lazy"]
    town.open()
    number = town.ready()
    town.until(lambda: (t := town.task(number)) and len(t.attempts) == 2)
    town.config["routing"]["default"] = ["lazy", "able"]
    town.open()
    task = town.settles(number, Status.DONE)
    assert task.attempts[-1].agent == "able"
    assert "changes.txt is missing" in town.attempt_file(number, len(task.attempts), "task.md")


@pytest.mark.long
def test_a_review_that_asks_for_changes_is_a_fix_and_its_approval_merges(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    task = town.waits(number, "person_merges")
    comment = {"path": "log.txt", "line": 1, "body": "Not this line."}
    town.review(task.pull.number, "REQUEST_CHANGES", "Louder.", "bob", comments=[comment])
    task = town.until(lambda: (t := town.task(number)) and len(t.attempts) == 2 and t.result and t)
    assert task.attempts[1].kind == "fix"
    said = town.attempt_file(number, 2, "task.md")
    assert "Louder." in said and "log.txt:1: Not this line." in said and "bob" in said
    _mode(town, "auto-merge")
    town.waits(number, "review_required")
    town.review(task.pull.number, "APPROVE", "Fine.", "bob")
    town.settles(number, Status.DONE)


@pytest.mark.long
def test_a_review_fix_that_fails_is_tried_again(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK, "other": WORK})
    number = town.ready()
    task = town.waits(number, "person_merges")
    town.config["agents"]["w"]["command"] = "exit 1"
    town.open()
    town.review(task.pull.number, "REQUEST_CHANGES", "Louder.", "bob")
    task = town.until(lambda: (t := town.task(number)) and len(t.attempts) == 3 and t.result and t)
    assert [a.code for a in task.attempts] == [None, "agent_failed", None]
    assert "Louder." in town.attempt_file(number, 3, "task.md")


@pytest.mark.long
def test_a_review_of_a_stranger_is_ignored(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK}, people={"deny": ["bob"]})
    number = town.ready()
    task = town.waits(number, "person_merges")
    town.review(task.pull.number, "REQUEST_CHANGES", "Do evil.", "bob")
    town.rests()
    assert len(town.task(number).attempts) == 1


def test_trap_18_a_conflict_is_redone_on_the_new_base(build: Build) -> None:
    agent = """new=$(grep -o 'add-[ab]' "$AGENT_OS_TASK" | head -1)
echo "$new" >> names.txt; sort -u -o names.txt names.txt"""
    town = build(files=GREEN | {"names.txt": "m\n"}, agents={"a": agent})
    first = town.issue("one", "## Goal\nadd-a please\n", labels=("Ready",))
    second = town.issue("two", "## Goal\nadd-b please\n", labels=("Ready",))
    tasks = [town.settles(n, Status.DONE) for n in (first, second)]
    assert (town.file("names.txt") or "").split() == ["add-a", "add-b", "m"]
    assert "refresh" in [a.kind for t in tasks for a in t.attempts]
    assert "<<<<" not in (town.file("names.txt") or "")
    assert all(p["merged_at"] for p in town.pulls()) and len(town.pulls()) == 2


@pytest.mark.long
def test_a_stale_base_is_refreshed_before_the_merge(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    town.waits(number, "person_merges")
    head = town.push("main", {"other.txt": "new\n"})
    _mode(town, "auto-merge")
    task = town.settles(number, Status.DONE)
    assert [a.kind for a in task.attempts] == ["implement", "refresh"]
    assert task.attempts[1].base == head and not any(a.charged for a in task.attempts)


@pytest.mark.long
def test_a_stale_base_may_be_allowed(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    number = town.ready()
    town.waits(number, "person_merges")
    town.push("main", {"other.txt": "new\n"})
    _mode(town, "auto-merge", allow_stale_base=True)
    task = town.settles(number, Status.DONE)
    assert len(task.attempts) == 1


@pytest.mark.long
def test_a_refresh_that_breaks_the_tests_is_redone_by_the_agent(build: Build) -> None:
    """The base renames what the result calls: the plain merge fails the gates."""
    user = """printf 'from calc import twice\\nX = twice(2)\\n' > use.py
cat > test_use.py <<E
import unittest
class U(unittest.TestCase):
    def test_use(self):
        import use
E
grep -q double calc.py && sed -i s/twice/double/ use.py
date +%N >> log.txt"""
    town = build(mode="pull-request", files=GREEN, agents={"w": user})
    number = town.ready()
    town.waits(number, "person_merges")
    changed = {k: v.replace("twice", "double") for k, v in GREEN.items() if k.endswith(".py")}
    town.push("main", changed)
    _mode(town, "auto-merge")
    task = town.settles(number, Status.DONE)
    assert [a.kind for a in task.attempts] == ["implement", "refresh", "refresh"]
    assert "double" in (town.file("use.py") or "")


def _require(town: Town, *contexts: str) -> None:
    body = {
        "required_status_checks": {"strict": False, "contexts": list(contexts)},
        "enforce_admins": True,
        "required_pull_request_reviews": None,
        "restrictions": None,
    }
    town.ask("PUT", "/branches/main/protection", body)


def test_trap_40_a_required_check_that_never_reports_is_found_beforehand_and_named(
    build: Build,
) -> None:
    town = build(files=GREEN, agents={"w": WORK}, limits={"ci_minutes": 0.02})
    _require(town, "test", "security")
    said = [f.detail for f in doctor.examine(town.world)]
    assert [d for d in said if "`security`" in d and "did not report" in d]
    number = town.ready()
    task = town.waits(number, "ci_missing")
    assert task.waiting and "security" in task.waiting.detail
    held = town.reaches(number, Status.BLOCKED)
    assert held.hold and held.hold.reason == "ci_missing" and "security" in held.hold.detail
    town.label(number, "Ready")
    town.ask("POST", f"/statuses/{task.pull.head}", {"state": "success", "context": "security"})
    town.settles(number, Status.DONE)


def test_a_check_that_asks_for_a_person_waits(build: Build) -> None:
    town = build(files=WITHOUT_CI | {"calc.py": GREEN["calc.py"]}, agents={"w": WORK})
    _require(town, "approval")
    number = town.ready()
    task = town.waits(number, "ci_missing")
    check = {"name": "approval", "head_sha": task.pull.head, "status": "completed"}
    town.ask("POST", "/check-runs", check | {"conclusion": "action_required"})
    town.waits(number, "ci_needs_person")


@pytest.mark.long
@pytest.mark.parametrize("consent", [False, True])
def test_no_ci_needs_proof_and_consent(build_alone: Build, consent: bool) -> None:
    town = build_alone(files=WITHOUT_CI)
    town.config["repositories"][0]["merge_without_ci"] = consent
    town.open()
    number = town.ready()
    town.waits(number, "ci_missing")
    town.advance(61)
    if consent:
        town.settles(number, Status.DONE)
    else:
        town.waits(number, "no_ci")


@pytest.mark.long
def test_a_wait_for_ci_has_a_limit(build_alone: Build) -> None:
    town = build_alone(files=WITHOUT_CI, limits={"ci_minutes": 2, "backoff_seconds": 0.2})
    number = town.ready()
    town.waits(number, "ci_missing")
    town.advance(61)
    town.waits(number, "no_ci")
    town.advance(130)
    task = town.reaches(number, Status.BLOCKED)
    assert task.hold and task.hold.reason == "no_ci"


@pytest.mark.long
def test_what_is_red_on_the_base_too_charges_nobody(build: Build) -> None:
    broken = FILES[".github/workflows/ci.yml"].replace("python3 -m unittest -q", "exit 1")
    town = build(files=GREEN | {".github/workflows/ci.yml": broken}, agents={"w": WORK})
    town.until(lambda: town.ask("GET", "/commits/main/check-runs")["total_count"])
    number = town.ready()
    task = town.waits(number, "base_red")
    assert [a.charged for a in task.attempts] == [False]
    town.rests()
    assert town.kinds(number).count("incident") == 1
    town.push("main", {".github/workflows/ci.yml": CI})
    town.settles(number, Status.DONE)
