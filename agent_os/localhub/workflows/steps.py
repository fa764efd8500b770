"""One step of a job: a script, or one of the few actions that need no work here."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from agent_os.localhub.workflows import conditions
from agent_os.localhub.workflows.conditions import Condition
from agent_os.localhub.workflows.section import Section

SHELLS = ("bash", "sh", "python")
# What a step without `shell` gets, as there: a failure inside a pipe goes unnoticed.
DEFAULT_SHELL = "bash -e {0}"
KEYS = frozenset(
    [
        "run",
        "name",
        "id",
        "env",
        "working-directory",
        "shell",
        "timeout-minutes",
        "if",
        "continue-on-error",
        "uses",
        "with",
    ]
)
# The work tree is there already, and the programs are those of the hub's own machine.
NO_WORK = ("actions/checkout", "actions/setup-python", "actions/setup-node")
# These would change what the later steps see: leaving them out would report a false green.
CHECKOUT_UNSUPPORTED = (
    "repository", "ref", "path", "submodules", "lfs", "sparse-checkout", "filter",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """What to run. `run` is None for an action that needs no work."""

    name: str
    run: str | None
    shell: str = DEFAULT_SHELL
    directory: str = "."
    env: tuple[tuple[str, str], ...] = ()
    condition: Condition = Condition.SUCCESS
    continue_on_error: bool = False
    timeout_minutes: float | None = None


@dataclass(frozen=True)
class Defaults:
    """`defaults.run`: the shell and the directory of steps that name none."""

    shell: str = DEFAULT_SHELL
    directory: str = "."


def read_defaults(section: Section, outer: Defaults) -> Defaults:
    """The defaults of a workflow or job over the outer ones."""
    found = section.child("defaults")
    found.allow({"run"})
    run = found.child("run", found.place)
    run.allow({"shell", "working-directory"})
    return Defaults(_shell(run) or outer.shell, _directory(run) or outer.directory)


def read(section: Section, defaults: Defaults) -> Step:
    """One step; raises WorkflowProblem for anything that is not supported."""
    section.allow(KEYS)
    section.text("id")
    if section.has("run") == section.has("uses"):
        raise section.problem("a step needs either 'run' or 'uses'")
    if section.has("run") and section.has("with"):
        raise section.problem("'with' can't stand beside 'run'")
    run = section.text("run")
    title = _action(section) if run is None else _first_line(run)
    return Step(
        name=section.text("name") or title,
        run=run,
        shell=_shell(section) or defaults.shell,
        directory=_directory(section) or defaults.directory,
        env=section.environment(),
        condition=conditions.read(section),
        continue_on_error=section.truth("continue-on-error"),
        timeout_minutes=section.minutes("timeout-minutes", None),
    )


def _first_line(script: str) -> str:
    return "Run " + next(iter(script.strip().splitlines()), "")


def _action(section: Section) -> str:
    uses = section.text("uses") or ""
    action, _, version = uses.partition("@")
    if action not in NO_WORK or not version:
        raise section.problem(f"the action '{uses}' is not supported by this hub")
    for key in ("shell", "working-directory"):
        if section.has(key):
            raise section.problem(f"'{key}' can't stand beside 'uses'")
    inputs = section.child("with")
    for key in inputs.values:
        value = inputs.text(key)
        unsupported = action == "actions/checkout" and key in CHECKOUT_UNSUPPORTED
        if unsupported and value not in (None, "", "false"):
            raise inputs.problem(f"the input '{key}' of '{uses}' is not supported")
    return f"Run {uses}"


def _shell(section: Section) -> str | None:
    shell = section.text("shell")
    if shell is not None and shell not in SHELLS:
        raise section.problem(f"the shell '{shell}' is not supported (bash, sh, python are)")
    return shell


def _directory(section: Section) -> str | None:
    directory = section.text("working-directory")
    if directory is None:
        return None
    path = PurePosixPath(directory)
    if path.is_absolute() or ".." in path.parts or directory.startswith("~"):
        raise section.problem(f"the directory '{directory}' is outside the work tree")
    return str(path)
