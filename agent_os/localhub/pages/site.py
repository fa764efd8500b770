"""The pages as a whole: templates, one endpoint around every view, errors."""

import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, cast

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agent_os.localhub import repositories
from agent_os.localhub.calls import Reply
from agent_os.localhub.errors import Refusal
from agent_os.localhub.hub import Hub
from agent_os.localhub.pages import faces, markdown, visits
from agent_os.localhub.pages.visits import Act, SignInNeeded, Visit
from agent_os.localhub.repositories import Moved

View = Callable[["Site", Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]
_COLOR = re.compile(r"[0-9a-fA-F]{6}")
log = logging.getLogger(__name__)

# No scripts, nothing from elsewhere: a mistake in rendering people's text can't act.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; "
    # Labels carry their color in an attribute that only our own filter writes.
    "style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_UNITS = ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day"), (3600, "hour"),
          (60, "minute"))  # fmt: skip


class Site:
    """Templates over one hub."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._templates = Environment(
            loader=PackageLoader("agent_os.localhub.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        filters: dict[str, Callable[..., object]] = {
            "markdown": markdown.render,
            "markdown_file": markdown.render_file,
            "ago": self._ago,
            "ink": _ink,
            "swatch": _swatch,
            "face": faces.number,
        }
        # jinja2 types this mapping by its own filters only.
        self._templates.filters.update(cast("Any", filters))

    def page(self, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
        """The template with these values, the visitor and the path."""
        path = visit.request.url.path
        base: dict[str, object] = {
            "user": visit.user, "path": path, "refresh": False, "repo": None, "tab": "",
        }  # fmt: skip
        html = self._templates.get_template(template).render(base | values)
        return HTMLResponse(html, status, HEADERS)

    def endpoint(self, view: View) -> Endpoint:
        """A Starlette endpoint: checks where the request comes from, then runs the view."""

        async def respond(request: Request) -> Response:
            try:
                visits.check_host(request)
                posted = request.method == "POST"
                if posted:
                    visits.check_origin(request)
                form = await visits.read_form(request) if posted else {}
            except Refusal as refusal:
                return self._refused(Visit(self.hub, request, None, {}), refusal)
            return await run_in_threadpool(self._answer, view, request, form)

        return respond

    def act(
        self,
        visit: Visit,
        handler: Callable[[Act], Reply],
        params: dict[str, str] | None = None,
        **fields: object,
    ) -> Reply:
        """Carry out an API handler as the signed-in user: same checks, same events.

        params -- path parameters beside those of the page; fields -- the body, without None.
        """
        body = {name: value for name, value in fields.items() if value is not None}
        call = visit.call(body, params or {})
        with ExitStack() as held:
            if "repo" in call.params:
                with self.hub.db.transaction():
                    repo = visit.repo()
                held.enter_context(self.hub.lock(repo.id))
            held.enter_context(self.hub.db.transaction())
            return handler(call)

    def _answer(self, view: View, request: Request, form: dict[str, list[str]]) -> Response:
        visit = Visit(self.hub, request, None, form)
        try:
            with self.hub.db.transaction():
                visit.user = visits.signed_in(self.hub, request)
            return view(self, visit)
        except SignInNeeded:
            return visits.back(f"/login?next={request.url.path}")
        except Moved as moved:
            return self._moved(visit, moved)
        except Refusal as refusal:
            return self._refused(visit, refusal)
        except Exception:  # the process boundary: a fault in one page must not end the hub
            log.exception("page failed: %s %s", request.method, request.url.path)
            return self._refused(visit, Refusal(500, "Server Error"))

    def _refused(self, visit: Visit, refusal: Refusal) -> Response:
        return self.page(visit, "error.html", status=refusal.status, refusal=refusal)

    def _moved(self, visit: Visit, moved: Moved) -> Response:
        with self.hub.db.transaction():
            repo = repositories.by_id(self.hub, moved.repo_id)
        rest = visit.request.url.path.split("/", 3)[3:]
        return RedirectResponse("/".join([f"/{repo.full_name}", *rest]), status_code=307)

    def _ago(self, moment: str) -> str:
        """How long ago a stored time is, in words."""
        then = datetime.fromisoformat(moment)
        seconds = (datetime.fromtimestamp(self.hub.clock.epoch(), UTC) - then).total_seconds()
        for length, unit in _UNITS:
            count = int(seconds // length)
            if count >= 1:
                return f"{count} {unit}{'s' if count > 1 else ''} ago"
        return "just now"


def _swatch(color: str) -> Markup:
    """The style attribute of a label."""
    plain = color if _COLOR.fullmatch(color) else "ededed"
    return Markup(f'style="--label:#{plain}"')


def _ink(color: str) -> str:
    """dark or light: the text that can be read on a label of this color."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (0, 2, 4))
    return "dark" if red * 299 + green * 587 + blue * 114 > 140_000 else "light"
