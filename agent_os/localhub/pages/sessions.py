"""Choosing who one is."""

from urllib.parse import quote

from starlette.responses import Response

from agent_os.localhub import accounts
from agent_os.localhub.errors import not_found
from agent_os.localhub.pages import visits
from agent_os.localhub.pages.site import Site
from agent_os.localhub.pages.visits import COOKIE, Visit

MAX_AGE_SECONDS = 30 * 86_400


def choose(site: Site, visit: Visit) -> Response:
    """The people who can sign in."""
    with site.hub.db.transaction():
        people = accounts.people(site.hub.db)
    return site.page(visit, "login.html", people=people, next=_inside(visit.query("next")))


def sign_in(site: Site, visit: Visit) -> Response:
    """Be this user from now on; 404 for one who can't sign in."""
    with site.hub.db.transaction():
        user = accounts.get(site.hub.db, visit.field("login"))
    if user.token is None:
        raise not_found()
    response = visits.back(_inside(visit.field("next")))
    response.set_cookie(
        COOKIE, quote(user.login), max_age=MAX_AGE_SECONDS, httponly=True, samesite="strict"
    )
    return response


def sign_out(site: Site, visit: Visit) -> Response:
    """Be nobody."""
    del site
    response = visits.back(_inside(visit.field("next")))
    response.delete_cookie(COOKIE)
    return response


def _inside(path: str) -> str:
    """A path of this hub; anything else leads to the start."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if plain and path.isprintable() else "/"
