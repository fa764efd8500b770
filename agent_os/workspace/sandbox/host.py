"""What this host lets a sandbox be made of, why not, and the exact fix for each reason."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")

PROFILE = """\
abi <abi/4.0>,
include <tunables/global>
profile bwrap /usr/bin/bwrap flags=(unconfined) {
  userns,
  include if exists <local/bwrap>
}"""
_APPARMOR = f"""\
Allow it to bwrap alone, with a profile of AppArmor's (the better way; every other program stays \
forbidden):
sudo tee /etc/apparmor.d/bwrap >/dev/null <<'END'
{PROFILE}
END
sudo apparmor_parser -r /etc/apparmor.d/bwrap
Or allow it to every program: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (and \
`kernel.apparmor_restrict_unprivileged_userns=0` in /etc/sysctl.d/60-userns.conf, for the next \
start)."""
_DOCKER = "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
_CONTAINER = f"""\
Run Agent OS on the host itself, or give its container what bwrap needs: `{_DOCKER} …` (if it then \
says `Can't mount proc`, also `--security-opt systempaths=unconfined`). Without that, the \
container itself is the only wall: `sandbox: none` says so."""
_INSTALL = {
    "apt-get": "sudo apt-get install bubblewrap",
    "dnf": "sudo dnf install bubblewrap",
    "pacman": "sudo pacman -S bubblewrap",
    "zypper": "sudo zypper install bubblewrap",
    "apk": "sudo apk add bubblewrap",
}
_REINSTALL = "Try `bwrap --ro-bind / / true` by hand; bubblewrap 0.5 or newer is needed."
_ENGINE = (
    "Install Docker or Podman, start it, and name an image that holds your agents' programs: "
    "`sandbox: docker` and `sandbox_image: NAME`."
)


@dataclass(frozen=True)
class HostFacts:
    """What was found out. None: there is no such setting here."""

    system: str = "Linux"
    """As `uname -s` says it."""
    wsl: bool = False
    container: str = ""
    """Docker, Podman or `container`, when we are in one."""
    bwrap: str = "/usr/bin/bwrap"
    """Where it is; empty: not installed."""
    problem: str = ""
    """What it says when it is tried; empty: it works."""
    installer: str = ""
    """The package manager that is there."""
    apparmor: int | None = None
    """kernel.apparmor_restrict_unprivileged_userns"""
    clone: int | None = None
    """kernel.unprivileged_userns_clone"""
    namespaces: int | None = None
    """user.max_user_namespaces"""
    root: bool = False


@dataclass(frozen=True)
class Judgement:
    """`reason` is one line; `fix` may have several. Both say nothing where bwrap works."""

    works: bool
    reason: str = ""
    fix: str = ""


def judge(facts: HostFacts) -> Judgement:
    """Whether bubblewrap works here; if not, why, and what to do."""
    if facts.system == "Darwin":
        why = "macOS has no namespaces, so there is no bubblewrap: Docker or Podman is the way"
        return Judgement(False, why, _ENGINE)
    if facts.system != "Linux":
        why = f"{facts.system} is not supported by itself; on Windows, use WSL2"
        return Judgement(False, why, "Run `wsl --install`, and Agent OS in that Linux.")
    if not facts.bwrap:
        return Judgement(False, "bubblewrap (bwrap) is not installed", _install(facts))
    if not facts.problem:
        return Judgement(True)
    return _forbidden(facts)


def _install(facts: HostFacts) -> str:
    # Without a full stop: people copy it.
    return _INSTALL.get(facts.installer, "Install the package `bubblewrap`")


def _forbidden(facts: HostFacts) -> Judgement:
    """bwrap is there and does not work: the first reason that stands in the kernel's settings."""
    if facts.namespaces == 0:
        why = "the kernel allows no user namespaces (user.max_user_namespaces = 0)"
        fix = _sysctl("user.max_user_namespaces=15000")
    elif facts.clone == 0 and not facts.root:
        why = (
            "the kernel allows user namespaces to root only (kernel.unprivileged_userns_clone = 0)"
        )
        fix = _sysctl("kernel.unprivileged_userns_clone=1")
    elif facts.container:
        why = f"we are in a container ({facts.container}), which forbids user namespaces"
        fix = _CONTAINER
    elif facts.apparmor and not facts.root:
        why = (
            "AppArmor forbids user namespaces to programs without a profile "
            "(Ubuntu 24.04 and later: kernel.apparmor_restrict_unprivileged_userns = 1)"
        )
        fix = _APPARMOR
    elif facts.wsl and "namespace" in facts.problem:
        why = "this is WSL1, which has no namespaces"
        fix = "In Windows: `wsl --set-version NAME 2`; Agent OS needs WSL2."
    else:
        return Judgement(False, f"bwrap does not work here: {_line(facts.problem)}", _REINSTALL)
    return Judgement(False, f"{why}; bwrap says: {_line(facts.problem)}", fix)


def _sysctl(setting: str) -> str:
    return (
        f"sudo sysctl -w {setting} (and `{setting}` in /etc/sysctl.d/60-userns.conf, for the "
        "next start)."
    )


def _line(said: str) -> str:
    return " ".join(said.split()).removeprefix("bwrap does not run: ").rstrip(".")[:200]


def gather(problem: str) -> HostFacts:
    """Look at this host; `problem` is what bwrap says when it is tried."""
    system = platform.system()
    return HostFacts(
        system=system,
        wsl="microsoft" in _read("version").lower(),
        container=_container() if system == "Linux" else "",
        bwrap=shutil.which("bwrap") or "",
        problem=problem,
        installer=next((name for name in _INSTALL if shutil.which(name)), ""),
        apparmor=_number("sys/kernel/apparmor_restrict_unprivileged_userns"),
        clone=_number("sys/kernel/unprivileged_userns_clone"),
        namespaces=_number("sys/user/max_user_namespaces"),
        root=os.geteuid() == 0,
    )


def _container() -> str:
    if Path("/.dockerenv").exists():
        return "Docker"
    if Path("/run/.containerenv").exists():
        return "Podman"
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return "Kubernetes"
    marks = ("/docker/", "/kubepods", "/lxc/", "/libpod")
    return "container" if any(mark in _read("self/cgroup") for mark in marks) else ""


def _read(name: str) -> str:
    try:
        return (_PROC / name).read_text("utf-8", "replace")
    except OSError:
        return ""


def _number(name: str) -> int | None:
    text = _read(name).strip()
    return int(text) if text.isdigit() else None
