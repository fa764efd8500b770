"""Talking to a git remote: the token's way in, and what its refusals mean."""

from __future__ import annotations

import os
import re
from pathlib import Path

from agent_os.domain.errors import AgentOSError, Conflict, GitError, NotPermitted, TokenRefused
from agent_os.workspace.git import GitAnswer, try_git

_NETWORK_CONFIG = ("http.lowSpeedLimit=1000", "http.lowSpeedTime=60", "credential.helper=")
_PASSED_ON = (
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
#: git may ask for the credential again after a redirect; each answer uses up one line.
_ANSWERS = 8
#: Git asks again when it was redirected: the token is for the place we meant, and no other.
_HELPER = (
    '!f() { test "$1" = get || exit 0; n=0; while read -r l; do case "$l" in '
    '"protocol=%s"|"host=%s") n=$((n+1));; "") break;; esac; done; test $n = 2 || exit 0; '
    "read -r t < /dev/fd/%d || exit 0; "
    'printf "username=x-access-token\\npassword=%%s\\n" "$t"; }; f'
)
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]+)?|\[[0-9a-fA-F:.]+\](:[0-9]+)?")
_REFUSED = re.compile(r"Authentication failed|could not read (Username|Password)|error: 401")
_FORBIDDEN = re.compile(r"error: 403|Permission to .* denied")
_REJECTED = re.compile(r"stale info|non-fast-forward|fetch first|\[remote rejected\]|\[rejected\]")


def remote_git(git_dir: Path, *args: str, token: str, timeout: float) -> str:
    """Run a git command that talks to a remote; returns stdout.

    The token reaches git's credential helper through an inherited pipe: it is in no URL, argument,
    environment or file. Raises TokenRefused, NotPermitted, Conflict (a rejected push) or GitError.
    """
    config = [part for setting in _NETWORK_CONFIG for part in ("-c", setting)]
    place = _place(args)
    env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    if not token or place is None:
        return _answer(
            args, try_git(*config, *args, git_dir=git_dir, env_extra=env, timeout=timeout)
        )
    read_end, write_end = os.pipe()
    try:
        os.write(write_end, f"{token}\n".encode() * _ANSWERS)
        os.close(write_end)
        write_end = -1
        config += ["-c", f"credential.helper={_HELPER % (*place, read_end)}"]
        answer = try_git(
            *config, *args, git_dir=git_dir, env_extra=env, timeout=timeout, pass_fds=(read_end,)
        )
    finally:
        os.close(read_end)
        if write_end >= 0:
            os.close(write_end)
    return _answer(args, answer)


def _place(args: tuple[str, ...]) -> tuple[str, str] | None:
    """Protocol and host of the remote that is asked; None: none that takes a token."""
    for arg in args:
        if arg.startswith(("https://", "http://")):
            protocol, _, rest = arg.partition("://")
            host = rest.partition("/")[0]
            return (protocol, host) if _HOST.fullmatch(host) else None
    return None


def _answer(args: tuple[str, ...], answer: GitAnswer) -> str:
    if answer.code == 0:
        return answer.text.strip()
    raise _refusal(args[0], f"{answer.output}\n{answer.text}")


def _refusal(verb: str, output: str) -> AgentOSError:
    lines = [line for line in output.splitlines() if line.strip()]
    if _REFUSED.search(output):
        return TokenRefused(f"The remote refused the token for git {verb}.", status=401)
    if _FORBIDDEN.search(output):
        return NotPermitted(f"The token may not do git {verb} on this repository.", status=403)
    rejected = next((line for line in lines if _REJECTED.search(line)), None)
    if verb == "push" and rejected is not None:
        return Conflict(f"The remote rejected the push: {rejected.strip()[:300]}", status=422)
    fatal = next((line for line in lines if line.startswith("fatal:")), lines[-1] if lines else "")
    return GitError(f"git {verb} failed: {fatal[:300]}", output=output[-4000:])
