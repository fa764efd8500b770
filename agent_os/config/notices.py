"""Where people are told of changes outside GitHub's own notifications: sinks and their rules."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator, model_validator

from agent_os.config.agents import Settings
from agent_os.domain.notices import NoticeKind, SinkRules
from agent_os.domain.signals import Severity

SinkKind = Literal["webhook", "email", "terminal", "github"]
_ADDRESS = r"^[^@\s<>,;]+@[^@\s<>,;]+$"
Address = Annotated[str, Field(pattern=_ADDRESS, max_length=254)]
_HOURS = r"^$|^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"


class SmtpSettings(Settings):
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "ssl", "none"] = "starttls"
    user: str = ""
    password: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _not_in_the_open(self) -> SmtpSettings:
        if self.security == "none" and self.user and not self._loopback:
            raise ValueError("`security: none` would send the password in the open")
        return self

    @property
    def _loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"


class NoticeSettings(Settings):
    """One sink. Which of the keys below it needs, depends on its kind."""

    sink: SinkKind
    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,24}$")] = ""
    """Tells two sinks of a kind apart."""
    url: SecretStr = SecretStr("")
    """Of a webhook: who knows it may post there."""
    to: tuple[Address, ...] = Field(default=(), max_length=20)
    sender: Address | None = None
    smtp: SmtpSettings | None = None
    issue: Annotated[str, Field(pattern=r"^$|^[^/\s#]+/[^/\s#]+#[1-9]\d{0,9}$")] = ""
    """`OWNER/REPO#NUMBER`: where `github` writes its comments."""
    mention: Annotated[str, Field(pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9/-]{0,60}$")] = ""
    at_least: Severity = Severity.WARN
    quiet: Annotated[str, Field(pattern=_HOURS)] = ""
    timezone: str = "UTC"
    only: tuple[NoticeKind, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone `{value}`; such as Europe/Berlin") from error
        return value

    @model_validator(mode="after")
    def _whole(self) -> NoticeSettings:
        needs = {
            "webhook": (bool(self.url.get_secret_value()), "`url: $NAME`"),
            "email": (bool(self.to and self.sender and self.smtp), "`to`, `sender` and `smtp`"),
            "terminal": (True, ""),
            "github": (bool(self.issue), "`issue: OWNER/REPO#NUMBER`"),
        }
        there, what = needs[self.sink]
        if not there:
            raise ValueError(f"sink `{self.sink}` needs {what}")
        return self

    @property
    def called(self) -> str:
        return self.name or self.sink

    @property
    def place(self) -> tuple[str, int]:
        """(repository, issue) of `github`."""
        repo, _, number = self.issue.partition("#")
        return repo, int(number or 0)

    @property
    def rules(self) -> SinkRules:
        return SinkRules(
            at_least=self.at_least, quiet=self.quiet, timezone=self.timezone, only=self.only
        )
