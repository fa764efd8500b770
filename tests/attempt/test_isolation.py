"""What an agent and the repository's own commands can see and change."""

from __future__ import annotations

import os
import subprocess

import pytest

from agent_os.domain.attempts import AgentOrder

from .world import FIX, World

SANDBOXES = [pytest.param("bwrap", marks=pytest.mark.needs("bwrap")), "none"]


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_trap_29_the_environment_is_empty_but_for_what_is_listed(
    world: World, sandbox: str
) -> None:
    attempt = world.attempt("env | sort", sandbox=sandbox, env=("MODEL_KEY", "NOT_SET"))
    attempt.run(MODEL_KEY="k1", GITHUB_TOKEN="secret", AGENT_OS_STATE="x")
    seen = {line.split("=")[0] for line in attempt.text("agent.log").splitlines()}
    wanted = {"PATH", "HOME", "LANG", "AGENT_OS_TASK", "AGENT_OS_HANDOFF", "MODEL_KEY"}
    assert seen - {"PWD", "OLDPWD", "SHLVL", "_"} == wanted


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_trap_29_checks_get_no_secret_either(world: World, sandbox: str) -> None:
    checks = {"env": 'test -z "$GITHUB_TOKEN$MODEL_KEY" && test -d "$HOME" && test -w "$HOME"'}
    attempt = world.attempt(checks=checks, sandbox=sandbox, env=("MODEL_KEY",))
    assert attempt.run(MODEL_KEY="k1", GITHUB_TOKEN="secret").code is None


PROBE = """
try() { if eval "$2" >/dev/null 2>&1; then echo "CAN $1"; else echo "no $1"; fi; }
try read-order 'cat ../order.json'
try read-outside 'cat {root}/secret.txt'
try list-home 'ls {root}/origin'
try write-task 'echo x >> "$AGENT_OS_TASK"'
try write-mirror 'touch {root}/mirror.git/objects/x'
try write-usr 'touch /usr/x'
try read-shadow 'cat /etc/shadow'
try see-others 'test -d /proc/{pid}'
try remount 'mount -o remount,rw /usr'
try runtime 'ls /run/docker.sock /run/user /var/run/dbus'
try read-task 'grep Mend "$AGENT_OS_TASK"'
try git 'git log -1'
try python 'python3 -c "import json"'
try tools 'ruff --version'
try write-home 'touch "$HOME/x"'
try write-tmp 'touch /tmp/x'
try read-only 'cat {root}/shown/file'
try write-read-only 'touch {root}/shown/other'
"""
ALLOWED = {"read-task", "git", "python", "tools", "write-home", "write-tmp", "read-only"}


def probe(world: World) -> str:
    (world.root / "secret.txt").write_text("secret\n")
    (world.root / "shown").mkdir(exist_ok=True)
    (world.root / "shown" / "file").write_text("shown\n")
    return PROBE.replace("{root}", str(world.root)).replace("{pid}", str(os.getpid()))


@pytest.mark.needs("bwrap")
def test_invariant_05_in_bwrap_the_host_is_not_visible(world: World) -> None:
    agent = AgentOrder(
        name="probe",
        driver="command",
        command=probe(world) + FIX,
        read_only=(str(world.root / "shown"),),
    )
    attempt = world.attempt(agent=agent, sandbox="bwrap")
    assert attempt.run().code is None
    lines = attempt.text("agent.log").splitlines()
    assert {line.split()[1] for line in lines if line.startswith("CAN")} == ALLOWED, lines


@pytest.mark.needs("bwrap")
def test_checks_run_in_the_same_sandbox(world: World) -> None:
    probe(world)
    checks = {"peek": f"! cat {world.root}/secret.txt && ! ls ../../../order.json && git status"}
    assert world.attempt(checks=checks, sandbox="bwrap").run().code is None


@pytest.mark.needs("bwrap")
@pytest.mark.needs("setpriv")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone else")
def test_it_works_without_being_root(world: World) -> None:
    """bwrap then needs user namespaces; the tests usually run as root."""
    world.root.chmod(0o755)
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    argv = [
        *command,
        *("bwrap", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"),
        *("--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"),
        *("--proc", "/proc", "--dev", "/dev", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--", "/bin/true"),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, done.stderr


@pytest.mark.needs("bwrap")
def test_a_check_can_not_reach_into_the_other_checkout(world: World) -> None:
    checks = {"meddle": "! test -e ../../base/repo -a -e ../../result/repo"}
    assert world.attempt(checks=checks, sandbox="bwrap").run().code is None
