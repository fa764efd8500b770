"""The scenario's organization as a config. Nothing that it names is ever run or reached."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from agent_os.config.agents import AgentSettings, ApiKey, ModelSettings, ProviderSettings
from agent_os.config.services import GitHubSettings, RetentionSettings
from agent_os.config.settings import Config, RepositorySettings
from agent_os.domain.usage import Price
from agent_os.simulation.hub import API_URL, LOGIN, token_of
from agent_os.simulation.scenario import THINKER, Scenario, ThinkerPlan

_NOWHERE = "http://127.0.0.1:9"
_THINKING = ("planner", "analyzer")
_PRICE = Price(input=1, output=5)


def config_of(scenario: Scenario, home: Path) -> Config:
    key = ApiKey(variable="SIMULATED_KEY", value=SecretStr("not-a-key"))
    provider = ProviderSettings(api="openai-chat", base_url=_NOWHERE, api_key=key)
    thinker = scenario.thinker
    return Config(
        home=home,
        github=GitHubSettings(api_url=API_URL, token=SecretStr(token_of(LOGIN)), settle_seconds=0),
        repositories=tuple(
            RepositorySettings(name=r.name, mode=r.mode) for r in scenario.repositories
        ),
        providers={p.name: provider.model_copy() for p in scenario.providers}
        | ({THINKER: _thinker(thinker, key)} if thinker else {}),
        # Else only those of the agents' vendors may see the code.
        vendors=(*(p.name for p in scenario.providers), THINKER) if thinker else None,
        models={name: _model(thinker) for name in _THINKING} if thinker else {},
        agents={
            a.name: AgentSettings(
                driver="native",
                provider=a.provider,
                model=f"{a.name}-1",
                price=_PRICE,
            )
            for a in scenario.agents
        },
        routing=scenario.routing,
        # The memory of this machine says nothing about a simulated one.
        limits=scenario.limits.model_copy(update={"memory_mb_per_attempt": 0, "free_disk_mb": 0}),
        schedule=scenario.schedule,
        improvement=scenario.improvement,
        # Long enough that the hourly cleaning has nothing to look at.
        retention=RetentionSettings(work_hours=10_000, attempt_days=1_000),
        sandbox="none",
    )


def _thinker(plan: ThinkerPlan, key: ApiKey) -> ProviderSettings:
    return ProviderSettings(api=plan.api, base_url=plan.base_url, api_key=key)


def _model(plan: ThinkerPlan) -> ModelSettings:
    return ModelSettings(provider=THINKER, model=plan.model, price=_PRICE)
