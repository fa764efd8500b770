"""Times on the command line: `28d`, `12h`, `4w` ago, or a day or time in ISO's form (UTC)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"(\d{1,5})([hdw])")
#: Nothing was recorded before; and what is far from the calendar's ends can be reckoned with.
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def span(since: str, until: str, now: datetime) -> tuple[datetime, datetime]:
    """From when to when; an empty `until` is now. BadInput when the end is not after the begin."""
    from agent_os.domain.errors import BadInput

    end = moment(until, now) if until else now
    begin = moment(since, end)
    if begin >= end:
        raise BadInput(
            f"`--since` ({begin:%Y-%m-%d %H:%M}) is not before the end ({end:%Y-%m-%d %H:%M}).",
            next_step="Name an earlier `--since`, or a later `--until`.",
        )
    return begin, end


def moment(text: str, now: datetime) -> datetime:
    """BadInput for what is none of these, or in no year of ours."""
    from agent_os.domain.errors import BadInput

    try:
        if match := _AGO.fullmatch(text.strip().lower()):
            found = now - int(match[1]) * _UNITS[match[2]]
        else:
            found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"{text!r} is no time.", next_step="Write `28d`, `12h`, `4w` or `2026-01-31`."
        ) from error
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise BadInput(
            f"Nothing is recorded of {text!r}.",
            next_step=f"Name a time between {_FIRST_YEAR} and {_LAST_YEAR}.",
        )
    return found if found.tzinfo else found.replace(tzinfo=UTC)
