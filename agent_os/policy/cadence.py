"""How often a job runs: a crontab line, or `every 30s` for short rounds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from cronsim import CronSim, CronSimError
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_EVERY = re.compile(r"^every (\d+(?:\.\d+)?)(s|m|h)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORTEST_SECONDS = 0.2


class Cadence(str):
    """Validated on construction; raises ValueError with the reason."""

    def __new__(cls, text: str) -> Cadence:
        cadence = super().__new__(cls, text.strip())
        if (seconds := cadence.seconds) is not None:
            if seconds < _SHORTEST_SECONDS:
                raise ValueError(f"`{text}`: at least every {_SHORTEST_SECONDS}s")
        else:
            try:
                CronSim(cadence, datetime.now(UTC))
            except CronSimError as error:
                raise ValueError(
                    f"`{text}` is neither a crontab line (`*/5 * * * *`) nor like `every 30s`"
                ) from error
        return cadence

    @property
    def seconds(self) -> float | None:
        """The interval of the `every` form, or None for a crontab line."""
        found = _EVERY.match(self)
        return float(found[1]) * _SECONDS[found[2]] if found else None

    def slot(self, now: datetime) -> datetime:
        """The newest time at or before `now` at which the job was due."""
        if (seconds := self.seconds) is not None:
            step = timedelta(seconds=seconds)  # whole microseconds: floats would drift
            return _EPOCH + (now - _EPOCH) // step * step
        second = now.replace(microsecond=0)
        return next(CronSim(self, second + timedelta(seconds=1), reverse=True))

    def following(self, now: datetime) -> datetime:
        """The first time after `now` at which the job is due."""
        if (seconds := self.seconds) is not None:
            return self.slot(now) + timedelta(seconds=seconds)
        return next(CronSim(self, now))

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
