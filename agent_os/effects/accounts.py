"""Agents and their providers as attempts are told of them."""

from __future__ import annotations

from agent_os.domain.attempts import AgentOrder, ProviderOrder
from agent_os.domain.errors import ConfigError
from agent_os.effects.world import World


def provider_order(world: World, name: str) -> ProviderOrder | None:
    """None: there is no such provider."""
    provider = world.config.providers.get(name)
    if provider is None:
        return None
    return ProviderOrder(
        name=name,
        api=provider.api,
        vendor=provider.vendor or name,
        base_url=provider.url(name),
        key_variable=key_variable(name),
    )


def agent_order(world: World, name: str) -> AgentOrder | None:
    """None: no agent. ConfigError when it was taken out of the config meanwhile."""
    if not name:
        return None
    settings = world.config.agents.get(name)
    if settings is None:
        raise ConfigError(f"The agent `{name}` is not defined in the config any more.")
    return AgentOrder(
        name=name,
        driver=settings.driver,
        command=settings.command,
        env=settings.env,
        read_only=tuple(str(p) for p in settings.read_only),
        model=settings.model,
        provider=provider_order(world, settings.provider or ""),
        own_login=settings.credentials == "own",
        price=settings.price,
    )


def key_variable(provider: str) -> str:
    """Where the runner finds a provider's key. No two names share one: `a-b` is not `a_b`."""
    return f"AGENT_OS_KEY_{provider.upper().replace('-', 'x')}"


def keys(world: World, *names: str) -> dict[str, str]:
    """The keys of these providers, by the runner's variables."""
    found = {name: world.config.providers.get(name) for name in names}
    return {
        key_variable(name): provider.api_key.value.get_secret_value()
        for name, provider in found.items()
        if provider is not None
    }
