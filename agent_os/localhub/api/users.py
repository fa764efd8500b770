"""Users, organizations and the rate limit."""

from agent_os.localhub import accounts
from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.render import users


def me(call: Call) -> Reply:
    """GET /user."""
    return Reply(200, users.full(call.view, call.user))


def show(call: Call) -> Reply:
    """GET /users/{login}."""
    return Reply(200, users.full(call.view, accounts.get(call.hub.db, call.params["login"])))


def organization(call: Call) -> Reply:
    """GET /orgs/{org}; made when new, as an owner seen first is."""
    owner = accounts.owner(call.hub.db, call.params["org"], call.hub.now())
    return Reply(200, users.organization(call.view, owner))


def rate_limit(call: Call) -> Reply:
    """GET /rate_limit."""
    window = call.hub.rates.window(call.user.login, call.hub.clock.epoch()).body()
    return Reply(200, {"resources": {"core": window, "graphql": window}, "rate": window})


ROUTES = [
    ("GET", "/user", me),
    ("GET", "/users/{login}", show),
    ("GET", "/orgs/{org}", organization),
    ("GET", "/rate_limit", rate_limit),
]
