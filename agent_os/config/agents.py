"""Agents, providers and models as the config has them."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from agent_os.domain.usage import Price

AgentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")]
#: Drivers of this package that need a model.
_OURS = ("claude", "codex", "gemini", "opencode", "qwen", "native")
_LOGIN_VENDORS = {"claude": "anthropic", "codex": "openai", "gemini": "google"}
_WITHOUT_LOGIN = ("native", "qwen")
Api = Literal["anthropic", "openai", "openai-chat", "google"]
#: What our drivers can be used with, to say so before anything is sent; native speaks all.
SPEAKS = {
    "claude": ("anthropic",),
    "codex": ("openai",),
    "gemini": ("google",),
    "opencode": ("openai-chat",),
    "qwen": ("openai-chat",),
}
#: Many vendors have this interface: a key and our code must not go to another one by default.
CHAT_URLS = {"deepseek": "https://api.deepseek.com/v1", "openai": "https://api.openai.com/v1"}


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ApiKey(Settings):
    """Written as `$NAME` in the file. A variable that is not set only leaves its agents out."""

    variable: str = ""
    value: SecretStr = SecretStr("")

    @property
    def missing(self) -> bool:
        return bool(self.variable) and not self.value.get_secret_value()


class ProviderSettings(Settings):
    """An account at a model vendor."""

    api: Api
    base_url: str = ""
    api_key: ApiKey = ApiKey()
    vendor: str = ""

    def url(self, name: str) -> str:
        """Of the provider of that name; empty: the interface's own vendor's."""
        chat = CHAT_URLS.get(self.vendor or name, "") if self.api == "openai-chat" else ""
        return self.base_url or chat

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("api_key", mode="before")
    @classmethod
    def _none_needed(cls, value: Any) -> Any:
        """A local server may want none."""
        return {} if value in ("", None) else value


class ModelSettings(Settings):
    """A model for the organization's own thinking."""

    provider: AgentName
    model: str = Field(min_length=1)
    price: Price | None = None


class AgentSettings(Settings):
    driver: str
    command: str = ""
    env: tuple[str, ...] = ()
    read_only: tuple[Path, ...] = ()
    provider: AgentName | None = None
    model: str = ""
    credentials: Literal["own"] | None = None
    price: Price | None = None

    @field_validator("driver")
    @classmethod
    def _known_driver(cls, value: str) -> str:
        """One that an installed package offers, this one among them; none is loaded here."""
        known = sorted({entry.name for entry in entry_points(group="agent_os.agents")})
        if value not in known:
            raise ValueError(f"there is no driver `{value}` (known: {', '.join(known)})")
        return value

    @model_validator(mode="after")
    def _whole(self) -> AgentSettings:
        if self.driver == "command":
            if not self.command.strip():
                raise ValueError("driver `command` needs `command: PROGRAM …`")
            if self.uses_model or self.model or self.price:
                raise ValueError(
                    "driver `command` uses no model: `provider`, `model`, `price` and "
                    "`credentials` have no effect; name what it may see under `env`"
                )
            return self
        if self.command:
            raise ValueError(f"`command` belongs to the driver `command`, not to `{self.driver}`")
        if self.provider and self.credentials:
            raise ValueError("either `provider` or `credentials: own`, not both")
        if self.driver in _OURS and not self.uses_model:
            raise ValueError(f"driver `{self.driver}` needs `provider: NAME` or `credentials: own`")
        if self.driver in _WITHOUT_LOGIN and not self.provider:
            said = f"driver `{self.driver}` has no login of its own; it needs `provider: NAME`"
            raise ValueError(said)
        if self.provider and not self.model:
            raise ValueError("an agent with a provider needs `model: NAME`")
        return self

    @property
    def uses_model(self) -> bool:
        return bool(self.provider or self.credentials)

    @property
    def login_vendor(self) -> str:
        """Whose models its own login opens; opencode's opens several, and names the one it uses."""
        if not self.credentials:
            return ""
        if self.driver == "opencode" and "/" in self.model:
            return self.model.partition("/")[0]
        return _LOGIN_VENDORS.get(self.driver, self.driver)
