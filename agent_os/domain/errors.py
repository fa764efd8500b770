"""One tree of errors: each has a stable code, and names the cause and the next step."""

from __future__ import annotations

from datetime import datetime


class AgentOSError(Exception):
    """The root. `code` is stable and may be matched on; `next_step` says what a person can do."""

    code = "error"
    default_next_step = ""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step or self.default_next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class ConfigError(AgentOSError):
    """A configuration file or a value in it is wrong."""

    code = "config_invalid"


class BadInput(AgentOSError):
    """Something a person, a repository or an agent gave us can't be read."""

    code = "bad_input"


class TaskNotFound(AgentOSError):
    code = "task_not_found"
    default_next_step = "`agent-os status` lists the tasks."


class StoreError(AgentOSError):
    code = "store_failed"


class LeaseLost(StoreError):
    """Another owner holds a newer fence: whatever we meant to do is no longer ours to do."""

    code = "lease_lost"


class GitError(AgentOSError):
    """A git command failed. `output` is its tail."""

    code = "git_failed"

    def __init__(self, message: str, *, output: str = "", next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.output = output


class OwnedElsewhere(AgentOSError):
    """Another installation works on the repository."""

    code = "owned_elsewhere"


class SandboxError(AgentOSError):
    code = "sandbox_failed"


class NoticeFailed(AgentOSError):
    """A message to people was not sent."""

    code = "notice_failed"


class NoticeUnanswered(AgentOSError):
    """It is not known whether a message to people arrived."""

    code = "notice_unanswered"


class GitHubError(AgentOSError):
    """GitHub answered with an error. `status` is its HTTP status, 0 when there was no answer."""

    code = "github_failed"

    def __init__(self, message: str, *, status: int = 0, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.status = status


class GitHubUnreachable(GitHubError):
    """No answer, or a 5xx one: of a write it is unknown whether it happened."""

    code = "github_unreachable"


class TokenRefused(GitHubError):
    code = "token_refused"
    default_next_step = "Check github.token: it must be valid and may not have expired."


class NotPermitted(GitHubError):
    code = "not_permitted"


class NotFound(GitHubError):
    code = "not_found"


class Moved(GitHubError):
    """It has another address by now: the repository was renamed, or the issue transferred."""

    code = "moved"


class Conflict(GitHubError):
    """405, 409 or 422: GitHub understood and refused."""

    code = "refused"


class RateLimited(GitHubError):
    """No request may be made before `until`."""

    code = "rate_limited"

    def __init__(self, message: str, *, until: datetime, status: int = 403) -> None:
        super().__init__(message, status=status)
        self.until = until


class IncompleteList(GitHubError):
    """A list could not be read to its end, so nothing may be concluded from it."""

    code = "incomplete_list"
