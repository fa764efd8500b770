"""`./demo.sh --repo PATH`: played on real repositories, which stay as they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.demo_runs import (
    BEGUN,
    MAKEFILE,
    MENDED,
    TESTS,
    environment,
    play,
    repository,
    state,
    untouched,
)
from tests.hub import git

UNUSABLE = ("no repository", "no commit", "in .git", "missing")


@pytest.mark.long
def test_the_last_commit_is_replayed_and_nothing_of_theirs_is_run_or_written(
    tmp_path: Path,
) -> None:
    path = repository(tmp_path / "theirs", {**BEGUN, "Makefile": MAKEFILE}, {"calc.py": MENDED})
    (path / "calc.py").write_text("work in progress\n")
    (path / "staged.py").write_text("")
    git("add", "staged.py", cwd=path)
    os.utime(path / "Makefile", (1, 1))  # so git must look inside to see that it is unchanged
    sign = plant(path, tmp_path / "was-run")
    played = untouched(tmp_path, path)
    assert (played.code, state(played)) == (0, "done"), played.said
    assert not sign.exists(), sign.read_text()
    assert played.summary["same_tree"] is True
    assert played.summary["commit"] == git("rev-parse", "HEAD", cwd=path).strip()
    assert played.summary["check"]["command"] == "make test"
    assert "2 files have uncommitted changes" in played.said
    assert "branch trunk" in played.said
    git("add", "calc.py", cwd=path)
    assert sign.exists(), "what was planted does run when git is used as usual"


def plant(path: Path, sign: Path) -> Path:
    """Everything by which a repository can make git run a program; each would write `sign`."""
    program = path / ".git" / "planted"
    program.write_text(f"#!/bin/sh\necho $0 $@ >> {sign}\ncat\n")
    program.chmod(0o755)
    hooks = path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in (
        *("post-checkout", "post-merge", "post-commit", "pre-push", "pre-auto-gc", "pre-commit"),
        *("post-index-change", "reference-transaction", "fsmonitor-watchman", "post-rewrite"),
        *("pre-receive", "update", "post-receive", "post-update", "proc-receive"),
    ):
        (hooks / name).symlink_to(program)
    for key in (
        *("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass"),
        *("diff.external", "credential.helper", "uploadpack.packObjectsHook", "gpg.program"),
        *("filter.planted.clean", "filter.planted.smudge", "filter.planted.process"),
        *("diff.planted.textconv", "merge.planted.driver", "alias.status", "alias.fetch"),
    ):
        value = f"!{program}" if key.startswith(("alias", "credential")) else str(program)
        git("config", key, value, cwd=path)
    git("config", "remote.origin.url", f"ext::{program} %S", cwd=path)
    (path / ".git" / "info").mkdir(exist_ok=True)
    (path / ".git" / "info" / "attributes").write_text("* filter=planted diff=planted\n")
    return sign


@pytest.mark.parametrize(
    "kind",
    ["one commit", *(pytest.param(k, marks=pytest.mark.long) for k in UNUSABLE)],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "theirs"
    expected = {
        "no repository": "is not in a git repository",
        "no commit": "has no commit yet",
        "one commit": "its only commit has nothing before it",
        "in .git": "inside a .git folder",
        "missing": "is no folder",
    }[kind]
    if kind == "no repository":
        path.mkdir()
    elif kind != "missing":
        repository(path, *([BEGUN] if kind == "one commit" else []))
    if kind == "in .git":
        path = path / ".git"
    env = environment(tmp_path, AGENT_OS_DEMO_FROM=str(tmp_path))
    played = play(tmp_path, "--repo", path.relative_to(tmp_path), env=env)
    assert played.code == 3, played.said
    assert expected in played.said
    assert "unusable" in played.summary


@pytest.mark.long
def test_their_own_settings_name_the_check(tmp_path: Path) -> None:
    settings = {".agent-os.yaml": "checks: {unit: python3 -m unittest -q}\nmerge: rebase\n"}
    path = repository(tmp_path / "theirs", {**BEGUN, **settings}, {"calc.py": MENDED})
    played = untouched(tmp_path, path)
    assert (played.code, state(played)) == (0, "done"), played.said
    assert "names `python3 -m unittest -q`: passes on the base" in played.said
    assert "apart from" not in played.said, "their file was used as it is"
    assert "unit: Passes." in played.said


@pytest.mark.long
@pytest.mark.parametrize("named", [True, False])
def test_a_check_that_fails_on_the_base_is_said_and_not_used(tmp_path: Path, named: bool) -> None:
    failing = {"Makefile": "test:\n\t@echo nothing works here; exit 7\n"}
    settings = {".agent-os.yaml": "test: make test\nprotected_paths: [infra/**]\n"} if named else {}
    path = repository(tmp_path / "theirs", {"a": "1\n", **failing, **settings}, {"a": "2\n"})
    played = untouched(tmp_path, path)
    assert (played.code, state(played)) == (0, "done"), played.said
    assert "`make test`" in played.said and "fails on the base after" in played.said
    assert "(exit code 2): make: *** [Makefile:2: test] Error 7" in played.said
    assert "goes on without a check" in played.said
    assert "none configured  checks: The repository names no check." in played.said
    assert played.summary["check"]["command"] == ""


@pytest.mark.long
def test_without_tests_it_says_what_to_write(tmp_path: Path) -> None:
    path = repository(tmp_path / "theirs", {"notes.txt": "1\n"}, {"notes.txt": "2\n"})
    played = untouched(tmp_path, path)
    assert (played.code, state(played)) == (0, "done"), played.said
    assert "No test command was found" in played.said
    assert "test: YOUR TEST COMMAND" in played.said


@pytest.mark.long
def test_a_commit_that_breaks_its_own_tests_is_refused(tmp_path: Path) -> None:
    path = repository(
        tmp_path / "theirs",
        {**BEGUN, "calc.py": MENDED, "Makefile": MAKEFILE},
        {"calc.py": "def add(a, b):\n    return 0\n"},
    )
    played = untouched(tmp_path, path)
    assert (played.code, state(played)) == (0, "blocked"), played.said
    assert "The gates refused it" in played.said and "tests_failed" in played.said


@pytest.mark.long
def test_it_takes_the_newest_commit_that_a_task_could_have_made(tmp_path: Path) -> None:
    path = repository(
        tmp_path / "theirs",
        {**BEGUN, "Makefile": MAKEFILE},
        {"calc.py": MENDED, "test_calc.py": TESTS + "        self.assertEqual(2, 1 + 1)\n"},
        {".github/workflows/ci.yml": "on: push\njobs: {}\n"},
        {},
    )
    git("checkout", "-q", "-b", "side", "HEAD~1", cwd=path)
    git("commit", "-q", "--allow-empty", "-m", "beside", cwd=path)
    git("checkout", "-q", "trunk", cwd=path)
    git("merge", "-q", "--no-ff", "-m", "both", "side", cwd=path)
    played = untouched(tmp_path, path)
    assert (played.code, state(played)) == (0, "done"), played.said
    for reason in ("a merge", "changes no file", "changes .github/workflows/ci.yml, which no task"):
        assert reason in played.said
    assert "The task: " in played.said and '"change 2"' in played.said
    assert '"tests may change", as the commit changes tests' in played.said
    assert played.summary["same_tree"] is True
