"""How the processes of a job end: in time, too late, cancelled, or with their hub."""

import contextlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agent_os.localhub.workflows import folders, strays
from tests.workflow_runs import job, repository


@pytest.mark.long
def test_timeouts_end_the_whole_group(tmp_path: Path) -> None:
    marker = tmp_path / "alive"
    steps = f"""
    - run: (while true; do touch {marker}; sleep 0.05; done) & sleep 60
      timeout-minutes: 0.01
    - run: echo never
    """
    started = time.monotonic()
    result = repository(tmp_path, job(steps)).run()
    assert time.monotonic() - started < 20
    assert result.conclusion == "failure"
    assert "exceeded 0.01 minutes" in result.log("test")
    marker.unlink()
    time.sleep(0.2)
    assert not marker.exists()


@pytest.mark.long
def test_a_job_timeout_is_told_as_such(tmp_path: Path) -> None:
    result = repository(
        tmp_path, job("- run: sleep 60\n- run: echo never", "timeout-minutes: 0.01")
    ).run()
    assert result.conclusion == "failure"
    assert result.last("test").conclusion == "timed_out"


@pytest.mark.long
def test_cancelling_kills_and_reports(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    started = time.monotonic()
    result = repository(
        tmp_path, job("- run: trap '' TERM; sleep 60 & wait; wait\n- run: echo x\n  if: always()")
    ).run(stop.is_set)
    assert time.monotonic() - started < 20
    assert result.conclusion == "cancelled"
    assert result.last("test").steps[-1].conclusion == "skipped"


@pytest.mark.long
def test_background_processes_live_until_the_job_ends(tmp_path: Path) -> None:
    marker = tmp_path / "alive"
    steps = f"""
    - run: (while true; do touch {marker}; sleep 0.02; done) &
    - run: setsid sh -c 'while true; do touch {marker}; sleep 0.02; done' >/dev/null 2>&1 &
    - run: rm -f {marker}; sleep 0.3; test -e {marker}
    """
    assert repository(tmp_path, job(steps)).run().conclusion == "success"
    marker.unlink(missing_ok=True)
    time.sleep(0.2)
    assert not marker.exists()


def test_what_a_killed_hub_left_is_cleared(tmp_path: Path) -> None:
    """A hub is killed in a job; the next job anywhere in the same work root clears up."""
    started = tmp_path / "started"
    steps = f"- run: test -e {started} || {{ touch {started}; sleep 60 & setsid sleep 60; }}"
    repo = repository(tmp_path, job(steps))
    script = (
        "import sys; from pathlib import Path\n"
        "from agent_os.localhub.workflows import execute, plan\n"
        "root, sha = Path(sys.argv[1]), sys.argv[2]\n"
        "flow = plan.workflows_at(root / 'bare.git', sha)[0]\n"
        "execute.run_workflow(root / 'bare.git', sha, flow, root / 'work', root / 'logs', {},\n"
        "    lambda report: None, lambda: False)\n"
    )
    hub = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), repo.sha])
    deadline = time.monotonic() + 20
    while not started.exists() or len(marked(tmp_path)) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    hub.kill()
    hub.wait()
    assert marked(tmp_path)
    assert repo.run().conclusion == "success"
    assert not marked(tmp_path)


def marked(root: Path) -> list[str]:
    """The processes of jobs below `root`."""
    mark = f"{strays.MARK}={root}".encode()
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes():
                found.append(entry.name)
    return found


def test_jobs_of_a_living_hub_are_left_alone(tmp_path: Path) -> None:
    with folders.job_folder(tmp_path, "one") as first:
        (first / "file").touch()
        with folders.job_folder(tmp_path, "two") as second:
            assert (first / "file").exists() and second.is_dir()
    assert not list(tmp_path.iterdir())
