"""The workflows of a commit: which there are, what starts them, what they would run."""

from dataclasses import dataclass
from pathlib import Path

from agent_os.localhub.workflows import documents, jobs, steps, trees, triggers
from agent_os.localhub.workflows.jobs import Job
from agent_os.localhub.workflows.problems import WorkflowProblem
from agent_os.localhub.workflows.section import Section
from agent_os.localhub.workflows.triggers import Triggers

FOLDER = ".github/workflows"
KEYS = frozenset(
    ["name", "run-name", "on", "env", "defaults", "jobs", "permissions", "concurrency"]
)


@dataclass(frozen=True)
class WorkflowFile:
    """One workflow file at one commit.

    problem -- why it can't be run here, with file, job and step; its jobs are empty then.
    """

    path: str
    name: str
    triggers: Triggers
    jobs: tuple[Job, ...]
    problem: str | None = None

    @property
    def events(self) -> frozenset[str]:
        """The events among push and pull_request that it listens to."""
        return self.triggers.events

    def matches(self, event: str, ref_branch: str) -> bool:
        """Whether the event starts it.

        ref_branch -- the pushed branch, or for pull_request the branch it is to be merged into.
        """
        return self.triggers.matches(event, ref_branch)


def workflows_at(git_dir: Path, sha: str) -> list[WorkflowFile]:
    """Every workflow file of the commit, by path; one that can't be run carries its problem."""
    return [read(path, content) for path, content in trees.files_in(git_dir, sha, FOLDER)]


def read(path: str, content: bytes) -> WorkflowFile:
    """One workflow file. Never raises for what the file holds."""
    name = path
    found = triggers.UNREADABLE
    try:
        document = Section.of("", documents.load(_text(content)))
        title = document.values.get("name")
        name = title if isinstance(title, str) and title else path
        found = triggers.read(document)
        if found.problem:
            raise WorkflowProblem("", found.problem)
        document.allow(KEYS)
        document.text("name")
        defaults = steps.read_defaults(document, steps.Defaults())
        return WorkflowFile(path, name, found, jobs.read_all(document, defaults))
    except WorkflowProblem as problem:
        return WorkflowFile(path, name, found, (), f"{path}: {problem}")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WorkflowProblem("", "the file is not UTF-8 text") from error
