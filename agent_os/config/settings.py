"""`config.yaml` as typed settings. `config.example.yaml` shows every key with its meaning."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from agent_os.domain.rules import LabelRules, LimitRules, Mode, PeopleRules, RepoRules
from agent_os.policy.cadence import Cadence
from agent_os.policy.specs import TYPES

RepoName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$")
]
AgentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")]


#: What `routing` may have keys for.
ROUTED = (*TYPES, "default")


class Misplaced(ValueError):
    """What is wrong with several values together; `path` leads to the one to change."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GitHubSettings(Settings):
    api_url: str = "https://api.github.com"
    token: SecretStr
    request_timeout_seconds: float = Field(default=30, gt=0, le=300)
    settle_seconds: float = Field(default=5, ge=0, le=300)

    @field_validator("api_url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")


class RepositorySettings(Settings):
    name: RepoName
    mode: Mode = Mode.PULL_REQUEST
    merge_without_ci: bool = False
    allow_stale_base: bool = False
    sandbox: Literal["auto", "bwrap", "none"] | None = None
    routing: dict[str, tuple[AgentName, ...]] = Field(default_factory=dict[str, Any])


class AgentSettings(Settings):
    driver: str
    command: str = ""
    env: tuple[str, ...] = ()
    read_only: tuple[Path, ...] = ()

    @field_validator("driver")
    @classmethod
    def _known_driver(cls, value: str) -> str:
        """One that an installed package offers, this one among them; none is loaded here."""
        known = sorted({entry.name for entry in entry_points(group="agent_os.agents")})
        if value not in known:
            raise ValueError(f"there is no driver `{value}` (known: {', '.join(known)})")
        return value

    @model_validator(mode="after")
    def _command_needs_one(self) -> AgentSettings:
        if self.driver == "command" and not self.command.strip():
            raise ValueError("driver `command` needs `command: PROGRAM …`")
        return self


class ScheduleSettings(Settings):
    dispatcher: Cadence = Cadence("* * * * *")
    queue_engine: Cadence = Field(default=Cadence("* * * * *"), alias="queue-engine")
    pr_monitor: Cadence = Field(default=Cadence("*/5 * * * *"), alias="pr-monitor")


class RetentionSettings(Settings):
    """How long files of ended attempts stay; their commits stay in our mirror."""

    work_hours: float = Field(default=24, ge=0)
    attempt_days: float = Field(default=30, ge=0)
    disk_mb: int = Field(default=20_000, ge=0)


class WebhookSettings(Settings):
    """GitHub's webhooks are received by the daemon when `listen` is set."""

    listen: Annotated[str, Field(pattern=r"^$|^[A-Za-z0-9.\-\[\]:]*:\d{1,5}$")] = ""
    secret: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _signed_only(self) -> WebhookSettings:
        if self.listen and not self.secret.get_secret_value():
            raise ValueError("`listen` needs a `secret`, the one that GitHub signs with")
        return self

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]") or "127.0.0.1", int(port)


class StoreSettings(Settings):
    url: str = ""


class Config(Settings):
    home: Path = Path("./runtime")
    github: GitHubSettings
    repositories: tuple[RepositorySettings, ...] = ()
    agents: dict[AgentName, AgentSettings] = Field(default_factory=dict[str, Any])
    routing: dict[str, tuple[AgentName, ...]] = Field(default_factory=dict[str, Any])
    limits: LimitRules = LimitRules()
    labels: LabelRules = LabelRules()
    people: PeopleRules = PeopleRules()
    schedule: ScheduleSettings = ScheduleSettings()
    sandbox: Literal["auto", "bwrap", "none"] = "auto"
    retention: RetentionSettings = RetentionSettings()
    webhooks: WebhookSettings = WebhookSettings()
    store: StoreSettings = StoreSettings()

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        names: dict[str, str] = {}
        for index, repository in enumerate(self.repositories):
            name, path = repository.name.lower(), ("repositories", index, "name")
            if name in names.values():
                raise Misplaced(path, f"{repository.name} is listed twice; remove one of them")
            other = names.setdefault(name.replace("/", "-"), name)
            if other != name:
                said = f"the task files of {name} and {other} would have the same names; remove one"
                raise Misplaced(path, said)
            self._known_agents(("repositories", index, "routing"), repository.routing)
        self._known_agents(("routing",), self.routing)
        return self

    def _known_agents(
        self, path: tuple[str | int, ...], routing: dict[str, tuple[AgentName, ...]]
    ) -> None:
        for task_type, chain in routing.items():
            if task_type not in ROUTED:
                known = ", ".join(ROUTED)
                raise Misplaced((*path, task_type), f"no such task type; known: {known}")
            for agent in chain:
                if agent not in self.agents:
                    known = ", ".join(self.agents) or "none"
                    raise Misplaced(
                        (*path, task_type),
                        f"`agents` does not define `{agent}` (known: {known})",
                    )

    def repository(self, name: str) -> RepositorySettings | None:
        return next((r for r in self.repositories if r.name.lower() == name.lower()), None)

    def rules(self, name: str) -> RepoRules | None:
        """What this config says of a repository; None when it does not list it."""
        settings = self.repository(name)
        if settings is None:
            return None
        chains = {"default": tuple(self.agents), **self.routing, **settings.routing}
        return RepoRules(
            name=settings.name,
            mode=settings.mode,
            merge_without_ci=settings.merge_without_ci,
            allow_stale_base=settings.allow_stale_base,
            chains=chains,
            agents=tuple(self.agents),
        )

    @property
    def database_url(self) -> str:
        return self.store.url or f"sqlite:///{self.home / 'agent-os.sqlite'}"
