"""A branch meets a new base: merged when it can be, redone on the new base when it can't."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.domain.attempts import Kind
from agent_os.domain.failures import FailureCode

from .world import FILES, World, git


@pytest.fixture
def branch(world: World) -> str:
    """A branch head with work of ours; the base is moved on by each test."""
    git(world.origin, "checkout", "-q", "-b", "agent-os/12")
    head = world.commit({"app.py": "def double(n):\n    return n * 2\n"})
    git(world.origin, "checkout", "-q", "main")
    return head


def parents(world: World, sha: str) -> list[str]:
    return git(world.mirror.path, "log", "-1", "--format=%P", sha).split()


def test_without_conflict_no_agent_runs(world: World, branch: str) -> None:
    base = world.commit({"new.txt": "news\n"})
    world.sync()
    attempt = world.attempt("touch agent-ran", kind=Kind.REFRESH, start=branch, base=base)
    outcome = attempt.run()
    assert outcome.code is None and outcome.head is not None, outcome.detail
    attempt.imported()
    assert parents(world, outcome.head) == [branch, base]
    assert world.mirror.read_file(outcome.head, "new.txt") == b"news\n"
    assert outcome.agent == ""
    assert outcome.changed_files == 1


def test_trap_18_a_conflict_is_redone_on_the_new_base(world: World, branch: str) -> None:
    base = world.commit({"app.py": "# twice\ndef double(number):\n    return number * 3\n"})
    world.sync()
    checks = {"check": "grep -q 'number . 2' app.py && ! grep -q '<<<<' app.py"}
    command = "grep -q twice app.py && sed -i 's/3/2/' app.py"
    attempt = world.attempt(command, kind=Kind.REFRESH, start=branch, base=base, checks=checks)
    outcome = attempt.run()
    assert outcome.code is None and outcome.head is not None, outcome.detail
    attempt.imported()
    assert parents(world, outcome.head) == [branch, base]
    assert b"number * 2" in (world.mirror.read_file(outcome.head, "app.py") or b"")
    assert "redo" in attempt.text("prompt.md") or "do the work again" in attempt.text("prompt.md")
    idle = world.attempt("true", kind=Kind.REFRESH, start=branch, base=base, checks=checks)
    assert idle.run().code is FailureCode.NO_CHANGE


def test_a_conflict_that_nobody_may_solve(world: World, branch: str) -> None:
    base = world.commit({"app.py": "def double(n):\n    return n * 5\n"})
    world.sync()
    outcome = world.attempt(None, kind=Kind.REFRESH, start=branch, base=base).run()
    assert outcome.code is FailureCode.CONFLICT
    assert outcome.head is None


def test_a_clean_merge_that_breaks_the_checks_is_not_published(world: World, branch: str) -> None:
    base = world.commit({"check.sh": "echo stricter; exit 1\n"})
    world.sync()
    outcome = world.attempt(kind=Kind.REFRESH, start=branch, base=base).run()
    assert outcome.code is FailureCode.BASE_RED
    assert outcome.head is None


def test_redone_by_an_agent_when_the_plain_merge_failed(world: World, branch: str) -> None:
    base = world.commit({"new.txt": "news\n"})
    world.sync()
    order: dict[str, Any] = {"kind": Kind.REFRESH, "start": branch, "base": base, "redo": True}
    outcome = world.attempt(**order).run()
    assert outcome.code is None and outcome.head is not None, outcome.detail
    assert outcome.agent == "sh"
    assert world.attempt(None, **order).run().code is FailureCode.CONFLICT


def test_a_branch_that_has_the_base_already_stays_as_it_is(world: World) -> None:
    head = world.commit({"app.py": FILES["app.py"].replace("3", "2")})
    world.sync()
    outcome = world.attempt(kind=Kind.REFRESH, start=head).run()
    assert (outcome.code, outcome.head, outcome.kept) == (None, head, ())
