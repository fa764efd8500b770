"""Times on the command line: `28d`, `12h`, `4w` ago, or a day or time in ISO's form (UTC)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"(\d{1,5})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def moment(text: str, now: datetime) -> datetime:
    """BadInput for what is none of these."""
    from agent_os.domain.errors import BadInput

    if match := _AGO.fullmatch(text.strip().lower()):
        return now - int(match[1]) * _UNITS[match[2]]
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(
            f"{text!r} is no time.", next_step="Write `28d`, `12h`, `4w` or `2026-01-31`."
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
