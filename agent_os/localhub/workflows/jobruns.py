"""Running one job: a clean work tree, its steps in order, a report after each."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent_os.localhub.workflows import folders, reports, steps, strays, trees
from agent_os.localhub.workflows.commandfiles import MAX_SUMMARY_CHARS, CommandFiles
from agent_os.localhub.workflows.joblogs import JobLog
from agent_os.localhub.workflows.jobs import Job
from agent_os.localhub.workflows.problems import BadCommandFile, CheckoutFailed
from agent_os.localhub.workflows.processes import Limits, StepProcess, Stopped
from agent_os.localhub.workflows.reports import JobReport, StepReport
from agent_os.localhub.workflows.steps import Step

SET_UP = "Set up job"
COMMANDS = {
    steps.DEFAULT_SHELL: (["bash", "-e"], ".sh"),
    "bash": (["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"], ".sh"),
    "sh": (["sh", "-e"], ".sh"),
    "python": (["python"], ".py"),
}
# The variables that say where and what a job is; no `env:` may change them.
PROTECTED = ("GITHUB_", "RUNNER_")


@dataclass(frozen=True)
class Commit:
    """What is checked out, and what the hub says about the event (GITHUB_REF and the like)."""

    git_dir: Path
    sha: str
    event: dict[str, str]


@dataclass(frozen=True)
class Reporting:
    """Where reports and logs go, and the questions asked on the way."""

    log_dir: Path
    report: Callable[[JobReport], None]
    cancelled: Callable[[], bool]
    now: reports.Now


@dataclass
class JobRun:
    """One job while it runs. `folder` is its own, made and removed by `run`."""

    job: Job
    commit: Commit
    reporting: Reporting
    folder: Path
    log: JobLog
    state: JobReport
    deadline: float
    failed: bool = False
    stopped: Stopped | None = None
    variables: dict[str, str] = field(default_factory=dict[str, str])
    paths: list[str] = field(default_factory=list[str])
    processes: list[StepProcess] = field(default_factory=list[StepProcess])

    @property
    def workspace(self) -> Path:
        """The work tree."""
        return self.folder / "workspace"

    def run(self) -> str:
        """Run every step; the conclusion of the job."""
        self._begin(0)
        try:
            trees.check_out(self.commit.git_dir, self.commit.sha, self.workspace)
            self._finish(0, reports.SUCCESS)
        except CheckoutFailed as error:
            self.log.error(f"The commit could not be checked out: {error}")
            self.failed = True
            self._finish(0, reports.FAILURE)
        for number, step in enumerate(self.job.steps, start=1):
            ready = self.stopped is None and not self._set_up_failed()
            if not ready or not step.condition.holds(failed=self.failed):
                self._finish(number, reports.SKIPPED)
                continue
            self._begin(number)
            self._finish(number, self._conclude(step, self._run_step(number, step)))
        if self.stopped is Stopped.CANCELLED:
            return reports.CANCELLED
        if self.stopped is Stopped.TIMEOUT:
            return reports.TIMED_OUT
        return reports.FAILURE if self.failed else reports.SUCCESS

    def _set_up_failed(self) -> bool:
        return self.state.steps[0].conclusion == reports.FAILURE

    def _conclude(self, step: Step, result: int | Stopped) -> str:
        """A step's conclusion; notes whether the job has failed or is to stop."""
        if result is Stopped.CANCELLED:
            self.stopped = result
            self.log.error("The run was cancelled.")
            return reports.CANCELLED
        if result is Stopped.TIMEOUT and time.monotonic() >= self.deadline:
            self.stopped = result
            self.log.error(f"The job exceeded {self.job.timeout_minutes:g} minutes.")
            return reports.CANCELLED
        if result is Stopped.TIMEOUT:
            self.log.error(f"The step exceeded {step.timeout_minutes:g} minutes.")
        elif result:
            self.log.error(f"Process completed with exit code {result}.")
        if result == 0:
            return reports.SUCCESS
        # As on GitHub, a step that may fail still counts as successful for the job.
        self.failed = self.failed or not step.continue_on_error
        return reports.SUCCESS if step.continue_on_error else reports.FAILURE

    def _run_step(self, number: int, step: Step) -> int | Stopped:
        if step.run is None:
            self.log.group(step.name, ["Nothing to do: this hub prepares the work tree itself."])
            return 0
        self.log.group(step.name, [*step.run.rstrip().splitlines(), f"shell: {step.shell}"])
        directory = self.workspace / step.directory
        if not directory.resolve().is_relative_to(self.workspace.resolve()):
            self.log.error(f"The directory '{step.directory}' leads out of the work tree.")
            return 1
        files = CommandFiles.create(self.folder / "commands" / str(number))
        environment = self._environment(step, files)
        try:
            process = StepProcess(
                self._command(number, step), directory, environment, self.log.output
            )
        except OSError as error:
            self.log.error(f"The step could not be started: {error}")
            return 1
        self.processes.append(process)
        limit = float("inf") if step.timeout_minutes is None else step.timeout_minutes * 60
        deadline = min(self.deadline, time.monotonic() + limit)
        result = process.wait(Limits(deadline, self.reporting.cancelled))
        malformed = self._take(files)
        return malformed if result == 0 else result

    def _take(self, files: CommandFiles) -> int:
        """Keep what the step wrote for later steps; 1 when its command files are malformed."""
        self.state = replace(
            self.state, summary=(self.state.summary + files.summary())[:MAX_SUMMARY_CHARS]
        )
        try:
            self.variables.update(files.variables())
        except BadCommandFile as error:
            self.log.error(str(error))
            return 1
        self.paths[:0] = files.paths()
        return 0

    def _command(self, number: int, step: Step) -> list[str]:
        command, suffix = COMMANDS[step.shell]
        script = self.folder / "scripts" / f"{number}{suffix}"
        script.parent.mkdir(exist_ok=True)
        script.write_text(step.run or "", encoding="utf-8", newline="\n")
        return [*command, str(script)]

    def _environment(self, step: Step, files: CommandFiles) -> dict[str, str]:
        """Everything a step sees: nothing comes from the hub's own environment but its PATH."""
        given = {"CI": "true", **dict(self.job.env), **self.variables, **dict(step.env)}
        free = {key: text for key, text in given.items() if not key.startswith(PROTECTED)}
        search = free.get("PATH") or _search_path()
        return {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "temp"),
            "LANG": "C.UTF-8",
            **free,
            "PATH": os.pathsep.join([*self.paths, search]),
            **self.commit.event,
            "GITHUB_ACTIONS": "true",
            "GITHUB_SHA": self.commit.sha,
            "GITHUB_JOB": self.job.key,
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.folder / "temp"),
            **files.environment(),
            strays.MARK: str(self.folder.resolve()),
        }

    def _begin(self, index: int) -> None:
        self._change(index, status=reports.IN_PROGRESS, started_at=self.reporting.now())

    def _finish(self, index: int, conclusion: str) -> None:
        now = self.reporting.now()
        self._change(index, status=reports.COMPLETED, conclusion=conclusion, completed_at=now)

    def _change(self, index: int, **values: str) -> None:
        steps = list(self.state.steps)
        steps[index] = replace(steps[index], **values)
        self.state = replace(self.state, steps=tuple(steps))
        self.reporting.report(self.state)


def run(job: Job, commit: Commit, work_root: Path, reporting: Reporting) -> str:
    """Run one job to its end and return its conclusion; its work tree is gone afterwards."""
    with folders.job_folder(work_root, job.key) as folder:
        for name in ("home", "temp"):
            (folder / name).mkdir()
        with JobLog(reporting.log_dir / f"{job.key}.log") as log:
            running = JobRun(
                job=job,
                commit=commit,
                reporting=reporting,
                folder=folder,
                log=log,
                state=_started(job, log.path, reporting.now()),
                deadline=time.monotonic() + job.timeout_minutes * 60,
            )
            try:
                conclusion = running.run()
            finally:
                for process in running.processes:
                    process.end()
                # Before the log is closed: what left its group may hold a pipe open.
                strays.kill_marked(folder)
    end = reporting.now()
    done = replace(running.state, status=reports.COMPLETED, conclusion=conclusion, completed_at=end)
    reporting.report(done)
    return conclusion


def _started(job: Job, log_path: Path, now: str) -> JobReport:
    names = [SET_UP, *(step.name for step in job.steps)]
    return JobReport(
        job_key=job.key,
        name=job.name,
        status=reports.IN_PROGRESS,
        steps=tuple(StepReport(number, name) for number, name in enumerate(names, 1)),
        log_path=log_path,
        started_at=now,
    )


def _search_path() -> str:
    """The hub's PATH, and last the folder of its Python so that `python` is always found."""
    own = str(Path(sys.executable).parent)
    return os.pathsep.join([os.environ.get("PATH", os.defpath), own])
