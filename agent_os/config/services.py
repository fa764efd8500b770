"""The services around us as the config has them: GitHub, its webhooks, schedule, disk, store."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator

from agent_os.config.agents import Settings
from agent_os.policy.cadence import Cadence


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


class ScheduleSettings(Settings):
    dispatcher: Cadence = Cadence("* * * * *")
    queue_engine: Cadence = Field(default=Cadence("* * * * *"), alias="queue-engine")
    pr_monitor: Cadence = Field(default=Cadence("*/5 * * * *"), alias="pr-monitor")
    log_analyzer: Cadence = Field(default=Cadence("0 6 * * 1"), alias="log-analyzer")
    backlog_groomer: Cadence = Field(default=Cadence("0 7 * * 1"), alias="backlog-groomer")
    strategic_planner: Cadence = Field(default=Cadence("0 * * * *"), alias="strategic-planner")

    def of(self, job: str) -> Cadence:
        """Of a job by its name, as it is written in the config."""
        return getattr(self, job.replace("-", "_"))


class RetentionSettings(Settings):
    """How long files of ended attempts stay; their commits stay in our mirror."""

    work_hours: float = Field(default=24, ge=0)
    attempt_days: float = Field(default=30, ge=0)
    disk_mb: int = Field(default=20_000, ge=0)


class WebhookSettings(Settings):
    """GitHub's webhooks are received by the daemon when `listen` is set."""

    listen: Annotated[str, Field(pattern=r"^$|^[A-Za-z0-9.\-\[\]:]*:\d{1,5}$")] = ""
    secret: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _signed_only(self) -> WebhookSettings:
        if self.listen and not self.secret.get_secret_value():
            raise ValueError("`listen` needs a `secret`, the one that GitHub signs with")
        if self.listen and not self.loopback and not self.token.get_secret_value():
            raise ValueError(
                f"`listen: {self.listen}` can be reached from other machines, so it needs a "
                "`token` too (for /healthz and /readyz); or listen on 127.0.0.1"
            )
        return self

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        host = self.address[0]
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host.lower() == "localhost"

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]") or "127.0.0.1", int(port)


class StoreSettings(Settings):
    url: str = ""
