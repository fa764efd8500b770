"""What is held on this host, by what; for each thing that foreign programs could take."""

from __future__ import annotations

from dataclasses import dataclass

from agent_os.workspace.sandbox.port import SandboxKind

THINGS = (
    *("files", "processes", "network", "environment", "terminal", "system calls"),
    *("memory", "process count", "disk", "open files"),
)
_CGROUP_FIX = (
    "Run the daemon as a systemd user service (`agent-os systemd` prints the unit; cgroup "
    "version 2), for a limit that the kernel holds."
)
_OUTRIGHT = "Use a sandbox: see the line `sandbox`."


@dataclass(frozen=True)
class Hold:
    """`how` it is held; or, where it is not, `why`. `fix`: what would make it better."""

    thing: str
    how: str = ""
    why: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Means:
    """What this host has."""

    kind: SandboxKind
    cgroup_problem: str = ""
    """Why there is no cgroup for us; empty: there is."""
    watching: bool = True
    """Whether there is a /proc to watch processes in."""
    counts_apart: bool = False
    """Whether the kernel limits processes in a user namespace by themselves."""
    filtered: bool = True
    """Whether we have a filter of system calls for this machine and kernel."""


def holds(means: Means) -> list[Hold]:
    """One for each of THINGS, in their order."""
    return [*_walls(means.kind), _calls(means), *_amounts(means)]


def _walls(kind: SandboxKind) -> list[Hold]:
    if kind == "none":
        why = "no sandbox: programs run as you"
        inherited = Hold("environment", how="only the listed variables are handed on")
        walls = ("files", "processes", "network")
        session = "a session of its own, without your terminal on its input and output"
        return [
            *(Hold(thing, why=why, fix=_OUTRIGHT) for thing in walls),
            *(inherited, Hold("terminal", how=session)),
        ]
    if kind == "bwrap":
        return [
            Hold("files", how="bwrap: own mounts; the system read-only, its work dir and HOME"),
            Hold("processes", how="bwrap: own pid, ipc and user namespace, no capability"),
            Hold("network", how="bwrap: own network namespace; one door, to the allowed hosts"),
            Hold("environment", how="only the listed variables are handed on"),
            Hold("terminal", how="bwrap: a session without a terminal (--new-session)"),
        ]
    return [
        Hold("files", how=f"{kind}: the image, read-only; its work dir and HOME writable"),
        Hold("processes", how=f"{kind}: a container without capabilities or new privileges"),
        Hold("network", how=f"{kind}: none (--network none); one door, to the allowed hosts"),
        Hold("environment", how="only the listed variables are handed on, by name"),
        Hold("terminal", how=f"{kind}: no terminal is given to the container"),
    ]


def _calls(means: Means) -> Hold:
    if means.kind == "none":
        return Hold("system calls", why="no sandbox: programs run as you", fix=_OUTRIGHT)
    if means.kind != "bwrap":
        return Hold("system calls", how=f"{means.kind}: the engine's own filter")
    if means.filtered:
        return Hold("system calls", how="a filter (seccomp): no vsock, keyrings, bpf, io_uring")
    return Hold("system calls", why="we have no filter (seccomp) for this processor or kernel")


def _amounts(means: Means) -> list[Hold]:
    inherited = "an inherited limit (RLIMIT_NOFILE), and no core files"
    disk = "watching: the size of work dir and HOME; no file larger (RLIMIT_FSIZE)"
    return [
        _amount(means, "memory", "memory.max"),
        _amount(means, "process count", "pids.max"),
        Hold("disk", how=f"{disk}; `limits.free_disk_mb` stay free"),
        Hold("open files", how=inherited),
    ]


def _amount(means: Means, thing: str, setting: str) -> Hold:
    if means.kind in ("docker", "podman"):
        return Hold(thing, how=f"{means.kind}: a cgroup of the container's")
    if not means.cgroup_problem:
        return Hold(thing, how=f"cgroup: {setting}; and watching, twice a second")
    if not means.watching:
        return Hold(thing, why="there is no /proc to watch, nor a cgroup", fix=_OUTRIGHT)
    how = "watching, twice a second (the tree is ended when it is over)"
    if thing == "process count" and means.counts_apart:
        return Hold(thing, how=f"an inherited limit of the sandbox's own (RLIMIT_NPROC); {how}")
    return Hold(thing, how=f"{how}; not by the kernel: {means.cgroup_problem}", fix=_CGROUP_FIX)
