"""One API request as its handler sees it, and the reply it gives."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from agent_os.localhub import repositories
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal, invalid
from agent_os.localhub.hub import Hub
from agent_os.localhub.render.view import View
from agent_os.localhub.repositories import Repository

T = TypeVar("T")
Json = dict[str, Any]
PER_PAGE_DEFAULT = 30
PER_PAGE_MAX = 100


@dataclass
class Reply:
    """An answer: `body` is JSON data, or bytes with a content type in the headers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


def no_content() -> Reply:
    """204."""
    return Reply(204)


@dataclass
class Call:
    """A signed-in request; `path` as the client sent it, below the API root."""

    hub: Hub
    user: User
    base: str
    method: str
    path: str
    params: dict[str, str]
    query: dict[str, str]
    raw: bytes
    hidden: int = field(default=0, kw_only=True)
    """How many of the newest entries a list leaves out."""

    @property
    def view(self) -> View:
        """What answers are drawn with."""
        return View(self.hub, self.base)

    def json(self) -> Any:
        """The parsed body, {} when empty; 400 when malformed."""
        if not self.raw.strip():
            return {}
        try:
            data = json.loads(self.raw)
            if b"\\u" in self.raw:
                json.dumps(data, ensure_ascii=False).encode()  # half of a surrogate pair is no text
            return data
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "Problems parsing JSON") from error

    def body(self) -> Json:
        """The body, which must be an object."""
        data = self.json()
        if not isinstance(data, dict):
            raise Refusal(400, "Body should be a JSON object")
        return data

    def text(self, name: str, required_by: str = "") -> str | None:
        """A text field or None; 422 for another type, or when absent and `required_by` names
        the resource."""
        value = self.body().get(name)
        if value is None and required_by:
            raise invalid(required_by, name, "missing_field")
        if value is not None and not isinstance(value, str):
            raise Refusal(422, f"Invalid request.\n\nFor '{name}', {value!r} is not a string.")
        return value

    def need(self, name: str, resource: str) -> str:
        """A text field that must be there; 422 without."""
        return self.text(name, required_by=resource) or ""

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean field."""
        value = self.body().get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise Refusal(422, f"Invalid request.\n\nFor '{name}', {value!r} is not a boolean.")
        return value

    def section(self, name: str) -> Json | None:
        """An object field or None; 422 for another type."""
        value = self.body().get(name)
        if value is not None and not isinstance(value, dict):
            raise Refusal(422, f"Invalid request.\n\nFor '{name}', {value!r} is not an object.")
        return value

    def sections(self, name: str) -> list[Json]:
        """A list of objects, [] when absent; 422 for another type."""
        values = self.body().get(name) or []
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise Refusal(422, f"Invalid request.\n\nFor '{name}', a list of objects is needed.")
        return values

    def texts(self, name: str) -> list[str]:
        """A list of texts; of objects their `name`; [] when absent or null."""
        return texts_of(self.body().get(name) or [], name)

    def number(self, name: str = "number") -> int:
        """A path parameter that is a number; 404 otherwise."""
        value = self.params[name]
        if not value.isdecimal():
            raise Refusal(404, "Not Found")
        return int(value[:18])

    def time(self, name: str) -> str:
        """A time in the query as stored text, or ''; 422 when malformed."""
        value = self.query.get(name, "")
        if not value:
            return ""
        try:
            moment = datetime.fromisoformat(value.replace(" ", "+"))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            plain = moment.astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError) as error:
            raise Refusal(422, f"{name} is not a valid time") from error
        return plain.isoformat(timespec="seconds") + "Z"

    def repo(self) -> Repository:
        """The repository in the path; 404, or `Moved`."""
        return repositories.get(self.hub, self.params["owner"], self.params["repo"])

    def active_repo(self) -> Repository:
        """The repository, refusing when archived (403)."""
        repo = self.repo()
        repositories.require_active(repo)
        return repo

    def writable(self) -> Repository:
        """The repository, refusing readers and archived ones (403)."""
        repo = self.repo()
        repositories.require_write(self.hub, repo, self.user)
        return repo

    def admin_repo(self) -> Repository:
        """The repository, refusing readers; archived ones are allowed (to unarchive)."""
        repo = self.repo()
        if not repositories.can_write(self.hub, repo, self.user):
            raise Refusal(403, "Must have admin rights to Repository.")
        return repo

    def paged(self, items: Sequence[T], draw: Callable[[T], Any]) -> Reply:
        """The page asked for, with GitHub's Link header."""
        chosen, headers = self.page(items)
        return Reply(200, [draw(item) for item in chosen], headers)

    def wrapped(self, key: str, items: Sequence[T], draw: Callable[[T], Any]) -> Reply:
        """A page inside an object: {"total_count": n, key: [...]}."""
        items = self.visible(items)
        chosen, headers = self._page(items)
        body = {"total_count": len(items), key: [draw(item) for item in chosen]}
        return Reply(200, body, headers)

    def page(self, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
        """The items of the page asked for, and the headers."""
        return self._page(self.visible(items))

    def visible(self, items: Sequence[T]) -> Sequence[T]:
        """Without the newest, those with the highest ids, when that was ordered."""
        numbers = [number for item in items if (number := _id_of(item)) is not None]
        if not self.hidden or not numbers:
            return items
        newest = set(sorted(numbers)[-self.hidden :])
        return [item for item in items if _id_of(item) not in newest]

    def _page(self, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
        size = min(max(_int(self.query.get("per_page"), PER_PAGE_DEFAULT), 1), PER_PAGE_MAX)
        page = max(_int(self.query.get("page"), 1), 1)
        last = max(1, -(-len(items) // size))
        chosen = items[(page - 1) * size : page * size]
        relations: dict[str, int] = {}
        if page > 1:
            relations |= {"prev": min(page - 1, last), "first": 1}
        if page < last:
            relations |= {"next": page + 1, "last": last}
        links = ", ".join(f'<{self._page_url(n)}>; rel="{rel}"' for rel, n in relations.items())
        return chosen, ({"Link": links} if links else {})

    def _page_url(self, page: int) -> str:
        query = urlencode(self.query | {"page": str(page)})
        return f"{self.view.api}{self.path}?{query}"


def _int(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else default


def _id_of(item: Any) -> int | None:
    """The id of a row, of the first of a pair, or of something drawn; None for other items."""
    if isinstance(item, tuple):
        item = item[0]
    return item.get("id") if isinstance(item, dict) else getattr(item, "id", None)


def texts_of(values: Any, name: str) -> list[str]:
    """A list of texts, or of objects with a `name`; 422 otherwise."""
    if isinstance(values, str):
        values = [values]
    found: list[str] = []
    for value in values if isinstance(values, list) else [None]:
        text = value.get("name") if isinstance(value, dict) else value
        if not isinstance(text, str):
            raise Refusal(422, f"Invalid request.\n\nFor '{name}', {value!r} is not a string.")
        found.append(text)
    return found
