"""The one place that runs git: a subprocess with a fixed environment, never a shell."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agent_os.domain.errors import BadInput, GitError

_SAFE_CONFIG = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.http.allow=always",
    "protocol.file.allow=always",
    "gc.auto=0",
    "maintenance.auto=false",
    "core.quotePath=false",
    "advice.detachedHead=false",
    "init.defaultBranch=main",
    # Whatever a tree holds: no spelling of .git is checked out, no author is renamed.
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.symlinks=true",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "log.mailmap=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "core.bigFileThreshold=64m",
)
_OUTPUT_TAIL = 4_000
_PIECE = 65_536
#: git's name of a tree without files, which it knows without having it.
_NO_FILES = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class GitAnswer:
    """What one git command said. `output` is stderr, bounded."""

    code: int
    stdout: bytes
    output: str

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", "replace")


def is_sha(text: str) -> bool:
    """Whether `text` is a full object name (SHA-1 or SHA-256, lower case)."""
    return _SHA.fullmatch(text) is not None


def checked_sha(text: str) -> str:
    """`text` itself, or BadInput: nothing else may stand where git expects an object name."""
    if not is_sha(text):
        raise BadInput(f"Not a full commit id: {text[:80]!r}.")
    return text


def git_environment(git_dir: Path | None, extra: Mapping[str, str] | None) -> dict[str, str]:
    """The whole environment of a git command: nothing of the caller's leaks in but PATH."""
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LANG": "C",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        # Newer gits would take attributes from the tree of HEAD, also in a bare repository.
        "GIT_ATTR_SOURCE": _NO_FILES,
    }
    if git_dir is not None:
        env["GIT_DIR"] = str(git_dir)
    env.update(extra or {})
    return env


def try_git(
    *args: str,
    git_dir: Path | None = None,
    cwd: Path | None = None,
    env_extra: Mapping[str, str] | None = None,
    timeout: float = 120.0,
    input: str | bytes | None = None,
    pass_fds: tuple[int, ...] = (),
) -> GitAnswer:
    """Run git and return its answer, whatever its exit code; `timeout` in seconds.

    Raises GitError when git can't be started or does not end in time (its whole group is ended).
    """
    config = [part for setting in _SAFE_CONFIG for part in ("-c", setting)]
    data = input.encode("utf-8", "surrogateescape") if isinstance(input, str) else input
    try:
        process = subprocess.Popen(
            ["git", *config, *args],
            stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd or git_dir or Path("/"),
            env=git_environment(git_dir, env_extra),
            pass_fds=pass_fds,
            start_new_session=True,
        )
    except OSError as error:
        raise GitError(f"git could not be started: {error}.") from error
    try:
        stdout, stderr = process.communicate(data, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git {_verb(args)} did not end within {timeout:.0f} s.") from error
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return GitAnswer(process.returncode, stdout, stderr[-_OUTPUT_TAIL:].decode("utf-8", "replace"))


def git_bytes(
    *args: str,
    git_dir: Path | None = None,
    cwd: Path | None = None,
    env_extra: Mapping[str, str] | None = None,
    timeout: float = 120.0,
    input: str | bytes | None = None,
) -> bytes:
    """Run git and return its stdout; GitError unless it exits 0."""
    answer = try_git(
        *args, git_dir=git_dir, cwd=cwd, env_extra=env_extra, timeout=timeout, input=input
    )
    if answer.code != 0:
        raise failed(args, answer)
    return answer.stdout


def run_git(
    *args: str,
    git_dir: Path | None = None,
    cwd: Path | None = None,
    env_extra: Mapping[str, str] | None = None,
    timeout: float = 120.0,
    input: str | bytes | None = None,
) -> str:
    """Run git and return its stdout as stripped text; GitError unless it exits 0."""
    out = git_bytes(
        *args, git_dir=git_dir, cwd=cwd, env_extra=env_extra, timeout=timeout, input=input
    )
    return out.decode("utf-8", "surrogateescape").strip()


def git_start(*args: str, git_dir: Path, max_bytes: int, timeout: float = 120.0) -> bytes:
    """The first `max_bytes` of what git prints, however long it would go on; errors are ignored."""
    process = _printing(args, git_dir)
    # Ends a git that prints nothing for ever; the read below then sees the end of the pipe.
    guard = threading.Timer(timeout, process.kill)
    guard.start()
    with process:
        assert process.stdout is not None  # asked for above
        data = process.stdout.read(max_bytes)
        guard.cancel()
        process.kill()
    return data


def git_lines(*args: str, git_dir: Path, timeout: float = 120.0) -> Iterator[bytes]:
    """What git prints, line by line with their ends; one that is longer than a piece comes in
    several. GitError at its end, unless the caller stops before."""
    process = _printing(args, git_dir)
    guard = threading.Timer(timeout, process.kill)
    guard.start()
    try:
        assert process.stdout is not None  # asked for
        while line := process.stdout.readline(_PIECE):
            yield line
        process.wait()
    finally:
        guard.cancel()
        process.kill()
        with process:
            pass  # closes the pipe, and waits
    if process.returncode != 0:
        raise GitError(f"git {_verb(args)} ended with exit code {process.returncode}.")


def git_fed(*args: str, git_dir: Path, pieces: Iterable[bytes], timeout: float) -> None:
    """Run git with `pieces` as its input, each made when the one before is taken. GitError.

    Without a single piece nothing runs.
    """
    left = iter(pieces)
    first = next(left, None)
    if first is None:
        return
    config = [part for setting in _SAFE_CONFIG for part in ("-c", setting)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            ["git", *config, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            cwd=git_dir,
            env=git_environment(git_dir, None),
            start_new_session=True,
        )
        guard = threading.Timer(timeout, process.kill)
        guard.start()
        try:
            assert process.stdin is not None  # asked for
            with suppress(BrokenPipeError), process.stdin:
                for piece in itertools.chain((first,), left):
                    process.stdin.write(piece)
            process.wait()
        finally:
            guard.cancel()
            process.kill()
            process.wait()
        said.seek(0)
        output = said.read()[-_OUTPUT_TAIL:].decode("utf-8", "replace")
    if process.returncode != 0:
        raise failed(args, GitAnswer(process.returncode, b"", output))


def _printing(args: tuple[str, ...], git_dir: Path) -> subprocess.Popen[bytes]:
    config = [part for setting in _SAFE_CONFIG for part in ("-c", setting)]
    return subprocess.Popen(
        ["git", *config, *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=git_dir,
        env=git_environment(git_dir, None),
        start_new_session=True,
    )


def failed(args: tuple[str, ...], answer: GitAnswer) -> GitError:
    """The error for an answer that should have been 0. Disk trouble stays visible in `output`."""
    lines = answer.output.strip().splitlines()
    reason = lines[-1][:300] if lines else f"exit code {answer.code}"
    return GitError(f"git {_verb(args)} failed: {reason}", output=answer.output)


def _verb(args: tuple[str, ...]) -> str:
    return next((arg for arg in args if not arg.startswith("-") and "=" not in arg), "")
