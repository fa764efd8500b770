"""What is and isn't enforced on this host, as lines of `agent-os doctor`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from agent_os.config.settings import Config
from agent_os.jobs.findings import Finding, Grade
from agent_os.workspace.sandbox import cgroup, choosing, rlimits, seccomp
from agent_os.workspace.sandbox.choosing import SandboxStatus
from agent_os.workspace.sandbox.holds import Hold, Means, holds


def findings(config: Config) -> Iterator[Finding]:
    """The sandbox that is used, what holds, and the repositories that do without."""
    status = choosing.detect(config.sandbox, config.sandbox_image)
    yield _sandbox("sandbox", config.sandbox, status)
    means = Means(
        kind=status.kind,
        cgroup_problem=cgroup.problem(),
        watching=Path("/proc/self/statm").exists(),
        counts_apart=status.kind == "bwrap" and rlimits.counts_apart(os.getuid(), rlimits.kernel()),
        filtered=seccomp.available(),
    )
    if not status.refuses:
        yield from (_line(hold) for hold in holds(means))
    for settings in config.repositories:
        if config.sandbox != "none" and settings.sandbox == "none":
            yield _none(f"{settings.name} sandbox")
        elif settings.sandbox not in (None, "none", config.sandbox):
            own = choosing.detect(*config.sandbox_of(settings.name))
            yield _sandbox(f"{settings.name} sandbox", settings.sandbox, own)


def _sandbox(name: str, wanted: str | None, status: SandboxStatus) -> Finding:
    if status.refuses:
        detail = f"nothing runs: {status.reason}"
        fix = f"{status.fix}\nOr, to run without one: `sandbox: none` (every status says so)."
        return Finding(name=name, grade=Grade.FAIL, detail=detail, fix=fix)
    if status.kind == "none":
        return _none(name)
    said = f"{status.kind} works (`sandbox: {wanted}`)"
    return Finding(name=name, grade=Grade.OK, detail=said)


def _none(name: str) -> Finding:
    return Finding(
        name=name,
        grade=Grade.WARN,
        detail="sandbox: none, as the config says; agents and checks run as you",
        fix="`sandbox: auto`, or a machine of their own.",
    )


def _line(hold: Hold) -> Finding:
    detail = hold.how or f"not enforced: {hold.why}"
    grade = Grade.OK if hold.how else Grade.WARN
    return Finding(name=f"enforced: {hold.thing}", grade=grade, detail=detail, fix=hold.fix)
