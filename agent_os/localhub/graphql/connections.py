"""Pages of lists, as GraphQL has them."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

from agent_os.localhub.graphql.failures import Failure

T = TypeVar("T")
MOST_RECORDS = 100


class Page(TypedDict, total=False):
    """The arguments that every connection has."""

    first: int | None
    after: str | None
    last: int | None
    before: str | None


@dataclass(frozen=True)
class PageInfo:
    """Cursors are places in the list, as in GitHub's rollups; None of an empty page."""

    start_cursor: str | None
    end_cursor: str | None
    has_previous_page: bool
    has_next_page: bool


@dataclass(frozen=True)
class Connection:
    """`total_count` is that of the whole list."""

    nodes: list[Any]
    page_info: PageInfo
    total_count: int


def connect(name: str, items: Sequence[T], draw: Callable[[T], Any], page: Page) -> Connection:
    """The page asked for of the field `name`. Fails without `first` and `last`, and above 100."""
    _check(name, page)
    start, end = 0, len(items)
    if (after := page.get("after")) is not None:
        start = min(_place(after), end)
    if (before := page.get("before")) is not None:
        end = max(start, min(end, _place(before) - 1))
    if (first := page.get("first")) is not None:
        end = min(end, start + first)
    elif (last := page.get("last")) is not None:
        start = max(start, end - last)
    ends = (_cursor(start + 1), _cursor(end)) if end > start else (None, None)
    info = PageInfo(*ends, has_previous_page=start > 0, has_next_page=end < len(items))
    return Connection([draw(item) for item in items[start:end]], info, len(items))


def _check(name: str, page: Page) -> None:
    asked = {key: page.get(key) for key in ("first", "last")}
    if all(value is None for value in asked.values()):
        raise Failure(
            "MISSING_PAGINATION_BOUNDARIES",
            f"You must provide a `first` or `last` value to properly paginate the `{name}`"
            " connection.",
        )
    for key, value in asked.items():
        if isinstance(value, int) and not 0 <= value <= MOST_RECORDS:
            raise Failure(
                "EXCESSIVE_PAGINATION",
                f"Requesting {value} records on the `{name}` connection exceeds the `{key}`"
                f" limit of {MOST_RECORDS} records.",
            )


def _cursor(place: int) -> str:
    return base64.b64encode(str(place).encode()).decode()


def _place(cursor: str) -> int:
    try:
        return max(0, int(base64.b64decode(cursor, validate=True).decode()[:18]))
    except (ValueError, binascii.Error) as error:
        message = f"`{cursor}` does not appear to be a valid cursor."
        raise Failure("INVALID_CURSOR_ARGUMENTS", message) from error
