"""`config.yaml` as typed settings. `config.example.yaml` shows every key with its meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from agent_os.config.agents import (
    CHAT_URLS,
    SPEAKS,
    AgentName,
    AgentSettings,
    ModelSettings,
    ProviderSettings,
    Settings,
)
from agent_os.config.improvement import ImprovementSettings
from agent_os.config.notices import NoticeSettings
from agent_os.config.services import (
    GitHubSettings,
    RetentionSettings,
    ScheduleSettings,
    StoreSettings,
    WebhookSettings,
)
from agent_os.domain.approvals import ApprovalRules
from agent_os.domain.profiles import Profiles
from agent_os.domain.prompts import PromptBudget
from agent_os.domain.requests import Grant, GrantPart
from agent_os.domain.rules import AgentRules, LabelRules, LimitRules, Mode, PeopleRules, RepoRules
from agent_os.policy import granting
from agent_os.policy.specs import TYPES

RepoName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$")
]


def _auto_or_chains(value: Any) -> Any:
    if isinstance(value, dict) or value == "auto":
        return value
    raise ValueError("a mapping of task types to lists of agents, or `auto`")


Routing = Annotated[
    dict[str, tuple[AgentName, ...]] | Literal["auto"], BeforeValidator(_auto_or_chains)
]

SandboxWanted = Literal["auto", "bwrap", "docker", "podman", "none"]

#: What `routing` may have keys for.
ROUTED = (*TYPES, "default")


#: What `models` may have keys for.
THINKERS = ("default", "dispatcher", "planner", "analyzer")


class Misplaced(ValueError):
    """What is wrong with several values together; `path` leads to the one to change."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


class RepositorySettings(Settings):
    name: RepoName
    mode: Mode = Mode.PULL_REQUEST
    merge_without_ci: bool = False
    allow_stale_base: bool = False
    sandbox: SandboxWanted | None = None
    routing: Routing = Field(default_factory=dict[str, Any])
    vendors: tuple[str, ...] | None = None
    review: tuple[AgentName, ...] | None = None
    approvals: ApprovalRules | None = None
    """Keys that are given here go before the shared ones."""
    grant: GrantPart | None = None


class Config(Settings):
    home: Path = Path("./runtime")
    github: GitHubSettings
    repositories: tuple[RepositorySettings, ...] = ()
    providers: dict[AgentName, ProviderSettings] = Field(default_factory=dict[str, Any])
    agents: dict[AgentName, AgentSettings] = Field(default_factory=dict[str, Any])
    routing: Routing = Field(default_factory=dict[str, Any])
    vendors: tuple[str, ...] | None = None
    review: tuple[AgentName, ...] = ()
    models: dict[str, ModelSettings] = Field(default_factory=dict[str, Any])
    prompts: Path | None = None
    prompt_tokens: PromptBudget = PromptBudget()
    limits: LimitRules = LimitRules()
    labels: LabelRules = LabelRules()
    grant: Grant = Grant()
    people: PeopleRules = PeopleRules()
    approvals: ApprovalRules = ApprovalRules()
    schedule: ScheduleSettings = ScheduleSettings()
    improvement: ImprovementSettings = ImprovementSettings()
    notices: tuple[NoticeSettings, ...] = Field(default=(), max_length=20)
    sandbox: SandboxWanted = "auto"
    sandbox_image: str = ""
    profiles: Profiles = Profiles()
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
            self._known_agents(("repositories", index), repository.routing, repository.review)
        self._known_agents((), self.routing, self.review)
        for name, provider in self.providers.items():
            if provider.api == "openai-chat" and not provider.url(name):
                known = ", ".join(CHAT_URLS)
                said = f"`openai-chat` needs `base_url: URL` (known without it: {known})"
                raise Misplaced(("providers", name), said)
        for name, agent in self.agents.items():
            self._known_provider(("agents", name, "provider"), agent.provider)
            self._spoken(("agents", name, "provider"), agent)
        self._harmless_labels(("grant", "labels"), self.grant.labels)
        for index, repository in enumerate(self.repositories):
            labels = repository.grant.labels if repository.grant else None
            self._harmless_labels(("repositories", index, "grant", "labels"), labels or ())
        self._known_vendors(("vendors",), self.vendors)
        for index, repository in enumerate(self.repositories):
            self._known_vendors(("repositories", index, "vendors"), repository.vendors)
        self._known_sinks(names)
        for name, model in self.models.items():
            if name not in THINKERS:
                known = ", ".join(THINKERS)
                raise Misplaced(("models", name), f"nobody thinks by that name; known: {known}")
            self._known_provider(("models", name, "provider"), model.provider)
        return self

    def _known_sinks(self, repositories: dict[str, str]) -> None:
        """Each sink has a name of its own; a comment goes to a repository that we work on."""
        called = [sink.called for sink in self.notices]
        for index, sink in enumerate(self.notices):
            if called.index(sink.called) < index:
                said = f"two sinks are called `{sink.called}`; give one of them a `name`"
                raise Misplaced(("notices", index), said)
            if sink.issue and sink.place[0].lower() not in repositories.values():
                said = f"{sink.place[0]} is not among the `repositories`"
                raise Misplaced(("notices", index, "issue"), said)

    def _known_provider(self, path: tuple[str | int, ...], name: str | None) -> None:
        if name is not None and name not in self.providers:
            known = ", ".join(self.providers) or "none"
            raise Misplaced(path, f"`providers` does not define `{name}` (known: {known})")

    def _spoken(self, path: tuple[str | int, ...], agent: AgentSettings) -> None:
        """A program that asks the wrong interface would earn its provider a pause."""
        known = SPEAKS.get(agent.driver)
        if known is None or agent.provider is None:
            return
        api = self.providers[agent.provider].api
        if api not in known:
            said = f"driver `{agent.driver}` needs a provider with `api: {' or '.join(known)}`"
            raise Misplaced(path, f"{said}, `{agent.provider}` has `{api}`")

    def _harmless_labels(self, path: tuple[str | int, ...], labels: tuple[str, ...]) -> None:
        for label in labels:
            if granting.steers(label, self.labels):
                said = f"`{label}` commands (state, type, priority, agent): for people only"
                raise Misplaced(path, said)

    def _known_vendors(self, path: tuple[str | int, ...], vendors: tuple[str, ...] | None) -> None:
        """A vendor that is written wrongly would leave its agents out without a word."""
        known = {self._agent_rules(name).vendor for name in self.agents} - {""}
        known |= {p.vendor or name for name, p in self.providers.items()}
        for vendor in vendors or ():
            if vendor not in known:
                there = ", ".join(sorted(known)) or "none"
                raise Misplaced(path, f"no agent is of the vendor `{vendor}` (known: {there})")

    def _known_agents(
        self,
        path: tuple[str | int, ...],
        routing: Routing,
        review: tuple[AgentName, ...] | None,
    ) -> None:
        chains = {} if routing == "auto" else routing
        for task_type, chain in chains.items():
            if task_type not in ROUTED:
                known = ", ".join(ROUTED)
                where = (*path, "routing", task_type)
                raise Misplaced(where, f"no such task type; known: {known}")
            self._defined((*path, "routing", task_type), chain)
        self._defined((*path, "review"), review or ())

    def _defined(self, path: tuple[str | int, ...], names: tuple[AgentName, ...]) -> None:
        for name in names:
            if name not in self.agents:
                known = ", ".join(self.agents) or "none"
                raise Misplaced(path, f"`agents` does not define `{name}` (known: {known})")

    def repository(self, name: str) -> RepositorySettings | None:
        return next((r for r in self.repositories if r.name.lower() == name.lower()), None)

    def sandbox_of(self, name: str) -> tuple[SandboxWanted, str]:
        """(the sandbox for one repository, the image of containers)."""
        settings = self.repository(name)
        return (settings.sandbox if settings else None) or self.sandbox, self.sandbox_image

    def rules(self, name: str) -> RepoRules | None:
        """What this config says of a repository; None when it does not list it."""
        settings = self.repository(name)
        if settings is None:
            return None
        routing = settings.routing or self.routing
        chains: dict[str, tuple[str, ...]] = {"default": tuple(self.agents)}
        if routing != "auto":
            own = settings.routing if settings.routing != "auto" else {}
            shared = self.routing if self.routing != "auto" else {}
            chains |= {**shared, **own}
        return RepoRules(
            name=settings.name,
            mode=settings.mode,
            merge_without_ci=settings.merge_without_ci,
            allow_stale_base=settings.allow_stale_base,
            chains=chains,
            best_first=routing == "auto",
            agents={name: self._agent_rules(name) for name in self.agents},
            vendors=self.vendors if settings.vendors is None else settings.vendors,
            review=self.review if settings.review is None else settings.review,
            thinker=self.thinker_rules("dispatcher"),
            approving_label=self.labels.approved,
            approvals=self._approvals(settings),
        )

    def _approvals(self, settings: RepositorySettings) -> ApprovalRules:
        own = settings.approvals
        if own is None:
            return self.approvals
        return self.approvals.model_copy(update={k: getattr(own, k) for k in own.model_fields_set})

    def thinker(self, name: str) -> ModelSettings | None:
        """The model of one of the organization's own thinkers."""
        return self.models.get(name) or self.models.get("default")

    def thinker_rules(self, name: str) -> AgentRules | None:
        """Of the same model, what decides whether it may be asked."""
        model = self.thinker(name)
        if model is None:
            return None
        provider = self.providers[model.provider]
        return AgentRules(
            provider=model.provider,
            vendor=provider.vendor or model.provider,
            driver="",
            model=model.model,
            uses_model=True,
            missing_key=provider.api_key.variable if provider.api_key.missing else "",
        )

    def _agent_rules(self, name: str) -> AgentRules:
        agent = self.agents[name]
        provider = self.providers.get(agent.provider or "")
        missing = provider.api_key.variable if provider and provider.api_key.missing else ""
        vendor = (provider.vendor or agent.provider or "") if provider else agent.login_vendor
        return AgentRules(
            provider=agent.provider or (f"{agent.driver}-login" if agent.credentials else ""),
            vendor=vendor,
            driver=agent.driver,
            model=agent.model,
            uses_model=agent.uses_model,
            missing_key=missing,
        )

    @property
    def database_url(self) -> str:
        return self.store.url or f"sqlite:///{self.home / 'agent-os.sqlite'}"
