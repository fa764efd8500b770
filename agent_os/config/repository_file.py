"""`.agent-os.yaml`: what a managed repository says about itself, read from its base branch only."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from agent_os.config.agents import Settings
from agent_os.config.loading import read_yaml
from agent_os.domain.approvals import AddedApprovals, ApprovalRules
from agent_os.domain.paths import PathPattern
from agent_os.domain.profiles import Narrowings
from agent_os.domain.requests import GrantPart

PATHS = (".agent-os.yaml", ".github/agent-os.yml")

#: They run with the repository's secrets as soon as they are pushed.
WORKFLOWS = (".github/workflows/**", ".github/actions/**")

#: Changing these changes who decides what is merged, or what is worked on: no task may.
ALWAYS_PROTECTED = (
    *WORKFLOWS,
    *PATHS,
    "objectives.yaml",
    "CODEOWNERS",
    ".github/CODEOWNERS",
    "docs/CODEOWNERS",
)


class SecretSettings(Settings):
    """`ignore`: paths in which what looks like a token is a fake, for tests."""

    ignore: tuple[PathPattern, ...] = ()


class RepositoryFile(Settings):
    """`test: CMD` is the short form of `checks: {test: CMD}`."""

    setup: str = ""
    test: str = ""
    checks: dict[str, str] = Field(default_factory=dict, max_length=20)
    protected_paths: tuple[PathPattern, ...] = ()
    secrets: SecretSettings = SecretSettings()
    approvals: AddedApprovals = AddedApprovals()
    """What needs a person besides what the config says."""
    merge: Literal["merge", "squash", "rebase"] = "squash"
    vendors: tuple[str, ...] | None = None
    """Whose models may see this repository's code; None: as the config says."""
    grant: GrantPart | None = None
    """What agents may ask for, where it is less than the config grants."""
    profiles: Narrowings = Narrowings()
    """What its sandboxes may do, within what the config allows."""

    @model_validator(mode="after")
    def _checks_have_commands(self) -> RepositoryFile:
        for name, command in self.checks.items():
            if not command.strip():
                raise ValueError(f"check `{name}` has no command")
        return self

    @property
    def named_checks(self) -> dict[str, str]:
        short = {"test": self.test} if self.test.strip() else {}
        return {**short, **self.checks}

    @property
    def protected(self) -> tuple[str, ...]:
        return (*ALWAYS_PROTECTED, *self.protected_paths)

    def protected_by(self, rules: ApprovalRules) -> tuple[str, ...]:
        """What no task may change; with `workflows: ask` those need a person's approval instead."""
        if rules.workflows == "forbid":
            return self.protected
        fixed = tuple(path for path in ALWAYS_PROTECTED if path not in WORKFLOWS)
        return (*fixed, *self.protected_paths)


def parse_repository_file(content: bytes | None, name: str) -> RepositoryFile:
    """The file's settings, or the defaults when there is none. ConfigError names the line."""
    if content is None:
        return RepositoryFile()
    return read_yaml(content, RepositoryFile, name)
