"""Runs queued workflows on a few threads. The queue is in the database: a restart goes on."""

import logging
import threading
import time

from agent_os.localhub import jobs, repositories, runs
from agent_os.localhub.hub import Hub
from agent_os.localhub.runs import Run
from agent_os.localhub.workflows import execute
from agent_os.localhub.workflows.reports import OPPOSITE, JobReport

IDLE_SECONDS = 0.5
DELAYED_SECONDS = 0.05
STOP_SECONDS = 10
log = logging.getLogger(__name__)


class Scheduler:
    """`hub.ci.parallel` threads that take the oldest queued run each."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stopping = threading.Event()
        self._running: set[int] = set()
        self._seen: dict[tuple[int, int], float] = {}
        self._threads = [
            threading.Thread(target=self._work, name=f"ci-{number}", daemon=True)
            for number in range(hub.ci.parallel)
        ]

    def start(self) -> None:
        """Queue again what an earlier process left unfinished, then begin."""
        with self._hub.db.transaction():
            for run in self._unfinished():
                if run.status == "cancelling":
                    runs.conclude(self._hub, run, "cancelled")
                else:
                    self._hub.db.update("runs", run.id, status="queued")
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Kill what runs; unfinished runs stay queued for the next start."""
        self._stopping.set()
        self._hub.ci_wake.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS)

    def _unfinished(self) -> list[Run]:
        sql = "SELECT * FROM runs WHERE status <> 'completed' ORDER BY id"
        return self._hub.db.all(Run, sql)

    def _work(self) -> None:
        while not self._stopping.is_set():
            run = None if self._hub.ci.paused else self._take()
            if run is None:
                self._hub.ci_wake.wait(DELAYED_SECONDS if self._hub.ci.delay else IDLE_SECONDS)
                self._hub.ci_wake.clear()
                continue
            try:
                self._execute(run)
            except Exception:  # the thread's boundary: one broken run must not stop the others
                log.exception("run %s failed inside the hub", run.id)
                with self._hub.db.transaction():
                    runs.conclude(self._hub, run, "failure")

    def _take(self) -> Run | None:
        with self._hub.db.transaction():
            for run in self._unfinished():
                if run.status == "cancelling" and run.id not in self._running:
                    runs.conclude(self._hub, run, "cancelled")
                elif run.status == "queued" and self._is_due(run):
                    now = self._hub.now()
                    self._hub.db.update("runs", run.id, status="in_progress", updated_at=now)
                    self._running.add(run.id)
                    return run
        return None

    def _is_due(self, run: Run) -> bool:
        """Whether the ordered delay has passed since the run was first seen in the queue."""
        seen = self._seen.setdefault((run.id, run.attempt), time.monotonic())
        return time.monotonic() - seen >= self._hub.ci.delay

    def _execute(self, run: Run) -> None:
        hub = self._hub
        try:
            with hub.db.transaction():
                file, environment = runs.file_of(hub, run), self._environment(run)
            if file is None:
                raise LookupError(f"the workflow of run {run.id} is gone")
            flipped = hub.ci.take_flip(environment["GITHUB_REPOSITORY"], run.event)
            conclusion = execute.run_workflow(
                hub.git_dir(run.repo_id),
                run.sha,
                file,
                hub.root / "work",
                hub.root / "logs" / f"{run.id}-{run.attempt}",
                environment,
                lambda report: self._report(run, report.flipped() if flipped else report),
                lambda: self._cancelled(run),
                hub.now,
            )
            if not self._stopping.is_set():
                if flipped:
                    conclusion = OPPOSITE.get(conclusion, conclusion)
                with hub.db.transaction():
                    runs.conclude(hub, run, conclusion)
        finally:
            self._running.discard(run.id)

    def _report(self, run: Run, report: JobReport) -> None:
        if self._stopping.is_set():
            return
        with self._hub.db.transaction():
            jobs.record(self._hub, run.repo_id, run.id, run.attempt, report)
            self._hub.db.update("runs", run.id, updated_at=self._hub.now())

    def _cancelled(self, run: Run) -> bool:
        if self._stopping.is_set():
            return True
        with self._hub.db.transaction():
            status = self._hub.db.value("SELECT status FROM runs WHERE id = ?", run.id)
        return status != "in_progress"

    def _environment(self, run: Run) -> dict[str, str]:
        repo = repositories.by_id(self._hub, run.repo_id)
        pull = run.pull_number
        ref = f"refs/heads/{run.branch}" if pull is None else f"refs/pull/{pull}/head"
        return {
            "GITHUB_REF": ref,
            "GITHUB_REF_NAME": run.branch,
            "GITHUB_HEAD_REF": "" if pull is None else run.branch,
            "GITHUB_REPOSITORY": repo.full_name,
            "GITHUB_REPOSITORY_OWNER": repo.owner,
            "GITHUB_EVENT_NAME": run.event,
            "GITHUB_RUN_ID": str(run.id),
            "GITHUB_RUN_NUMBER": str(run.run_number),
            "GITHUB_RUN_ATTEMPT": str(run.attempt),
        }
