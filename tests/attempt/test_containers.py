"""Docker and Podman as the sandbox: what we ask of an engine, with a stand-in for one.

No engine runs in these tests, so that they say nothing about what a real one keeps apart.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_os.domain.attempts import AgentOrder
from agent_os.domain.errors import SandboxError
from agent_os.domain.failures import FailureCode
from agent_os.domain.profiles import Profile
from agent_os.workspace.limited import clean_up
from agent_os.workspace.sandbox import containers
from agent_os.workspace.sandbox.containers import Container, name_for
from agent_os.workspace.sandbox.port import Door, View

from .engine import Engine, mounts, parsed
from .test_trees import living
from .world import FIX, World, wait_for

IMAGE = "registry.example.org/agents:1"
DOCKER: dict[str, Any] = {"sandbox": "docker", "sandbox_image": IMAGE}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "engine") as running:
        yield running


@pytest.fixture
def on_path(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("PATH", engine.path)
    return engine


def wrapped(tmp_path: Path, kind: containers.Engine = "docker", **view: Any) -> list[str]:
    """What follows the client's name, for `true` in a work dir."""
    argv = Container(kind, IMAGE, "Linux").wrap(("true",), tmp_path, View((tmp_path,), **view))
    return list(argv[next(i for i, part in enumerate(argv) if part.endswith(f"/{kind}")) + 1 :])


def test_an_attempt_runs_in_containers(world: World, engine: Engine) -> None:
    """Agent, base and result: each in one that is hardened, in the owner's image."""
    attempt = world.attempt(FIX, env=("MODEL_KEY",), **DOCKER)
    outcome = attempt.run(PATH=engine.path, MODEL_KEY="sk-secret")
    assert (outcome.code, outcome.sandbox) == (None, "docker"), outcome.detail
    assert len(engine.runs()) == 3
    for argv in engine.runs():
        options, image, _ = parsed(argv[1:])
        assert image == IMAGE
        assert {"--rm", "--read-only", "--init", "--interactive"} <= set(options)
        assert options["--network"] == ["none"]
        assert options["--cap-drop"] == ["ALL"]
        assert options["--security-opt"] == ["no-new-privileges"]
        assert options["--user"] == [f"{os.getuid()}:{os.getgid()}"]
        assert options["--memory"] == options["--memory-swap"] == ["8000m"]
        assert options["--pids-limit"] == ["8000"]
        assert "sk-secret" not in str(argv), "values are handed on by name"
    options, _, _ = parsed(engine.runs()[0][1:])
    assert "MODEL_KEY" in options["--env"]
    writable = {m["target"] for m in mounts(options) if not m["readonly"]}
    assert {str(attempt.path / "work"), str(attempt.path / "home")} <= writable
    assert not [path for path in writable if not path.startswith((str(attempt.path), "/run/"))]


def test_a_lent_login_is_placed_over_a_plain_file(world: World, engine: Engine) -> None:
    owners = world.root / ".claude" / ".credentials.json"
    owners.parent.mkdir()
    owners.write_text("{}")
    (engine.folder / "claude").write_text("#!/bin/sh\n")
    (engine.folder / "claude").chmod(0o755)
    agent = AgentOrder(name="mine", driver="claude", own_login=True)
    attempt = world.attempt(agent=agent, **DOCKER)
    attempt.run(PATH=engine.path)
    options, _, _ = parsed(engine.runs()[0][1:])
    lent = attempt.path / "home" / ".claude" / ".credentials.json"
    assert str(owners) in [m["source"] for m in mounts(options) if m["target"] == str(lent)]
    assert lent.is_file() and not lent.is_symlink()


def sleeper(mark: str) -> str:
    """A command whose process tells nothing of where it came from."""
    return f"""cd /; exec env -i bash -c 'exec -a {mark} sleep 300'"""


def test_the_container_ends_with_its_client(world: World, engine: Engine) -> None:
    """Its processes are not below us: ending the client's tree would leave them."""
    mark = f"agent-os-test-container-{os.getpid()}"
    attempt = world.attempt(sleeper(mark), **DOCKER)
    runner = attempt.popen(PATH=engine.path)
    wait_for(lambda: bool(living(mark)), 30)
    (attempt.path / "cancel").write_text("it is enough\n")
    assert runner.wait(timeout=60) == 0
    assert living(mark) == []
    assert engine.asked[-1] == ["rm", "--force", name_for(attempt.path / "work")]


def test_a_dead_runners_container_is_ended_by_the_next(world: World, engine: Engine) -> None:
    mark = f"agent-os-test-left-{os.getpid()}"
    attempt = world.attempt(sleeper(mark), **DOCKER)
    runner = attempt.popen(PATH=engine.path)
    wait_for(lambda: bool(living(mark)), 30)
    runner.kill()
    runner.wait()
    assert living(mark), "a container outlives who started it"
    assert attempt.run(PATH=engine.path).code is FailureCode.LOST
    assert living(mark) == []


def test_an_engine_that_does_not_run_is_refused(world: World, engine: Engine) -> None:
    engine.running = False
    outcome = world.attempt(**DOCKER).run(PATH=engine.path)
    assert outcome.code is FailureCode.SANDBOX_FAILED
    assert "Is the docker daemon running?" in outcome.detail
    assert not engine.runs()


def test_a_container_that_can_not_be_ended_is_an_error(on_path: Engine, tmp_path: Path) -> None:
    argv = Container("docker", IMAGE).wrap(("true",), tmp_path, View((tmp_path,)))
    clean_up(Container("docker", IMAGE).cleanup(argv))  # there is none: nothing to end
    on_path.running = False
    with pytest.raises(SandboxError, match="does not end its container"):
        clean_up(Container("docker", IMAGE).cleanup(argv))


def test_an_image_is_needed(on_path: Engine) -> None:
    assert "sandbox_image" in containers.problem("docker", "")
    assert containers.problem("docker", IMAGE) == ""


def test_rootless_podman_keeps_our_user(
    on_path: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    options, _, _ = parsed(wrapped(tmp_path, "podman")[1:])
    assert options["--userns"] == ["keep-id"]
    options, _, _ = parsed(wrapped(tmp_path, "docker")[1:])
    assert "--userns" not in options


def test_limits_of_the_profile(on_path: Engine, tmp_path: Path) -> None:
    profile = Profile(memory_mb=300, processes=20, open_files=100, disk_mb=50)
    options, _, _ = parsed(wrapped(tmp_path, profile=profile)[1:])
    assert options["--memory"] == ["300m"]
    assert options["--pids-limit"] == ["80"]
    assert set(options["--ulimit"]) == {"core=0", "nofile=100:100", "fsize=50000000"}
    free = Profile(memory_mb=0, processes=0, open_files=0, disk_mb=0)
    options, _, _ = parsed(wrapped(tmp_path, profile=free)[1:])
    assert not {"--memory", "--pids-limit"} & set(options)


def test_what_may_only_be_read(on_path: Engine, tmp_path: Path) -> None:
    shown, work = tmp_path / "shown", tmp_path / "work"
    shown.mkdir()
    (work / "there").mkdir(parents=True)
    view = View((work,), read_only=(shown, tmp_path / "missing"), fixed=(work / "there",))
    argv = Container("docker", IMAGE).wrap(("true",), work, view)
    options, _, _ = parsed(list(argv[argv.index("run") + 1 :]))
    found = {m["target"]: m["readonly"] for m in mounts(options)}
    assert found == {str(shown): True, str(work): False, str(work / "there"): True}


def test_a_comma_in_a_path_is_refused(on_path: Engine, tmp_path: Path) -> None:
    """It would be another option of the mount."""
    with pytest.raises(SandboxError, match="comma"):
        Container("docker", IMAGE).wrap(("true",), tmp_path, View((tmp_path / "a,readonly=0",)))


def test_macos_has_no_way_out(on_path: Engine, tmp_path: Path) -> None:
    view = View((tmp_path,), door=Door(tmp_path / "door"))
    assert Container("docker", IMAGE, "Linux").wrap(("true",), tmp_path, view)
    with pytest.raises(SandboxError, match="does not reach"):
        Container("docker", IMAGE, "Darwin").wrap(("true",), tmp_path, view)
