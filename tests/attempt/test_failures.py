"""Each way an attempt can fail has its code."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from agent_os.attempt.failure import failure_of
from agent_os.domain.attempts import AgentOrder, Kind, Verdict
from agent_os.domain.errors import GitError
from agent_os.domain.failures import FailureCode

from .world import FIX, World, limits

C = FailureCode


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("exit 7", C.AGENT_FAILED),
        ("no-such-program-here", C.AGENT_MISSING),
        ("true", C.NO_CHANGE),
        ("echo x > noise.log", C.NO_CHANGE),
        ("sed -i 's/3/4/' app.py", C.BASE_RED),
        ("echo 'exit 3' > check.sh", C.TESTS_FAILED),
        (
            "mkdir -p .github/workflows; echo x > .github/workflows/new.yml; " + FIX,
            C.PROTECTED_PATH,
        ),
        ("rm -rf .git; " + FIX, None),
        ("rm -rf .git; echo x > .git; " + FIX, None),
    ],
)
def test_a_command_ends_with_its_code(world: World, command: str, code: FailureCode | None) -> None:
    outcome = world.attempt(command).run()
    assert outcome.code == code, outcome.detail
    assert (outcome.head is None) == (code is not None)
    assert bool(outcome.signature) == (code is not None)


@pytest.mark.long
@pytest.mark.parametrize(
    ("short", "code"),
    [({"seconds": 5}, C.TIMEOUT), ({"seconds": -1}, C.TIMEOUT), ({"stall": 1}, C.STALLED)],
)
def test_limits_are_kept_outside_the_agent(
    world: World, short: dict[str, float], code: FailureCode
) -> None:
    attempt = world.attempt("echo half > half.txt; sleep 50", limits=limits(**short))
    outcome = attempt.run()
    assert outcome.code is code
    assert outcome.ended_at - outcome.started_at < timedelta(seconds=20)
    if short != {"seconds": -1}:
        kept = {ref.ref.rsplit("/", 1)[-1]: ref.sha for ref in attempt.imported().kept}
        assert world.mirror.read_file(kept["files"], "half.txt") == b"half\n"


def test_a_flood_of_output_is_cut_off(world: World) -> None:
    attempt = world.attempt("yes flood", limits=limits(output=300_000))
    outcome = attempt.run()
    assert outcome.code is C.AGENT_FAILED
    assert "300000 bytes" in outcome.detail
    assert (attempt.path / "agent.log").stat().st_size <= 300_000


def test_setup_that_fails_on_the_base_is_nobodys_fault(world: World) -> None:
    outcome = world.attempt(gates={"setup": "exit 9"}).run()
    assert outcome.code is C.SETUP_FAILED
    assert outcome.evidence is not None
    assert outcome.evidence.gates[-1].verdict is Verdict.UNAVAILABLE


def test_setup_that_only_the_result_breaks_fails_the_gate(world: World) -> None:
    outcome = world.attempt(FIX + "; rm check.sh", gates={"setup": "test -f check.sh"}).run()
    assert outcome.code is C.GATE_FAILED


def test_trap_11_a_missing_check_is_unavailable_and_no_check_is_said_so(world: World) -> None:
    outcome = world.attempt(checks={"lint": "no-such-linter ."}).run()
    assert outcome.code is C.SETUP_FAILED
    assert outcome.evidence is not None
    gate = next(gate for gate in outcome.evidence.gates if gate.name == "lint")
    assert (gate.verdict, gate.before) == (Verdict.UNAVAILABLE, Verdict.UNAVAILABLE)
    without = world.attempt(checks={}).run()
    assert without.code is None and without.evidence is not None
    assert any(gate.verdict is Verdict.NONE for gate in without.evidence.gates)


@pytest.mark.long
def test_a_check_that_hangs_fails(world: World) -> None:
    checks = {"hang": "test -f new.txt && sleep 60 || true"}
    outcome = world.attempt("echo > new.txt", checks=checks, gates={"check_seconds": 1}).run()
    assert outcome.code is C.TESTS_FAILED
    assert "timed out" in outcome.detail


def test_trap_05_a_diff_that_cancels_itself_out_is_no_change(world: World) -> None:
    undo = "git commit -qam a; sed -i 's/2/3/' app.py; git commit -qam b"
    attempt = world.attempt(f"{FIX}; {undo}")
    assert attempt.run().code is C.NO_CHANGE
    assert len(attempt.imported().kept) > 0


@pytest.mark.long
def test_a_result_may_not_be_larger_than_a_person_can_read(world: World) -> None:
    outcome = world.attempt("seq 1 300 > numbers", gates={"max_lines": 299}).run()
    assert outcome.code is C.GATE_FAILED
    files = world.attempt("touch 1 2 3", gates={"max_files": 2}).run()
    assert files.code is C.GATE_FAILED


def test_trap_04_red_checks_never_become_a_success(world: World) -> None:
    """Not even when the agent says that all is well and the base is red in the same way."""
    text = "---\\nstatus: complete\\n---\\n## Summary\\nAll tests pass.\\n"
    done = f"printf -- '{text}' > .agent_result.md; echo x > other.txt"
    outcome = world.attempt(done).run()
    assert outcome.code is C.BASE_RED
    assert outcome.head is None


@pytest.mark.long
def test_a_missing_driver_a_bad_mirror_and_a_bad_commit_are_told_apart(world: World) -> None:
    strange = AgentOrder(name="x", driver="no-such-driver")
    assert world.attempt(agent=strange).run().code is C.AGENT_MISSING
    assert world.attempt(start="0" * 39 + "1").run().code is C.GIT_FAILED
    assert world.attempt(mirror="../nowhere.git").run().code is C.GIT_FAILED


def test_the_sandbox_that_is_demanded_must_be_there(world: World) -> None:
    attempt = world.attempt(sandbox="bwrap")
    tools = world.root / "tools"
    tools.mkdir()
    for name in ("git", "sh"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    assert attempt.run(PATH=str(tools)).code is C.SANDBOX_FAILED


@pytest.mark.long
def test_the_same_failure_has_the_same_signature(world: World) -> None:
    noisy = "echo took 0.$$ s in $PWD at $(date +%T); exit 3"
    first = world.attempt(noisy).run()
    second = world.attempt(noisy).run()
    other = world.attempt("echo quite another; exit 3").run()
    assert first.signature == second.signature != other.signature


def test_a_bad_order_ends_with_2_and_a_line(world: World) -> None:
    attempt = world.attempt()
    (attempt.path / "order.json").write_text('{"version": 1, "task": "o/r#1"}')
    assert attempt.popen().wait(timeout=20) == 2
    assert "order.json is wrong at slug" in attempt.text("agent.log")


def test_verify_runs_the_gates_only(world: World) -> None:
    head = world.commit({"app.py": "def double(n):\n    return n * 2\n"})
    world.sync()
    attempt = world.attempt(None, kind=Kind.VERIFY, start=head)
    outcome = attempt.run()
    assert (outcome.code, outcome.head, outcome.kept) == (None, head, ())
    assert not (attempt.path / "work").exists()


def test_fix_works_on_top_of_the_branch(world: World) -> None:
    head = world.commit({"other.txt": "earlier work\n"})
    world.sync()
    outcome = world.attempt(kind=Kind.FIX, start=head).run()
    assert outcome.code is None and outcome.head is not None
    assert outcome.changed_files == 2
    idle = world.attempt("true", kind=Kind.FIX, start=head).run()
    assert idle.code is C.NO_CHANGE


def test_a_full_disk_is_told_from_other_trouble() -> None:
    with pytest.raises(OSError) as raised, Path("/dev/full").open("w") as full:
        full.write("x")
        full.flush()
    assert failure_of(raised.value).code is C.DISK_FULL
    said = GitError("git write-tree failed", output="fatal: No space left on device")
    assert failure_of(said).code is C.DISK_FULL
    other = failure_of(ValueError("two\nlines"))
    assert (other.code, other.detail) == (C.LOST, "ValueError: two")
