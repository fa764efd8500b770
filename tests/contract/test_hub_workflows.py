"""The hub's workflow runner: what it reads, what it refuses, what it runs."""

from pathlib import Path

import pytest

from agent_os.localhub.workflows import joblogs, plan
from tests.workflow_runs import Repository, job, repository


def test_a_green_job_runs_in_a_clean_git_work_tree(tmp_path: Path) -> None:
    result = repository(
        tmp_path,
        job("""
        - uses: actions/checkout@v4
        - uses: actions/setup-python@v5
          with: {python-version: "3.12", cache: pip}
        - name: Look around
          run: |
            test "$(git rev-parse HEAD)" = "$GITHUB_SHA"
            test -z "$(git status --porcelain)"
            test -z "$(git remote)"
            test "$PWD" = "$GITHUB_WORKSPACE"
            echo "$CI $GITHUB_ACTIONS $GITHUB_REF $GITHUB_REPOSITORY $GITHUB_EVENT_NAME $GREETING"
            case "$HOME" in "$GITHUB_WORKSPACE"*) exit 1;; esac
        - run: print("from python")
          shell: python
        """),
    ).run()
    assert result.conclusion == "success"
    assert "true true refs/heads/main acme/shop push" in result.log("test")
    assert "from python" in result.log("test")
    statuses = [one.status for one in result.reports]
    assert statuses[0] == "queued" and statuses[1] == "in_progress"
    assert statuses[-1] == "completed" and statuses.count("completed") == 1
    last = result.last("test")
    assert last.log_path == result.log_dir / "test.log"
    assert [step.name for step in last.steps][:2] == ["Set up job", "Run actions/checkout@v4"]
    assert {step.conclusion for step in last.steps} == {"success"}
    assert last.started_at and last.completed_at and last.started_at.endswith("Z")


def test_the_hub_environment_does_not_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SECRET_TOKEN", "hunter2")
    result = repository(tmp_path, job("- run: env")).run()
    assert "hunter2" not in result.log("test") and "GITHUB_TOKEN" not in result.log("test")


def test_failure_stops_later_steps_but_for_conditions(tmp_path: Path) -> None:
    result = repository(
        tmp_path,
        job("""
        - run: exit 0 | exit 3 | true
          name: pipe
          shell: bash
        - run: echo never
          name: skipped
        - run: echo cleaned-up
          if: always()
        - run: echo told-about-it
          if: ${{ failure() }}
        - run: echo not-me
          if: success()
        """),
    ).run()
    assert result.conclusion == "failure"
    conclusions = [step.conclusion for step in result.last("test").steps]
    assert conclusions == ["success", "failure", "skipped", "success", "success", "skipped"]
    log = result.log("test")
    assert "##[error]Process completed with exit code 3." in log
    assert "\ncleaned-up\n" in log and "\ntold-about-it\n" in log


def test_without_a_shell_a_failure_inside_a_pipe_goes_unnoticed(tmp_path: Path) -> None:
    steps = "- run: exit 3 | true\n- run: 'false\n\n    echo never'"
    result = repository(tmp_path, job(steps)).run()
    states = [step.conclusion for step in result.last("test").steps]
    assert states == ["success", "success", "failure"]
    assert "shell: bash -e {0}" in result.log("test") and "\nnever" not in result.log("test")


def test_continue_on_error_leaves_the_job_green(tmp_path: Path) -> None:
    steps = "- run: exit 1\n  continue-on-error: true\n- run: echo on"
    result = repository(tmp_path, job(steps)).run()
    assert result.conclusion == "success"
    assert "exit code 1" in result.log("test")


def test_environment_levels_and_command_files(tmp_path: Path) -> None:
    workflow = """
    on: [push, workflow_dispatch]
    env: {A: workflow, B: workflow, C: workflow, GITHUB_SHA: forged, N: 3, T: yes, F: true}
    defaults: {run: {working-directory: sub}}
    jobs:
      test:
        runs-on: ubuntu-24.04
        env: {B: job, C: job}
        steps:
          - run: |
              echo "$A $B $C $N $T $F"
              basename "$PWD"
              test "$GITHUB_SHA" != forged
              echo "LATER=one two" >> "$GITHUB_ENV"
              printf 'LINES<<END\\nfirst\\nsecond\\nEND\\n' >> "$GITHUB_ENV"
              mkdir -p bin && printf '#!/bin/sh\\necho from-path\\n' > bin/mytool
              chmod +x bin/mytool && echo "$PWD/bin" >> "$GITHUB_PATH"
              echo "## Coverage 93%" >> "$GITHUB_STEP_SUMMARY"
            env: {C: step}
          - run: echo "$LATER / $LINES"; mytool
    """
    result = repository(tmp_path, workflow, **{"sub/file": "x"}).run()
    assert result.conclusion == "success", result.log("test")
    log = result.log("test")
    assert "workflow job step 3 yes true\nsub\n" in log
    assert "one two / first second" in log or "one two / first\nsecond" in log
    assert "\nfrom-path\n" in log
    assert result.last("test").summary == "## Coverage 93%\n"


def test_a_malformed_command_file_fails_the_step(tmp_path: Path) -> None:
    result = repository(tmp_path, job('- run: echo nonsense >> "$GITHUB_ENV"')).run()
    assert result.conclusion == "failure"
    assert "GITHUB_ENV" in result.log("test")


def test_needs_order_skip_and_always(tmp_path: Path) -> None:
    workflow = """
    on: push
    jobs:
      last:
        needs: [broken, fine]
        if: always()
        runs-on: ubuntu-latest
        steps: [{run: echo last}]
      after:
        needs: broken
        runs-on: ubuntu-latest
        steps: [{run: echo after}]
      rescue:
        needs: broken
        if: ${{ failure() }}
        runs-on: ubuntu-latest
        steps: [{run: echo rescue}]
      farther:
        needs: [last]
        runs-on: ubuntu-latest
        steps: [{run: echo farther}]
      broken:
        runs-on: ubuntu-latest
        steps: [{run: exit 1}]
      fine:
        name: All fine
        runs-on: ubuntu-latest
        steps: [{run: echo fine}]
    """
    result = repository(tmp_path, workflow).run()
    assert result.conclusion == "failure"
    keys = ("broken", "fine", "last", "after", "rescue", "farther")
    found = {key: result.last(key).conclusion for key in keys}
    assert found == {
        "broken": "failure",
        "fine": "success",
        "last": "success",
        "after": "skipped",
        "rescue": "success",
        "farther": "skipped",
    }
    assert result.last("fine").name == "All fine"
    assert result.last("after").log_path is None


def test_logs_are_bounded(tmp_path: Path) -> None:
    with joblogs.JobLog(tmp_path / "job.log", max_bytes=1000) as log:
        log.output(b"x" * 700)
        log.output(b"y" * 700)
        log.output(b"z")
        log.error("Process completed with exit code 1.")
    content = (tmp_path / "job.log").read_text()
    assert content.count("y") > 299 and "z" not in content
    assert "reached 1000 bytes" in content and content.endswith("exit code 1.\n")
    assert len(content) < 1200


def test_stdin_is_empty_and_read_only_folders_are_removed(tmp_path: Path) -> None:
    steps = "- run: cat; mkdir -p locked/in; touch locked/in/file; chmod 500 locked locked/in"
    assert repository(tmp_path, job(steps)).run().conclusion == "success"


def test_steps_stay_inside_the_work_tree(tmp_path: Path) -> None:
    steps = "- run: ln -s / out\n- run: ls\n  working-directory: out\n"
    result = repository(tmp_path, job(steps)).run()
    assert result.conclusion == "failure"
    assert "leads out of the work tree" in result.log("test")


def test_a_missing_directory_is_a_failure(tmp_path: Path) -> None:
    result = repository(tmp_path, job("- run: ls\n  working-directory: nowhere")).run()
    assert result.conclusion == "failure"


def test_only_workflow_files_of_the_commit_count(tmp_path: Path) -> None:
    files = {
        ".github/workflows/b.yaml": job("- run: true"),
        ".github/workflows/a.yml": "name: First\n" + job("- run: true"),
        ".github/workflows/deep/c.yml": "no",
        ".github/workflows/readme.md": "no",
        "ci.yml": "no",
    }
    repo = Repository(tmp_path, files)
    found = plan.workflows_at(repo.git_dir, repo.sha)
    assert [(one.path, one.name) for one in found] == [
        (".github/workflows/a.yml", "First"),
        (".github/workflows/b.yaml", ".github/workflows/b.yaml"),
    ]


def test_an_unsupported_workflow_is_never_green(tmp_path: Path) -> None:
    repo = repository(tmp_path, job("- run: true", "strategy: {matrix: {python: [1, 2]}}"))
    result = repo.run()
    assert result.conclusion == "action_required"
    [report] = result.reports
    assert report.conclusion == "action_required"
    assert (
        report.summary
        == ".github/workflows/ci.yml: job 'test': 'strategy' is not supported by this hub"
    )
