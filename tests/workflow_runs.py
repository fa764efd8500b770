"""Repositories with a workflow, and running it without a hub."""

import subprocess
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_os.localhub.workflows import execute, plan
from agent_os.localhub.workflows.reports import JobReport


def git(where: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@example.invalid", *arguments],
        cwd=where,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@dataclass
class Result:
    conclusion: str
    reports: list[JobReport]
    log_dir: Path

    def last(self, key: str) -> JobReport:
        return [one for one in self.reports if one.job_key == key][-1]

    def log(self, key: str) -> str:
        return (self.log_dir / f"{key}.log").read_text()


class Repository:
    """A bare repository with one commit, and a place to run its workflows."""

    def __init__(self, root: Path, files: dict[str, str]) -> None:
        self.root = root
        self.git_dir = root / "bare.git"
        work = root / "seed"
        for name, content in files.items():
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content))
        git(work, "init", "-q", "-b", "main")
        git(work, "add", "-A")
        git(work, "commit", "-q", "-m", "first")
        self.sha = git(work, "rev-parse", "HEAD")
        git(root, "clone", "-q", "--bare", str(work), str(self.git_dir))

    def run(self, cancelled: Callable[[], bool] = lambda: False) -> Result:
        [workflow] = plan.workflows_at(self.git_dir, self.sha)
        reports: list[JobReport] = []
        conclusion = execute.run_workflow(
            self.git_dir,
            self.sha,
            workflow,
            self.root / "work",
            self.root / "logs",
            {
                "GITHUB_REF": "refs/heads/main",
                "GITHUB_REPOSITORY": "acme/shop",
                "GITHUB_EVENT_NAME": "push",
            },
            reports.append,
            cancelled,
        )
        left = self.root / "work"
        assert not left.exists() or not list(left.iterdir())
        return Result(conclusion, reports, self.root / "logs")


def repository(root: Path, workflow: str, **files: str) -> Repository:
    return Repository(root, {".github/workflows/ci.yml": workflow, **files})


def job(steps: str, more: str = "") -> str:
    """A workflow with one job `test`."""
    body = textwrap.indent(textwrap.dedent(steps).strip("\n"), " " * 6)
    extra = textwrap.indent(textwrap.dedent(more).strip("\n"), " " * 4)
    return f"on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n{extra}\n    steps:\n{body}\n"
