"""What hosts let a sandbox be made of: facts in, the reason and the exact fix out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent_os.domain.errors import SandboxError
from agent_os.workspace.bounds import Bounds
from agent_os.workspace.sandbox import bwrap, cgroup, choosing, host, rlimits
from agent_os.workspace.sandbox.holds import THINGS, Hold, Means, holds
from agent_os.workspace.sandbox.host import HostFacts
from agent_os.workspace.sandbox.port import SandboxKind

DENIED = "bwrap does not run: bwrap: setting up uid map: Permission denied"
NO_NEW = "bwrap does not run: bwrap: No permissions to create new namespace"
BROKEN = HostFacts(problem=NO_NEW)

CASES: list[tuple[str, HostFacts, bool, str, tuple[str, ...]]] = [
    ("plain Linux", HostFacts(), True, "", ()),
    ("works in a container", HostFacts(container="Docker"), True, "", ()),
    ("works under AppArmor, with a profile", HostFacts(apparmor=1), True, "", ()),
    (
        "Ubuntu 24.04",
        HostFacts(problem=DENIED, apparmor=1, clone=1, namespaces=60_000),
        False,
        "AppArmor forbids",
        (
            "/etc/apparmor.d/bwrap",
            "profile bwrap /usr/bin/bwrap flags=(unconfined) {\n  userns,",
            "sudo apparmor_parser -r /etc/apparmor.d/bwrap",
            "the better way",
            "kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ),
    (
        "Debian with user namespaces for root only",
        replace(BROKEN, clone=0, namespaces=60_000),
        False,
        "kernel.unprivileged_userns_clone = 0",
        ("sudo sysctl -w kernel.unprivileged_userns_clone=1", "/etc/sysctl.d/"),
    ),
    (
        "no user namespaces at all",
        replace(BROKEN, namespaces=0, clone=0, apparmor=1),
        False,
        "user.max_user_namespaces = 0",
        ("sudo sysctl -w user.max_user_namespaces=15000",),
    ),
    (
        "in a container of Docker's",
        replace(BROKEN, container="Docker", clone=1),
        False,
        "in a container (Docker)",
        ("--security-opt seccomp=unconfined", "on the host itself"),
    ),
    (
        "a container on Ubuntu: the container is the first wall",
        replace(BROKEN, container="Kubernetes", apparmor=1),
        False,
        "in a container (Kubernetes)",
        ("seccomp=unconfined",),
    ),
    ("not installed", HostFacts(bwrap=""), False, "is not installed", ("`bubblewrap`",)),
    (
        "not installed, Debian",
        HostFacts(bwrap="", installer="apt-get"),
        False,
        "is not installed",
        ("sudo apt-get install bubblewrap",),
    ),
    ("macOS", HostFacts(system="Darwin"), False, "Docker or Podman", ("sandbox: docker",)),
    ("Windows", HostFacts(system="Windows"), False, "WSL2", ("wsl --install",)),
    ("WSL1", replace(BROKEN, wsl=True), False, "WSL1", ("wsl --set-version",)),
    ("WSL2", HostFacts(wsl=True), True, "", ()),
    (
        "nobody knows why",
        HostFacts(problem="bwrap does not run: bwrap: Unknown option --disable-userns"),
        False,
        "Unknown option",
        ("by hand",),
    ),
    ("root is not stopped by those settings", replace(BROKEN, clone=0, root=True), False, "", ()),
]


@pytest.mark.parametrize(
    ("facts", "works", "reason", "fix"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_hosts(facts: HostFacts, works: bool, reason: str, fix: tuple[str, ...]) -> None:
    judged = host.judge(facts)
    assert judged.works is works
    assert reason in judged.reason
    assert bool(judged.reason) == bool(judged.fix) == (not works)
    assert [words for words in fix if words not in judged.fix] == []


def test_this_host_is_looked_at() -> None:
    """The facts agree with what bwrap does here."""
    facts = host.gather(bwrap.problem())
    assert facts.system == os.uname().sysname
    assert host.judge(facts).works is (bwrap.problem() == "")


@pytest.fixture
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A PATH without bwrap, docker and podman."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(choosing, "_known", {})
    bwrap.forget()
    yield tmp_path
    bwrap.forget()


@pytest.mark.parametrize("wanted", ["auto", "bwrap", "docker", "podman"])
def test_what_is_asked_for_and_does_not_work_is_refused(
    nothing_here: Path, wanted: choosing.Wanted
) -> None:
    with pytest.raises(SandboxError, match="not installed") as caught:
        choosing.choose(wanted, "image")
    assert "agent-os doctor" in caught.value.next_step
    assert "sandbox: none" in caught.value.next_step
    assert choosing.detect(wanted, "image").fix


def test_none_is_only_what_the_owner_writes(nothing_here: Path) -> None:
    assert choosing.choose("none").kind == "none"
    assert not choosing.detect("none").refuses


def test_auto_takes_a_container_where_there_is_no_bwrap(nothing_here: Path) -> None:
    engine = nothing_here / "podman"
    engine.write_text("#!/bin/sh\nexit 0\n")
    engine.chmod(0o755)
    assert choosing.choose("auto", "image").kind == "podman"
    with pytest.raises(SandboxError):  # without an image there is nothing to run in
        choosing.choose("auto")


@pytest.mark.parametrize("kind", ["bwrap", "docker", "podman", "none"])
@pytest.mark.parametrize("problem", ["", "no cgroup is delegated to us"])
def test_every_thing_has_its_line(kind: SandboxKind, problem: str) -> None:
    found = holds(Means(kind=kind, cgroup_problem=problem))
    assert tuple(hold.thing for hold in found) == THINGS
    assert all(bool(hold.how) != bool(hold.why) for hold in found)


def test_what_is_not_held_is_said() -> None:
    def named(means: Means) -> dict[str, Hold]:
        return {hold.thing: hold for hold in holds(means)}

    bare = named(Means("none", "no cgroup"))
    open_ = ["files", "processes", "network", "system calls"]
    assert [t for t in THINGS if bare[t].why] == open_
    mac = named(Means("none", "no cgroup", watching=False))
    assert [t for t in THINGS if mac[t].why][4:] == ["memory", "process count"]
    watched = named(Means("bwrap", "no cgroup is delegated to us"))
    assert "watching" in watched["memory"].how
    assert "agent-os systemd" in watched["memory"].fix
    assert "memory.max" in named(Means("bwrap"))["memory"].how
    apart = named(Means("bwrap", "no cgroup", counts_apart=True))
    assert "RLIMIT_NPROC" in apart["process count"].how
    assert "seccomp" in named(Means("bwrap"))["system calls"].how
    assert "no filter" in named(Means("bwrap", filtered=False))["system calls"].why


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Plain files where the kernel's would be."""
    root = tmp_path / "cgroup"
    (root / "user" / "session").mkdir(parents=True)
    (root / "cgroup.controllers").write_text("cpu memory pids\n")
    for folder in (root, root / "user"):
        (folder / "cgroup.subtree_control").write_text("memory pids\n")
        (folder / "cgroup.procs").touch()
    (tmp_path / "own").write_text("1:name=systemd:/old\n0::/user/session\n")
    return root


def test_groups_are_made_beside_ours(tree: Path, tmp_path: Path) -> None:
    assert cgroup.place(tree, tmp_path / "own") == tree / "user"
    assert cgroup.problem(tree, tmp_path / "own") == ""


def test_groups_are_made_at_the_root_where_ours_lacks_the_controllers(
    tree: Path, tmp_path: Path
) -> None:
    (tree / "user" / "cgroup.subtree_control").write_text("cpu\n")
    assert cgroup.place(tree, tmp_path / "own") == tree


def test_without_a_place_there_is_a_reason(tree: Path, tmp_path: Path) -> None:
    for folder in (tree, tree / "user"):
        (folder / "cgroup.subtree_control").write_text("\n")
    assert "delegated" in cgroup.problem(tree, tmp_path / "own")
    assert "version 2" in cgroup.problem(tmp_path / "nothing", tmp_path / "own")


def test_a_group_holds_the_limits(tree: Path) -> None:
    group = cgroup.Group(tree, Bounds(memory_mb=300, processes=50))
    written = {p.name: p.read_text().strip() for p in group.path.iterdir()}
    assert written == {
        "memory.max": "300000000",
        "memory.oom.group": "1",
        "memory.swap.max": "0",
        "pids.max": "200",
    }
    assert group.passed() is None
    (group.path / "memory.events").write_text("low 0\noom 1\noom_kill 2\n")
    over = group.passed()
    assert over is not None
    assert over.what == "memory"
    assert f'echo $$ > "{group.path}/cgroup.procs"' in rlimits.prefix(Bounds(), group.path)[2]


def test_groups_of_dead_runners_are_swept(tree: Path) -> None:
    dead, living = tree / "agent-os-999999999-0", tree / f"agent-os-{os.getpid()}-77"
    dead.mkdir()
    living.mkdir()
    cgroup.Group(tree, Bounds())
    assert not dead.exists()
    assert living.exists()


def test_processes_are_limited_only_where_others_do_not_count() -> None:
    assert rlimits.inside(10, user=0, kernel=(6, 8)) == ()
    assert rlimits.inside(10, user=1000, kernel=(5, 10)) == ()
    assert rlimits.inside(0, user=1000, kernel=(6, 8)) == ()
    assert "ulimit -u 40" in rlimits.inside(10, user=1000, kernel=(6, 8))[2]
