"""Users, organizations and the rate limit."""

from agent_os.localhub import accounts
from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.errors import not_found
from agent_os.localhub.render import users


def me(call: Call) -> Reply:
    """GET /user."""
    return Reply(200, users.full(call.view, call.user))


def show(call: Call) -> Reply:
    """GET /users/{login}."""
    return Reply(200, users.full(call.view, accounts.get(call.hub.db, call.params["login"])))


def organization(call: Call) -> Reply:
    """GET /orgs/{org}; made when new, as an owner seen first is. 404 for a user's name."""
    owner = accounts.owner(call.hub.db, call.params["org"], call.hub.now())
    if owner.type != "Organization":
        raise not_found()
    return Reply(200, users.organization(call.view, owner))


def rate_limit(call: Call) -> Reply:
    """GET /rate_limit."""
    window = call.hub.rates.window(call.user.login, call.hub.clock.epoch()).body()
    resources = dict.fromkeys(("core", "search", "graphql"), window)
    return Reply(200, {"resources": resources, "rate": window})


ROUTES = [
    ("GET", "/user", me),
    ("GET", "/users/{login}", show),
    ("GET", "/orgs/{org}", organization),
    ("GET", "/rate_limit", rate_limit),
]
